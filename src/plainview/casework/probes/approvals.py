"""A supervisor's approval of one probe under one case, if policy or the probe's quality requires it.

Owns which picture a supervisor sees of a request. It must never open a stored picture by the hash that a member states.
"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Approval, Case, Member, Preparation, Search, SharedRequest
from plainview.casework.news.tell import supervisors, tell
from plainview.policy import joining, rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.search import has_purpose, no_refused_ground

APPROVAL_DAYS = 7
"""How long a request and its approval can be used: chosen, a working week and its weekend."""


def request_approval(case_number: str, purpose: str, probe_sha256: str, *, acting_member: Member) -> Approval:
    """Ask the supervisors of the agency to approve a search with this probe under this case.

    Raises:
        Refused: no permission, unknown or closed case, or no lawful purpose.
    """
    with acting("approval.request", Permission.SEARCH_RUN, acting_member):
        case = find.case(case_number, acting_member)
        rules.require(
            rules.case_open(case.number, case.closed_at.date() if case.closed_at else None),
            has_purpose(purpose),
            no_refused_ground("purpose", purpose),
        )
        approval = Approval.objects.create(
            case=case,
            member=acting_member,
            probe_sha256=probe_sha256,
            purpose=purpose.strip(),
            expires_at=timezone.now() + timedelta(days=APPROVAL_DAYS),
        )
        write_entry(
            "approval.requested",
            {"approval": approval.public_id, "agency": acting_member.agency.public_id, "case": case.pk},
            {"purpose": approval.purpose, "probe_sha256": probe_sha256},
            acting_member=acting_member,
            rows=[approval],
        )
        tell("approval.requested", approval.public_id, supervisors(acting_member))
    return approval


def view_waiting(*, acting_member: Member) -> tuple[list[Approval], list[Search]]:
    """Show a supervisor the requests for approval and the urgent searches that wait; the view is an entry.

    Raises:
        Refused: no permission.
    """
    with acting("approval.view", Permission.SEARCH_APPROVE, acting_member):
        requests, urgent = approvals_waiting(acting_member), urgent_waiting(acting_member)
        if requests or urgent:
            write_entry(
                "approvals.viewed",
                {
                    "agency": acting_member.agency.public_id,
                    "approvals": [request.public_id for request in requests],
                    "searches": [search.public_id for search in urgent],
                },
                acting_member=acting_member,
            )
    return requests, urgent


def decide_approval(public_id: str, *, grant: bool, reason: str, acting_member: Member) -> Approval:
    """Grant or deny a colleague's request.

    Raises:
        Refused: no permission, unknown, decided or expired, the member's own, or no reason for a denial.
    """
    with acting("approval.decide", Permission.SEARCH_APPROVE, acting_member):
        now = timezone.now()
        undecided = Approval.objects.filter(granted=None, expires_at__gt=now)
        approval = find.approval(public_id, acting_member, among=undecided)
        rules.require(joining.another_person(acting_member.public_id, approval.member.public_id, "Approval"))
        if not grant and not reason.strip():
            raise Refused(
                "approval.note", "Nothing decided", "A denial needs a reason.", "State the reason for the denial."
            )
        approval.granted, approval.decided_by, approval.decided_at, approval.note = (
            grant,
            acting_member,
            now,
            reason.strip(),
        )
        approval.save(update_fields=["granted", "decided_by", "decided_at", "note"])
        write_entry(
            "approval.granted" if grant else "approval.denied",
            {"approval": approval.public_id, "case": approval.case_id, "member": approval.member.public_id},
            {"note": approval.note} if approval.note else {},
            acting_member=acting_member,
            rows=[approval],
        )
        tell("approval.granted" if grant else "approval.denied", approval.public_id, [approval.member])
    return approval


def usable_approvals(case: Case, probe_sha256: str, member: Member) -> list[Approval]:
    """Return the unused and unexpired approvals of exactly this probe, case and member."""
    rows = Approval.objects.filter(
        case=case,
        member=member,
        probe_sha256=probe_sha256,
        granted=True,
        expires_at__gt=timezone.now(),
        search=None,
    )
    return list(rows.order_by("pk"))


def usable_approval(case: Case, probe_sha256: str, member: Member) -> Approval | None:
    """Return the oldest usable approval."""
    return next(iter(usable_approvals(case, probe_sha256, member)), None)


def approvals_waiting(member: Member) -> list[Approval]:
    """Return the requests of the member's agency that no supervisor has decided, oldest first."""
    rows = Approval.objects.filter(case__agency=member.agency, granted=None, expires_at__gt=timezone.now())
    return list(rows.select_related("case", "member").order_by("pk"))


def pictures_waiting(member: Member) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return id -> (stored picture, edits) of the requests and urgent searches of the member's agency.

    A request is in it only if the requester prepared this picture under the same case, or another agency sent it for the
    case: anyone can state the hash of any picture, so a hash alone opens none.
    """
    waiting = approvals_waiting(member)
    digests = {request.probe_sha256 for request in waiting} - {""}
    cases = {request.case_id for request in waiting}
    drafts = Preparation.objects.filter(discarded_at=None, blob__in=digests, case__in=cases)
    own = set(drafts.values_list("member", "case", "blob"))
    sent = SharedRequest.objects.filter(closed_at=None, probe_blob__in=digests, mirror__in=cases)
    theirs = set(sent.values_list("mirror", "probe_blob"))
    shown: dict[str, tuple[str, tuple[str, ...]]] = {}
    for request in waiting:
        case, digest = request.case_id, request.probe_sha256
        if (request.member_id, case, digest) in own or (case, digest) in theirs:
            shown[request.public_id] = (digest, ())
    return shown | {search.public_id: (search.probe_blob, tuple(search.edits)) for search in urgent_waiting(member)}


def waiting_ids(member: Member) -> set[str]:
    """Return the ids of the requests and urgent searches that a supervisor of the member's agency has to decide."""
    requests, urgent = approvals_waiting(member), urgent_waiting(member)
    return {request.public_id for request in requests} | {search.public_id for search in urgent}


def urgent_waiting(member: Member) -> list[Search]:
    """Return the unauthorised urgent searches of the member's agency, the next to be erased first."""
    rows = Search.objects.filter(
        case__agency=member.agency,
        authorise_by__isnull=False,
        authorised_at=None,
        erased_at=None,
        sealed_at=None,
    )
    return list(rows.select_related("case", "member").order_by("authorise_by"))
