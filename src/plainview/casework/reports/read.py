"""Counting an agency's work from the log's own table, and holding the records against it; and who is sent reports."""

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
    """The agency's work as the first `size` entries of the log tell it."""
    made = Recount(agency.public_id)
    rows = LogEntry.objects.filter(seq__lt=size).order_by("seq").values_list("canonical", flat=True)
    for canonical in rows.iterator():
        made.add(bytes(canonical))
    return made


def names(agency: Agency, members: Collection[str], held: Collection[str]) -> dict[str, dict[str, str]]:
    """Names of these members and galleries of the agency, which the log knows by their ids only."""
    people = Member.objects.filter(agency=agency, public_id__in=members).values_list("public_id", "name")
    galleries = Gallery.objects.filter(agency=agency, pk__in=held).values_list("pk", "name")
    return {"members": dict(people), "galleries": {str(pk): name for pk, name in galleries}}


def searches_of(agency: Agency, period: Period, size: int) -> QuerySet[Search]:
    """The agency's searches whose request is one of the entries of the period."""
    first, last = _span(period, size)
    return Search.objects.filter(case__agency=agency, request_entry__gte=first, request_entry__lt=last)


def differences(agency: Agency, period: Period, size: int, counted: dict[str, Any]) -> list[str]:
    """Where the records do not say what the log says, in words. Both are written together, so it should be nowhere."""
    searches = searches_of(agency, period, size)
    first, last = _span(period, size)
    leads = Lead.objects.filter(released_by__agency=agency, entry__gte=first, entry__lt=last)
    told = {
        "searches": searches.count(),
        "answered": searches.filter(erased_at=None, answer_entry__lt=size).count(),
        "erased": searches.filter(erased_at__isnull=False).count(),
        "leads": leads.count(),
    }
    found = [
        f"{name}: the log says {counted[name]}, the records {count}"
        for name, count in told.items()
        if counted[name] != count
    ]
    if Counter(str(pk) for pk in searches.values_list("gallery_id", flat=True)) != counted["by_gallery"]:
        found.append("searches by gallery: the log and the records differ")
    return found


def _span(period: Period, size: int) -> tuple[int, int]:
    """The entries of a period: from this number up to before that one."""
    after = (period.until + timedelta(days=1)).isoformat()
    rows = LogEntry.objects.filter(seq__lt=size).order_by("seq")
    first = rows.filter(at__gte=period.since.isoformat()).values_list("seq", flat=True).first()
    last = rows.filter(at__gte=after).values_list("seq", flat=True).first()
    return (size if first is None else first), (size if last is None else last)


def schedules(member: Member) -> list[ReportSchedule]:
    """The standing orders of the member's agency that are in force."""
    rows = ReportSchedule.objects.filter(agency=member.agency, stopped_at=None)
    return list(rows.select_related("made_by").prefetch_related("recipients").order_by("pk"))


def readers(member: Member) -> list[Member]:
    """The members of the agency, by name; who of them may read reports is a rule's to say."""
    return list(Member.objects.filter(agency=member.agency, is_active=True).order_by("name"))
