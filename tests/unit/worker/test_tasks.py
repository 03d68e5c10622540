"""The worker's jobs: found by their leases, run by their kind, put back when they give way or the process ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import pytest
from django.db import transaction
from django.utils import timezone
from tests.factories.work import person

from plainview.casework import jobs
from plainview.casework.jobs import ask
from plainview.casework.models import Job
from plainview.worker import tasks


@pytest.fixture
def trial(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One kind of job that ends at once."""
    monkeypatch.setattr(tasks, "KINDS", MappingProxyType({"trial": lambda job: f"job {job.subject}"}))
    yield
    jobs.stopping.clear()


def test_a_job_is_found_when_its_subject_is_committed(trial: None) -> None:
    with transaction.atomic():
        job = ask("trial", 1, acting_member=person("admin"))
    assert tasks.run_next()
    job.refresh_from_db()
    assert (job.state, job.note) == (Job.State.DONE, "job 1")
    assert not tasks.run_next()


def test_a_job_that_is_gone_is_nothing_to_do(trial: None) -> None:
    assert not tasks.run_job(12345)


def test_the_job_that_has_waited_longest_is_first_and_one_that_gave_way_is_last(trial: None) -> None:
    gave_way, first, second = (ask("trial", number, acting_member=person("admin")) for number in range(3))
    Job.objects.filter(pk=gave_way.pk).update(beat_at=timezone.now() + timedelta(seconds=1))
    assert [pk for pk, _ in jobs.ready()] == [first.pk, second.pk, gave_way.pk]


def test_a_running_job_is_ready_only_when_its_worker_is_silent(trial: None) -> None:
    job = ask("trial", 1, acting_member=person("admin"))
    jobs.begin(job.pk)
    assert jobs.ready() == []
    Job.objects.update(beat_at=timezone.now() - jobs.LEASE - timedelta(seconds=1))
    assert jobs.ready() == [(job.pk, "trial")]


def test_a_job_of_a_kind_that_this_version_does_not_know_stops_no_other(trial: None) -> None:
    ask("of the future", 1, acting_member=person("admin"))
    job = ask("trial", 2, acting_member=person("admin"))
    assert tasks.run_next()
    job.refresh_from_db()
    assert job.state == Job.State.DONE


def test_when_the_process_ends_a_job_is_put_back_at_its_next_report(
    trial: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(job: Job) -> str:
        jobs.stopping.set()
        jobs.beat(job, 1)
        return "never"

    monkeypatch.setattr(tasks, "KINDS", MappingProxyType({"trial": work}))
    job = ask("trial", 1, acting_member=person("admin"))
    assert tasks.run_next()
    job.refresh_from_db()
    assert (job.state, job.lost) == (Job.State.WAITING, 0)
