"""Examining a candidate: opening the page (an entry), saving a draft, and recording the conclusion (an entry).

Owns the order: a record replaces the draft in the same transaction. It must never show a candidate before the entry.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.utils import timezone

from plainview.casework import find
from plainview.casework.agreements.read import both
from plainview.casework.examination.assign import assign_verifier
from plainview.casework.examination.drafts import Answers, Saved, erase_draft, open_draft, write_draft
from plainview.casework.log.guard import acting
from plainview.casework.log.write import Receipt, saved_with, write_entry
from plainview.casework.models import Candidate, Draft, Examination, Member
from plainview.casework.people.read import binding, training_facts
from plainview.casework.search.meaning import cautions_about
from plainview.policy import examination as looking
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import Role
from plainview.policy.search import trained


@dataclass(frozen=True, slots=True)
class Desk:
    """An examiner's page: the candidate, their draft or recorded examination, and the receipt of the view."""

    candidate: Candidate
    draft: Draft | None
    recorded: Examination | None
    receipt: Receipt


def view_examination(search_id: str, rank: int, *, acting_member: Member) -> Desk:
    """Open a candidate with the probe; the view is an entry.

    Raises:
        Refused: no permission, unknown, erased.
    """
    with acting("examination.view", Permission.EXAMINATION_RECORD, acting_member):
        candidate = find.candidate(search_id, rank, acting_member)
        recorded = Examination.objects.filter(candidate=candidate, member=acting_member).first()
        draft = None if recorded else open_draft(acting_member, candidate)
        receipt = write_entry(
            "examination.viewed",
            {
                "agency": acting_member.agency.public_id,
                "search": candidate.search.public_id,
                "rank": rank,
                "recorded": recorded is not None,
            },
            acting_member=acting_member,
        )
    return Desk(candidate, draft, recorded, receipt)


def save_draft(search_id: str, rank: int, answers: Answers, version: int, *, acting_member: Member) -> Saved:
    """Save the answers so far, to continue later or after a lost connection.

    Raises:
        Refused: no permission, unknown, erased, or already recorded.
    """
    with acting("examination.draft", Permission.EXAMINATION_RECORD, acting_member):
        candidate = find.candidate(search_id, rank, acting_member)
        _not_twice(candidate, acting_member)
        return write_draft(open_draft(acting_member, candidate), 0, answers, version)


def examine(
    search_id: str,
    rank: int,
    *,
    components: Mapping[str, str],
    conclusion: str,
    notes: str = "",
    acknowledged: Collection[str] = (),
    acting_member: Member,
) -> Examination:
    """Record one person's comparison of a candidate with the probe; a potential candidate goes to a verifier.

    Args:
        search_id, rank: the candidate.
        components: an answer for each of the 19.
        conclusion: one of `CONCLUSIONS`.
        notes: remarks; required if a potential candidate has a dissimilar component.
        acknowledged: ids of the cautions that were read; all cautions about this pair are required.
        acting_member: the examiner.

    Raises:
        Refused: no permission or training, unknown or erased, already examined by this member, an answer is
            missing or contradicts the conclusion, or a caution was not acknowledged.
    """
    with acting("examination.record", Permission.EXAMINATION_RECORD, acting_member):
        candidate = find.candidate(search_id, rank, acting_member)
        search = candidate.search
        shown = {caution.id: caution.text for caution in cautions_about(candidate)}
        _, policy = binding(acting_member.agency)
        rules.require(
            trained(Role.EXAMINER, training_facts(acting_member), policy, timezone.now().date()),
            looking.components_answered(components),
            looking.conclusion_known(conclusion),
            looking.conclusion_fits(conclusion, components),
            looking.dissimilar_explained(conclusion, components, notes),
            looking.cautions_acknowledged(shown, acknowledged),
        )
        _not_twice(candidate, acting_member)
        examination = Examination(
            candidate=candidate,
            member=acting_member,
            components=dict(components),
            conclusion=conclusion,
            notes=notes.strip(),
            acknowledged=list(shown),
        )
        write_entry(
            "examination.recorded",
            {
                "examination": examination.public_id,
                "agency": acting_member.agency.public_id,
                "search": search.public_id,
                "rank": rank,
                "conclusion": conclusion,
                "cautions": list(shown),
                **both(search),
            },
            {"notes": examination.notes} if examination.notes else {},
            acting_member=acting_member,
            rows=lambda entry: saved_with(examination, entry),
        )
        erase_draft(acting_member, candidate)
        if conclusion == looking.POTENTIAL:
            assign_verifier(examination)
    return examination


def _not_twice(candidate: Candidate, member: Member) -> None:
    if Examination.objects.filter(candidate=candidate, member=member).exists():
        raise Refused(
            "examination.twice",
            "Examination refused",
            "You have already examined this candidate.",
            "Ask another examiner to examine the candidate. Your conclusion cannot be changed.",
        )
