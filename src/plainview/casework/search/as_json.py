"""An answered search as plain values: what `plainview search --json` prints and the API answers.

Owns the names of its fields, which scripts rely on.
"""

from __future__ import annotations

from typing import Any

from plainview.casework.models import Candidate
from plainview.casework.search.answers import Answer
from plainview.casework.search.candidates import ShownPicture, pictures_by_rank
from plainview.casework.search.meaning import cautions, meanings


def answer_json(answer: Answer) -> dict[str, Any]:
    """Return an answered search as the JSON that scripts rely on."""
    search, shared = answer.search, answer.search.shared_request
    meanings_of_list = meanings(search, answer.candidates)
    pictures = pictures_by_rank(answer.candidates)
    return {
        "search_id": search.public_id,
        "probe": {
            "sha256": search.probe_blob,
            "edits": search.edits,
            "notes": search.notes,
            "face": search.face_number,
            "box": search.box,
            "turned": round(search.quality_detail.get("turned", 0)),
            "quality": search.quality,
            "quality_detail": search.quality_detail,
            "provenance": search.provenance,
            "frames": [frame.provenance for frame in search.frames.order_by("number")],
        },
        "gallery_size": search.gallery_size,
        "gallery_pictures": search.gallery_pictures or search.gallery_size,
        "incomplete": search.incomplete,
        "ordered_by": search.scorer,
        "likelihood_ratio": None,  # needs pairs known apart from their scores: docs/explanation/calibration.md
        "candidates": [
            {
                "rank": candidate.rank,
                "score": float(candidate.score),
                "adjusted_score": float(candidate.adjusted),
                "reference_id": candidate.reference.public_id,
                "source_url": candidate.reference.source_link,
                "page_url": candidate.reference.page_url,
                "captured_on": candidate.reference.captured_iso,
                "quality": candidate.reference.quality,
                **_subject(candidate, pictures[candidate.rank]),
                "calibration": {
                    "once_in": round(meaning.rate.once_in, 2),
                    "low": round(meaning.rate.low, 2),
                    "high": round(meaning.rate.high, 2),
                    "own_gallery": meaning.rate.own,
                    "text": meaning.text,
                }
                if meaning.rate
                else {"once_in": None, "low": None, "high": None, "own_gallery": None, "text": meaning.text},
            }
            for candidate, meaning in zip(answer.candidates, meanings_of_list, strict=True)
        ],
        "warnings": [
            {"id": candidate.id, "rank": candidate.rank, "text": candidate.text}
            for candidate in cautions(search, answer.candidates)
        ],
        "model": {"pack": search.pack, "sha256": search.pack_sha256},
        "audit": {
            "entry": search.request_entry,
            "root": answer.receipt.root,
            "size": answer.receipt.size,
            "answer_entry": search.answer_entry,
        },
        "authorise_by": search.authorise_by and search.authorise_by.isoformat(),
        "shared_request": shared.public_id if shared else None,
        "for_agency": shared.agreement.asker.name if shared else None,
        "sample": search.member.is_sample,
    }


def _subject(candidate: Candidate, pictures: list[ShownPicture]) -> dict[str, Any]:
    return {
        "subject": candidate.subject.public_id if candidate.subject else None,
        "pictures": [
            {
                "reference_id": picture.reference.public_id,
                "score": picture.score,
                "captured_on": picture.reference.captured_iso,
                "source_url": picture.reference.source_link,
                "quality": picture.reference.quality,
            }
            for picture in pictures
        ],
    }
