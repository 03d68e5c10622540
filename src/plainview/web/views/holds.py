"""Holds: the list, placing one, ending one."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from plainview.casework import find
from plainview.casework.erasure import read
from plainview.casework.erasure.holds import end_hold, place_hold
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds as granted
from plainview.web.views.common import beside, member_of, say

KINDS = {
    "case": "A case, by its number: its searches, drafts, videos and alerts",
    "search": "A search, by its id, with the references that it lists",
    "reference": "A reference, by its id",
    "gallery": "A gallery, by its name: all its references",
}


class HoldForm(forms.Form):
    """A new hold."""

    kind = forms.ChoiceField(label="What is kept", widget=forms.RadioSelect, choices=list(KINDS.items()))
    name = forms.CharField(label="Its number, id or name", max_length=200)
    reason = forms.CharField(label="Why", widget=forms.Textarea(attrs={"rows": 2}))
    authority = forms.CharField(
        label="On whose word", help_text="The court, the office or the letter. Kept, and sealed in the log."
    )
    review_on = forms.DateField(
        label="Review on",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="If any. Nothing happens by itself then: a person ends a hold.",
    )


class EndForm(forms.Form):
    """Why a hold is over."""

    reason = forms.CharField(label="Why it is over", widget=forms.Textarea(attrs={"rows": 2}))


@require_http_methods(["GET", "POST"])
def holds(request: HttpRequest) -> HttpResponse:
    """The holds in force and those before; for who may, the form of a new one."""
    member = member_of(request)
    places = granted(member.roles, Permission.HOLD_PLACE)
    named = {kind: request.GET[kind] for kind in KINDS if kind in request.GET}
    kind, name = next(iter(named.items()), ("case", ""))
    form = HoldForm(request.POST or None, initial={"kind": kind, "name": name})
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            hold = place_hold(
                reason=told["reason"],
                authority=told["authority"],
                review_on=told["review_on"],
                acting_member=member,
                **{told["kind"]: told["name"]},
            )
        except Refused as refused:
            if refused.rule_id == "member.no_permission":
                raise
            say(
                form,
                refused,
                {"hold.incomplete": "reason", "hold.review": "review_on"}.get(refused.rule_id, "name"),
            )
        else:
            messages.success(request, f"Hold {hold.public_id} keeps {hold.on} until it is ended.")
            return redirect("holds")
    return _page(request, form if places else None)


def _page(request: HttpRequest, form: HoldForm | None, ended: str = "", end: EndForm | None = None) -> HttpResponse:
    member = member_of(request)
    may_end = granted(member.roles, Permission.HOLD_END)
    rows = [
        {
            "hold": row,
            "end": (end if end is not None and row.public_id == ended else EndForm(auto_id=f"{row.public_id}_%s"))
            if may_end and row.ended_at is None
            else None,
        }
        for row in read.holds(member)
    ]
    return render(
        request,
        "retention/holds.html",
        {
            "form": form,
            "ending": ended,
            "standing": [row for row in rows if row["hold"].ended_at is None],  # type: ignore[union-attr]
            "over": [row["hold"] for row in rows if row["hold"].ended_at is not None],  # type: ignore[union-attr]
        },
    )


@require_POST
def hold_end(request: HttpRequest, public_id: str) -> HttpResponse:
    """End one hold; others on the same thing go on."""
    member = member_of(request)
    form = EndForm(request.POST, auto_id=f"{public_id}_%s")
    if form.is_valid():
        with beside(form, "reason"):
            end_hold(public_id, reason=form.cleaned_data["reason"], acting_member=member)
            messages.success(request, f"Hold {public_id} has ended. Others on the same thing go on.")
            return redirect("holds")
    find.hold(public_id, member)
    return _page(request, HoldForm(), public_id, form)
