"""Requests of people about themselves: the agency's side. Those who ask have their own page and need no account.

Owns their fields on the API. Who asks, their photograph and the faces are in the answer for those to whom the page shows
them, and each such answer is an entry of the log.
"""

from __future__ import annotations

import base64
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Body
from pydantic import Field

from plainview.api.common import Cut, In, Out, Short, Text, member_of, slice_of
from plainview.api.problems import Unusable
from plainview.casework.models import SubjectFinding, SubjectRequest
from plainview.casework.pictures import face_jpeg, jpeg
from plainview.casework.rights import checks
from plainview.casework.rights.answers import answer_request
from plainview.casework.rights.read import answer_pdf, is_overdue, photo_of, requests_of
from plainview.casework.rights.search import decide, search_person
from plainview.casework.workspace.services import services
from plainview.policy.rights import GROUNDS, MAX_EXTENSION
from plainview.recognition.crop import within
from plainview.recognition.errors import BadMedia
from plainview.storage.base import StorageError

_LONGEST, _SIDE = 640, 320  # pixels: longest side of the photograph, side of a face; as on the page


class RightsOut(Out):
    """A request of a person about themselves."""

    id: str
    state: str
    due_on: date
    overdue: bool
    outcome: str
    wishes: list[str]


class RightsListOut(Out):
    """A part of the requests."""

    items: list[RightsOut]
    next: str | None


class FaceOut(Out):
    """A face that the search listed, or a reference that the person named."""

    face: int = Field(description="Its number, by which it is decided on.")
    named: bool = Field(description="The person named it themselves.")
    jpeg: str | None = Field(description="JPEG in base64; null where you may not see it, or it is erased.")
    is_person: bool | None
    reference: str | None = Field(description="Its id, once it is the person's.")
    gallery: str | None
    source_url: str | None
    outcome: str
    rule: str
    entry: int | None


class LookedOut(Out):
    """A gallery that was searched for the person."""

    gallery: str
    compared: int = Field(description="References that were compared.")
    listed: int = Field(description="Faces of it that you decide on.")
    entry: int = Field(description="Entry of the log.")


class RightsShownOut(RightsOut):
    """A request with what the person wrote, for those who confirm or answer; empty texts for everybody else."""

    name: str
    email: str
    post: str
    about: str
    named: list[str] = Field(description="References and links that the person named.")
    photo: str | None = Field(description="The photograph that they sent, as JPEG in base64.")
    identity_checked: str
    ground: str
    reason: str
    searched: list[LookedOut]
    faces: list[FaceOut]
    answers: bool = Field(description="You may search and answer.")
    confirms: bool = Field(description="You may confirm the identity.")


class FacesOut(Out):
    """The faces of a request."""

    faces: list[FaceOut]


class Confirming(In):
    """How the identity was checked."""

    how: Text = Field(description="The document shown and who compared it; never its number.")


class Deciding(In):
    """Which faces show the person."""

    person: list[int] = Field(max_length=10_000, description="Numbers of faces that show the person.")
    other: list[int] = Field(max_length=10_000, description="Numbers of faces that show somebody else.")


class Answering(In):
    """The answer to a request."""

    erase: list[Short] = Field(default=[], max_length=10_000, description="Ids of the references to erase.")
    reason: Text = Field(default="", description="Why the others are kept; the person reads it.")


class Refusing(In):
    """Why a whole request is refused."""

    ground: Short = Field(description=f"One of: {', '.join(GROUNDS)}.")
    reason: Text = Field(description="The person reads it.")


class Extending(In):
    """A later deadline."""

    days: int = Field(ge=1, le=MAX_EXTENSION)
    reason: Text = Field(description="The person reads it.")


def _brief(request: SubjectRequest) -> dict[str, Any]:
    return {
        "id": request.public_id,
        "state": request.state,
        "due_on": request.due_on,
        "overdue": is_overdue(request),
        "outcome": request.outcome,
        "wishes": list(request.wishes),
    }


def _listed(request: SubjectRequest) -> RightsOut:
    return RightsOut(**_brief(request))


