"""A clock that was wrong stops nobody, is told, and is settled by two people."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone
from tests.factories.power import invite_member
from tests.factories.work import at, case, entries, gallery, person

from plainview.audit import recount
from plainview.audit.monitor import visit
from plainview.audit.record import format_time
from plainview.casework.canaries import state as canary_state
from plainview.casework.cases.open_close import open_case
from plainview.casework.log.read import newest_entry, verify_log
from plainview.casework.log.write import write_entry
from plainview.casework.models import (
    Agency,
    CanaryCheck,
    ClockFault,
    Gallery,
    Invitation,
    Job,
    LogEntry,
    ReportSchedule,
    Token,
)
from plainview.casework.people.tokens import make_token
from plainview.casework.register.read import tally_of
from plainview.casework.reports import schedules
from plainview.casework.reports.read import _entries_of
from plainview.casework.reports.schedules import schedule_report
from plainview.casework.upkeep import clock
from plainview.policy.clock import AHEAD, BEHIND
from plainview.policy.decision import Allow, Refused
from plainview.policy.reporting import Period
from plainview.worker.clock import every_day, every_minute

YEARS = timedelta(days=1100)


@pytest.fixture
def ahead(workspace: Path) -> Path:
    """One act while the clock was three years ahead; then the clock was right again, and a case was opened."""
    with at(timezone.now() + YEARS):
        case("C-ahead")
    case("C-now")
    return workspace


def test_acts_go_on_and_the_log_says_what_the_clock_said(ahead: Path) -> None:
    fault, opened = entries()[-2:]
    assert (fault.action, opened.action) == ("clock.ahead", "case.opened")
    assert fault.subject["ahead"] == entries()[-3].at == opened.at
    assert abs(datetime.fromisoformat(opened.time) - timezone.now()) < timedelta(minutes=1)
    case("C-later")
    assert [entry.action for entry in entries()[-2:]] == ["case.opened", "case.opened"], "said once"
    assert verify_log().ok
    row = LogEntry.objects.get(seq=newest_entry())
    assert row.at == entries()[-1].time, "what is found by day is found by the clock"


def test_a_second_jump_begins_a_second_fault(ahead: Path) -> None:
    with at(timezone.now() + 2 * YEARS):
        case("C-farther")
    case("C-now-again")
    assert [row.ahead for row in ClockFault.objects.order_by("first")] == [
        entry.at for entry in entries("case.opened") if entry.time == entry.at
    ]


def test_when_real_time_has_caught_up_entries_state_no_clock(ahead: Path) -> None:
    with at(timezone.now() + YEARS + timedelta(minutes=1)):
        case("C-then")
    assert "clock" not in entries()[-1].subject
    assert entries()[-1].time == entries()[-1].at


@pytest.fixture
def berlin() -> Iterator[None]:
    """A machine in Berlin."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Europe/Berlin"
    time.tzset()
    yield
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (datetime(2027, 3, 28, 0, 59, 59, tzinfo=UTC), datetime(2027, 3, 28, 1, 0, 1, tzinfo=UTC)),
        (datetime(2027, 10, 31, 0, 59, 59, tzinfo=UTC), datetime(2027, 10, 31, 1, 0, 1, tzinfo=UTC)),
        (datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2028, 1, 1, 0, 0, 1, tzinfo=UTC)),
    ],
)
def test_summer_time_is_no_fault(workspace: Path, berlin: None, first: datetime, second: datetime) -> None:
    for moment in (first, second):
        with at(moment):
            case(f"C-{moment:%H%M%S}")
    assert not ClockFault.objects.exists()
    assert [entry.at for entry in entries("case.opened")] == [format_time(first), format_time(second)]


def test_administrators_and_auditors_receive_one_letter(ahead: Path) -> None:
    assert (clock.tell(), clock.tell()) == (1, 0)
    assert sorted(letter.to[0] for letter in mail.outbox) == ["admin@agency.example", "auditor@agency.example"]
    assert f"clock explain {ClockFault.objects.get().first}" in mail.outbox[0].body


def test_one_explains_and_another_confirms(ahead: Path) -> None:
    (fault,) = clock.faults()
    with pytest.raises(Refused, match=r"clock\.unexplained"):
        clock.confirm(fault.first, acting_member=person("admin"))
    for wrong, words, rule in (("late", "x", "clock.wrong"), (AHEAD, " ", "clock.reason")):
        with pytest.raises(Refused, match=rule.replace(".", r"\.")):
            clock.explain(fault.first, wrong, words, acting_member=person("auditor"))
    with pytest.raises(Refused, match="no_permission"):
        clock.explain(fault.first, AHEAD, "x", acting_member=person("examiner"))
    with pytest.raises(Refused, match=r"clock\.unknown"):
        clock.explain(0, AHEAD, "x", acting_member=person("auditor"))
    clock.explain(fault.first, AHEAD, "the time server was wrong", acting_member=person("auditor"))
    with pytest.raises(Refused, match=r"clock\.own"):
        clock.confirm(fault.first, acting_member=person("auditor"))
    clock.confirm(fault.first, acting_member=person("admin"))
    assert clock.faults() == []
    settled = entries("clock.settled")[0]
    assert (settled.subject["fault"], settled.subject["until"], settled.subject["wrong"]) == (
        fault.first,
        fault.first - 1,
        AHEAD,
    )
    with pytest.raises(Refused, match=r"clock\.closed"):
        clock.confirm(fault.first, acting_member=person("admin"))
    assert verify_log().ok


