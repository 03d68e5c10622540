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

from plainview.casework.agreements.read import both
from plainview.casework.galleries.read import shown_references
from plainview.casework.log.write import Receipt, write_entry
from plainview.casework.models import Candidate, Member, Search
from plainview.casework.models.rows import Recorded
from plainview.casework.search.grounds import Ground
from plainview.casework.search.ranking import Ranked
from plainview.casework.workspace.insert import insert_many


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
    references = shown_references([listed.reference for listed in answer.listed])
    candidates = [
        Candidate(
            search=search,
            rank=rank,
            score=Decimal(f"{listed.cosine:.6f}"),
            adjusted=Decimal(f"{listed.score:.6f}"),
            reference=references[listed.reference],
        )
        for rank, listed in enumerate(answer.listed, start=1)
    ]
    rows = [[entry.rank, entry.reference.public_id, str(entry.score), str(entry.adjusted)] for entry in candidates]
    search.gallery_size, search.gallery_seq = answer.compared, answer.reached
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
                "gallery_seq": search.gallery_seq,
                "calibration_seq": search.calibration.seq if search.calibration else None,
                "scorer": search.scorer,
                **both(search),
            },
            {"list_sha256": hashlib.sha256(json.dumps(rows).encode()).hexdigest()},
            acting_member=acting_member,
            rows=lambda entry: _written(search, candidates, entry),
        )
    return Answer(search, candidates, receipt)


def _written(search: Search, candidates: list[Candidate], entry: int) -> list[Recorded]:
    insert_many(candidates)
    search.answer_entry, search.answered_at = entry, timezone.now()
    Search.objects.filter(pk=search.pk).update(
        answer_entry=search.answer_entry,
        answered_at=search.answered_at,
        gallery_size=search.gallery_size,
        gallery_seq=search.gallery_seq,
        calibration=search.calibration,
        scorer=search.scorer,
        nearness=search.nearness,
    )
    return [search, *candidates]
