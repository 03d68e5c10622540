"""Answering a person's request: erase what the agency agrees to erase, then write the letter.

Owns the order. Every erasure goes through `erasure.expunge` and has its own entry in the log; one that is refused
there (by a hold, say) is stated in the letter as a refusal. The letter comes next, and erases the photograph.
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
from plainview.casework.rights.letters import GRANTED, INFORMED, NOT_GRANTED, NOTHING, PARTLY, close, tell
from plainview.casework.rights.read import OPEN, filing_of, findings_of, has_photo
from plainview.policy import rights as policy
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.examination import explained
from plainview.policy.permissions import Permission

ERASED, RETAINED = "erased", "kept"
AGENCY_KEEPS = "rights.kept_by_agency"
"""The rule that a letter names when the agency itself decided to keep a reference."""


def answer_request(
    public_id: str, *, erase: Collection[str] = (), reason: str = "", acting_member: Member
) -> SubjectRequest:
    """Answer a request once every face is decided on. If interrupted, it can be run again.

    Args:
        public_id: the request.
        erase: ids of the person's references to erase; the others are kept, for `reason`.
        reason: why the other references are kept; the letter states it.
        acting_member: who answers.

    Raises:
        Refused: no permission, unknown, identity not checked, not searched, undecided faces, closed, an erasure that
            the person did not ask for, or no reason for the references that are kept.
        StorageError: a picture could not be removed; run it again.
    """
    with acting("rights.answer", Permission.RIGHTS_ANSWER, acting_member):
        request = _answerable(public_id, acting_member)
        findings, asks = findings_of(request, of_person=True), set(request.wishes) - {policy.ACCESS}
        ids = {finding.reference.public_id for finding in findings}
        if set(erase) - ids or (erase and not asks):
            raise Refused(
                "rights.erase",
                "Not answered",
                "Only references that show the person can be erased, and only if the person asked for erasure.",
                "Check which references show the person.",
                act=Permission.RIGHTS_READ,
            )
        retained = [
            finding for finding in findings if finding.reference.public_id not in erase and finding.reference.template
        ]
        if asks and retained:
            rules.require(explained(reason, "The reason for keeping the others"))
    if asks:
        for finding in findings:
            _erase(finding, request, acting_member) if finding not in retained else _keep(
                finding, reason, acting_member
            )
    with acting("rights.answer", Permission.RIGHTS_ANSWER, acting_member):
        request = _answerable(public_id, acting_member)
        outcomes = [finding.outcome for finding in findings_of(request, of_person=True)]
        request.state, request.reason, request.outcome = ANSWERED, reason.strip(), _outcome(outcomes)
        close(request, acting_member)
        write_entry(
            "rights.answered",
            {
                "request": request.public_id,
                "agency": acting_member.agency.public_id,
                "outcome": request.outcome,
                "erased": outcomes.count(ERASED),
                "sha256": request.answer.sha256,
            },
            {"kept": outcomes.count(RETAINED), "reason": request.reason},
            acting_member=acting_member,
            rows=[request],
        )
    forget_pages()  # the journal still holds the photograph
    tell(request)
    return request


def _answerable(public_id: str, acting_member: Member) -> SubjectRequest:
    request = find.rights_request(public_id, acting_member, lock=True)
    undecided = request.findings.filter(is_person=None).count()
    rules.require(
        policy.still_open(request.state not in OPEN),
        policy.identity_checked(request.state != RECEIVED),
        policy.looked_for(request.searched_at is not None, has_photo(request) or bool(filing_of(request).named)),
        policy.all_decided(undecided),
    )
    return request


def _outcome(outcomes: list[str]) -> str:
    if not outcomes:
        return NOTHING
    if ERASED not in outcomes:
        return NOT_GRANTED if RETAINED in outcomes else INFORMED
    return PARTLY if RETAINED in outcomes else GRANTED


def _erase(finding: SubjectFinding, request: SubjectRequest, acting_member: Member) -> None:
    """Erase one reference; if that is refused, record rule, reason and remedy for the letter."""
    reference = finding.reference
    try:
        done = expunge(
            reference.public_id,
            reason=f"asked for by the person in request {request.public_id}",
            never_again=policy.OBJECTION in request.wishes,
            acting_member=acting_member,
        )
    except Refused as refused:
        if refused.rule_id == "reference.unknown":  # already erased, by an earlier try of this act or by another
            finding.outcome, finding.entry = ERASED, _entry_of(reference.public_id)
        else:
            finding.outcome, finding.rule, finding.why, finding.remedy = (
                RETAINED,
                refused.rule_id,
                refused.why,
                refused.next_step,
            )
    else:
        finding.outcome, finding.entry = ERASED, done.entry
    finding.save(update_fields=["outcome", "rule", "why", "remedy", "entry"])


def _entry_of(reference: str) -> int | None:
    return next((line.entry for line in bring_level() if line.reference == reference), None)


def _keep(finding: SubjectFinding, reason: str, acting_member: Member) -> None:
    _, rulebook = binding(acting_member.agency)
    finding.outcome, finding.rule, finding.why = RETAINED, AGENCY_KEEPS, reason.strip()
    finding.remedy = f"You can complain to: {rulebook.rights_complaints}."
    finding.save(update_fields=["outcome", "rule", "why", "remedy"])
