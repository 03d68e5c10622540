"""Counting an agency's work from the log, comparing the records with it, and reading report schedules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet

from plainview.casework.models import Agency, Gallery, Lead, LogEntry, Member, ReportSchedule, Search
from plainview.policy.reporting import Period
from plainview.recheck.recount import Recount


def recount(agency: Agency, size: int) -> Recount:
    """Return the agency's work, counted from the first `size` entries of the log."""
    counts = Recount(agency.public_id)
    rows = LogEntry.objects.filter(seq__lt=size).order_by("seq").values_list("canonical", flat=True)
    for canonical in rows.iterator():
        counts.add(bytes(canonical))
    return counts


def names(agency: Agency, members: Collection[str], gallery_ids: Collection[str]) -> dict[str, dict[str, str]]:
    """Return the names of these members and galleries of the agency; the log has only their ids."""
    people = Member.objects.filter(agency=agency, public_id__in=members).values_list("public_id", "name")
    galleries = Gallery.objects.filter(agency=agency, pk__in=gallery_ids).values_list("pk", "name")
    return {"members": dict(people), "galleries": {str(pk): name for pk, name in galleries}}


def searches_of(agency: Agency, period: Period, size: int) -> QuerySet[Search]:
    """Return the agency's searches that were requested in the period, among the first `size` entries of the log."""
    return Search.objects.filter(case__agency=agency, request_entry__in=_entries_of(period, size).values("seq"))


def differences(agency: Agency, period: Period, size: int, counted: dict[str, Any]) -> list[str]:
    """Return, in words, where records and log differ: nowhere, unless the records were changed."""
    searches = searches_of(agency, period, size)
    leads = Lead.objects.filter(released_by__agency=agency, entry__in=_entries_of(period, size).values("seq"))
    of_records = {
        "searches": searches.count(),
        "answered": searches.filter(erased_at=None, answer_entry__lt=size).count(),
        "erased": searches.filter(erased_at__isnull=False).count(),
        "leads": leads.count(),
    }
    problems = [
        f"{name}: the log says {counted[name]}, the records {count}"
        for name, count in of_records.items()
        if counted[name] != count
    ]
    if Counter(str(pk) for pk in searches.values_list("gallery_id", flat=True)) != counted["by_gallery"]:
        problems.append("searches by gallery: the log and the records differ")
    return problems


def _entries_of(period: Period, size: int) -> QuerySet[LogEntry]:
    """Return the entries of a period; a clock that was wrong for a while may have put others between them."""
    after = (period.until + timedelta(days=1)).isoformat()
    return LogEntry.objects.filter(seq__lt=size, at__gte=period.since.isoformat(), at__lt=after)


def schedules(member: Member) -> list[ReportSchedule]:
    """Return the active report schedules of the member's agency."""
    rows = ReportSchedule.objects.filter(agency=member.agency, stopped_at=None)
    return list(rows.select_related("made_by").prefetch_related("recipients").order_by("pk"))


def readers(member: Member) -> list[Member]:
    """Return the active members of the agency, by name; policy decides which of them may read reports."""
    return list(Member.objects.filter(agency=member.agency, is_active=True).order_by("name"))
