"""Examining a candidate: opening the page (an entry), saving a draft, and recording the conclusion (an entry).

Owns the order: a record replaces the draft in the same transaction. It must never show a candidate before the entry.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from plainview.casework import find
from plainview.casework.agreements.read import both
from plainview.casework.examination.assign import assign_verifier
from plainview.casework.examination.drafts import Answers, Saved, erase_draft, marks_of, open_draft, write_draft
from plainview.casework.log.guard import acting
from plainview.casework.log.write import Receipt, saved_with, write_entry
from plainview.casework.models import Candidate, Draft, Examination, Member, Reference
from plainview.casework.people.read import binding, training_facts
from plainview.casework.search.candidates import picture_of
from plainview.casework.search.meaning import cautions_about
from plainview.policy import examination as looking
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import Role
from plainview.policy.search import trained


@dataclass(frozen=True, slots=True)
class Desk:
    """An examiner's page: the candidate and the picture beside the probe, draft or record, and the receipt of the view."""

    candidate: Candidate
    picture: Reference
    draft: Draft | None
    recorded: Examination | None
    receipt: Receipt


def view_examination(search_id: str, rank: int, *, picture: str = "", acting_member: Member) -> Desk:
    """Open a candidate with the probe; the view is an entry.

    Args:
        search_id, rank: the candidate.
        picture: id of the reference to open, of a candidate with several; "" for the nearest one.
        acting_member: the examiner.

    Raises:
        Refused: no permission, unknown, erased.
    """
    with acting("examination.view", Permission.EXAMINATION_RECORD, acting_member):
        candidate = find.candidate(search_id, rank, acting_member)
        recorded = Examination.objects.filter(candidate=candidate, member=acting_member).first()
        draft = None if recorded else open_draft(acting_member, candidate)
        shown = picture_of(candidate, picture)
        several = candidate.pictures.exists()
        if several and draft is not None and shown.public_id not in (draft.pictures or ()):
            draft.pictures = [*(draft.pictures or ()), shown.public_id]
            draft.save(update_fields=["pictures"])
        receipt = write_entry(
            "examination.viewed",
            {
                "agency": acting_member.agency.public_id,
                "search": candidate.search.public_id,
                "rank": rank,
                "recorded": recorded is not None,
            },
            {"picture": shown.public_id} if several else {},
            acting_member=acting_member,
        )
    return Desk(candidate, shown, draft, recorded, receipt)


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
    marks: Sequence[Mapping[str, object]] = (),
    acting_member: Member,
) -> Examination:
    """Record one person's comparison of a candidate with the probe; a potential candidate goes to a verifier.

    Args:
        search_id, rank: the candidate.
        components: an answer for each of the 19.
        conclusion: one of `CONCLUSIONS`.
        notes: remarks; required if a potential candidate has a dissimilar component.
        acknowledged: ids of the cautions that were read; all cautions about this pair are required.
        marks: the same place on both faces, as `drafts.marks_of` reads them.
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
        pictures = _opened(candidate, acting_member)
        examination = Examination(
            candidate=candidate,
            member=acting_member,
            components=dict(components),
            conclusion=conclusion,
            notes=notes.strip(),
            acknowledged=list(shown),
            pictures=pictures,
            marks=_on_opened(marks_of(list(marks)), pictures or ()),
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
                **({"pictures": len(pictures)} if pictures else {}),
                **both(search),
            },
            {
                **({"notes": examination.notes} if examination.notes else {}),
                **({"pictures": pictures} if pictures else {}),
                **({"marks": json.dumps(examination.marks)} if examination.marks else {}),
            },
            acting_member=acting_member,
            rows=lambda entry: saved_with(examination, entry),
        )
        erase_draft(acting_member, candidate)
        if conclusion == looking.POTENTIAL:
            assign_verifier(examination)
    return examination


def _opened(candidate: Candidate, member: Member) -> list[str] | None:
    """Return the pictures of a candidate with several that the member opened, or the nearest one; None for a single."""
    if not candidate.pictures.exists():
        return None
    draft = Draft.objects.filter(member=member, candidate=candidate).first()
    return (draft.pictures if draft else None) or [candidate.reference.public_id]


def _on_opened(marks: list[dict[str, Any]], pictures: Collection[str]) -> list[dict[str, Any]]:
    """Return the marks; those on a picture that was not opened are on the nearest one, as those without a picture are."""
    return [{name: value for name, value in mark.items() if name != "picture" or value in pictures} for mark in marks]


def _not_twice(candidate: Candidate, member: Member) -> None:
    if Examination.objects.filter(candidate=candidate, member=member).exists():
        raise Refused(
            "examination.twice",
            "Examination refused",
            "You have already examined this candidate.",
            "Ask another examiner to examine the candidate. Your conclusion cannot be changed.",
        )
