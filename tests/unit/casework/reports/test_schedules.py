"""Reports by the clock: each week or month once, to whom may read it, its entry before its letter."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.utils import timezone
from tests.factories.work import at, entries, person

from plainview.casework.models import Member, ReportSchedule
from plainview.casework.reports.schedules import schedule_report, send_due, stop_schedule
from plainview.policy.decision import Refused
from plainview.worker.clock import every_day

SUPERVISOR, AUDITOR = "supervisor@agency.example", "auditor@agency.example"


def monday() -> datetime:
    """The first Monday, 6:00, after the week that runs now."""
    now = timezone.now()
    return (now + timedelta(days=7 - now.weekday())).replace(hour=6, minute=0)


def test_a_week_is_sent_once_when_it_is_over(workspace: Path) -> None:
    made = schedule_report("weekly", [SUPERVISOR, AUDITOR, SUPERVISOR], acting_member=person("supervisor"))
    assert send_due() == []
    with at(monday()):
        every_day()
        every_day()
    letter, other = mail.outbox
    assert (letter.to, other.to) == ([SUPERVISOR], [AUDITOR])
    (pdf_name, pdf, _), (_json_name, data, _) = letter.attachments
    assert pdf.startswith(b"%PDF")
    last = monday().date() - timedelta(days=1)
    assert pdf_name == f"report-{last - timedelta(days=6)}-{last}.pdf"
    told = json.loads(data)
    assert told["period"] == {"since": str(last - timedelta(days=6)), "until": str(last)}
    assert told["due"]["flags_open"] is None  # a supervisor reads it too
    (entry,) = entries("report.made")
    assert entry.actor == "system"
    assert (entry.subject["schedule"], entry.subject["letters"]) == (made.public_id, 2)
    assert entry.subject["files"]["pdf"] == hashlib.sha256(pdf).hexdigest()  # type: ignore[index, call-overload]
    assert told["size"] == entry.seq
    with at(monday() + timedelta(days=14)):  # the worker was away for two weeks: both are owed
        assert [period.until for _, period in send_due()] == [
            last + timedelta(days=7),
            last + timedelta(days=14),
        ]
        stop_schedule(made.public_id, acting_member=person("admin"))
    with at(monday() + timedelta(days=21)):
        assert send_due() == []


def test_who_left_is_left_out_and_a_month_is_one_of_the_calendar(workspace: Path) -> None:
    now = datetime(2999, 2, 28, 23, tzinfo=UTC)
    with at(now):
        schedule_report("monthly", [SUPERVISOR], acting_member=person("admin"))
        Member.objects.filter(email=SUPERVISOR).update(roles=["examiner"])
    with at(now + timedelta(hours=2)):
        ((_, period),) = send_due()
    assert (str(period.since), str(period.until)) == ("2999-02-01", "2999-02-28")
    assert mail.outbox == []
    assert entries("report.made")[-1].subject["letters"] == 0


def test_only_members_who_may_read_reports_are_written_to(workspace: Path) -> None:
    for every, to, rule in (
        ("weekly", [], "report.recipient"),
        ("weekly", ["examiner@agency.example"], "report.recipient"),
        ("weekly", ["press@paper.example"], "member.unknown"),
        ("daily", [SUPERVISOR], "report.every"),
    ):
        with pytest.raises(Refused) as refused:
            schedule_report(every, to, acting_member=person("supervisor"))
        assert refused.value.rule_id == rule
    with pytest.raises(Refused, match=r"member\.no_permission"):
        schedule_report("weekly", [AUDITOR], acting_member=person("auditor"))
    with pytest.raises(Refused, match=r"report\.unknown"):
        stop_schedule("G000000000000", acting_member=person("supervisor"))
    assert ReportSchedule.objects.count() == 0
