"""Entries of the log as people read them: a sentence, and the public facts in words."""

from __future__ import annotations

from django import template

from plainview.audit.record import Entry
from plainview.casework.log import actions
from plainview.casework.log.commit import ROWS

register = template.Library()

_FOR_CHECKS = {ROWS, "sha256", "size"}


@register.filter
def says(entry: Entry) -> str:
    """Return what the entry says happened."""
    return actions.sentence(entry.action, entry.subject)


@register.filter
def facts(entry: Entry) -> list[tuple[str, str]]:
    """Return the public facts of the entry: (name, words)."""
    return actions.facts(entry.subject)


@register.filter
def in_brief(entry: Entry) -> list[tuple[str, str]]:
    """Return the public facts for a row of a list: those that only a check needs are on the entry's own page."""
    return [(name, value) for name, value in facts(entry) if name not in _FOR_CHECKS]


@register.filter
def words(name: str) -> str:
    """Return the name of a sealed fact as words."""
    return name.replace("_", " ")


@register.filter
def says_action(action: str) -> str:
    """Return what an action means."""
    return actions.sentence(action, {})
