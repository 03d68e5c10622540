"""Probes that are prepared step by step before a search: upload, faces, edits, answers, search.

Owns their fields on the API. A change names the version that it was made of (If-Match), so that nobody overwrites what
somebody else has just saved.
"""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Body, File, Form, UploadedFile
from pydantic import Field

from plainview.api.common import (
    Cut,
    FormIn,
    In,
    Moment,
    Out,
    Short,
    Text,
    bytes_of,
    etag_of,
    member_of,
    require_match,
    slice_of,
)
from plainview.casework import find
from plainview.casework.models import Preparation, PreparationPhotograph
from plainview.casework.probes import photographs
from plainview.casework.probes import preparations as actions
from plainview.casework.probes.read import drafts
from plainview.casework.search.prepared import search_prepared


class ProbeIn(FormIn):
    """The case of a probe."""

    case: Short = Field(description="Number of an open case.")


class ProbeFace(Out):
    """A face of the picture, after its edits."""

    number: int
    box: list[float]
    quality: int


class ProbePhotograph(Out):
    """A further photograph of the same person, searched as one probe with the first."""

    number: int = Field(description="From 2; the first photograph is the probe's own.")
    file_name: str
    sha256: str
    size: list[int] = Field(description="Width and height in pixels.")
    faces: list[ProbeFace]
    face: int | None
    notes: list[str]


class ProbeOut(Out):
    """A prepared probe."""

    id: str
    case: str
    file_name: str
    sha256: str
    size: list[int] = Field(description="Width and height in pixels, after the edits.")
    edits: list[str]
    faces: list[ProbeFace]
    face: int | None
    origin: str
    purpose: str
    galleries: list[str]
    top: int
    notes: list[str]
    photographs: list[ProbePhotograph]
    changed_at: Moment
    used: bool


class ProbesOut(Out):
    """A part of the list of probes."""

    items: list[ProbeOut]
    next: str | None


class ProbeChange(In):
    """Answers to save; what is left out stays."""

    face: int | None = Field(default=None, ge=1, le=9_999)
    origin: Short | None = None
    purpose: Text | None = None
    galleries: list[Short] | None = Field(default=None, max_length=999)
    top: int | None = Field(default=None, ge=0, le=999)
    urgent_reason: Text | None = None


class FaceIn(In):
    """The face of a further photograph."""

    face: int = Field(ge=1, le=9_999, description="Its number in the photograph.")


class NewEdit(In):
    """An edit."""

    edit: Short = Field(description="crop:X,Y,W,H, rotate:DEGREES, light:BRIGHTNESS,CONTRAST,GAMMA or face:X,Y,W,H")


class UndoIn(In):
    """How many edits stay."""

    back_to: int = Field(ge=0, le=999, description="Number of edits that stay.")


class SearchedOut(Out):
    """The searches of a probe, one for each gallery."""

    searches: list[str] = Field(description="Their ids.")


def shown(draft: Preparation) -> ProbeOut:
    """Return a probe as the API shows it."""
    return ProbeOut(
        id=draft.public_id,
        case=draft.case.number,
        file_name=draft.file_name,
        sha256=draft.blob,
        size=draft.size,
        edits=draft.edits,
        faces=_faces(draft.faces),
        face=draft.face,
        origin=draft.origin,
        purpose=draft.purpose,
        galleries=draft.galleries,
        top=draft.top,
        notes=draft.notes,
        photographs=[_photograph(other) for other in draft.photographs.order_by("number")],
        changed_at=draft.changed_at,
        used=draft.used_at is not None,
    )


def _faces(rows: list[dict[str, Any]]) -> list[ProbeFace]:
    return [
        ProbeFace(number=number, box=face["box"], quality=face["quality"]) for number, face in enumerate(rows, start=1)
    ]


def _photograph(other: PreparationPhotograph) -> ProbePhotograph:
    return ProbePhotograph(
        number=other.number,
        file_name=other.file_name,
        sha256=other.blob,
        size=other.size,
        faces=_faces(other.faces),
        face=other.face,
        notes=other.notes,
    )


