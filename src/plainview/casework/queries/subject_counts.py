"""How many people asked an agency about themselves, and what became of it: for the register, and counted again from the log.

Owns both countings; a test holds them equal. Nothing here names a person or a request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import TypedDict

from django.utils import timezone

from plainview.audit.record import Entry
from plainview.casework.models import Agency, SubjectRequest
from plainview.casework.models.subjects import ANSWERED, REFUSED
from plainview.casework.queries.subjects import OPEN


class SubjectCounts(TypedDict):
    """Counts of all time. `answered` has everything that was answered and not refused as a whole.

    `granted` and `partly` are erasures of all, or some, of what was held; `refused` has requests that were refused as
    a whole and those of which nothing was erased; `overdue` are open ones whose deadline has passed.
    """

    received: int
    open: int
    answered: int
    granted: int
    partly: int
    refused: int
    overdue: int


def subject_counts(agency: Agency) -> SubjectCounts:
    """Count the requests to an agency, from its tables."""
    rows = SubjectRequest.objects.filter(agency=agency)
    states, outcomes = (
        Counter(rows.values_list("state", flat=True)),
        Counter(rows.values_list("outcome", flat=True)),
    )
    late = rows.filter(state__in=OPEN, due_on__lt=timezone.now().date()).count()
    return SubjectCounts(
        received=sum(states.values()), open=sum(states[state] for state in OPEN), answered=states[ANSWERED],
        granted=outcomes["granted"], partly=outcomes["partly granted"], refused=outcomes[REFUSED], overdue=late,
    )  # fmt: skip


def counted_again(entries: Iterable[Entry], agency_id: str, today: date) -> SubjectCounts:
    """Count the same from the entries of a log, as anybody can who has a copy of it.

    Args:
        entries: all of them, oldest first.
        agency_id: the agency's id in the log.
        today: the day for which deadlines are judged, UTC.
    """
    due: dict[str, date] = {}
    answered: dict[str, str] = {}
    refused: set[str] = set()
    for entry in entries:
        subject = entry.subject
        if subject.get("agency") != agency_id:
            continue
        request = str(subject.get("request"))
        if entry.action in ("subject.received", "subject.extended"):
            due[request] = date.fromisoformat(str(subject["due_on"]))
        elif entry.action == "subject.answered":
            answered[request] = str(subject["outcome"])
        elif entry.action == "subject.refused":
            refused.add(request)
    waiting = due.keys() - answered.keys() - refused
    outcomes = Counter(answered.values())
    return SubjectCounts(
        received=len(due), open=len(waiting), answered=len(answered), granted=outcomes["granted"],
        partly=outcomes["partly granted"], refused=len(refused) + outcomes["refused"],
        overdue=sum(due[request] < today for request in waiting),
    )  # fmt: skip
