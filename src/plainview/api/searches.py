"""Searches: run, read again.

Owns their fields on the API, which are those of `plainview search --json`. The acts are casework.search's.
"""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from ninja import File, Form, UploadedFile
from pydantic import Field

from plainview.api.common import (
    Cut,
    FaceNumber,
    FormIn,
    Moment,
    Out,
    Short,
    Text,
    Whole,
    bytes_of,
    member_of,
    part_of,
)
from plainview.api.pictures import remember
from plainview.casework.models import Search
from plainview.casework.probes.photographs import together
from plainview.casework.probes.preparations import MAX_BYTES
from plainview.casework.probes.probe import probe_of
from plainview.casework.search.as_json import answer_json
from plainview.casework.search.grounds import ground_of
from plainview.casework.search.run import Request, authorise, run_search, view_candidates
from plainview.policy.agency import DEFAULT_LIST
from plainview.policy.search import ORIGINS, UNDECLARED
from plainview.storage.base import digest_of
from plainview.tables.names import readable

Box = Annotated[list[float], Field(min_length=4, max_length=4)]


class SearchedProbe(Out):
    """The probe of a search."""

    sha256: str
    edits: list[str]
    notes: list[str]
    face: int = Field(description="Number of the face in the picture; 1 is the largest.")
    box: Box = Field(description="Left, top, width and height of the face, in pixels after the edits.")
    quality: int | None
    turned: int
    quality_detail: dict[str, Any]
    provenance: dict[str, Any]
    frames: list[dict[str, Any]]


class CalibrationOut(Out):
    """How often strangers score this high in this gallery."""

    once_in: float | None = Field(description="About one search in so many, for a person who is not in the gallery.")
    low: float | None
    high: float | None
    own_gallery: bool | None
    text: str


class PictureOut(Out):
    """One picture of a candidate, with its own score."""

    reference_id: str
    score: float
    captured_on: str | None
    source_url: str
    quality: int | None


class CandidateOut(Out):
    """One row of a candidate list. A score is a cosine, never the probability that two pictures show one person."""

    rank: int
    score: float
    adjusted_score: float
    reference_id: str
    source_url: str
    page_url: str
    captured_on: str | None
    quality: int | None
    subject: str | None = Field(default=None, description="The person, where the source numbers its people.")
    pictures: list[PictureOut] = Field(default=[], description="The nearest one first, the others from the oldest.")
    calibration: CalibrationOut


class CautionOut(Out):
    """A caution about a list or one of its rows."""

    id: str
    rank: int | None
    text: str


class ModelOut(Out):
    """The model that compared."""

    pack: str
    sha256: str


class ReceiptOut(Out):
    """Where the log has the search."""

    entry: int
    root: str
    size: int
    answer_entry: int | None


class IncompleteOut(Out):
    """Parts of the gallery's index, and the numbers, from 0, of those that were not compared."""

    parts: int
    missing: list[int]


class SearchOut(Out):
    """An answered search, as `plainview search --json` prints it."""

    search_id: str
    probe: SearchedProbe
    gallery_size: int | None
    gallery_pictures: int | None = Field(default=None, description="References behind the candidates compared.")
    incomplete: IncompleteOut | None = Field(
        default=None, description="Set where parts of the gallery did not answer and the agency's policy allows that."
    )
    ordered_by: str
    likelihood_ratio: float | None
    candidates: list[CandidateOut]
    warnings: list[CautionOut]
    model: ModelOut
    audit: ReceiptOut
    authorise_by: str | None
    shared_request: str | None
    for_agency: str | None
    sample: bool


class SearchWanted(FormIn):
    """What is asked of a search, beside the picture."""

    case: Short = Field(description="Number of an open case.")
    purpose: Text = Field(description="What the search should find out.")
    gallery: Short = Field(description="Name of a gallery.")
    origin: Short = Field(default=UNDECLARED, description=f"Origin of the probe: {', '.join(ORIGINS)}.")
    top: Whole = Field(default=DEFAULT_LIST, ge=-999, le=9_999, description="Length of the candidate list.")
    face: FaceNumber | None = Field(default=None, description="Number of the face; 1 is the largest.")
    edit: list[Short] = Field(
        default=[],
        max_length=20,
        description="Edits, in order: crop:X,Y,W,H, rotate:DEGREES, light:BRIGHTNESS,CONTRAST,GAMMA.",
    )
    box: Short = Field(
        default="", pattern=r"^(\d{1,5}(,\d{1,5}){3})?$", description="X,Y,W,H around a face that is not found."
    )
    urgent: Text = Field(default="", description="Why life is at risk.")
    review: Short = Field(default="", description="Id of the accepted exoneration review that it answers.")


def search_run(
    request: HttpRequest,
    image: Annotated[UploadedFile, File(description="The probe, a photograph of a person.")],
    asked: Form[SearchWanted],
    also: Annotated[
        list[UploadedFile],
        File(description="Up to three more photographs of the same person, as you declare: they make one probe."),
    ] = [],  # noqa: B006  ninja reads it as a default, and nobody changes it
) -> object:
    """Search a gallery with a probe. The record is made before the result.

    The answer is the JSON of `plainview search --json`. Who may search, under which case and purpose, is decided by the
    rules of the page; a refusal names its rule.
    """
    member, data = member_of(request), bytes_of(image, MAX_BYTES)
    wanted = Request(asked.case, asked.purpose, asked.gallery, asked.top, asked.origin, digest_of(data))
    ground = ground_of(urgent=asked.urgent, review=asked.review)
    authorise(wanted, ground, acting_member=member)  # refuses before anything is decoded
    drawn = [f"face:{asked.box} by {member.name}" if member.name else f"face:{asked.box}"] if asked.box else []
    probe = probe_of(readable(image.name or "probe"), data, asked.face, edits=[*asked.edit, *drawn])
    more = [(readable(file.name or "photograph"), bytes_of(file, MAX_BYTES, "also")) for file in also]
    probe = together(probe, more, acting_member=member) if more else probe
    return answer_json(run_search(probe, wanted, ground, acting_member=member))


class SearchRow(Out):
    """A search in a list."""

    id: str
    case: str
    gallery: str
    purpose: str
    by: str = Field(description="E-mail address of the member.")
    at: Moment
    answered: bool


class SearchesOut(Out):
    """A part of the list of searches."""

    items: list[SearchRow]
    next: str | None


def _brief(search: Search) -> SearchRow:
    return SearchRow(
        id=search.public_id,
        case=search.case.number,
        gallery=search.gallery.name,
        purpose=search.purpose,
        by=search.member.email,
        at=search.requested_at,
        answered=search.answer_entry is not None,
    )


def search_list(request: HttpRequest, page: Cut) -> object:
    """List the agency's searches, the newest first."""
    late = Q(authorise_by__lte=timezone.now(), authorised_at=None)  # nobody authorised it in time: nobody sees it
    rows = Search.objects.filter(case__agency=member_of(request).agency, erased_at=None, sealed_at=None).exclude(late)
    return part_of(rows.select_related("case", "gallery", "member"), page, _brief)


def search_show(request: HttpRequest, id: str) -> object:  # noqa: A002  the name in the path
    """Return a candidate list as it was recorded; the view is an entry of the log."""
    answer = view_candidates(id, acting_member=member_of(request))
    remember(request, answer.search.public_id)
    return answer_json(answer)
