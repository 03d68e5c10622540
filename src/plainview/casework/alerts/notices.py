"""Letters about raised alerts, with a link and nothing else.

Owns which messages are due and when one is tried again. It must never put a picture, name, score or case in a message.
"""

from __future__ import annotations

import smtplib
from datetime import datetime, timedelta
from itertools import groupby

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from plainview.casework.alerts.read import preference_of
from plainview.casework.log.write import write_entry
from plainview.casework.mail import address
from plainview.casework.mail.letters import write_letters
from plainview.casework.models import Notice, Search
from plainview.casework.news.tell import tell
from plainview.policy.alerts import next_moment

TRIES = 10
"""Attempts before a message is given up: with doubling waits from one minute, the last comes after 17 hours."""

_AT_ONCE = 50  # messages per run, so that a run ends


def owe_notices(search: Search) -> None:
    """Record in the running transaction who gets a message about a raised alert, and when."""
    alert, now = search.alert, timezone.now()
    assert alert is not None  # noqa: S101  only an alert's search has notices
    if alert.muted_at is None:
        how = preference_of(alert.member)
        due = next_moment(
            now,
            digest_hours=how.digest_hours,
            quiet_from=how.quiet_from,
            quiet_until=how.quiet_until,
            zone=how.time_zone,
        )
        tell("alert", search.public_id, [alert.member], letter=False)
        Notice.objects.create(search=search, member=alert.member, due_at=due)


def send_due() -> int:
    """Send the messages that are due; return how many. A message that fails is tried later, then given up and recorded."""
    now = timezone.now()
    due = Notice.objects.filter(sent_at=None, given_up_at=None, due_at__lte=now).exclude(member=None)
    rows = list(due.select_related("member", "search__alert").order_by("member_id", "pk")[:_AT_ONCE])
    return sum(_attempt(list(group)) for _, group in groupby(rows, key=lambda notice: notice.member_id))


def _attempt(rows: list[Notice]) -> int:
    """Claim the messages, send them, record the outcome. Claimed first: a crash may send twice but never skips."""
    keys = [notice.pk for notice in rows]
    later = timezone.now() + timedelta(minutes=2 ** rows[0].tries)
    taken = Notice.objects.filter(pk__in=keys, sent_at=None, tries=rows[0].tries)
    if not taken.update(tries=F("tries") + 1, due_at=later):
        return 0
    try:
        _letter(rows)
    except (OSError, smtplib.SMTPException) as error:
        Notice.objects.filter(pk__in=keys).update(trouble=type(error).__name__)
        if rows[0].tries + 1 >= TRIES:
            _note(rows, "notice.given_up", given_up_at=timezone.now())
        return 0
    _note(rows, "notice.sent", sent_at=timezone.now())
    return len(rows)


def _note(rows: list[Notice], action: str, **changed: datetime) -> None:
    with transaction.atomic():
        Notice.objects.filter(pk__in=[notice.pk for notice in rows]).update(**changed)
        write_entry(
            action,
            {
                "searches": [notice.search.public_id for notice in rows],
                "to": rows[0].member.public_id,  # type: ignore[union-attr]
                "tries": rows[0].tries + 1,
            },
            acting_member=None,
        )


def _letter(rows: list[Notice]) -> None:
    member, count = rows[0].member, len(rows)
    assert member is not None  # noqa: S101
    subject = (
        "One of your alerts has raised a candidate"
        if count == 1
        else f"Your alerts have raised candidates {count} times"
    )
    write_letters(
        "alert.notice",
        [member.email],
        "Plainview: a new candidate for your alert",
        f"{subject}. Sign in to see the alerts:\n\n{address()}/alerts/\n\n"
        "For confidentiality, this letter contains no details. You can change your notifications on the same page.\n",
    )
