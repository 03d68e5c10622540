"""The weekly proof-of-value report on an agency's trials, for its head: their searches and the outcomes."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from plainview.audit.record import parse_line
from plainview.casework.models import Agency, Lead, LogEntry, Member, Outcome, Search, Trial

REPORT_DAYS = 7
"""Length of the period that a report covers; source: the issue of this rulebook."""


@dataclass(frozen=True, slots=True)
class TrialLine:
    """One member's trial in the week."""

    member: str
    approved_by: str
    starts_on: date
    ends_on: date
    search_limit: int
    searches_in_all: int
    searches: int
    without_candidate: int
    leads: int
    outcomes: dict[str, int]
    refusals: dict[str, int]


@dataclass(frozen=True, slots=True)
class WeeklyReport:
    """The trials of an agency from `since` to `until`, both included; addressed to its head."""

    agency: str
    head_name: str
    head_email: str
    since: date
    until: date
    trials: tuple[TrialLine, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    def text(self) -> str:
        """Return the report as a letter to the head of the agency."""
        lines = [
            f"Trials of {self.agency}, {self.since} to {self.until}",
            f"For {self.head_name or 'the head of the agency'}",
            "",
        ]
        if not self.trials:
            lines.append("There was no trial this week.")
        for trial in self.trials:
            refused = ", ".join(f"{rule} {count}" for rule, count in sorted(trial.refusals.items())) or "none"
            outcomes = ", ".join(f"{word} {count}" for word, count in sorted(trial.outcomes.items())) or "none"
            lines += [
                f"{trial.member}: approved by {trial.approved_by}, {trial.starts_on} to {trial.ends_on}",
                f"  searches this week {trial.searches}; in all {trial.searches_in_all} of {trial.search_limit}",
                f"  answered without a candidate {trial.without_candidate}",
                f"  leads released {trial.leads}; outcomes reported: {outcomes}",
                f"  refusals by rule: {refused}",
            ]
        return "\n".join(lines) + "\n"


def weekly_report(member: Member) -> WeeklyReport:
    """Return the report of the acting member's agency for the seven days until now."""
    return report_of(member.agency)


def report_of(agency: Agency) -> WeeklyReport:
    """Return the report of an agency for the seven days until now."""
    now = timezone.now()
    since = now - timedelta(days=REPORT_DAYS)
    rows = Trial.objects.filter(member__agency=agency, ends_on__gte=since.date(), starts_on__lte=now.date())
    trials = list(rows.select_related("member", "approved_by").order_by("pk"))
    refused = _refusals(since.isoformat()[:22]) if trials else {}
    lines = []
    for trial in trials:
        searches = Search.objects.filter(member=trial.member, requested_at__gte=trial.approved_at)
        week = searches.filter(requested_at__gte=since)
        leads = Lead.objects.filter(examination__candidate__search__in=searches)
        reported = Outcome.objects.filter(lead__in=leads, reported_at__gte=since)
        lines.append(
            TrialLine(
                trial.member.email,
                trial.approved_by.email,
                trial.starts_on,
                trial.ends_on,
                trial.search_limit,
                searches.count(),
                week.count(),
                week.filter(answered_at__isnull=False, candidate__isnull=True).count(),
                leads.filter(released_at__gte=since).count(),
                dict(Counter(reported.values_list("outcome", flat=True))),
                dict(refused.get(trial.member.public_id, Counter())),
            )
        )
    return WeeklyReport(agency.name, agency.head_name, agency.head_email, since.date(), now.date(), tuple(lines))


def _refusals(since: str) -> dict[str, Counter[str]]:
    """Return the number of refused searches by member and rule, from the log itself."""
    by_member: dict[str, Counter[str]] = {}
    rows = LogEntry.objects.filter(at__gte=since).values_list("canonical", flat=True)
    for canonical in rows.iterator():
        if b'"search.refused"' not in bytes(canonical):  # reading every entry of a week takes seconds
            continue
        entry = parse_line(bytes(canonical))
        if entry.action == "search.refused":
            by_member.setdefault(entry.actor, Counter())[str(entry.subject.get("rule"))] += 1
    return by_member
