"""Proposals: acts that need two people. One page lists them, one shows what would change and takes the decision."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from plainview.casework import find
from plainview.casework.models import Member, Proposal
from plainview.casework.proposals import read
from plainview.casework.proposals.decide import approve, reject
from plainview.policy.permissions import Permission
from plainview.policy.proposals import OPEN, table
from plainview.policy.roles import holds
from plainview.web.views.common import beside, member_of


class DecisionForm(forms.Form):
    """The reason for a rejection or a withdrawal."""

    reason = forms.CharField(
        label="Reason", required=False, help_text="Needed to reject or withdraw. It is recorded in the log, sealed."
    )


@require_GET
def proposals(request: HttpRequest) -> HttpResponse:
    """List the proposals of the agency, those that wait first, and the acts that need two people."""
    member = member_of(request)
    listed = [{"proposal": proposal, "state": _state(proposal)} for proposal in read.proposals(member)]
    return render(
        request,
        "proposals/list.html",
        {
            "waiting": [line for line in listed if line["state"] == OPEN],
            "decided": [line for line in listed if line["state"] != OPEN],
            "table": table(),
        },
    )


def _state(proposal: Proposal) -> str:
    return "expired" if proposal.state == OPEN and not read.is_open(proposal) else proposal.state


@require_GET
def proposal(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show a proposal, with the decision for a member who may take it."""
    member = member_of(request)
    return _page(request, find.proposal(public_id, member), member, DecisionForm())


def _page(request: HttpRequest, stored: Proposal, member: Member, form: forms.Form) -> HttpResponse:
    own, about = stored.proposed_by_id == member.pk, stored.concerns_id == member.pk
    decides = read.is_open(stored) and holds(member.roles, Permission.PROPOSAL_DECIDE)
    context: dict[str, Any] = {
        "proposal": stored,
        "state": _state(stored),
        "shown": read.shown(stored),
        "form": form,
        "own": own,
        "about": about,
        "approves": decides and not own and not about,
        "rejects": decides,
        "approvers": read.approvers(stored) if read.is_open(stored) else [],
    }
    return render(request, "proposals/proposal.html", context)


@require_http_methods(["POST"])
def proposal_decide(request: HttpRequest, public_id: str) -> HttpResponse:
    """Approve, reject or withdraw; the code of an invitation or a reset is shown on the answering page and nowhere else."""
    member, form = member_of(request), DecisionForm(request.POST)
    stored = find.proposal(public_id, member)
    if form.is_valid():
        with beside(form):
            if request.POST.get("do") == "approve":
                decided = approve(public_id, acting_member=member)
                if decided.code:
                    return code_page(request, decided.proposal, decided.code)
                messages.success(request, f"Approved. {decided.proposal.power.does}")
            else:
                decided = reject(public_id, reason=form.cleaned_data["reason"], acting_member=member)
                messages.success(request, f"Proposal {decided.proposal.state}.")
            return redirect("proposal", public_id)
    return _page(request, stored, member, form)


def code_page(request: HttpRequest, stored: Proposal, code: str) -> HttpResponse:
    """Return the page with the link of an approved invitation or reset."""
    email = stored.concerns.email if stored.concerns else stored.wanted["email"]
    link = request.build_absolute_uri(reverse("join", args=[code]))
    return render(
        request, "members/code.html", {"email": email, "link": link, "event": "reset" if stored.concerns else "invited"}
    )


def proposed(request: HttpRequest, stored: Proposal) -> HttpResponse:
    """Return to a new proposal's page, with the next step."""
    messages.success(request, "Proposed. Nothing has changed yet: another member approves it.")
    return redirect("proposal", stored.public_id)
