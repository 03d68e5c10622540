"""The worker's jobs: one function for every kind of job, in a table by its name.

Owns this table. Every function takes a begun job, calls `beat` often and returns a note for people. It must never rely
on running once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from plainview.casework import jobs
from plainview.casework.disclosure import kept_packages as packages
from plainview.casework.enrolment import intake
from plainview.casework.feeds import run as feed_run
from plainview.casework.log.channel import Channel, acting_through
from plainview.casework.models import Job
from plainview.casework.retention import runs as retention_runs
from plainview.casework.retention.work import work_off
from plainview.casework.videos import upload as videos
from plainview.casework.videos.process import process_video

TURN = 20.0
"""Seconds after which a video gives way to other jobs."""


def _video(job: Job) -> str:
    return process_video(job, turn=TURN)


KINDS: Mapping[str, Callable[[Job], str]] = MappingProxyType(
    {
        intake.KIND: intake.run_enrolment,
        videos.KIND: _video,
        packages.KIND: packages.run_package,
        retention_runs.KIND: work_off,
        feed_run.KIND: feed_run.run_job,
    }
)


def run_next() -> bool:
    """Run the job that has waited longest, to its end or to the end of its turn; say whether there was one."""
    return any(kind in KINDS and run_job(pk) for pk, kind in jobs.ready())


def run_job(pk: int) -> bool:
    """Run one job through the channel "job"; say whether this worker had it."""
    kind = Job.objects.filter(pk=pk).values_list("kind", flat=True).first()
    if kind is None:
        return False
    with acting_through(Channel("job")):
        return jobs.run(pk, KINDS[kind])
