"""Recording the answer of a search: the candidate list and its entry, in one transaction.

Owns that only recorded candidates are shown. It must never answer a search whose ground no longer holds: the check is
in the same transaction.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from plainview.audit.record import Value
from plainview.casework.agreements.read import both
from plainview.casework.galleries.read import shown_references
from plainview.casework.log.write import Receipt, write_entry
from plainview.casework.models import Candidate, CandidatePicture, Member, Reference, Search
from plainview.casework.models.rows import Recorded
from plainview.casework.search.grounds import Ground
from plainview.casework.search.ranking import Ranked
from plainview.casework.workspace.insert import insert_many, update

Compared = dict[int, list[tuple[Reference, Decimal]]]
"""Rank -> the pictures of a candidate with several, each with its exact cosine."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A recorded search with its candidates (reference loaded) and the receipt of the newest entry about it."""

    search: Search
    candidates: list[Candidate]
    receipt: Receipt


def record_answer(
    search: Search, answer: Ranked, asked: Receipt, ground: Ground, *, acting_member: Member | None
) -> Answer:
    """Record the candidate list of a recorded search; for an alert, the acting member is None.

    Raises:
        Refused: its ground no longer holds.
    """
    nearest = {listed.reference: _nearest(listed.reference, answer) for listed in answer.listed}
    pictures = {key: answer.pictures.get(key, []) for key in nearest}
    shown = [key for own in pictures.values() for key, _ in own]
    references = shown_references(list({*shown, *nearest.values()}))
    candidates = [
        Candidate(
            search=search,
            rank=rank,
            score=Decimal(f"{listed.cosine:.6f}"),
            adjusted=Decimal(f"{listed.score:.6f}"),
            reference=references[nearest[listed.reference]],
            subject_id=references[nearest[listed.reference]].subject_id,
        )
        for rank, listed in enumerate(answer.listed, start=1)
    ]
    rows = [[entry.rank, entry.reference.public_id, str(entry.score), str(entry.adjusted)] for entry in candidates]
    compared_to = {
        rank: [(references[key], Decimal(f"{score:.6f}")) for key, score in pictures[listed.reference]]
        for rank, listed in enumerate(answer.listed, start=1)
    }
    for committed, own in zip(rows, compared_to.values(), strict=True):
        if own:
            committed.append([[reference.public_id, str(score)] for reference, score in own])
    search.gallery_size, search.gallery_seq = answer.compared, answer.reached
    search.gallery_pictures = answer.compared_pictures
    search.incomplete = {"parts": answer.parts, "missing": list(answer.missing)} if answer.missing else None
    search.calibration, search.scorer = answer.calibration, answer.scorer
    search.nearness = Decimal(f"{answer.nearness:.6f}")
    with transaction.atomic():
        ground.still_holds()
        receipt = write_entry(
            "search.answered",
            {
                "search": search.public_id,
                "requested_in": asked.entry,
                "candidates": len(candidates),
                "gallery_size": search.gallery_size,
                **_several(search),
                **(search.incomplete or {}),
                "gallery_seq": search.gallery_seq,
                "calibration_seq": search.calibration.seq if search.calibration else None,
                "scorer": search.scorer,
                **both(search),
            },
            {"list_sha256": hashlib.sha256(json.dumps(rows).encode()).hexdigest()},
            acting_member=acting_member,
            rows=lambda entry: _written(search, candidates, compared_to, entry),
        )
    return Answer(search, candidates, receipt)


def _written(search: Search, candidates: list[Candidate], compared_to: Compared, entry: int) -> list[Recorded]:
    insert_many(candidates)
    _insert_pictures(search, candidates, compared_to)
    search.answer_entry, search.answered_at = entry, timezone.now()
    of_answer = ("answer_entry", "answered_at", "gallery_size", "gallery_pictures", "gallery_seq", "calibration")
    update(search, *of_answer, "scorer", "nearness", "quality_detail", *(["incomplete"] if search.incomplete else []))
    return [search, *candidates]


def _nearest(key: int, answer: Ranked) -> int:
    """Return the picture nearest to the probe of the candidate that an index knows by this number."""
    own = answer.pictures.get(key)
    return max(own, key=lambda picture: (picture[1], -picture[0]))[0] if own else key


def _insert_pictures(search: Search, candidates: list[Candidate], compared_to: Compared) -> None:
    """Record the pictures of candidates who have several."""
    if not any(compared_to.values()):
        return
    keys = dict(Candidate.objects.filter(search=search).values_list("rank", "pk"))
    for candidate in candidates:
        candidate.pk = keys[candidate.rank]
    insert_many(
        [
            CandidatePicture(candidate_id=keys[rank], reference=reference, score=score)
            for rank, own in compared_to.items()
            for reference, score in own
        ]
    )


def _several(search: Search) -> dict[str, Value]:
    """Return the count of pictures for the entry, where it is not the count of candidates."""
    several = search.gallery_pictures is not None and search.gallery_pictures != search.gallery_size
    return {"gallery_pictures": search.gallery_pictures} if several else {}
