"""Texts for the files of a disclosure: their times, and the names of the people in them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from django import template

register = template.Library()


@register.filter
def when(text: str | None) -> str:
    """Return a time of a file, to the minute: "4 Mar 2026, 05:06 UTC"; "" for none."""
    if not text:
        return ""
    return f"{datetime.fromisoformat(text).astimezone(UTC):%-d %b %Y, %H:%M} UTC"


@register.filter
def of(names: Mapping[str, str], public_id: str) -> str:
    """Return the name of the person with this id, or the id itself if the name is unknown."""
    return names.get(public_id, public_id)
