"""What waits for a supervisor before or after a search, and the signs of misuse that an auditor decides on."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from plainview.casework.pictures import whole_jpeg
from plainview.casework.probes import approvals as approving
from plainview.casework.probes.approvals import approvals_waiting, urgent_waiting
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
    """Requests for approval, and urgent searches that wait to be authorised."""
    return _approvals_page(request)


def _approvals_page(request: HttpRequest, public_id: str = "", form: ReasonForm | None = None) -> HttpResponse:
    member = member_of(request)
    requests, late = approving.view_waiting(acting_member=member)
    for waiting in [*(row.public_id for row in requests), *(row.public_id for row in late)]:
        shown(request, waiting)
    rows = [
        {
            "row": row,
            "own": row.member_id == member.pk,
            "form": _form_of(row.public_id, public_id, form),
            "seen": services().blobs.exists(row.probe_sha256),
        }
        for row in requests
    ]
    urgent = [
        {
            "row": row,
            "own": row.member_id == member.pk,
            "form": _form_of(row.public_id, public_id, form),
            "seen": services().blobs.exists(row.probe_blob),
        }
        for row in late
    ]
    return render(request, "approvals/list.html", {"approvals": rows, "urgent": urgent})


def _form_of(row: str, wanted: str, form: ReasonForm | None) -> ReasonForm:
    return form if form is not None and row == wanted else ReasonForm(auto_id=f"{row}_%s")


@require_POST
def approval_decide(request: HttpRequest, public_id: str) -> HttpResponse:
    """Grant or deny a colleague's request."""
    form = ReasonForm(request.POST, auto_id=f"{public_id}_%s")
    grant = request.POST.get("grant") == "yes"
    if form.is_valid():
        with beside(form, "reason"):
            approving.decide_approval(
                public_id, grant=grant, reason=form.cleaned_data["reason"], acting_member=member_of(request)
            )
            messages.success(request, "Granted." if grant else "Denied, with your reason.")
            return redirect("approvals")
    return _approvals_page(request, public_id, form)


@require_http_methods(["GET", "POST"])
def urgent_authorise(request: HttpRequest, public_id: str) -> HttpResponse:
    """Authorise a colleague's urgent search before it is erased; links of other pages lead to where it waits."""
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
    """The probe of a request or of an urgent search that waits, where it is in the store."""
    member = member_of(request)
    held: dict[str, tuple[str, list[str]]] = {
        row.public_id: (row.probe_sha256, []) for row in approvals_waiting(member)
    }
    held |= {row.public_id: (row.probe_blob, row.edits) for row in urgent_waiting(member)}
    if public_id not in held:
        raise Refused(
            "approval.unknown",
            "Not found",
            "No such request is waiting.",
            "Choose a request from the list.",
            act=Permission.SEARCH_APPROVE,
        )
    require_shown(request, public_id)
    try:
        return picture(whole_jpeg(*held[public_id]))
    except (BadMedia, StorageError):
        raise Http404 from None
