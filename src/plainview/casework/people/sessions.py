"""Sessions that ended by themselves: their rows are removed."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from plainview.casework.people import attempts


def sweep() -> int:
    """Remove expired sessions, what the sign-in library kept about them, and expired counters; return how many rows."""
    now = timezone.now()
    removed, _ = Session.objects.filter(expire_date__lt=now).delete()
    living = Session.objects.values("session_key")
    gone, _ = UserSession.objects.exclude(session_key__in=living).delete()
    return int(removed) + int(gone) + attempts.sweep() + _counters(now.replace(microsecond=0))


def _counters(now: object) -> int:
    """Remove expired rows of the cache: Django does so only once the table is full."""
    table = getattr(cache, "_table", None)
    if table is None:
        return 0
    with connection.cursor() as cursor:
        name = connection.ops.quote_name(table)
        expires = connection.ops.adapt_datetimefield_value(now)  # type: ignore[arg-type]
        cursor.execute(f"DELETE FROM {name} WHERE expires < %s", [expires])  # noqa: S608  the table's own name
        return int(cursor.rowcount)
