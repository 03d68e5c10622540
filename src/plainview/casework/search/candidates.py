"""Reads a recorded candidate list; search.run.view_candidates records who saw it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from plainview.casework import find
from plainview.casework.log.commit import require_whole
from plainview.casework.models import Candidate, CandidatePicture, Member, ProbeFrame, Reference, Search
from plainview.casework.workspace.prepared import Prepared
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.wording import counted


def answered(public_id: str, member: Member) -> Search:
    """Return a search of the member's agency that has an answer.

    Raises:
        Refused: search.unknown, search.sealed, or search.no_answer if it was not answered or was erased.
    """
    search = find.viewable_search(public_id, member)
    if search.answered_at is None or search.erased_at is not None:
        raise Refused(
            "search.no_answer",
            "Nothing shown",
            "The search was erased." if search.erased_at else "The search was not answered.",
            "Run a new search if the case still needs one.",
            act=Permission.SEARCH_RUN,
        )
    return search


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """One picture of a candidate: its reference, and its own exact cosine with the probe (float, six decimals)."""

    reference: Reference
    score: float


def pictures_by_rank(candidates: Sequence[Candidate]) -> dict[int, list[ShownPicture]]:
    """Return the pictures of each candidate of a list by rank: the nearest one first, the others from the oldest.

    A candidate with one picture has that one. A picture without a date comes last; one that was erased stays in its
    place, with its score and nothing else.
    """
    rows = CandidatePicture.objects.filter(candidate__in=[candidate.pk for candidate in candidates if candidate.pk])
    own: dict[int, list[ShownPicture]] = {}
    for picture in rows.select_related("reference").order_by("reference_id"):
        own.setdefault(picture.candidate_id, []).append(ShownPicture(picture.reference, float(picture.score)))
    shown = {}
    for candidate in candidates:
        pictures = own.get(candidate.pk, []) or [ShownPicture(candidate.reference, float(candidate.score))]
        shown[candidate.rank] = sorted(pictures, key=lambda picture: _order(picture, candidate))
    return shown


def frame_of(search: Search, number: int) -> ProbeFrame:
    """Return a further picture of a search's probe by its number, from 2.

    Raises:
        Refused: photograph.unknown.
    """
    frame = search.frames.filter(number=number).first()
    if frame is None:
        raise Refused(
            "photograph.unknown",
            "Not found",
            f"The probe has no picture {number}.",
            "Choose one of its pictures.",
        )
    return frame


def made_of(frames: Sequence[ProbeFrame]) -> str:
    """Return in words of how many pictures a probe is made, from its further ones; "" for a single one."""
    if not frames:
        return ""
    photographs = "photograph" in frames[0].provenance
    words = counted(1 + len(frames), "photograph" if photographs else "frame")
    declared = "the examiner declared that they show one person" if photographs else "of one person of one video"
    return f"One probe of {words}, each weighted by its quality; {declared}."


def picture_of(candidate: Candidate, named: str) -> Reference:
    """Return the candidate's picture of this id, else the nearest one; the first that is left where that was erased."""
    if named:
        chosen = candidate.pictures.filter(reference__public_id=named).select_related("reference").first()
        if chosen is not None:
            return chosen.reference
    if candidate.reference.template:
        return candidate.reference
    left = candidate.pictures.exclude(reference__template=b"").select_related("reference").order_by("-score", "pk")
    first = left.first()
    return candidate.reference if first is None else first.reference


TEN = 10
"""Faces of a list that are one picture."""

_MOST = 1_000_000  # tens: far more than any list has, and no more than a database counts


def faces_of(search: Search, ten: int) -> list[Reference]:
    """Return the picture to show of each of ten candidates, those after the first `ten` tens.

    Raises:
        Refused: candidate.unknown: the list is not that long.
    """
    candidates = list(_TEN(search.pk, ten * TEN, (ten + 1) * TEN)) if ten < _MOST else []
    if not candidates:
        raise Refused(
            "candidate.unknown", "Not found", f"The list has no rank {ten * TEN + 1}.", "Look at the candidate list."
        )
    return [picture_of(candidate, "") for candidate in candidates]


_TEN = Prepared(
    lambda search, after, to: (
        Candidate.objects.filter(search=search, rank__gt=after, rank__lte=to)
        .select_related("reference")
        .order_by("rank")
    ),
    int,
    int,
    int,
)


def _order(picture: ShownPicture, candidate: Candidate) -> tuple[bool, date, int]:
    reference = picture.reference
    return reference.pk != candidate.reference_id, reference.captured_on or date.max, reference.pk


def span_of(pictures: Sequence[ShownPicture]) -> str:
    """Return how many pictures there are and from when, such as "3 pictures, 2011 to 2024"; "" for a single one."""
    if len(pictures) < 2:
        return ""
    years = sorted(picture.reference.captured_on.year for picture in pictures if picture.reference.captured_on)
    from_to = f"{years[0]}" if years and years[0] == years[-1] else f"{years[0]} to {years[-1]}" if years else ""
    return f"{counted(len(pictures), 'picture')}, {from_to or 'no date stated'}"


def candidates_of(search: Search) -> list[Candidate]:
    """Return the whole list of a search, by rank, each candidate with its reference."""
    rows = list(_CANDIDATES(search.pk))
    require_whole(Candidate, search.pk, len(rows))
    return rows


_CANDIDATES = Prepared(
    lambda search: Candidate.objects.filter(search=search).select_related("reference").order_by("rank"), int
)
