"""Pages of misuse flags: the list, one flag, and the decision on it."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from plainview.casework.misuse import flags as deciding
from plainview.casework.misuse.read import evidence_of
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
        label="Reason",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What you asked, and what the member answered.",
    )


@require_GET
def flags(request: HttpRequest) -> HttpResponse:
    """List the agency's flags, except those about the auditor."""
    raised = flags_of(member_of(request))
    return render(
        request,
        "misuse/list.html",
        {"open": [flag for flag in raised if not flag.outcome], "decided": [flag for flag in raised if flag.outcome]},
    )


@require_http_methods(["GET", "POST"])
def flag(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show one flag with its evidence, and take the decision on it."""
    member, form = member_of(request), FlagForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        fields = form.cleaned_data
        with beside(form):
            deciding.decide_flag(public_id, fields["outcome"], fields["note"], acting_member=member)
            messages.success(request, "Decided. The register counts the decision, without names.")
            return redirect("flags")
    raised, finding = deciding.view_flag(public_id, acting_member=member)
    return render(
        request,
        "misuse/flag.html",
        {
            "flag": raised,
            "finding": finding,
            "form": form,
            "decides": holds(member.roles, Permission.FLAG_DECIDE),
            "evidence": evidence_of(raised) if holds(member.roles, Permission.URGENT_REVIEW) else None,
        },
    )
