"""Steps before a person's request is answered: view it, confirm the identity, extend the deadline, or refuse.

Owns the record of the identity check: a sentence on how it was done. It must never keep a document or its number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from plainview.casework import find
from plainview.casework.erasure.expunge import forget_pages
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member, SubjectFinding, SubjectRequest
from plainview.casework.models.subjects import CONFIRMED, RECEIVED, REFUSED
from plainview.casework.rights.letters import close, tell
from plainview.casework.rights.read import OPEN, filing_of, findings_of
from plainview.policy import rights as policy
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.examination import explained
from plainview.policy.permissions import Permission
from plainview.policy.rights import Filing
from plainview.policy.roles import holds


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as a member sees it.

    Attributes:
        request: the request.
        filing: what the person wrote; empty texts for an auditor.
        faces: the listed faces; an auditor sees them once the request is closed and only the person's are left.
        answers: True when the member may search for it and answer it.
        confirms: True when the member may confirm the identity.
    """

    request: SubjectRequest
    filing: Filing
    faces: list[SubjectFinding]
    answers: bool
    confirms: bool


def view_request(public_id: str, *, acting_member: Member) -> Seen:
    """Return a request and log the view.

    Raises:
        Refused: no permission or unknown.
    """
    with acting("rights.view", Permission.RIGHTS_READ, acting_member):
        request = find.rights_request(public_id, acting_member)
        involved = {request.confirmed_by_id, request.filed_by_id}
        answers = holds(acting_member.roles, Permission.RIGHTS_ANSWER) and acting_member.pk not in involved
        confirms = holds(acting_member.roles, Permission.RIGHTS_CONFIRM)
        unnamed = Filing(tuple(request.wishes), "", "", "", "", ())
        filing = filing_of(request) if answers or confirms else unnamed
        faces = findings_of(request) if answers or request.state not in OPEN else []
        write_entry(
            "rights.viewed",
            {"request": request.public_id, "agency": acting_member.agency.public_id},
            acting_member=acting_member,
        )
    return Seen(request, filing, faces, answers, confirms and acting_member.pk != request.filed_by_id)


def confirm(public_id: str, how: str, *, acting_member: Member) -> SubjectRequest:
    """Record that the identity of the person is confirmed, and how it was checked.

    Raises:
        Refused: no permission, unknown, sent by the same member, already confirmed or closed, no explanation, or a
            document number in it.
    """
    with acting("rights.confirm", Permission.RIGHTS_CONFIRM, acting_member):
        request = find.rights_request(public_id, acting_member, lock=True)
        rules.require(
            policy.still_open(request.state not in OPEN),
            policy.not_alone(acting_member.pk, (request.filed_by_id,)),
            explained(how, "How identity was checked"),
            policy.no_document_number(how),
        )
        if request.state != RECEIVED:
            raise Refused(
                "rights.confirmed",
                "Not recorded",
                "The identity has already been confirmed.",
                "Continue with the request.",
                act=Permission.RIGHTS_READ,
            )
        request.state, request.confirmed_how = CONFIRMED, how.strip()
        request.confirmed_by, request.confirmed_at = acting_member, timezone.now()
        request.save(update_fields=["state", "confirmed_how", "confirmed_by", "confirmed_at"])
        write_entry(
            "rights.confirmed",
            {"request": request.public_id, "agency": acting_member.agency.public_id},
            {"how": request.confirmed_how},
            acting_member=acting_member,
            rows=[request],
        )
    return request


def extend(public_id: str, days: int, reason: str, *, acting_member: Member) -> SubjectRequest:
    """Extend the deadline once, and write to the person with the reason.

    Raises:
        Refused: no permission, unknown, closed, already extended or overdue, too long, or no reason.
    """
    with acting("rights.extend", Permission.RIGHTS_ANSWER, acting_member):
        request = find.rights_request(public_id, acting_member, lock=True)
        rules.require(
            policy.still_open(request.state not in OPEN),
            policy.extension(
                days, before=request.extended_at is not None, today=timezone.now().date(), due_on=request.due_on
            ),
            explained(reason, "The reason"),
        )
        request.due_on += timedelta(days=days)
        request.extended_by, request.extended_at = acting_member, timezone.now()
        request.extended_why, request.tell = reason.strip(), "extended"
        request.save(update_fields=["due_on", "extended_by", "extended_at", "extended_why", "tell"])
        write_entry(
            "rights.extended",
            {
                "request": request.public_id,
                "agency": acting_member.agency.public_id,
                "due_on": request.due_on.isoformat(),
            },
            {"reason": request.extended_why},
            acting_member=acting_member,
            rows=[request],
        )
    tell(request)
    return request


def refuse(public_id: str, ground: str, reason: str, *, acting_member: Member) -> SubjectRequest:
    """Refuse a whole request; the letter states the ground, the reason and the remedy.

    Raises:
        Refused: no permission, unknown, already closed, an unknown ground, or no reason.
    """
    with acting("rights.refuse", Permission.RIGHTS_ANSWER, acting_member):
        request = find.rights_request(public_id, acting_member, lock=True)
        rules.require(policy.still_open(request.state not in OPEN), explained(reason, "The reason"))
        if request.findings.exclude(outcome="").exists():
            raise Refused(
                "rights.begun",
                "Not refused",
                "Pictures of the person are already being erased.",
                "Finish the answer: send it again.",
                act=Permission.RIGHTS_ANSWER,
            )
        if ground not in policy.GROUNDS:
            raise Refused(
                "rights.ground",
                "Not refused",
                f"There is no ground {ground!r}.",
                f"Choose one of: {', '.join(policy.GROUNDS)}.",
            )
        request.state, request.outcome, request.ground, request.reason = REFUSED, "refused", ground, reason.strip()
        close(request, acting_member)
        write_entry(
            "rights.refused",
            {
                "request": request.public_id,
                "agency": acting_member.agency.public_id,
                "ground": ground,
                "sha256": request.answer.sha256,
            },
            {"reason": request.reason},
            acting_member=acting_member,
            rows=[request],
        )
    forget_pages()  # the journal still holds the photograph
    tell(request)
    return request
