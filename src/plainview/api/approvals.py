"""Approvals before a search, and authorisations of urgent searches afterwards."""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import Any

from django.http import HttpRequest
from ninja import Body
from pydantic import Field

from plainview.api.common import In, Moment, Out, Short, Text, member_of
from plainview.casework.models import Approval, Search
from plainview.casework.pictures import whole_jpeg
from plainview.casework.probes.approvals import decide_approval, request_approval, view_waiting
from plainview.casework.search.lapse import view_evidence
from plainview.casework.search.urgent import authorise_urgent
from plainview.recognition.errors import BadMedia
from plainview.storage.base import StorageError

_HASH = "SHA-256 of the probe's file; supervisors see its picture only if you prepared it under this case (`/probes`)."


class ApprovalIn(In):
    """What should be approved."""

    case: Short
    purpose: Text
    probe_sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description=_HASH)


class ApprovalOut(Out):
    """An approval: asked for, granted or denied."""

    id: str
    case: str
    by: str = Field(description="E-mail address of the member who asks.")
    purpose: str
    requested_at: Moment
    expires_at: Moment | None
    granted: bool | None


class UrgentOut(Out):
    """An urgent search that waits to be authorised."""

    search: str
    case: str
    by: str
    reason: str
    authorise_by: Moment


class WaitingOut(Out):
    """Requests that a supervisor has to decide."""

    approvals: list[ApprovalOut]
    urgent: list[UrgentOut]


class Decision(In):
    """A supervisor's decision."""

    grant: bool
    reason: Text = ""


class Reason(In):
    """A reason."""

    reason: Text


class AuthorisedOut(Out):
    """An authorised search."""

    search: str
    state: str


class LapsedOut(Out):
    """An urgent search that nobody authorised in time, as an auditor sees it until it is erased."""

    search: str
    by: str
    until: Moment = Field(description="When it is erased.")
    evidence: dict[str, Any] = Field(description="Case, purpose, probe, list, and what opens their entries of the log.")
    probe: str | None = Field(description="The probe, as JPEG in base64.")


def shown(approval: Approval) -> ApprovalOut:
    """Return an approval as the API shows it."""
    return ApprovalOut(
        id=approval.public_id,
        case=approval.case.number,
        by=approval.member.email,
        purpose=approval.purpose,
        requested_at=approval.requested_at,
        expires_at=approval.expires_at,
        granted=approval.granted,
    )


def _urgent(search: Search) -> UrgentOut:
    assert search.authorise_by is not None  # noqa: S101  it waits
    return UrgentOut(
        search=search.public_id,
        case=search.case.number,
        by=search.member.email,
        reason=search.urgent_reason,
        authorise_by=search.authorise_by,
    )


def approval_request(request: HttpRequest, wanted: Body[ApprovalIn]) -> ApprovalOut:
    """Ask the supervisors to approve one search with this probe in this case."""
    member = member_of(request)
    return shown(request_approval(wanted.case, wanted.purpose, wanted.probe_sha256, acting_member=member))


def approvals_waiting(request: HttpRequest) -> WaitingOut:
    """List the requests that a supervisor has to decide; the view is an entry of the log."""
    approvals, urgent = view_waiting(acting_member=member_of(request))
    return WaitingOut(
        approvals=[shown(approval) for approval in approvals], urgent=[_urgent(search) for search in urgent]
    )


def lapsed_show(request: HttpRequest, id: str) -> LapsedOut:  # noqa: A002  the name in the path
    """Open what is sealed of an urgent search that nobody authorised in time; the view is an entry of the log."""
    lapsed, evidence = view_evidence(id, acting_member=member_of(request))
    probe = None
    if lapsed.blobs:
        with suppress(BadMedia, StorageError):
            probe = base64.b64encode(whole_jpeg(lapsed.blobs[0])).decode()
    return LapsedOut(search=id, by=lapsed.search.member.email, until=lapsed.until, evidence=dict(evidence), probe=probe)


def approval_decide(request: HttpRequest, id: str, decision: Body[Decision]) -> ApprovalOut:  # noqa: A002
    """Approve or deny a colleague's search."""
    member = member_of(request)
    return shown(decide_approval(id, grant=decision.grant, reason=decision.reason, acting_member=member))


def urgent_authorise(request: HttpRequest, id: str, reason: Body[Reason]) -> AuthorisedOut:  # noqa: A002
    """Authorise a colleague's urgent search."""
    search = authorise_urgent(id, reason=reason.reason, acting_member=member_of(request))
    return AuthorisedOut(search=search.public_id, state="authorised")
