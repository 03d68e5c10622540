"""Words for what a disclosure's files carry: their times, and whose id stands for which name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from django import template

register = template.Library()


@register.filter
def when(text: str | None) -> str:
    """A time of a file, to the minute, in words: "4 Mar 2026, 05:06 UTC"; "" for none."""
    if not text:
        return ""
    return f"{datetime.fromisoformat(text).astimezone(UTC):%-d %b %Y, %H:%M} UTC"


@register.filter
def of(names: Mapping[str, str], public_id: str) -> str:
    """The name of whom an id stands for; the id itself where nobody is known by it."""
    return names.get(public_id, public_id)
