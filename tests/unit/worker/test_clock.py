"""The schedule that the worker installs, and the tasks that it runs, under the real queue."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import MappingProxyType

import pytest
from django.db import transaction
from django_q.models import OrmQ, Schedule
from tests.factories.work import person

from plainview.casework import jobs
from plainview.casework.jobs import ask
from plainview.casework.models import Job
from plainview.worker import clock as schedule
from plainview.worker import tasks
from plainview.worker.queue import enqueue, enqueue_again


def test_the_queue_holds_the_table_and_nothing_else(workspace: Path) -> None:
    Schedule.objects.create(name="forgotten", func="os.getcwd", schedule_type=Schedule.DAILY)
    schedule.install()
    schedule.install()
    assert set(Schedule.objects.values_list("name", flat=True)) == set(schedule.TABLE)
    for row in Schedule.objects.all():
        module, _, name = row.func.rpartition(".")
        assert getattr(importlib.import_module(module), name) is schedule.TABLE[row.name][0]


def test_what_is_scheduled_can_run_twice(workspace: Path) -> None:
    for function, _ in schedule.TABLE.values():
        function()
        function()


def test_a_job_is_handed_over_when_its_subject_is_committed(workspace: Path) -> None:
    with transaction.atomic():
        job = ask("trial", 1, acting_member=person("admin"))
        enqueue(job)
        assert OrmQ.objects.count() == 0
    (held,) = OrmQ.objects.all()
    assert held.task["args"] == (job.pk,)


def test_a_job_that_waits_in_the_queue_is_not_put_there_twice(workspace: Path) -> None:
    job = ask("trial", 1, acting_member=person("admin"))
    enqueue_again(job.pk)
    enqueue_again(job.pk)
    assert OrmQ.objects.count() == 1


def test_work_that_gives_way_goes_to_the_end_of_the_queue(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def give_way(job: Job) -> str:
        raise jobs.Later

    monkeypatch.setattr(tasks, "KINDS", MappingProxyType({"trial": give_way}))
    job = ask("trial", 1, acting_member=person("admin"))
    tasks.run_job(job.pk)
    (held,) = OrmQ.objects.all()
    assert held.task["args"] == (job.pk,)


def test_the_worker_finds_the_work_by_its_kind(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "KINDS", MappingProxyType({"trial": lambda job: f"job {job.subject}"}))
    job = ask("trial", 5, acting_member=person("admin"))
    tasks.run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.note) == (Job.State.DONE, "job 5")
    tasks.run_job(12345)  # a job that is not there any more is nothing to do
