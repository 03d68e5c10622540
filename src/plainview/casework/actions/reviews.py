"""The weekly review of the log by an auditor, and the heartbeat that shows from outside that logging works."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from plainview.audit.monitor import REVIEWED
from plainview.casework.actions.guard import acting
from plainview.casework.actions.log import Receipt, write_entry
from plainview.casework.models import LogEntry, LogReview, Member
from plainview.casework.queries.log import newest_entry
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission

HEARTBEAT = "log.heartbeat"
HEARTBEAT_EVERY = timedelta(minutes=15)
"""How long the log may be quiet before a heartbeat is worth an entry; see audit.monitor.MAX_AGE."""


def review_log(note: str, up_to: int | None = None, *, acting_member: Member) -> LogReview:
    """Record that the auditor has reviewed the log up to an entry, the newest unless another is named.

    Raises:
        Refused: no permission, no note, or no such stretch of the log.
    """
    with acting("audit.review", Permission.AUDIT_REVIEW, acting_member):
        if not note.strip():
            raise Refused(
                "review.note_missing",
                "Review refused",
                "It says nothing.",
                "Say what you found: --note TEXT.",
            )
        newest = newest_entry()
        end = newest if up_to is None else up_to
        before = LogReview.objects.filter(agency=acting_member.agency).order_by("-up_to").first()
        first = before.up_to + 1 if before else 0
        if not first <= end <= newest:
            raise Refused(
                "review.range",
                "Review refused",
                f"Entry {end} is not one of {first} to {newest}, which are not reviewed yet.",
                "Leave --up-to away to review everything up to now.",
            )
        receipt = write_entry(
            REVIEWED,
            {"agency": acting_member.agency.public_id, "first": first, "up_to": end},
            {"note": note.strip()},
            acting_member=acting_member,
        )
        return LogReview.objects.create(
            agency=acting_member.agency,
            member=acting_member,
            first=first,
            up_to=end,
            note=note.strip(),
            entry=receipt.entry,
        )


def record_export() -> None:
    """Record that the operator hands out a copy of the public log; the copy holds this entry."""
    with transaction.atomic():
        write_entry("log.exported", {}, acting_member=None)


def heartbeat(every: timedelta = HEARTBEAT_EVERY) -> Receipt | None:
    """Write a heartbeat unless the newest entry is younger than `every`; run it from cron or the worker.

    Raises:
        ClockWentBack, DatabaseError, LogFolderError: logging fails; that is what this is for.
    """
    with transaction.atomic():
        newest = LogEntry.objects.order_by("-seq").values_list("at", flat=True).first()
        if newest and timedelta() <= timezone.now() - datetime.fromisoformat(newest) < every:
            return None
        return write_entry(HEARTBEAT, {}, acting_member=None)
