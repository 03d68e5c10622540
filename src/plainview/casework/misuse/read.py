"""Reads flags and tripwires, and the history that the misuse rules examine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db.models import Q

from plainview.audit.record import format_time, parse_line
from plainview.casework.log.read import newest_entry
from plainview.casework.models import (
    Enrolment,
    Flag,
    LapsedSearch,
    LogEntry,
    Member,
    ProbeTemplate,
    Search,
    SubjectRequest,
    Tripwire,
)
from plainview.casework.workspace.prepared import Prepared
from plainview.casework.workspace.services import services
from plainview.policy.misuse import LIMITS
from plainview.recognition.types import Vector

_MOST = 2_000  # most earlier searches to examine: bounds the cost of a search


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier search of the same case or member."""

    pk: int
    public_id: str
    member_public: str
    case_id: int
    at: datetime


_EARLIER = Prepared(
    lambda case, member, since, this: (
        Search.objects.filter(Q(case_id=case) | Q(member_id=member), requested_at__gte=since, erased_at=None)
        .exclude(pk=this)
        .order_by("-pk")
        .values_list("pk", "public_id", "member__public_id", "case_id", "requested_at")[:_MOST]
    ),
    int,
    int,
    datetime,
    int,
)

# Templates of another network cannot be compared; another version of a pack has the same one.
_TEMPLATES = Prepared(
    lambda case, since, network: (
        ProbeTemplate.objects.filter(search__case_id=case, search__requested_at__gte=since, search__pack_sha256=network)
        .order_by("search_id")
        .values_list("search_id", "search__public_id", "sealed")
    ),
    int,
    datetime,
    str,
)


@dataclass(frozen=True, slots=True)
class History:
    """What the rules of the history look at.

    Attributes:
        searches: earlier searches of the same case or member, newest first.
        templates: of the probes of those in the case, by the search's key, oldest first.
        newest: number of the newest entry of the log when this was read. Every act that makes, answers or erases a search
            writes an entry, so while it is the newest one this is still true.
    """

    searches: list[Earlier]
    templates: dict[int, Vector]
    newest: int


def history_of(search: Search, *, since: datetime) -> History:
    """Return the history that the rules look at."""
    newest = newest_entry()  # first: what comes while this is read makes it out of date
    of_case_or_member = _EARLIER(search.case_id, search.member_id, since, search.pk)
    searches = [Earlier(*values) for values in of_case_or_member]
    of_case = {earlier.pk for earlier in searches if earlier.case_id == search.case_id}
    templates = {
        pk: np.frombuffer(services().templates.open(bytes(sealed), f"probe:{public}".encode()), dtype=np.float32)
        for pk, public, sealed in _TEMPLATES(search.case_id, since, search.pack_sha256)
        if pk in of_case
    }
    return History(searches, templates, newest)


def closed_attempts(member: Member, *, since: datetime) -> list[datetime]:
    """Return the times at which the member tried to search under a closed case, from the log itself."""
    rows = LogEntry.objects.filter(at__gte=format_time(since)).order_by("seq").values_list("canonical", flat=True)
    actor = f'"actor":"{member.public_id}"'.encode()
    entries = [parse_line(bytes(text)) for text in rows.iterator() if actor in bytes(text)]
    return [
        datetime.fromisoformat(entry.time)
        for entry in entries
        if entry.action == "search.refused" and entry.subject.get("rule") == "case.closed"
    ]


def requests_searched(member: Member, *, since: datetime) -> list[datetime]:
    """Return the times at which the member began to search for a person who asked about themselves."""
    rows = SubjectRequest.objects.filter(searched_by=member, asked_at__gte=since)
    return [moment for moment in rows.values_list("asked_at", flat=True) if moment is not None]


def lookups_by_enrolment(member: Member, *, since: datetime) -> list[datetime]:
    """Return the times of the member's ended enrolments of a few pictures that named what a picture resembles."""
    rows = Enrolment.objects.filter(member=member, finished_at__gte=since, near_duplicates__gt=0)
    few = rows.filter(images__lte=LIMITS.near_pictures, near_duplicates__lte=LIMITS.near_pictures)
    return [moment for moment in few.values_list("finished_at", flat=True) if moment is not None]


def flags(member: Member, *, undecided: bool = False) -> list[Flag]:
    """Return the flags of the member's agency, except those about the member, newest first."""
    rows = Flag.objects.filter(agency=member.agency).exclude(member=member)
    if undecided:
        rows = rows.filter(outcome="")
    return list(rows.select_related("member", "search").order_by("-pk"))


def evidence_of(flag: Flag) -> LapsedSearch | None:
    """Return the sealed evidence of a flagged search that was not authorised in time, while it is there."""
    return LapsedSearch.objects.filter(search=flag.search_id, erased_at=None).first() if flag.search_id else None


def tripwires(member: Member) -> list[tuple[Tripwire, str]]:
    """Return the member's own tripwires with their labels."""
    return [
        (
            wire,
            services().openings.open(bytes(wire.sealed_label), f"tripwire label:{wire.public_id}".encode()).decode(),
        )
        for wire in Tripwire.objects.filter(owner=member).order_by("pk")
    ]
