"""Pictures as the pages show them, JPEG: probes, candidates, references, leads, stills; and the lists and sheets as PDF.

Owns when a picture by the API is an entry of the log. A page's pictures belong to the view of the page; here the first
picture of a list, a lead or a reference opens it, which is an entry, and its other pictures belong to that view for as
long as a session may be idle. It must never show a picture whose view is not in the log.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from ninja import Query
from pydantic import BaseModel, ConfigDict, Field

from plainview.api.common import Short, Whole, member_of, token_of
from plainview.api.problems import Unusable
from plainview.casework import find
from plainview.casework.erasure.expunge import view_reference
from plainview.casework.leads.decide import view_lead
from plainview.casework.leads.read import face_of, lead_shown
from plainview.casework.leads.sheet import make_sheet
from plainview.casework.pictures import face_jpeg, probe_jpeg, reference_jpeg, whole_jpeg
from plainview.casework.probes.approvals import pictures_waiting, view_waiting, waiting_ids
from plainview.casework.probes.photographs import photograph_of
from plainview.casework.search.candidates import answered, frame_of, picture_of
from plainview.casework.search.run import view_candidates
from plainview.casework.triage.sheet import make_list
from plainview.casework.videos.export import export_stills
from plainview.casework.videos.read import still_frame
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.policy.signing_in import IDLE
from plainview.recognition.errors import BadMedia
from plainview.storage.base import StorageError

JPEG, PDF = "image/jpeg", "application/pdf"

_CARD = 320  # side of a face, pixels: the card of a page


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ProbePart(_Asked):
    """What of a probe is shown."""

    part: Literal["face", "whole", "original"] = Field(
        default="whole", description="The face, the picture after its edits, or the picture as it came."
    )
    photograph: Whole = Field(default=0, ge=0, le=99, description="Number of a further photograph; 0 is the first one.")


class SearchedPart(ProbePart):
    """What of the probe of a search is shown."""

    part: Literal["face", "whole", "original"] = "face"


class CandidatePart(_Asked):
    """What of a candidate is shown."""

    part: Literal["face", "whole"] = "face"
    picture: Short = Field(default="", description="Id of a reference, of a candidate with several; the nearest one.")


class Side(_Asked):
    """Which of two faces is shown."""

    which: Literal["probe", "candidate"]


class StillPart(_Asked):
    """What of a still is shown."""

    part: Literal["face", "whole", "marked"] = Field(
        default="face", description="The face, its whole frame, or the frame with a box around the face."
    )


def opened(request: HttpRequest, identity: str, act: Callable[[], object]) -> None:
    """Open the thing to which a picture belongs, unless this token has opened it: `act` writes the entry of the view."""
    key = f"api-opened:{token_of(request).public_id}:{identity}"
    if cache.get(key) is None:
        act()
        remember(request, identity)


def remember(request: HttpRequest, identity: str) -> None:
    """Remember that a token has opened a thing, its view being in the log; the cache may forget it at any time."""
    key = f"api-opened:{token_of(request).public_id}:{identity}"
    cache.set(key, 1, timeout=int(IDLE.total_seconds()))


def jpeg_answer(make: Callable[[], bytes | None]) -> HttpResponse:
    """Answer a picture.

    Raises:
        Unusable: it was erased, or cannot be read.
    """
    try:
        data = make()
    except (BadMedia, StorageError):
        data = None
    if data is None:
        raise Unusable(404, "api.picture", "The picture was erased, or cannot be read.", "Nothing more can be shown.")
    return HttpResponse(data, content_type=JPEG)


def probe_picture(request: HttpRequest, id: str, asked: Annotated[ProbePart, Query()]) -> HttpResponse:  # noqa: A002
    """Return the picture of one of your prepared probes."""
    draft = find.preparation(id, member_of(request))
    shown = photograph_of(draft, asked.photograph) if asked.photograph else draft
    edits = () if asked.photograph or asked.part == "original" else tuple(draft.edits)
    if asked.part != "face":
        return jpeg_answer(lambda: whole_jpeg(shown.blob, edits))
    chosen = shown.faces[shown.face - 1 : shown.face] if shown.face else []
    if not chosen:
        raise Refused("face.unknown", "Not found", "No face was chosen.", "Choose a face first.")
    return jpeg_answer(lambda: face_jpeg(shown.blob, chosen[0]["box"], _CARD, edits))


def search_probe(request: HttpRequest, id: str, asked: Annotated[SearchedPart, Query()]) -> HttpResponse:  # noqa: A002
    """Return the picture of a search's probe."""
    member = member_of(request)
    search = answered(id, member)
    opened(request, search.public_id, lambda: view_candidates(id, acting_member=member))
    if asked.photograph:
        frame = frame_of(search, asked.photograph)
        edits = () if asked.part == "original" else tuple(frame.provenance.get("edits", ()))
        if asked.part != "face":
            return jpeg_answer(lambda: whole_jpeg(frame.blob, edits))
        return jpeg_answer(lambda: face_jpeg(frame.blob, frame.provenance["box"], _CARD, edits))
    if asked.part == "face":
        return jpeg_answer(lambda: probe_jpeg(search, _CARD))
    return jpeg_answer(lambda: whole_jpeg(search.probe_blob, () if asked.part == "original" else search.edits))


