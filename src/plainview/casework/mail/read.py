"""The state of the outbox, for the status page, the doctor and the operator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from plainview.casework.mail.account import account
from plainview.casework.models import Letter
from plainview.policy.decision import Refused

_LATE = timedelta(hours=1)
"""A letter that has waited this long is reported; a greylisting server takes one within half an hour."""


@dataclass(frozen=True, slots=True)
class MailState:
    """The outbox.

    Attributes:
        ok: False if a letter is late or was given up, or the settings cannot be used.
        server: host and port; None if letters go into the workspace's folder.
        waiting, late, given_up: numbers of letters.
        last_sent: when the last one was sent, if one was.
        trouble: why the last failed try failed; empty if none did.
    """

    ok: bool
    server: str | None
    waiting: int
    late: int
    given_up: int
    last_sent: datetime | None
    trouble: str


def mail_state() -> MailState:
    """Return the state of the outbox."""
    waiting = Letter.objects.filter(sent_at=None, given_up_at=None)
    late = waiting.filter(made_at__lte=timezone.now() - _LATE).count()
    given_up = Letter.objects.filter(given_up_at__isnull=False).count()
    failed = Letter.objects.filter(sent_at=None).exclude(trouble="").order_by("-due_at").first()
    last = Letter.objects.filter(sent_at__isnull=False).order_by("-sent_at").first()
    trouble, server = failed.trouble if failed else "", None
    try:
        named = account()
        server = f"{named.host}:{named.port}" if named else None
    except Refused as refused:
        return MailState(False, None, waiting.count(), late, given_up, last.sent_at if last else None, refused.why)
    return MailState(
        ok=not late and not given_up,
        server=server,
        waiting=waiting.count(),
        late=late,
        given_up=given_up,
        last_sent=last.sent_at if last else None,
        trouble=trouble,
    )


def unsent() -> list[Letter]:
    """Return the letters that were not sent, the oldest first."""
    return list(Letter.objects.filter(sent_at=None).order_by("made_at", "pk"))
