"""Jobs: one worker at a time, begun again after a kill, cancelled at the next beat, ended once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone
from tests.factories.work import at, entries, person

from plainview.casework import jobs
from plainview.casework.models import Job
from plainview.policy.decision import Refused


@pytest.fixture
def job(workspace: Path) -> Job:
    return jobs.ask("trial", 7, total=3, acting_member=person("admin"))


def work(job: Job) -> str:
    for done in range(1, 4):
        jobs.beat(job, done, 3)
    return "All three."


def test_a_job_runs_once_and_says_how_it_went(job: Job) -> None:
    jobs.run(job.pk, work)
    job.refresh_from_db()
    assert (job.state, job.done, job.total, job.note) == (Job.State.DONE, 3, 3, "All three.")

    def again(_: Job) -> str:
        raise AssertionError

    jobs.run(job.pk, again)


def test_two_workers_never_hold_it_and_a_dead_one_loses_it(job: Job) -> None:
    held = jobs.begin(job.pk)
    assert held is not None
    assert jobs.begin(job.pk) is None
    assert jobs.ready() == []
    with at(timezone.now() + jobs.LEASE + timedelta(seconds=1)):
        assert jobs.ready() == [(job.pk, "trial")]
        second = jobs.begin(job.pk)
        assert second is not None
        with pytest.raises(jobs.Cancelled):
            jobs.beat(held, 3, 3)
        jobs.end(held, Job.State.DONE, "by the one that lost it")
        assert Job.objects.get(pk=job.pk).state == Job.State.RUNNING


def test_a_job_that_takes_its_worker_down_ends(job: Job) -> None:
    now = timezone.now()
    for _ in range(5):
        with at(now):
            assert jobs.begin(job.pk) is not None
        now += jobs.LEASE + timedelta(seconds=1)
    with at(now):
        assert jobs.begin(job.pk) is None
    job.refresh_from_db()
    assert job.state == Job.State.FAILED


def test_its_owner_cancels_a_running_one_at_its_next_beat(job: Job) -> None:
    def cancelled_inside(held: Job) -> str:
        jobs.beat(held, 1)
        jobs.cancel(held.public_id, acting_member=person("admin"))
        with at(timezone.now() + timedelta(seconds=2)):
            jobs.beat(held, 2)
        raise AssertionError

    jobs.run(job.pk, cancelled_inside)
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert entries("job.cancelled")[-1].subject["job"] == job.public_id


def test_a_waiting_one_is_cancelled_at_once_and_only_once(job: Job) -> None:
    assert jobs.cancel(job.public_id, acting_member=person("admin")).state == Job.State.CANCELLED
    assert jobs.begin(job.pk) is None
    with pytest.raises(Refused, match="has already ended"):
        jobs.cancel(job.public_id, acting_member=person("admin"))


def test_a_job_that_gives_way_waits_for_another_turn(job: Job) -> None:
    def one_turn(held: Job) -> str:
        jobs.progressed(held, held.done + 1)
        if held.done < 3:
            raise jobs.Later
        return "three turns"

    assert jobs.run(job.pk, one_turn)
    assert Job.objects.get(pk=job.pk).state == Job.State.WAITING
    assert jobs.ready() == [(job.pk, "trial")]
    assert jobs.run(job.pk, one_turn)
    assert jobs.run(job.pk, one_turn)
    assert not jobs.run(job.pk, one_turn)
    job.refresh_from_db()
    assert (job.state, job.note, job.done) == (Job.State.DONE, "three turns", 3)


def test_progress_that_was_kept_forgives_the_workers_that_ended_before(job: Job) -> None:
    now = timezone.now()
    for _ in range(12):
        with at(now):
            held = jobs.begin(job.pk)
            assert held is not None
            jobs.progressed(held, 1)
        now += jobs.LEASE + timedelta(seconds=1)


def test_who_lost_a_job_keeps_nothing(job: Job) -> None:
    held = jobs.begin(job.pk)
    assert held is not None
    with at(timezone.now() + jobs.LEASE + timedelta(seconds=1)):
        assert jobs.begin(job.pk) is not None
        with pytest.raises(jobs.Cancelled):
            jobs.progressed(held, 1)


def test_an_ended_job_is_asked_for_anew_and_a_running_one_stays(job: Job) -> None:
    jobs.cancel(job.public_id, acting_member=person("admin"))
    with transaction.atomic():
        again = jobs.ask_again("trial", 7, acting_member=person("examiner"))
    assert (again.pk, again.state, again.cancel_asked_at) == (job.pk, Job.State.WAITING, None)
    held = jobs.begin(job.pk)
    assert held is not None
    with transaction.atomic():
        assert jobs.ask_again("trial", 7, acting_member=person("admin")).state == Job.State.RUNNING


def test_nobody_elses(job: Job) -> None:
    with pytest.raises(Refused) as refused:
        jobs.cancel(job.public_id, acting_member=person("examiner"))
    assert refused.value.rule_id == "job.unknown"


def test_a_refusal_is_told_and_an_error_is_raised(job: Job) -> None:
    def refuse(_: Job) -> str:
        raise Refused("x.y", "No", "It may not.", "Ask.")

    jobs.run(job.pk, refuse)
    job.refresh_from_db()
    assert (job.state, job.note) == (Job.State.FAILED, "It may not. Ask.")
    other = jobs.ask("trial", 8, acting_member=person("admin"))

    def fail(_: Job) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        jobs.run(other.pk, fail)
    other.refresh_from_db()
    assert (other.state, other.note) == (Job.State.FAILED, "The job failed: ZeroDivisionError.")