@pytest.mark.parametrize(("wrong", "ended"), [(AHEAD, 2), (BEHIND, 0)])
def test_what_a_clock_that_ran_ahead_made_valid_for_too_long_ends(workspace: Path, wrong: str, ended: int) -> None:
    with at(timezone.now() + YEARS):
        make_token(acting_member=person("admin"))
        invite_member("late@agency.example", ["verifier"], acting_member=person("admin"))
    make_token(acting_member=person("admin"))
    (fault,) = clock.faults()
    clock.explain(fault.first, wrong, "x", acting_member=person("auditor"))
    clock.confirm(fault.first, acting_member=person("admin"))
    assert entries("clock.settled")[0].subject["secrets_ended"] == ended
    assert Token.objects.filter(revoked_at=None).count() == 2 - ended // 2
    assert Invitation.objects.filter(expires_at__gt=timezone.now()).count() == 1 - ended // 2


def test_scheduled_work_waits_while_the_clock_is_far_ahead_and_goes_on_after_an_act(workspace: Path) -> None:
    with at(timezone.now() + timedelta(days=13)):
        assert isinstance(clock.work_may_go_on(), Allow)
    with at(timezone.now() + timedelta(days=15)):
        size = newest_entry()
        every_day()
        every_minute()
        assert newest_entry() == size, "nothing was done by time alone"
        open_case("C-1", "robbery", acting_member=person("examiner"))
        assert isinstance(clock.work_may_go_on(), Allow)


def test_reports_and_the_register_count_by_the_stated_clock(ahead: Path) -> None:
    agency, today = Agency.objects.get(), timezone.now().date()
    about = {"agency": agency.public_id, "search": "S1", "offence": "robbery", "gallery": 1}
    with transaction.atomic():
        write_entry("search.requested", about, acting_member=person("examiner"))
    size = newest_entry() + 1
    assert list(tally_of(size).counts[agency.public_id]) == [f"{today:%Y-%m}"]
    counts, _ = recount.read(ahead / "audit" / "log.jsonl", size)
    assert dict(counts) == {(agency.public_id, f"{today:%Y-%m}", "robbery"): 1}
    opened = {entry.time[:4]: entry.seq for entry in entries("case.opened")}
    counted = set(_entries_of(Period(today - timedelta(days=1), today), size).values_list("seq", flat=True))
    assert opened[f"{today:%Y}"] in counted
    assert opened[f"{today + YEARS:%Y}"] not in counted


def test_a_job_whose_worker_died_while_the_clock_was_ahead_is_taken_up(workspace: Path) -> None:
    from plainview.casework.jobs import begin, ready

    member = person("admin")
    job = Job.objects.create(agency=member.agency, member=member, kind="k", subject=1)
    with at(timezone.now() + YEARS):
        assert begin(job.pk) is not None
    assert ready() == [(job.pk, "k")]
    assert begin(job.pk) is not None
    assert begin(job.pk) is None, "it has a worker now"


def test_a_monitor_with_a_clock_of_its_own_says_it(ahead: Path, tmp_path: Path) -> None:
    alarms, report = visit(ahead / "audit", tmp_path / "state", now=timezone.now())
    assert report is not None
    assert report.ok
    assert [alarm.kind for alarm in alarms] == ["clock"]
    assert "ahead" in alarms[0].text


def test_what_a_wrong_clock_did_in_advance_does_not_stop_what_is_due_now(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures")
    add_gallery, today = Gallery.objects.get(), timezone.now().date()
    wrong = timedelta(days=40)  # every week of it is a report that is built
    schedule = schedule_report("weekly", ["supervisor@agency.example"], acting_member=person("supervisor"))
    with at(timezone.now() + wrong):
        CanaryCheck.objects.create(gallery=add_gallery, canaries=1, sampled=1, ok=True, entry=1, at=timezone.now())
        schedules.send_due()
    assert canary_state.due(add_gallery)
    assert ReportSchedule.objects.get().sent_until > today + wrong - timedelta(days=14)
    schedules.send_due()
    assert ReportSchedule.objects.get().sent_until < today
    with at(timezone.now() + timedelta(days=8)):
        assert [public_id for public_id, _ in schedules.send_due()] == [schedule.public_id]
