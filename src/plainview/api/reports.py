"""Reports of the agency's work, and the public register.

Owns their fields on the API. A report is counted from the log, and its making is an entry.
"""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Body
from pydantic import Field

from plainview.api.common import Day, In, Out, member_of
from plainview.casework.log.write import newest_checkpoint
from plainview.casework.register.read import current
from plainview.casework.reports.make import make_report
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
