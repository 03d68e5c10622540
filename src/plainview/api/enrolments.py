"""Enrolments of a gallery: what became of every file, the pictures that could not be used, and their erasure.

Owns their fields on the API, which are those of an enrolment's page.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from pydantic import Field

from plainview.api.common import Cut, Moment, Out, member_of, part_of
from plainview.api.pictures import jpeg_answer
from plainview.casework import find
from plainview.casework.enrolment.intake import KIND, erase_failures
from plainview.casework.enrolment.read import doubtful
from plainview.casework.jobs import job_of
from plainview.casework.models import Enrolment
from plainview.casework.pictures import whole_jpeg

_ADVISED = 100  # faces, as on the page


class UnusableOut(Out):
    """A picture that could not be enrolled."""

    number: int = Field(description="Its number in this list, from 1.")
    path: str
    why: str
    viewable: bool = Field(description="Whether the picture can be looked at.")


class AdviceOut(Out):
    """An enrolled face that may be hard to compare."""

    reference: str
    advice: list[str]


class ManifestOut(Out):
    """How a manifest was read, and how its rows met their pictures."""

    name: str
    rows: int
    rows_without_picture: int
    pictures_without_row: int
    sentences: list[str]


class EnrolmentOut(Out):
    """An enrolment, with its outcome so far."""

    number: int
    gallery: str
    job: str | None = Field(description="Id of the job, of an enrolment in the background.")
    name: str
    by: str = Field(description="E-mail address of the member.")
    started_at: Moment
    finished_at: Moment | None
    enrolled: int = Field(description="Pictures enrolled.")
    duplicates: int = Field(description="Pictures that the gallery had already.")
    near_duplicates: int = Field(description="Pictures that nearly equal one that the gallery had.")
    unusable: int = Field(description="Pictures that could not be enrolled; the first of them are in `failed`.")
    failed: list[UnusableOut]
    kept_until: Moment | None = Field(description="Until when the pictures in `failed` are kept.")
    doubtful: list[AdviceOut]
    manifest: ManifestOut | None


class EnrolmentsOut(Out):
    """A part of the list of enrolments."""

    items: list[EnrolmentOut]
    next: str | None


def shown(run: Enrolment) -> EnrolmentOut:
    """Return an enrolment as the API shows it."""
    job = job_of(KIND, run.pk)
    return EnrolmentOut(
        number=run.pk,
        gallery=run.gallery.name,
        job=job.public_id if job else None,
        name=run.source_name,
        by=run.member.email,
        started_at=run.started_at,
        finished_at=run.finished_at,
        enrolled=run.images,
        duplicates=run.duplicates,
        near_duplicates=run.near_duplicates,
        unusable=run.failed_total,
        failed=[
            UnusableOut(number=number, path=failure["path"], why=failure["why"], viewable=bool(failure.get("blob")))
            for number, failure in enumerate(run.failed, start=1)
        ],
        kept_until=run.failures_until,
        doubtful=[
            AdviceOut(reference=reference.public_id, advice=advice) for reference, advice in doubtful(run, _ADVISED)
        ],
        manifest=_manifest(run.reading) if run.reading else None,
    )


def _manifest(reading: dict[str, Any]) -> ManifestOut:
    return ManifestOut(**{name: reading[name] for name in ManifestOut.model_fields})


def enrolment_list(request: HttpRequest, name: str, page: Cut) -> object:
    """List the enrolments of a gallery, the newest first."""
    member = member_of(request)
    return part_of(find.enrolment_by_key.rows(member).filter(gallery=find.gallery(name, member)), page, shown)


def enrolment_show(request: HttpRequest, number: int) -> EnrolmentOut:
    """Return an enrolment with its outcome."""
    return shown(find.enrolment_by_key(number, member_of(request)))


def unusable_picture(request: HttpRequest, number: int, place: int) -> HttpResponse:
    """Return a picture that could not be enrolled, while it is kept."""
    run = find.enrolment_by_key(number, member_of(request))
    blob = run.failed[place - 1].get("blob") if 0 < place <= len(run.failed) else None
    return jpeg_answer(lambda: whole_jpeg(blob) if blob else None)


def unusable_erase(request: HttpRequest, number: int) -> EnrolmentOut:
    """Erase the pictures that an enrolment could not use before their week is over."""
    member = member_of(request)
    run = find.enrolment_by_key(number, member)
    return shown(erase_failures(run.gallery_id, number, acting_member=member))
