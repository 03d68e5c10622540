"""Answering a person's request: erase what is to be erased, state what is not, write the letter.

Owns the order: every erasure goes through actions.expunge and is an entry of its own; one that is refused there (a hold)
becomes a refusal that the letter states. Then the letter, and with it the end of photograph and scores.
"""

from __future__ import annotations

from collections.abc import Collection

from plainview.casework import find
from plainview.casework.erasure.expunge import expunge, forget_pages
from plainview.casework.erasure.expunged import bring_level
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member, SubjectFinding, SubjectRequest
from plainview.casework.models.subjects import ANSWERED, RECEIVED
from plainview.casework.people.read import binding
from plainview.casework.rights.letters import GRANTED, NOT_GRANTED, NOTHING, PARTLY, TOLD, close, tell
from plainview.casework.rights.read import OPEN, filing_of, findings_of, has_photo
from plainview.policy import rights as policy
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.examination import explained
from plainview.policy.permissions import Permission

ERASED, KEPT = "erased", "kept"
AGENCY_KEEPS = "rights.kept_by_agency"
"""The rule that a letter names when the agency itself decided to keep a reference."""


def answer_request(
    public_id: str, *, erase: Collection[str] = (), reason: str = "", acting_member: Member
) -> SubjectRequest:
    """Answer a request whose faces were all decided on. Cut short, it can be run again.

    Args:
        public_id: the request.
        erase: ids of the person's references that are erased; the others stay, for `reason`.
        reason: why what was asked to be erased is not; told to the person.
        acting_member: who answers.

    Raises:
        Refused: no permission, unknown, identity not checked, not looked for, undecided faces, closed, an erasure that
            nobody asked for, or no reason for what is kept.
        StorageError: a picture could not be removed; run it again.
    """
    with acting("rights.answer", Permission.RIGHTS_ANSWER, acting_member):
        row = _answerable(public_id, acting_member)
        found, asks = findings_of(row, of_person=True), set(row.wishes) - {policy.ACCESS}
        ids = {one.reference.public_id for one in found}
        if set(erase) - ids or (erase and not asks):
            raise Refused(
                "rights.erase",
                "Not answered",
                "Only references that show the person can be erased, and only if the person asked for erasure.",
                "Check which references show the person.",
                act=Permission.RIGHTS_READ,
            )
        kept = [one for one in found if one.reference.public_id not in erase and one.reference.template]
        if asks and kept:
            rules.require(explained(reason, "The reason for what is kept"))
    if asks:
        for one in found:
            _erase(one, row, acting_member) if one not in kept else _keep(one, reason, acting_member)
    with acting("rights.answer", Permission.RIGHTS_ANSWER, acting_member):
        row = _answerable(public_id, acting_member)
        outcomes = [one.outcome for one in findings_of(row, of_person=True)]
        row.state, row.reason, row.outcome = ANSWERED, reason.strip(), _outcome(outcomes)
        close(row, acting_member)
        write_entry(
            "rights.answered",
            {
                "request": row.public_id,
                "agency": acting_member.agency.public_id,
                "outcome": row.outcome,
                "erased": outcomes.count(ERASED),
                "sha256": row.answer.sha256,
            },
            {"kept": outcomes.count(KEPT), "reason": row.reason},
            acting_member=acting_member,
        )
    forget_pages()  # the journal still holds the photograph
    tell(row)
    return row


def _answerable(public_id: str, acting_member: Member) -> SubjectRequest:
    row = find.rights_request(public_id, acting_member, lock=True)
    undecided = row.findings.filter(is_person=None).count()
    rules.require(
        policy.still_open(row.state not in OPEN),
        policy.identity_checked(row.state != RECEIVED),
        policy.looked_for(row.searched_at is not None, has_photo(row) or bool(filing_of(row).named)),
        policy.all_decided(undecided),
    )
    return row


def _outcome(outcomes: list[str]) -> str:
    if not outcomes:
        return NOTHING
    if ERASED not in outcomes:
        return NOT_GRANTED if KEPT in outcomes else TOLD
    return PARTLY if KEPT in outcomes else GRANTED


def _erase(one: SubjectFinding, row: SubjectRequest, acting_member: Member) -> None:
    """Erase one reference; a refusal is kept with its rule, its reason and its remedy, and stated."""
    reference = one.reference
    try:
        done = expunge(
            reference.public_id,
            reason=f"asked for by the person in request {row.public_id}",
            never_again=policy.OBJECTION in row.wishes,
            acting_member=acting_member,
        )
    except Refused as refused:
        if refused.rule_id == "reference.unknown":  # erased since it was decided on, by this or another act
            one.outcome, one.entry = ERASED, _entry_of(reference.public_id)
        else:
            one.outcome, one.rule, one.why, one.remedy = KEPT, refused.rule_id, refused.why, refused.next_step
    else:
        one.outcome, one.entry = ERASED, done.entry
    one.save(update_fields=["outcome", "rule", "why", "remedy", "entry"])


def _entry_of(reference: str) -> int | None:
    return next((line.entry for line in bring_level() if line.reference == reference), None)


def _keep(one: SubjectFinding, reason: str, acting_member: Member) -> None:
    _, rulebook = binding(acting_member.agency)
    one.outcome, one.rule, one.why = KEPT, AGENCY_KEEPS, reason.strip()
    one.remedy = f"You can complain to: {rulebook.rights_complaints}."
    one.save(update_fields=["outcome", "rule", "why", "remedy"])
