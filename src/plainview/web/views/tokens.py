"""A member's own tokens: list, create with a fresh second factor, revoke."""

from __future__ import annotations

import time

from allauth.account.internal.flows.reauthentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainview.casework.log.state import is_sample
from plainview.casework.models import Member
from plainview.casework.people.read import tokens as tokens_of
from plainview.casework.people.second_factor import has_factor
from plainview.casework.people.tokens import Wish, make_token, revoke_token, scopes_held
from plainview.policy.permissions import MEANINGS, Permission
from plainview.policy.roles import holds
from plainview.policy.signing_in import REAUTHENTICATE
from plainview.policy.tokens import ALL, MAX_TOKEN_DAYS, TOKEN_DAYS
from plainview.web.views.common import beside, member_of

_KINDS = (("token", "Token for the API or the command line"), ("key", "Key for software made for Amazon Rekognition"))


class TokenForm(forms.Form):
    """A new token."""

    name = forms.CharField(label="Name", max_length=80, help_text="Your own name for the program that uses it.")
    scopes = forms.MultipleChoiceField(label="Scopes", widget=forms.CheckboxSelectMultiple)
    days = forms.IntegerField(label="Valid for (days)", min_value=1, max_value=MAX_TOKEN_DAYS, initial=TOKEN_DAYS)
    service = forms.CharField(
        label="Service (optional)",
        max_length=80,
        required=False,
        help_text="Name of your agency's system, if no person uses the token. You answer for what it does.",
    )
    kind = forms.ChoiceField(label="Kind", choices=_KINDS, initial="token", widget=forms.RadioSelect)
    case = forms.CharField(label="Case of a key (optional)", max_length=100, required=False)
    purpose = forms.CharField(label="Purpose of a key (optional)", max_length=500, required=False)

    def __init__(self, member: Member, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        allowed = [permission for permission in Permission if holds(member.roles, permission)]
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]
            *((permission.value, f"{MEANINGS[permission]} ({permission.value})") for permission in allowed),
            (ALL, "Everything that I may do"),
        ]


@require_GET
def tokens(request: HttpRequest) -> HttpResponse:
    """List the member's tokens."""
    rows = [{"token": token, "scopes": scopes_held(token)} for token in tokens_of(member_of(request))]
    return render(request, "me/tokens.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
def token_new(request: HttpRequest) -> HttpResponse:
    """Create a token and show it once; the second factor is asked for first, unless it was used a moment ago."""
    member = member_of(request)
    if not _fresh(request) and not is_sample():
        return redirect(f"{reverse(_again(member))}?next={reverse('token-new')}")
    form = TokenForm(member, request.POST if request.method == "POST" else None)
    if form.is_valid():
        typed = form.cleaned_data
        wish = Wish(
            typed["scopes"],
            name=typed["name"],
            service=typed["service"],
            days=typed["days"],
            signs=typed["kind"] == "key",
            case=typed["case"],
            purpose=typed["purpose"],
        )
        with beside(form, "scopes"):
            token, text = make_token(wish, has_factor=has_factor(member), checked=_fresh(request), acting_member=member)
            return render(request, "me/token.html", {"token": token, "text": text})
    return render(request, "me/token_new.html", {"form": form}, status=422 if request.method == "POST" else 200)


def _fresh(request: HttpRequest) -> bool:
    """Say whether the member used their second factor in this session a moment ago."""
    records = get_authentication_records(request, member_of(request))
    newest = max((record["at"] for record in records if record.get("method") == "mfa"), default=0.0)
    return bool(time.time() - newest < REAUTHENTICATE.total_seconds())


def _again(member: Member) -> str:
    """Return the name of the page where the member uses their second factor again."""
    has_app = Authenticator.objects.filter(user=member, type=Authenticator.Type.TOTP).exists()
    return "mfa_reauthenticate" if has_app else "mfa_reauthenticate_webauthn"


@require_POST
def token_revoke(request: HttpRequest, public_id: str) -> HttpResponse:
    """Revoke one of the member's own tokens."""
    revoke_token(public_id, acting_member=member_of(request))
    messages.success(request, "Token revoked.")
    return redirect("tokens")