def candidate_picture(
    request: HttpRequest,
    id: str,  # noqa: A002  the name in the path
    rank: int,
    asked: Annotated[CandidatePart, Query()],
) -> HttpResponse:
    """Return the picture of a candidate. The first one of a list is a view of the list, an entry of the log."""
    member = member_of(request)
    search = answered(id, member)
    candidate = find.candidate_of(search, rank)
    opened(request, search.public_id, lambda: view_candidates(id, acting_member=member))
    reference = picture_of(candidate, asked.picture)

    def make() -> bytes | None:
        if not reference.template:
            return None
        return reference_jpeg(reference, _CARD) if asked.part == "face" else whole_jpeg(reference.blob)

    return jpeg_answer(make)


def candidates_sheet(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002
    """Return a candidate list as PDF; its making is an entry of the log."""
    return HttpResponse(make_list(id, acting_member=member_of(request)), content_type=PDF)


def reference_picture(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002
    """Return the face of a reference that you may erase; the view is an entry of the log."""
    member = member_of(request)
    reference = find.reference(id, member)
    opened(request, reference.public_id, lambda: view_reference(id, acting_member=member))
    return jpeg_answer(lambda: reference_jpeg(reference, _CARD) if reference.template else None)


def lead_picture(request: HttpRequest, id: str, asked: Annotated[Side, Query()]) -> HttpResponse:  # noqa: A002
    """Return the probe or the candidate of a lead, upright and at one scale."""
    member = member_of(request)
    lead = lead_shown(id, member)
    opened(request, lead.public_id, lambda: view_lead(id, acting_member=member))
    return jpeg_answer(lambda: face_of(lead.examination.candidate, asked.which))


def lead_sheet(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002
    """Return the sheet of a lead as PDF; its making is an entry of the log."""
    return HttpResponse(make_sheet(id, acting_member=member_of(request)).pdf, content_type=PDF)


def approval_picture(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002
    """Return the probe of a waiting request or of an urgent search that waits, if it was prepared here."""
    member = member_of(request)
    if id not in waiting_ids(member):
        find.approval(id, member)
        raise Unusable(404, "api.picture", "The request no longer waits.", "Take one that waits.")
    opened(request, id, lambda: view_waiting(acting_member=member))
    known = pictures_waiting(member).get(id)
    if known is None:
        raise Unusable(
            404, "api.picture", "The requester prepared no picture with this hash here.", "Ask the requester for it."
        )
    return jpeg_answer(lambda: whole_jpeg(*known))


def still_picture(request: HttpRequest, id: str, asked: Annotated[StillPart, Query()]) -> HttpResponse:  # noqa: A002
    """Return a still of a video: the face, or its frame."""
    still = find.still(id, member_of(request))
    if asked.part == "face":
        return jpeg_answer(lambda: services().blobs.get(still.thumbnail))
    return jpeg_answer(lambda: still_frame(still, marked=asked.part == "marked"))


def stills_sheet(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002
    """Return the stills of a video as a contact sheet (PDF); the export is an entry of the log."""
    return HttpResponse(export_stills(id, "pdf", acting_member=member_of(request)), content_type=PDF)
