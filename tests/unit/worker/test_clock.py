"""The steps by the clock: each for itself, claimed once, its failure recorded and no further."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.factories.work import entries

from plainview.casework.models import WorkerStep
from plainview.casework.upkeep import life, work
from plainview.worker import clock
from plainview.worker.clock import DAY, HOUR, MINUTE, Step


def _count(action: str) -> int:
    return len(entries(action))


def test_every_step_can_run_twice(workspace: Path) -> None:
    for step in clock.STEPS:
        step.do()
        step.do()


def test_step_names_are_unique() -> None:
    names = [step.name for step in clock.STEPS]
    assert len(set(names)) == len(names)


def test_a_step_that_fails_stops_none_after_it(workspace: Path, caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []
    steps = (
        Step("one", lambda: done.append("one"), MINUTE),
        Step("broken", lambda: 1 / 0, MINUTE),
        Step("three", lambda: done.append("three"), MINUTE),
    )
    assert clock.run_due(steps) == 1
    assert done == ["one", "three"]
    assert "The step 'broken' failed: ZeroDivisionError" in caplog.messages
    (alarm,) = life.alarms()
    assert (alarm.step, alarm.failures, alarm.error) == ("broken", 1, "ZeroDivisionError")


def test_a_failing_step_is_one_entry_a_day_and_one_when_it_works_again(workspace: Path) -> None:
    broken = Step("broken", lambda: 1 / 0, MINUTE)
    for _ in range(3):
        clock.run_due((broken,))
        WorkerStep.objects.update(due_at=timezone.now())
    assert _count("worker.step_failed") == 1
    WorkerStep.objects.update(recorded_at=timezone.now() - timedelta(days=1, seconds=1), due_at=timezone.now())
    clock.run_due((broken,))
    assert _count("worker.step_failed") == 2
    WorkerStep.objects.update(due_at=timezone.now())
    clock.run_due((Step("broken", lambda: None, MINUTE),))
    assert _count("worker.step_works") == 1
    assert life.alarms() == []


def test_a_worker_without_work_only_reads_once(workspace: Path) -> None:
    """It looks twice a second, and a write would make people wait for the lock of the database."""
    steps = tuple(Step(name, lambda: None, MINUTE) for name in ("one", "two", "three"))
    clock.run_due(steps)
    with CaptureQueriesContext(connection) as asked:
        clock.run_due(steps)
    (query,) = asked.captured_queries
    assert query["sql"].startswith("SELECT")


def test_a_step_that_was_made_due_by_a_clock_that_ran_ahead_is_due_now(workspace: Path) -> None:
    done: list[str] = []
    steps = (Step("one", lambda: done.append("one"), MINUTE),)
    clock.run_due(steps)
    WorkerStep.objects.update(due_at=timezone.now() + timedelta(days=400))
    clock.run_due(steps)
    assert done == ["one", "one"]


def test_two_workers_do_not_do_the_same_step(workspace: Path) -> None:
    assert work.claim("step")
    assert not work.claim("step")


def test_a_step_whose_worker_was_killed_is_begun_again_after_its_lease(workspace: Path) -> None:
    work.claim("step")
    due = WorkerStep.objects.get().due_at - timezone.now()
    assert timedelta(minutes=59) < due <= timedelta(hours=1)


def test_a_step_is_due_again_after_its_time(workspace: Path) -> None:
    work.claim("step")
    work.succeeded("step", DAY)
    step = WorkerStep.objects.get()
    assert step.began_at is not None
    assert step.due_at == step.began_at + DAY


def test_a_daily_step_that_failed_is_tried_again_within_the_hour(workspace: Path) -> None:
    work.claim("step")
    work.failed("step", DAY, ValueError())
    assert WorkerStep.objects.get().due_at <= timezone.now() + HOUR


def test_no_step_begins_while_the_process_ends(workspace: Path) -> None:
    assert clock.run_due((Step("one", lambda: None, MINUTE),), stop=lambda: True) == 0
    assert not WorkerStep.objects.exists()


def test_a_worker_gives_signs_of_life_until_it_ends(workspace: Path) -> None:
    assert life.last_heard() is None
    begun = work.begin_life()
    assert [alive.pk for alive in life.living()] == [begun.pk]
    work.end_life(begun)
    assert life.living() == []
    assert life.last_heard() is not None


def test_a_silent_worker_counts_as_gone_until_it_is_heard_again(workspace: Path) -> None:
    begun = work.begin_life()
    type(begun).objects.update(beat_at=timezone.now() - life.SILENCE - timedelta(seconds=1))
    assert life.living() == []
    work.beat(begun)
    assert len(life.living()) == 1
