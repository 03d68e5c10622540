"""Holds: list, place, end."""

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
    "case": "A case, by its number, with its searches, drafts, videos and alerts",
    "search": "A search, by its id, with the references on its list",
    "reference": "A reference, by its id",
    "gallery": "A gallery, by its name, with all its references",
}


class HoldForm(forms.Form):
    """A new hold."""

    kind = forms.ChoiceField(label="Applies to", widget=forms.RadioSelect, choices=list(KINDS.items()))
    name = forms.CharField(label="Number, id or name", max_length=200)
    reason = forms.CharField(label="Reason", widget=forms.Textarea(attrs={"rows": 2}))
    authority = forms.CharField(
        label="Authority", help_text="The court, office or letter that requires the hold. It is sealed in the log."
    )
    review_on = forms.DateField(
        label="Review on",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Optional. A hold never ends by itself: a person ends it.",
    )


class EndForm(forms.Form):
    """The reason for ending a hold."""

    reason = forms.CharField(label="Reason", widget=forms.Textarea(attrs={"rows": 2}))


@require_http_methods(["GET", "POST"])
def holds(request: HttpRequest) -> HttpResponse:
    """Show the holds in force and the ended ones; with permission, the form for a new one."""
    member = member_of(request)
    places = granted(member.roles, Permission.HOLD_PLACE)
    named = {kind: request.GET[kind] for kind in KINDS if kind in request.GET}
    kind, name = next(iter(named.items()), ("case", ""))
    form = HoldForm(request.POST or None, initial={"kind": kind, "name": name})
    if request.method == "POST" and form.is_valid():
        form_data = form.cleaned_data
        try:
            hold = place_hold(
                reason=form_data["reason"],
                authority=form_data["authority"],
                review_on=form_data["review_on"],
                acting_member=member,
                **{form_data["kind"]: form_data["name"]},
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
            messages.success(request, f"Hold {hold.public_id} placed. It keeps {hold.on} until a person ends it.")
            return redirect("holds")
    return _page(request, form if places else None)


def _page(request: HttpRequest, form: HoldForm | None, ended: str = "", end: EndForm | None = None) -> HttpResponse:
    member = member_of(request)
    may_end = granted(member.roles, Permission.HOLD_END)
    items = [
        {
            "hold": hold,
            "end": (end if end is not None and hold.public_id == ended else EndForm(auto_id=f"{hold.public_id}_%s"))
            if may_end and hold.ended_at is None
            else None,
        }
        for hold in read.holds(member)
    ]
    return render(
        request,
        "retention/holds.html",
        {
            "form": form,
            "ending": ended,
            "standing": [item for item in items if item["hold"].ended_at is None],  # type: ignore[union-attr]
            "over": [item["hold"] for item in items if item["hold"].ended_at is not None],  # type: ignore[union-attr]
        },
    )


@require_POST
def hold_end(request: HttpRequest, public_id: str) -> HttpResponse:
    """End one hold; other holds on the same record continue."""
    member = member_of(request)
    form = EndForm(request.POST, auto_id=f"{public_id}_%s")
    if form.is_valid():
        with beside(form, "reason"):
            end_hold(public_id, reason=form.cleaned_data["reason"], acting_member=member)
            messages.success(request, f"Hold {public_id} ended. Other holds on the same record continue.")
            return redirect("holds")
    find.hold(public_id, member)
    return _page(request, HoldForm(), public_id, form)
