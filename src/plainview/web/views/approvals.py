"""Approvals before a search, and the authorisation of urgent searches after it."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainview.casework import find
from plainview.casework.pictures import whole_jpeg
from plainview.casework.probes import approvals as approving
from plainview.casework.probes.approvals import pictures_waiting, waiting_ids
from plainview.casework.search.lapse import view_evidence
from plainview.casework.search.urgent import authorise_urgent
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.recognition.errors import BadMedia
from plainview.storage.base import StorageError
from plainview.web.views.common import beside, member_of, picture, require_shown, shown


class ReasonForm(forms.Form):
    """The reason for a decision."""

    reason = forms.CharField(label="Reason", widget=forms.Textarea(attrs={"rows": 2}), required=False)


@require_GET
def approvals(request: HttpRequest) -> HttpResponse:
    """Show requests for approval, and urgent searches waiting for authorisation."""
    return _approvals_page(request)


def _approvals_page(request: HttpRequest, public_id: str = "", form: ReasonForm | None = None) -> HttpResponse:
    member = member_of(request)
    requests, late = approving.view_waiting(acting_member=member)
    for waiting in [*(approval.public_id for approval in requests), *(search.public_id for search in late)]:
        shown(request, waiting)
    pictures = pictures_waiting(member)
    approvals = [
        {
            "approval": approval,
            "own": approval.member_id == member.pk,
            "form": _form_of(approval.public_id, public_id, form),
            "seen": approval.public_id in pictures,
        }
        for approval in requests
    ]
    urgent = [
        {
            "search": search,
            "own": search.member_id == member.pk,
            "form": _form_of(search.public_id, public_id, form),
            "seen": services().blobs.exists(search.probe_blob),
        }
        for search in late
    ]
    return render(request, "approvals/list.html", {"approvals": approvals, "urgent": urgent})


def _form_of(approval_id: str, wanted: str, form: ReasonForm | None) -> ReasonForm:
    return form if form is not None and approval_id == wanted else ReasonForm(auto_id=f"{approval_id}_%s")


@require_POST
def approval_decide(request: HttpRequest, public_id: str) -> HttpResponse:
    """Approve or deny a colleague's request."""
    form = ReasonForm(request.POST, auto_id=f"{public_id}_%s")
    grant = request.POST.get("grant") == "yes"
    if form.is_valid():
        with beside(form, "reason"):
            approving.decide_approval(
                public_id, grant=grant, reason=form.cleaned_data["reason"], acting_member=member_of(request)
            )
            messages.success(request, "Request approved." if grant else "Request denied.")
            return redirect("approvals")
    return _approvals_page(request, public_id, form)


@require_http_methods(["GET", "POST"])
def urgent_authorise(request: HttpRequest, public_id: str) -> HttpResponse:
    """Authorise a colleague's urgent search before it is erased; with GET, go to its place on the page."""
    if request.method == "GET":
        return redirect(f"{reverse('approvals')}#{public_id}")
    form = ReasonForm(request.POST, auto_id=f"{public_id}_%s")
    if form.is_valid():
        with beside(form, "reason"):
            authorise_urgent(public_id, reason=form.cleaned_data["reason"], acting_member=member_of(request))
            messages.success(request, f"Search {public_id} is authorised.")
            return redirect("approvals")
    return _approvals_page(request, public_id, form)


@require_GET
def approval_picture(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return the probe of a waiting request or urgent search, if it was prepared here."""
    member = member_of(request)
    if public_id not in waiting_ids(member):
        raise Refused(
            "approval.unknown",
            "Not found",
            "No such request is waiting.",
            "Choose a request from the list.",
            act=Permission.SEARCH_APPROVE,
        )
    require_shown(request, public_id)
    try:
        return picture(whole_jpeg(*pictures_waiting(member)[public_id]))
    except (KeyError, BadMedia, StorageError):
        raise Http404 from None


@require_GET
def lapsed(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show the sealed evidence of an urgent search that nobody authorised in time."""
    evidence_row, evidence = view_evidence(public_id, acting_member=member_of(request))
    shown(request, evidence_row.search.public_id)
    return render(
        request, "approvals/lapsed.html", {"lapsed": evidence_row, "search": evidence_row.search, "evidence": evidence}
    )


@require_GET
def lapsed_picture(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return the probe of an urgent search whose evidence the auditor has opened."""
    evidence = find.lapsed(public_id, member_of(request))
    require_shown(request, evidence.search.public_id)
    try:
        return picture(whole_jpeg(evidence.blobs[0]))
    except (BadMedia, StorageError, IndexError):
        raise Http404 from None
