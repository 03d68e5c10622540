"""Agreements with other agencies: propose, read, accept, change, withdraw."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainview.casework.agreements import read
from plainview.casework.models import Member
from plainview.casework.sharing import agree as acts
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.policy.sharing import DEFAULT_ANSWER_DAYS, LEAD, LIST, MAX_ANSWER_DAYS
from plainview.web.views.common import beside, member_of, say

_LINES = {"rows": 3}
_GIVES = [
    (LEAD, "A lead released by your supervisor, or the answer that nothing was found"),
    (LIST, "The candidate list as well, before anyone in your agency has verified it"),
]


class TermsForm(forms.Form):
    """The terms of a version."""

    galleries = forms.MultipleChoiceField(label="Galleries that may be searched", widget=forms.CheckboxSelectMultiple)
    starts_on = forms.DateField(label="First day", widget=forms.DateInput(attrs={"type": "date"}))
    ends_on = forms.DateField(label="Last day", widget=forms.DateInput(attrs={"type": "date"}))
    offences = forms.CharField(
        required=False,
        label="Offences",
        widget=forms.Textarea(attrs=_LINES),
        help_text="One per line. Empty: every offence that both agencies' policies allow.",
    )
    purposes = forms.CharField(
        required=False,
        label="Purposes",
        widget=forms.Textarea(attrs=_LINES),
        help_text="One per line. Empty: every purpose that both agencies' policies allow.",
    )
    askers = forms.CharField(
        required=False,
        label="Who may ask",
        widget=forms.Textarea(attrs=_LINES),
        help_text="E-mail addresses of their members, one per line. Empty: all their examiners. Their supervisor authorises every request.",
    )
    gives = forms.ChoiceField(label="What they receive", widget=forms.RadioSelect, choices=_GIVES, initial=LEAD)
    answer_days = forms.IntegerField(
        label="Days until a request expires", min_value=1, max_value=MAX_ANSWER_DAYS, initial=DEFAULT_ANSWER_DAYS
    )

    def __init__(self, *arguments: Any, member: Member, **options: Any) -> None:
        super().__init__(*arguments, **options)
        names = [(gallery.name, gallery.name) for gallery in read.own_galleries(member)]
        self.fields["galleries"].choices = names  # type: ignore[attr-defined]

    def proposal(self) -> acts.Proposal:
        """Return the proposal that was filled in."""
        form_data = dict(self.cleaned_data)
        form_data.pop("agency", None)
        lines = {name: form_data[name].splitlines() for name in ("offences", "purposes", "askers")}
        return acts.Proposal(**(form_data | lines))


class ProposeForm(TermsForm):
    """The first version, and the agency it is for."""

    agency = forms.ChoiceField(label="Requesting agency")
    field_order = ("agency",)

    def __init__(self, *arguments: Any, member: Member, **options: Any) -> None:
        super().__init__(*arguments, member=member, **options)
        others = [(agency.name, agency.name) for agency in read.partners(member)]
        self.fields["agency"].choices = others  # type: ignore[attr-defined]


class WithdrawForm(forms.Form):
    """The reason for withdrawing."""

    reason = forms.CharField(
        label="Reason",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The other agency sees it. Every open request under the agreement ends at once.",
    )


@require_http_methods(["GET", "POST"])
def agreement_new(request: HttpRequest) -> HttpResponse:
    """Propose an agreement."""
    member = member_of(request)
    begin = {"starts_on": timezone.now().date()}
    form = ProposeForm(request.POST or None, member=member, initial=begin)
    if request.method == "POST" and form.is_valid():
        try:
            agreement = acts.propose(form.cleaned_data["agency"], form.proposal(), acting_member=member)
        except Refused as refused:
            say(form, refused)
        else:
            messages.success(request, "Proposed. It takes effect once the other agency accepts it.")
            return redirect("agreement", agreement.public_id)
    return _terms_page(request, form, None)


@require_http_methods(["GET", "POST"])
def agreement_change(request: HttpRequest, public_id: str) -> HttpResponse:
    """Propose a new version."""
    member = member_of(request)
    shown = read.agreement_shown(public_id, member)
    form = TermsForm(request.POST or None, member=member, initial=_now(shown))
    if request.method == "POST" and form.is_valid():
        with beside(form):
            acts.propose_version(public_id, form.proposal(), acting_member=member)
            messages.success(request, "Proposed. The older version binds until the other agency accepts this one.")
            return redirect("agreement", public_id)
    return _terms_page(request, form, shown)


def _now(shown: read.Shown) -> dict[str, Any]:
    version = shown.proposed or shown.version
    assert version is not None  # noqa: S101  an agreement has a version from the start
    return {
        "galleries": [gallery.name for gallery in version.galleries.all()],
        "starts_on": version.starts_on,
        "ends_on": version.ends_on,
        "offences": "\n".join(version.offences),
        "purposes": "\n".join(version.purposes),
        "askers": "\n".join(version.askers),
        "gives": version.gives,
        "answer_days": version.answer_days,
    }


def _terms_page(request: HttpRequest, form: TermsForm, shown: read.Shown | None) -> HttpResponse:
    context = {"form": form, "shown": shown, "own": member_of(request).agency}
    return render(request, "sharing/terms.html", context, status=422 if form.errors else 200)


@require_GET
def agreement(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show one agreement with all its versions."""
    return _page(request, public_id, WithdrawForm())


def _page(request: HttpRequest, public_id: str, form: WithdrawForm, status: int = 200) -> HttpResponse:
    member = member_of(request)
    shown = read.agreement_shown(public_id, member)
    manages = holds(member.roles, Permission.AGREEMENT_MANAGE) and shown.agreement.withdrawn_at is None
    return render(
        request,
        "sharing/agreement.html",
        {
            "shown": shown,
            "form": form,
            "own": member.agency,
            "manages": manages,
            "accepts": manages and not shown.searched_by_us and shown.proposed is not None,
            "ours": shown.agreement.withdrawn_by and shown.agreement.withdrawn_by.agency_id == member.agency_id,
        },
        status=status,
    )


@require_POST
def agreement_accept(request: HttpRequest, public_id: str) -> HttpResponse:
    """Accept the version that the page showed."""
    sent = request.POST.get("version", "")
    number = int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 6 else 0
    acts.accept(public_id, number, acting_member=member_of(request))
    messages.success(request, f"Accepted. Version {number} is now binding.")
    return redirect("agreement", public_id)


@require_POST
def agreement_withdraw(request: HttpRequest, public_id: str) -> HttpResponse:
    """Withdraw from the agreement at once."""
    form = WithdrawForm(request.POST)
    if form.is_valid():
        with beside(form, "reason"):
            acts.withdraw(public_id, reason=form.cleaned_data["reason"], acting_member=member_of(request))
            messages.success(request, "Withdrawn. Nothing can be searched under it now.")
            return redirect("agreement", public_id)
    return _page(request, public_id, form, status=422)
