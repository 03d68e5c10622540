"""Examinations of candidates, and blind verifications by a second person.

Owns their fields on the API. A verifier receives pictures only: no score, no rank, no name, as on the page.
"""

from __future__ import annotations

import base64
from typing import Annotated

from django.http import HttpRequest
from ninja import Body, Query
from pydantic import BaseModel, ConfigDict, Field

from plainview.api.common import Cut, In, Moment, Out, Short, Text, member_of, slice_of
from plainview.api.searches import CautionOut
from plainview.casework.examination.blind import waiting
from plainview.casework.examination.examine import examine, view_examination
from plainview.casework.examination.read import examinations, examined_picture, standing_of
from plainview.casework.examination.verify import answer_verification, show_verification
from plainview.casework.models import Examination
from plainview.casework.search.candidates import pictures_by_rank
from plainview.casework.search.meaning import cautions_about
from plainview.policy.examination import ANSWERS, COMPONENTS, CONCLUSIONS


class ExaminationIn(In):
    """An examiner's comparison of the probe with one candidate."""

    components: dict[Short, Short] = Field(
        max_length=50, description=f"Component -> {', '.join(ANSWERS)}. Components: {', '.join(COMPONENTS)}."
    )
    conclusion: Short = Field(description=f"One of: {', '.join(CONCLUSIONS)}.")
    notes: Text = ""
    acknowledged: list[Short] = Field(default=[], max_length=50, description="Ids of the cautions that were read.")


class ExaminationOut(Out):
    """An examination."""

    id: str
    search: str
    rank: int
    by: str
    conclusion: str
    recorded_at: Moment
    status: str


class ExaminationsOut(Out):
    """A part of the list of examinations."""

    items: list[ExaminationOut]
    next: str | None


class PairOut(Out):
    """A candidate beside the probe: the two faces upright and at one scale, as JPEG in base64."""

    search: str
    rank: int
    picture: str = Field(description="Id of the reference that is shown.")
    pictures: list[str] = Field(description="Ids of the candidate's references, of which each can be shown.")
    probe: str
    candidate: str
    cautions: list[CautionOut] = Field(description="Their ids are what an examination acknowledges.")
    recorded: str | None = Field(description="Id of your examination of this candidate.")


class PairWanted(BaseModel):
    """Which picture of the candidate is shown."""

    model_config = ConfigDict(extra="forbid")

    picture: Short = Field(default="", description="Id of a reference; the nearest one unless stated.")


class VerificationRow(Out):
    """A verification that is assigned to you."""

    id: str
    assigned_at: Moment


class VerificationsOut(Out):
    """Your verifications."""

    items: list[VerificationRow]
    next: str | None


class BlindFace(Out):
    """One face, as JPEG in base64."""

    position: int
    jpeg: str
    more: list[str] = Field(default=[], description="Other pictures of the same person, as many at every position.")


class BlindOut(Out):
    """All that a verifier sees."""

    id: str
    probe: str = Field(description="The probe's face, as JPEG in base64.")
    faces: list[BlindFace]


Position = Annotated[int, Field(strict=False, ge=1, le=99)]
"""Position of a face; a key of JSON is a text."""


class VerificationIn(In):
    """A verifier's conclusion on every face."""

    conclusions: dict[Position, Short] = Field(max_length=50, description="Position -> conclusion.")
    components: dict[Position, dict[Short, Short]] = Field(default={}, max_length=50)


class RecordedOut(Out):
    """A recorded verification."""

    id: str
    state: str


def _shown(examination: Examination) -> ExaminationOut:
    return ExaminationOut(
        id=examination.public_id,
        search=examination.candidate.search.public_id,
        rank=examination.candidate.rank,
        by=examination.member.email,
        conclusion=examination.conclusion,
        recorded_at=examination.recorded_at,
        status=standing_of(examination).text,
    )


def examination_list(request: HttpRequest, page: Cut) -> object:
    """List the agency's examinations, the newest first."""
    return slice_of(examinations(member_of(request)), page, _shown)


def examination_open(
    request: HttpRequest,
    id: str,  # noqa: A002  the name in the path
    rank: int,
    asked: Annotated[PairWanted, Query()],
) -> PairOut:
    """Open a candidate beside the probe, to examine it; the view is an entry of the log."""
    member = member_of(request)
    desk = view_examination(id, rank, picture=asked.picture, acting_member=member)
    probe, face = (examined_picture(id, rank, which, member, picture=asked.picture) for which in ("probe", "candidate"))
    return PairOut(
        search=desk.candidate.search.public_id,
        rank=rank,
        picture=desk.picture.public_id,
        pictures=[shown.reference.public_id for shown in pictures_by_rank([desk.candidate])[rank]],
        probe=_text(probe),
        candidate=_text(face),
        cautions=[CautionOut(id=c.id, rank=c.rank, text=c.text) for c in cautions_about(desk.candidate)],
        recorded=desk.recorded.public_id if desk.recorded else None,
    )


def examination_record(request: HttpRequest, id: str, rank: int, wanted: Body[ExaminationIn]) -> ExaminationOut:  # noqa: A002
    """Record the examination of one candidate."""
    examined = examine(
        id,
        rank,
        components=wanted.components,
        conclusion=wanted.conclusion,
        notes=wanted.notes,
        acknowledged=wanted.acknowledged,
        acting_member=member_of(request),
    )
    return _shown(examined)


def verification_list(request: HttpRequest, page: Cut) -> object:
    """List the verifications that are assigned to you."""
    rows = list(waiting(member_of(request)))
    return slice_of(rows, page, lambda task: VerificationRow(id=task.public_id, assigned_at=task.assigned_at))


def verification_show(request: HttpRequest, id: str) -> BlindOut:  # noqa: A002
    """Return the pictures of a verification; the view is an entry of the log."""
    task = show_verification(id, acting_member=member_of(request))
    faces = [
        BlindFace(position=place, jpeg=_text(first), more=[_text(jpeg) for jpeg in more])
        for place, (first, *more) in task.faces.items()
    ]
    return BlindOut(id=task.public_id, probe=_text(task.probe), faces=faces)


def verification_record(request: HttpRequest, id: str, answers: Body[VerificationIn]) -> RecordedOut:  # noqa: A002
    """Record your conclusion on every face of a verification."""
    answer_verification(id, answers.conclusions, answers.components, acting_member=member_of(request))
    return RecordedOut(id=id, state="recorded")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