def _version(draft: Preparation) -> str:
    return etag_of(draft.public_id, draft.changed_at.isoformat(), draft.edits, draft.face)


def probe_prepare(
    request: HttpRequest,
    response: HttpResponse,
    image: Annotated[UploadedFile, File(description="A photograph.")],
    about: Form[ProbeIn],
) -> ProbeOut:
    """Upload a photograph under a case; its faces are found."""
    data = bytes_of(image, actions.MAX_BYTES)
    draft = actions.prepare(about.case, image.name or "", data, acting_member=member_of(request))
    response.headers["ETag"] = _version(draft)
    return shown(draft)


def probe_list(request: HttpRequest, page: Cut) -> object:
    """List your own prepared probes."""
    return slice_of(drafts(member_of(request)), page, shown)


def probe_show(request: HttpRequest, response: HttpResponse, id: str) -> ProbeOut:  # noqa: A002  the name in the path
    """Return one of your prepared probes; its version is in the header ETag."""
    draft = find.preparation(id, member_of(request))
    response.headers["ETag"] = _version(draft)
    return shown(draft)


def probe_save(request: HttpRequest, response: HttpResponse, id: str, changes: Body[ProbeChange]) -> ProbeOut:  # noqa: A002
    """Save answers about a probe. With If-Match, only if it is still that version."""
    member = member_of(request)
    require_match(request, _version(find.preparation(id, member)))
    stated: dict[str, Any] = changes.model_dump(exclude_unset=True)
    draft = actions.save(id, {name: value for name, value in stated.items() if value is not None}, acting_member=member)
    response.headers["ETag"] = _version(draft)
    return shown(draft)


def probe_edit(request: HttpRequest, response: HttpResponse, id: str, wanted: Body[NewEdit]) -> ProbeOut:  # noqa: A002
    """Add an edit to a probe: crop, rotate, light, or a box around a face. The original is kept."""
    member = member_of(request)
    require_match(request, _version(find.preparation(id, member)))
    draft = actions.edit(id, wanted.edit, acting_member=member)
    response.headers["ETag"] = _version(draft)
    return shown(draft)


def probe_undo(request: HttpRequest, response: HttpResponse, id: str, wanted: Body[UndoIn]) -> ProbeOut:  # noqa: A002
    """Undo the last edits of a probe."""
    member = member_of(request)
    require_match(request, _version(find.preparation(id, member)))
    draft = actions.undo(id, back_to=wanted.back_to, acting_member=member)
    response.headers["ETag"] = _version(draft)
    return shown(draft)


def photograph_add(
    request: HttpRequest,
    response: HttpResponse,
    id: str,  # noqa: A002
    image: Annotated[UploadedFile, File(description="Another photograph of the same person, as you declare.")],
) -> ProbeOut:
    """Add a photograph of the same person to a probe: at most four are searched as one."""
    member, data = member_of(request), bytes_of(image, actions.MAX_BYTES)
    photographs.add_photograph(id, image.name or "", data, acting_member=member)
    draft = find.preparation(id, member)
    response.headers["ETag"] = _version(draft)
    return shown(draft)


def photograph_face(
    request: HttpRequest,
    response: HttpResponse,
    id: str,  # noqa: A002
    number: int,
    chosen: Body[FaceIn],
) -> ProbeOut:
    """Choose the face of a further photograph."""
    draft = photographs.choose_face(id, number, chosen.face, acting_member=member_of(request))
    response.headers["ETag"] = _version(draft)
    return shown(draft)


def photograph_remove(request: HttpRequest, id: str, number: int) -> None:  # noqa: A002
    """Remove a further photograph from a probe."""
    photographs.remove_photograph(id, number, acting_member=member_of(request))


def probe_discard(request: HttpRequest, id: str) -> None:  # noqa: A002
    """Discard a probe and its photograph."""
    actions.discard(id, acting_member=member_of(request))


def probe_search(request: HttpRequest, id: str) -> SearchedOut:  # noqa: A002
    """Search the galleries of a probe with it; every rule is checked for every gallery before the first is searched."""
    searches = search_prepared(id, acting_member=member_of(request))
    return SearchedOut(searches=[search.public_id for search in searches])
