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
    (LEAD, "A lead that a supervisor of yours released, or that nothing was found"),
    (LIST, "The candidate list as well, before anybody of yours has verified it"),
]


class TermsForm(forms.Form):
    """What a version says."""

    galleries = forms.MultipleChoiceField(
        label="Galleries that are searched for them", widget=forms.CheckboxSelectMultiple
    )
    starts_on = forms.DateField(label="First day", widget=forms.DateInput(attrs={"type": "date"}))
    ends_on = forms.DateField(label="Last day", widget=forms.DateInput(attrs={"type": "date"}))
    offences = forms.CharField(
        required=False,
        label="Offences",
        widget=forms.Textarea(attrs=_LINES),
        help_text="One a line. Empty: every offence that both agencies' policies allow.",
    )
    purposes = forms.CharField(
        required=False,
        label="Purposes",
        widget=forms.Textarea(attrs=_LINES),
        help_text="One a line. Empty: every purpose that both agencies' policies allow.",
    )
    askers = forms.CharField(
        required=False,
        label="Who may ask",
        widget=forms.Textarea(attrs=_LINES),
        help_text="E-mail addresses of their members, one a line. Empty: each of their examiners. A supervisor of theirs authorises every request.",
    )
    gives = forms.ChoiceField(label="What they get", widget=forms.RadioSelect, choices=_GIVES, initial=LEAD)
    answer_days = forms.IntegerField(
        label="Days until a request expires", min_value=1, max_value=MAX_ANSWER_DAYS, initial=DEFAULT_ANSWER_DAYS
    )

    def __init__(self, *arguments: Any, member: Member, **options: Any) -> None:
        super().__init__(*arguments, **options)
        names = [(row.name, row.name) for row in read.own_galleries(member)]
        self.fields["galleries"].choices = names  # type: ignore[attr-defined]

    def proposal(self) -> acts.Proposal:
        """What was filled in."""
        held = dict(self.cleaned_data)
        held.pop("agency", None)
        lines = {name: held[name].splitlines() for name in ("offences", "purposes", "askers")}
        return acts.Proposal(**(held | lines))


class ProposeForm(TermsForm):
    """A first version, and with whom."""

    agency = forms.ChoiceField(label="Agency that may ask yours")
    field_order = ("agency",)

    def __init__(self, *arguments: Any, member: Member, **options: Any) -> None:
        super().__init__(*arguments, member=member, **options)
        others = [(row.name, row.name) for row in read.partners(member)]
        self.fields["agency"].choices = others  # type: ignore[attr-defined]


class WithdrawForm(forms.Form):
    """Why it ends."""

    reason = forms.CharField(
        label="Why does it end?",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The other agency reads it. Whatever is open under the agreement is over at the same moment.",
    )


@require_http_methods(["GET", "POST"])
def agreement_new(request: HttpRequest) -> HttpResponse:
    """Propose an agreement."""
    member = member_of(request)
    begin = {"starts_on": timezone.now().date()}
    form = ProposeForm(request.POST or None, member=member, initial=begin)
    if request.method == "POST" and form.is_valid():
        try:
            made = acts.propose(form.cleaned_data["agency"], form.proposal(), acting_member=member)
        except Refused as refused:
            say(form, refused)
        else:
            messages.success(request, "Proposed. It binds once the other agency accepts it.")
            return redirect("agreement", made.public_id)
    return _terms_page(request, form, None)


@require_http_methods(["GET", "POST"])
def agreement_change(request: HttpRequest, public_id: str) -> HttpResponse:
    """Propose a new version."""
    member = member_of(request)
    row = read.agreement_shown(public_id, member)
    form = TermsForm(request.POST or None, member=member, initial=_now(row))
    if request.method == "POST" and form.is_valid():
        with beside(form):
            acts.propose_version(public_id, form.proposal(), acting_member=member)
            messages.success(request, "Proposed. Until the other agency accepts it, the older version binds.")
            return redirect("agreement", public_id)
    return _terms_page(request, form, row)


def _now(row: read.Shown) -> dict[str, Any]:
    held = row.proposed or row.version
    assert held is not None  # noqa: S101  an agreement has a version from its first day
    return {
        "galleries": [gallery.name for gallery in held.galleries.all()],
        "starts_on": held.starts_on,
        "ends_on": held.ends_on,
        "offences": "\n".join(held.offences),
        "purposes": "\n".join(held.purposes),
        "askers": "\n".join(held.askers),
        "gives": held.gives,
        "answer_days": held.answer_days,
    }


def _terms_page(request: HttpRequest, form: TermsForm, row: read.Shown | None) -> HttpResponse:
    context = {"form": form, "row": row, "own": member_of(request).agency}
    return render(request, "sharing/terms.html", context, status=422 if form.errors else 200)


@require_GET
def agreement(request: HttpRequest, public_id: str) -> HttpResponse:
    """One agreement with all its versions."""
    return _page(request, public_id, WithdrawForm())


def _page(request: HttpRequest, public_id: str, form: WithdrawForm, status: int = 200) -> HttpResponse:
    member = member_of(request)
    row = read.agreement_shown(public_id, member)
    manages = holds(member.roles, Permission.AGREEMENT_MANAGE) and row.agreement.withdrawn_at is None
    return render(
        request,
        "sharing/agreement.html",
        {
            "row": row,
            "form": form,
            "own": member.agency,
            "manages": manages,
            "accepts": manages and not row.searched_by_us and row.proposed is not None,
            "ours": row.agreement.withdrawn_by and row.agreement.withdrawn_by.agency_id == member.agency_id,
        },
        status=status,
    )


@require_POST
def agreement_accept(request: HttpRequest, public_id: str) -> HttpResponse:
    """Accept the version that the page showed."""
    sent = request.POST.get("version", "")
    number = int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 6 else 0
    acts.accept(public_id, number, acting_member=member_of(request))
    messages.success(request, f"Accepted. Version {number} binds from now on.")
    return redirect("agreement", public_id)


@require_POST
def agreement_withdraw(request: HttpRequest, public_id: str) -> HttpResponse:
    """End it at once."""
    form = WithdrawForm(request.POST)
    if form.is_valid():
        with beside(form, "reason"):
            acts.withdraw(public_id, reason=form.cleaned_data["reason"], acting_member=member_of(request))
            messages.success(request, "Withdrawn. Nothing runs under it any more.")
            return redirect("agreement", public_id)
    return _page(request, public_id, form, status=422)