def _face(finding: SubjectFinding, *, seen: bool) -> FaceOut:
    # Where a face comes from is answered once it is the person's: until then nobody needs it (as on the command line).
    theirs = bool(finding.is_person) or finding.is_named
    reference = finding.reference
    return FaceOut(
        face=finding.pk,
        named=finding.is_named,
        jpeg=_picture(finding) if seen else None,
        is_person=finding.is_person,
        reference=reference.public_id if theirs else None,
        gallery=reference.gallery.name if theirs else None,
        source_url=reference.source_link if theirs else None,
        outcome=finding.outcome,
        rule=finding.rule,
        entry=finding.entry,
    )


def _picture(finding: SubjectFinding) -> str | None:
    try:
        data = face_jpeg(finding.reference.blob, finding.reference.box, _SIDE)
    except (BadMedia, StorageError):
        return None
    return base64.b64encode(data).decode()


def _photo(request: SubjectRequest) -> str | None:
    data = photo_of(request)
    if data is None:
        return None
    return base64.b64encode(jpeg(within(services().decoder.decode(data).pixels, _LONGEST))).decode()


def rights_list(request: HttpRequest, page: Cut) -> object:
    """List the requests of people about themselves, those with the nearest deadline first; who asks is not shown."""
    return slice_of(requests_of(member_of(request)), page, _listed)


def rights_show(request: HttpRequest, id: str) -> RightsShownOut:  # noqa: A002  the name in the path
    """Return a request with the faces found for it; the view is an entry of the log."""
    seen = checks.view_request(id, acting_member=member_of(request))
    asked, filing = seen.request, seen.filing
    return RightsShownOut(
        **_brief(asked),
        name=filing.name,
        email=filing.email,
        post=filing.post,
        about=filing.about,
        named=list(filing.named),
        photo=_photo(asked) if seen.answers or seen.confirms else None,
        identity_checked=asked.confirmed_how,
        ground=asked.ground,
        reason=asked.reason,
        searched=[LookedOut(**search) for search in asked.searched],
        faces=[_face(finding, seen=seen.answers) for finding in seen.faces],
        answers=seen.answers,
        confirms=seen.confirms,
    )


def rights_confirm(request: HttpRequest, id: str, check: Body[Confirming]) -> RightsOut:  # noqa: A002
    """Record that the person's identity is confirmed, and how it was checked."""
    return _listed(checks.confirm(id, check.how, acting_member=member_of(request)))


def rights_search(request: HttpRequest, id: str) -> FacesOut:  # noqa: A002
    """Compare the person's photograph with every gallery, and look up the references that they named."""
    faces = search_person(id, acting_member=member_of(request))
    return FacesOut(faces=[_face(finding, seen=True) for finding in faces])


def rights_decide(request: HttpRequest, id: str, decision: Body[Deciding]) -> FacesOut:  # noqa: A002
    """Record which faces show the person, after a person has looked at them."""
    faces = decide(id, decision.person, decision.other, acting_member=member_of(request))
    return FacesOut(faces=[_face(finding, seen=False) for finding in faces])


def rights_answer(request: HttpRequest, id: str, answer: Body[Answering]) -> RightsOut:  # noqa: A002
    """Answer a request: the references that you name are erased, the letter is written, the photograph is erased."""
    return _listed(answer_request(id, erase=answer.erase, reason=answer.reason, acting_member=member_of(request)))


def rights_refuse(request: HttpRequest, id: str, why: Body[Refusing]) -> RightsOut:  # noqa: A002
    """Refuse a whole request; the letter states the ground, the reason and the remedy."""
    return _listed(checks.refuse(id, why.ground, why.reason, acting_member=member_of(request)))


def rights_extend(request: HttpRequest, id: str, later: Body[Extending]) -> RightsOut:  # noqa: A002
    """Extend the deadline once; the person is informed of the reason."""
    return _listed(checks.extend(id, later.days, later.reason, acting_member=member_of(request)))


def rights_letter(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002
    """Return the letter of an answer as PDF; the view is an entry of the log."""
    seen = checks.view_request(id, acting_member=member_of(request))
    pdf = answer_pdf(seen.request) if seen.answers else None
    if pdf is None:
        why = "There is no letter of this request, or it is not yours to read."
        raise Unusable(404, "api.letter", why, "Answer the request; the letter is written then.")
    return HttpResponse(pdf, content_type="application/pdf")
