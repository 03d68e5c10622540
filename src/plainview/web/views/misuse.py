"""Pages of misuse flags: the list, one flag, its review."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from plainview.casework.misuse import flags as deciding
from plainview.casework.misuse.read import flags as flags_of
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.web.views.common import beside, member_of


class FlagForm(forms.Form):
    """An auditor's decision."""

    outcome = forms.ChoiceField(
        label="Decision",
        widget=forms.RadioSelect,
        choices=[("dismissed", "Dismissed: there is a good reason"), ("upheld", "Upheld: it was misuse")],
    )
    note = forms.CharField(
        label="Why",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What you asked, and what you were told.",
    )


@require_GET
def flags(request: HttpRequest) -> HttpResponse:
    """Every flag of the agency that is not about the auditor themself."""
    rows = flags_of(member_of(request))
    return render(
        request,
        "misuse/list.html",
        {"open": [row for row in rows if not row.outcome], "decided": [row for row in rows if row.outcome]},
    )


@require_http_methods(["GET", "POST"])
def flag(request: HttpRequest, public_id: str) -> HttpResponse:
    """One flag with its evidence, and the decision on it."""
    member, form = member_of(request), FlagForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        with beside(form):
            deciding.decide_flag(public_id, told["outcome"], told["note"], acting_member=member)
            messages.success(request, "Decided. The register counts it, without names.")
            return redirect("flags")
    row, told = deciding.view_flag(public_id, acting_member=member)
    return render(
        request,
        "misuse/flag.html",
        {"flag": row, "told": told, "form": form, "decides": holds(member.roles, Permission.FLAG_DECIDE)},
    )
