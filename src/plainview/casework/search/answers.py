"""Recording what a search found: the candidate list and its entry, in one transaction.

Owns that nothing is shown which is not recorded; and that another agency's search is not answered once its ground is
gone, asked in the same transaction.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from plainview.casework.agreements import guard as shared_guard
from plainview.casework.agreements.read import both
from plainview.casework.galleries.read import shown_references
from plainview.casework.log.write import Receipt, write_entry
from plainview.casework.models import Candidate, Member, Search
from plainview.casework.workspace.insert import insert_many
from plainview.scores.scoring import Listed


@dataclass(frozen=True, slots=True)
class Answer:
    """A recorded search with its candidates (reference loaded) and the receipt of the newest entry about it."""

    search: Search
    candidates: list[Candidate]
    receipt: Receipt


def record_answer(search: Search, found: list[Listed], asked: Receipt, *, acting_member: Member | None) -> Answer:
    """Record the candidate list of a recorded search; None acts for an alert.

    Raises:
        Refused: it was made for another agency, and its ground is gone.
    """
    references = shown_references([row.reference for row in found])
    candidates = [
        Candidate(
            search=search,
            rank=rank,
            score=Decimal(f"{row.cosine:.6f}"),
            adjusted=Decimal(f"{row.score:.6f}"),
            reference=references[row.reference],
        )
        for rank, row in enumerate(found, start=1)
    ]
    answer = [[row.rank, row.reference.public_id, str(row.score), str(row.adjusted)] for row in candidates]
    with transaction.atomic():
        shared_guard.still_agreed(search)
        insert_many(candidates)
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
            {"list_sha256": hashlib.sha256(json.dumps(answer).encode()).hexdigest()},
            acting_member=acting_member,
        )
        search.answer_entry = receipt.entry
        search.answered_at = timezone.now()
        Search.objects.filter(pk=search.pk).update(
            answer_entry=search.answer_entry,
            answered_at=search.answered_at,
            gallery_size=search.gallery_size,
            gallery_seq=search.gallery_seq,
            calibration=search.calibration,
            scorer=search.scorer,
            nearness=search.nearness,
        )
    return Answer(search, candidates, receipt)
