"""The time zone of the person who reads a page: their browser's, by a cookie that its script sets; UTC without one.

Owns the zone and the one format of a moment. A zone changes how times are written, never what is recorded.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest
from django.utils import timezone

COOKIE = "plainview_zone"
"""Name of the cookie: an IANA name such as Europe/Vienna."""


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_of(request: HttpRequest) -> tzinfo:
    """Return the time zone of the reader."""
    name = request.COOKIES.get(COOKIE, "")
    return ZoneInfo(name) if name in _known() else UTC


def written(moment: datetime, how: str = "minutes") -> str:
    """Return a moment in the reader's zone with its name: "5 Nov 2026, 23:29 CET".

    Args:
        moment: an aware time.
        how: "minutes", "seconds", or "time" for the hour alone.
    """
    local = timezone.localtime(moment)
    form = {"seconds": "%-d %b %Y, %H:%M:%S", "time": "%H:%M"}.get(how, "%-d %b %Y, %H:%M")
    return f"{local.strftime(form)} {_zone(local)}"


def _zone(local: datetime) -> str:
    name = local.tzname() or "UTC"
    # Zones without letters of their own are named by their offset: "+04" alone is no name.
    return f"UTC{name}" if name[:1] in "+-" else name
