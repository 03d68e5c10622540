"""Background work: its progress, and cancelling it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from pydantic import Field

from plainview.api.common import Cut, Moment, Out, member_of, part_of
from plainview.casework import find
from plainview.casework.jobs import cancel
from plainview.casework.models import Job

_AGAIN_MS = 2000
"""Milliseconds after which a client of events asks again: as often as the page of a job."""

_EVENTS = "text/event-stream"


class JobOut(Out):
    """A job."""

    id: str
    kind: str
    state: str = Field(description="waiting, running, done, failed or cancelled")
    done: int
    total: int | None
    note: str
    asked_at: Moment
    finished_at: Moment | None


class JobsOut(Out):
    """A part of the list of jobs."""

    items: list[JobOut]
    next: str | None


def shown(job: Job) -> JobOut:
    """Return a job as the API shows it."""
    return JobOut(
        id=job.public_id,
        kind=job.kind,
        state=job.state,
        done=job.done,
        total=job.total,
        note=job.note,
        asked_at=job.asked_at,
        finished_at=job.finished_at,
    )


def job_list(request: HttpRequest, page: Cut) -> object:
    """List your own jobs, the newest first."""
    return part_of(Job.objects.filter(member=member_of(request)), page, shown)


def job_show(request: HttpRequest, id: str) -> JobOut:  # noqa: A002  the name in the path
    """Return one of your jobs with its progress."""
    return shown(find.job(id, member_of(request)))


def job_cancel(request: HttpRequest, id: str) -> JobOut:  # noqa: A002
    """Cancel one of your jobs."""
    return shown(cancel(id, acting_member=member_of(request)))


def job_events(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002
    """Follow a job by server-sent events: each answer is one event, and says when to ask again; 204 ends it.

    No connection is held open: a client of such events connects again by itself, after the time that `retry` says.
    """
    job = find.job(id, member_of(request))
    data = shown(job).model_dump_json()
    if job.is_over and request.META.get("HTTP_LAST_EVENT_ID") == _event(job):
        return HttpResponse(status=204)  # a client of such events stops here
    if request.META.get("HTTP_LAST_EVENT_ID") == _event(job):  # nothing new: no event, only when to ask again
        return HttpResponse(f"retry: {_AGAIN_MS}\n\n", content_type=_EVENTS)
    kind = "end" if job.is_over else "progress"
    return HttpResponse(f"retry: {_AGAIN_MS}\nid: {_event(job)}\nevent: {kind}\ndata: {data}\n\n", content_type=_EVENTS)


def _event(job: Job) -> str:
    return f"{job.state}-{job.done}-{job.tries}"
