"""What an administrator does with a person's request before it is answered: look, check who asks, extend, refuse.

Owns what is kept of the check of identity: how it was made, in words. It must never keep a document or its number.
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
        request: its row.
        filing: what the person wrote; empty texts for an auditor.
        faces: what was found; for an auditor only once it is closed, when nobody else's face is left.
        answers: the member may answer it.
    """

    request: SubjectRequest
    filing: Filing
    faces: list[SubjectFinding]
    answers: bool


def view_request(public_id: str, *, acting_member: Member) -> Seen:
    """Show a request; the view is an entry.

    Raises:
        Refused: no permission or unknown.
    """
    with acting("rights.view", Permission.RIGHTS_READ, acting_member):
        row = find.rights_request(public_id, acting_member)
        answers = holds(acting_member.roles, Permission.RIGHTS_ANSWER)
        filing = filing_of(row) if answers else Filing(tuple(row.wishes), "", "", "", "", ())
        faces = findings_of(row) if answers or row.state not in OPEN else []
        write_entry(
            "rights.viewed",
            {"request": row.public_id, "agency": acting_member.agency.public_id},
            acting_member=acting_member,
        )
    return Seen(row, filing, faces, answers)


def confirm(public_id: str, how: str, *, acting_member: Member) -> SubjectRequest:
    """Record that the person is who they say, and how that was checked.

    Raises:
        Refused: no permission, unknown, confirmed or closed already, no sentence, or a document's number in it.
    """
    with acting("rights.confirm", Permission.RIGHTS_ANSWER, acting_member):
        row = find.rights_request(public_id, acting_member, lock=True)
        rules.require(
            policy.still_open(row.state not in OPEN),
            explained(how, "How identity was checked"),
            policy.no_document_number(how),
        )
        if row.state != RECEIVED:
            raise Refused(
                "rights.confirmed",
                "Not recorded",
                "The identity has already been confirmed.",
                "Continue with the request.",
                act=Permission.RIGHTS_READ,
            )
        row.state, row.confirmed_how = CONFIRMED, how.strip()
        row.confirmed_by, row.confirmed_at = acting_member, timezone.now()
        row.save(update_fields=["state", "confirmed_how", "confirmed_by", "confirmed_at"])
        write_entry(
            "rights.confirmed",
            {"request": row.public_id, "agency": acting_member.agency.public_id},
            {"how": row.confirmed_how},
            acting_member=acting_member,
        )
    return row


def extend(public_id: str, days: int, reason: str, *, acting_member: Member) -> SubjectRequest:
    """Extend the deadline once; the person is told the reason.

    Raises:
        Refused: no permission, unknown, closed, extended or overdue already, too long, or no reason.
    """
    with acting("rights.extend", Permission.RIGHTS_ANSWER, acting_member):
        row = find.rights_request(public_id, acting_member, lock=True)
        rules.require(
            policy.still_open(row.state not in OPEN),
            policy.extension(days, before=row.extended_at is not None, today=timezone.now().date(), due_on=row.due_on),
            explained(reason, "The reason"),
        )
        row.due_on += timedelta(days=days)
        row.extended_by, row.extended_at = acting_member, timezone.now()
        row.extended_why, row.tell = reason.strip(), "extended"
        row.save(update_fields=["due_on", "extended_by", "extended_at", "extended_why", "tell"])
        write_entry(
            "rights.extended",
            {
                "request": row.public_id,
                "agency": acting_member.agency.public_id,
                "due_on": row.due_on.isoformat(),
            },
            {"reason": row.extended_why},
            acting_member=acting_member,
        )
    tell(row)
    return row


def refuse(public_id: str, ground: str, reason: str, *, acting_member: Member) -> SubjectRequest:
    """Refuse a whole request, with the ground, a reason and the remedy; the letter says all three.

    Raises:
        Refused: no permission, unknown, closed already, an unknown ground, or no reason.
    """
    with acting("rights.refuse", Permission.RIGHTS_ANSWER, acting_member):
        row = find.rights_request(public_id, acting_member, lock=True)
        rules.require(policy.still_open(row.state not in OPEN), explained(reason, "The reason"))
        if row.findings.exclude(outcome="").exists():
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
        row.state, row.outcome, row.ground, row.reason = REFUSED, "refused", ground, reason.strip()
        close(row, acting_member)
        write_entry(
            "rights.refused",
            {
                "request": row.public_id,
                "agency": acting_member.agency.public_id,
                "ground": ground,
                "sha256": row.answer.sha256,
            },
            {"reason": row.reason},
            acting_member=acting_member,
        )
    forget_pages()  # the journal still holds the photograph
    tell(row)
    return row
