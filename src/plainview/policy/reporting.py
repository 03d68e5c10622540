"""The rules of reports: which days a report may cover, who receives it, and when a scheduled one is due.

Owns the arithmetic of periods. Days are days of UTC; both ends are included.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from plainview.policy.agency import AgencyPolicy
from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.roles import Role
from plainview.policy.search import TrainingFacts
from plainview.policy.wording import day

LONGEST_DAYS = 3660
"""Longest period of a report: chosen, ten years."""

DEFAULT_DAYS = 30
"""Length of the default period: chosen."""

WEEKLY, MONTHLY = "weekly", "monthly"
EVERY = (WEEKLY, MONTHLY)
"""How often a report is sent: after each week from Monday to Sunday, or after each month of the calendar."""

COMMON_CASES = 3
"""An unlisted purpose is named if at least this many cases state it: chosen. A rarer one may identify a person."""

PROFICIENCY_DAYS = 365
"""Days without an answer to an item with a known answer after which a verifier is due: chosen, a test every year."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `since` to `until`."""

    since: date
    until: date

    def before(self) -> Period:
        """Return the equally long period that ends the day before this one begins."""
        return Period(_earlier(self.since, (self.until - self.since).days + 1), _earlier(self.since, 1))

    def to_dict(self) -> dict[str, str]:
        """Return both days as ISO texts."""
        return {"since": self.since.isoformat(), "until": self.until.isoformat()}

    def __str__(self) -> str:
        return f"{self.since} to {self.until}"


def default_period(today: date) -> Period:
    """Return the default period that ends today."""
    return Period(_earlier(today, DEFAULT_DAYS - 1), today)


def _earlier(day: date, days: int) -> date:
    """Return the day so many days before; the first day of all if no such day exists."""
    return date.fromordinal(max(1, day.toordinal() - days))


def period_fits(period: Period, today: date) -> Decision:
    """Allow a period that begins before it ends and is over."""
    if period.until > today:
        return Refused(
            "report.future",
            "No report made",
            f"{day(period.until)} is not over, so its figures are not complete.",
            f"Choose {day(today)} or an earlier day as the last day.",
        )
    if not timedelta() <= period.until - period.since < timedelta(days=LONGEST_DAYS):
        return Refused(
            "report.period",
            "No report made",
            f"There is no period from {day(period.since)} to {day(period.until)}.",
            "Choose a first day and a last day that are at most ten years apart.",
        )
    return Allow()


def recipients_fit(recipients: Iterable[tuple[str, bool]]) -> Decision:
    """Allow one or more recipients who may all read reports: (address, whether active with that permission)."""
    listed = list(recipients)
    barred = [email for email, may in listed if not may]
    if barred or not listed:
        return Refused(
            "report.recipient",
            "Report not scheduled",
            f"{', '.join(barred)} may not read reports." if barred else "No recipient was named.",
            "Choose supervisors, administrators or auditors of your agency.",
        )
    return Allow()


def rhythm_known(every: str) -> Decision:
    """Allow one of the words of `EVERY`."""
    if every not in EVERY:
        return Refused(
            "report.every",
            "Report not scheduled",
            f"A report cannot be sent {every!r}.",
            f"Choose one of: {', '.join(EVERY)}.",
        )
    return Allow()


def owed(every: str, sent_until: date, today: date) -> list[Period]:
    """Return every complete period that ends after `sent_until` and before `today`, the oldest first."""
    complete: list[Period] = []
    period = _containing(every, sent_until + timedelta(days=1))
    while period.until < today:
        complete.append(period)
        period = _containing(every, period.until + timedelta(days=1))
    return complete


def _containing(every: str, day: date) -> Period:
    if every == WEEKLY:
        monday = day - timedelta(days=day.weekday())
        return Period(monday, monday + timedelta(days=6))
    first = day.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return Period(first, following - timedelta(days=1))


def trained_until(role: Role, trainings: Iterable[TrainingFacts], policy: AgencyPolicy) -> date | None:
    """Return the last day on which these trainings let a member act in the role; None if they never did.

    It agrees with policy.search.trained for a role for which the policy requires training.
    """
    needed = policy.training[role]
    days = [
        training.expires_on
        for training in trainings
        if training.course.strip().lower() == needed.course.lower() and training.hours >= needed.hours
    ]
    return max(days, default=None)
