"""The page of times in which the log was ahead of the clock: one member explains, another confirms."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from plainview.casework.models import ClockFault, Member
from plainview.casework.upkeep.clock import confirm, explain, faults
from plainview.policy.clock import AHEAD, BEHIND
from plainview.web.views.common import beside, member_of


class ClockForm(forms.Form):
    """What was wrong with the clock."""

    entry = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    wrong = forms.ChoiceField(
        label="What was wrong",
        widget=forms.RadioSelect,
        choices=[
            (AHEAD, "The clock ran ahead when the earlier entries were written"),
            (BEHIND, "The clock was behind afterwards"),
        ],
    )
    reason = forms.CharField(label="Explanation", widget=forms.Textarea(attrs={"rows": 3}))


class ConfirmForm(forms.Form):
    """The confirmation of another member's explanation."""

    entry = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


@require_http_methods(["GET", "POST"])
def clock(request: HttpRequest) -> HttpResponse:
    """List the faults that are not settled, with a form for each; take an explanation or a confirmation."""
    member = member_of(request)
    confirms = request.POST.get("do") == "confirm"
    form = (ConfirmForm if confirms else ClockForm)(request.POST or None)
    if request.method == "POST" and form.is_valid():
        fields = form.cleaned_data
        with beside(form):
            if confirms:
                confirm(fields["entry"], acting_member=member)
                messages.success(request, "Settled. The log has both statements.")
            else:
                explain(fields["entry"], fields["wrong"], fields["reason"], acting_member=member)
                messages.success(request, "Recorded. Another administrator or auditor confirms it.")
            return redirect("clock")
    entry = request.POST.get("entry", "")
    rows = [_shown(fault, member, form if str(fault.first) == entry else None, confirms=confirms) for fault in faults()]
    return render(request, "clock.html", {"rows": rows})


def _shown(fault: ClockFault, member: Member, bound: forms.Form | None, *, confirms: bool) -> dict[str, Any]:
    initial = {"entry": fault.first, "wrong": fault.wrong, "reason": fault.explanation}
    empty = ClockForm(initial=initial, auto_id=f"id_{fault.first}_%s")
    return {
        "fault": fault,
        "form": empty if bound is None or confirms else bound,
        "refused": bound if confirms else None,
        "confirms": fault.explained_by is not None and fault.explained_by_id != member.pk,
    }
