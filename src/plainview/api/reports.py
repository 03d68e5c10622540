"""Reports of the agency's work, their schedules, and the public register with its attestations.

Owns their fields on the API. A report is counted from the log, and its making is an entry.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Body
from pydantic import Field

from plainview.api.common import Cut, Day, In, Moment, Out, Short, member_of, part_of, slice_of
from plainview.casework.log.write import newest_checkpoint
from plainview.casework.models import PublishedRegister, ReportSchedule
from plainview.casework.register.publish import attest
from plainview.casework.register.read import current, published
from plainview.casework.reports.make import make_report
from plainview.casework.reports.read import schedules
from plainview.casework.reports.schedules import schedule_report, stop_schedule
from plainview.policy.reporting import Period, default_period


class ReportWanted(In):
    """Which report."""

    since: Day | None = Field(default=None, description="First day; by default the period has 30 days.")
    until: Day | None = Field(default=None, description="Last day; by default today.")
    compare: Literal["before", "none"] = Field(default="before", description="The equally long period before, or none.")


class ReportOut(Out):
    """A report: the file that `plainview report check` reads, its SHA-256, and the entry of the log that has it."""

    report: dict[str, Any]
    sha256: str
    entry: int


def report_make(request: HttpRequest, wanted: Body[ReportWanted]) -> ReportOut:
    """Make a report of a period."""
    last = wanted.until or timezone.now().date()
    period = Period(wanted.since or default_period(last).since, last)
    before = period.before() if wanted.compare == "before" else None
    made_report = make_report(period, before, acting_member=member_of(request))
    return ReportOut(report=dict(made_report.report), sha256=made_report.sha256, entry=made_report.entry)


def register_show(request: HttpRequest) -> dict[str, Any]:
    """Return the public register of use, as everybody reads it."""
    return dict(current(newest_checkpoint))


class ScheduleIn(In):
    """When a report is sent, and to whom."""

    every: Literal["weekly", "monthly"]
    emails: list[Short] = Field(min_length=1, max_length=100, description="Members who may read reports.")


class ScheduleOut(Out):
    """A schedule of reports."""

    id: str
    every: str
    emails: list[str]
    made_by: str
    sent_until: date = Field(description="Last day that a sent report covered.")
    stopped_at: Moment | None


class SchedulesOut(Out):
    """A part of the list of schedules."""

    items: list[ScheduleOut]
    next: str | None


class MonthOut(Out):
    """The register of a month that is over, as it was published."""

    month: str
    sha256: str
    previous_sha256: str
    entry: int
    url: str = Field(description="Where everybody reads it, byte for byte.")


class MonthsOut(Out):
    """A part of the registers of past months."""

    items: list[MonthOut]
    next: str | None


class AttestIn(In):
    """Months in which the agency ran no search."""

    first: str = Field(pattern=r"^\d{4}-\d{2}$", description="First month: 2026-05.")
    last: str = Field(pattern=r"^\d{4}-\d{2}$", description="Last month.")
    office: Short = Field(max_length=100, description="The office that states it; never a person.")


class AttestedOut(Out):
    """An attestation, which the register shows."""

    first: str
    last: str
    office: str
    entry: int


def _schedule(schedule: ReportSchedule) -> ScheduleOut:
    return ScheduleOut(
        id=schedule.public_id,
        every=schedule.every,
        emails=sorted(member.email for member in schedule.recipients.all()),
        made_by=schedule.made_by.email,
        sent_until=schedule.sent_until,
        stopped_at=schedule.stopped_at,
    )


def _month(month: PublishedRegister) -> MonthOut:
    return MonthOut(
        month=month.month,
        sha256=month.sha256,
        previous_sha256=month.previous_sha256,
        entry=month.entry,
        url=f"/register/history/{month.sha256}.json",
    )


def schedule_list(request: HttpRequest, page: Cut) -> object:
    """List the schedules by which reports are sent."""
    return slice_of(schedules(member_of(request)), page, _schedule)


def schedule_make(request: HttpRequest, wanted: Body[ScheduleIn]) -> ScheduleOut:
    """Send a report at the end of each week or month."""
    return _schedule(schedule_report(wanted.every, wanted.emails, acting_member=member_of(request)))


def schedule_stop(request: HttpRequest, id: str) -> ScheduleOut:  # noqa: A002  the name in the path
    """Stop sending a report."""
    return _schedule(stop_schedule(id, acting_member=member_of(request)))


def register_months(request: HttpRequest, page: Cut) -> object:
    """List the registers of past months, the newest first."""
    return part_of(published(), page, _month)


def register_attest(request: HttpRequest, wanted: Body[AttestIn]) -> AttestedOut:
    """Attest, in the name of an office, that your agency ran no search in some months."""
    stated = attest(wanted.first, wanted.last, office=wanted.office, acting_member=member_of(request))
    return AttestedOut(first=stated.first, last=stated.last, office=stated.office, entry=stated.entry)
