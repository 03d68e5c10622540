"""The weekly review of the log by an auditor, and the heartbeat that shows outsiders that logging works."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from plainview.audit.monitor import REVIEWED
from plainview.audit.record import SYSTEM, parse_line
from plainview.casework.log.guard import acting
from plainview.casework.log.read import newest_entry
from plainview.casework.log.write import Receipt, write_entry
from plainview.casework.models import LogEntry, LogReview, Member
from plainview.policy import rules
from plainview.policy.clock import work_by_clock
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission

HEARTBEAT = "log.heartbeat"
HEARTBEAT_EVERY = timedelta(minutes=15)
"""Time without entries after which a heartbeat is written; see audit.monitor.MAX_AGE."""


def review_log(reason: str, up_to: int | None = None, *, acting_member: Member) -> LogReview:
    """Record that the auditor has reviewed the log up to an entry, the newest unless another is named.

    Raises:
        Refused: no permission, no reason, or no such range of the log.
    """
    with acting("audit.review", Permission.AUDIT_REVIEW, acting_member):
        if not reason.strip():
            raise Refused(
                "review.note_missing",
                "Review refused",
                "The note is missing.",
                "State what you found.",
            )
        newest = newest_entry()
        end = newest if up_to is None else up_to
        before = LogReview.objects.filter(agency=acting_member.agency).order_by("-up_to").first()
        first = before.up_to + 1 if before else 0
        if not first <= end <= newest:
            raise Refused(
                "review.range",
                "Review refused",
                f"Entry {end} is not one of the entries waiting for review, {first} to {newest}.",
                "Choose an entry in that range, or review all of them.",
            )
        receipt = write_entry(
            REVIEWED,
            {"agency": acting_member.agency.public_id, "first": first, "up_to": end},
            {"note": reason.strip()},
            acting_member=acting_member,
        )
        return LogReview.objects.create(
            agency=acting_member.agency,
            member=acting_member,
            first=first,
            up_to=end,
            note=reason.strip(),
            entry=receipt.entry,
        )


def record_export() -> None:
    """Record that the operator exports a copy of the public log; the copy contains this entry."""
    with transaction.atomic():
        write_entry("log.exported", {}, acting_member=None)


def heartbeat(every: timedelta = HEARTBEAT_EVERY) -> Receipt | None:
    """Write a heartbeat unless the newest entry is younger than `every`; cron or the worker calls this.

    Raises:
        Refused: clock.leapt; a heartbeat by a wrong clock would let scheduled work go on.
        DatabaseError, LogFolderError: logging fails, which a heartbeat must reveal.
    """
    with transaction.atomic():
        newest = LogEntry.objects.order_by("-seq").values_list("at", flat=True).first()
        if newest:
            rules.require(work_by_clock(datetime.fromisoformat(newest), timezone.now()))
        if newest and timedelta() <= timezone.now() - datetime.fromisoformat(newest) < every:
            return None
        return write_entry(HEARTBEAT, {}, acting_member=None)


@dataclass(frozen=True, slots=True)
class Summary:
    """The entries since the last review.

    Attributes:
        first: number of the first entry that is not reviewed.
        up_to: number of the newest entry; smaller than `first` if there is nothing to review.
        counts: action -> number of entries, by name; the agency's own entries and those of the system.
        last_review: day of the last review, None before the first.
    """

    first: int
    up_to: int
    counts: dict[str, int]
    last_review: str | None


def summary(member: Member) -> Summary:
    """Count the entries since the agency's last review.

    Raises:
        Refused: no permission.
    """
    rules.require(rules.may(member.roles, member.is_active, Permission.AUDIT_REVIEW))
    review = LogReview.objects.filter(agency=member.agency).order_by("-up_to").first()
    first = review.up_to + 1 if review else 0
    own = set(Member.objects.filter(agency=member.agency).values_list("public_id", flat=True))
    counts: Counter[str] = Counter()
    up_to = first - 1
    rows = LogEntry.objects.filter(seq__gte=first).order_by("seq").values_list("canonical", flat=True)
    for canonical in rows.iterator():
        entry = parse_line(bytes(canonical))
        up_to = entry.seq
        of_system = entry.actor == SYSTEM and entry.subject.get("agency", member.agency.public_id)
        if entry.actor in own or of_system == member.agency.public_id:
            counts[entry.action] += 1
    return Summary(first, up_to, dict(sorted(counts.items())), str(review.at.date()) if review else None)
