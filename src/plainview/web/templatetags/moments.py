"""Moments as people read them: local time, its zone, one format."""

from __future__ import annotations

from datetime import date, datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from plainview.policy import wording
from plainview.web.times import written

register = template.Library()

_DAY = 24 * 3600


@register.filter
def moment(value: datetime | str | None, how: str = "minutes") -> SafeString | str:
    """Return <time>5 Nov 2026, 23:29 CET</time>, of a moment or of an entry's ISO time; "" for None."""
    if not value:
        return ""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return format_html('<time datetime="{}">{}</time>', value.isoformat(timespec="seconds"), written(value, how))


@register.filter
def day(value: date | str) -> str:
    """Return a day, or its ISO text, as 5 Nov 2026."""
    return wording.day(date.fromisoformat(value) if isinstance(value, str) else value)


@register.filter
def ago(value: datetime | None) -> SafeString | str:
    """Return "14 min ago" or "3 h ago" within a day, else the moment; the exact time is its title."""
    if value is None:
        return ""
    seconds = (timezone.now() - value).total_seconds()
    if not 0 <= seconds < _DAY:
        return moment(value)
    minutes = int(seconds // 60)
    text = "just now" if minutes < 1 else f"{minutes} min ago" if minutes < 60 else f"{minutes // 60} h ago"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', value.isoformat(timespec="seconds"), written(value), text
    )
