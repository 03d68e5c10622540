"""`{% url %}` for the pages of the table: their paths are known, so that no pattern has to be tried.

A list of candidates has two hundred addresses; Django's own way takes a fifth of the time of that page.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any

from django import template
from django.template import Context
from django.template.base import Parser, Token
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as django_url
from django.urls import get_script_prefix

register = template.Library()

_PLACE = re.compile(r"<(?:(\w+):)?\w+>")
_NUMBER = re.compile(r"[0-9]{1,18}")  # casework.numbers.Number
_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")  # nothing of it is quoted in an address


class PageNode(URLNode):
    """As Django's, which it leaves everything to but the pages of the table."""

    def render(self, context: Context) -> str:
        """Return the address, or keep it under the name after `as`."""
        known = None
        if not self.kwargs:
            known = address(self.view_name.resolve(context), [value.resolve(context) for value in self.args])
        if known is None:
            return str(super().render(context))
        if self.asvar:
            context[self.asvar] = known
            return ""
        return known


@register.tag
def url(parser: Parser, token: Token) -> URLNode:
    """Parse as Django does."""
    node = django_url(parser, token)
    return PageNode(node.view_name, node.args, node.kwargs, node.asvar)


def address(name: str, values: Sequence[Any]) -> str | None:
    """Return the address of a page of the table; None if Django shall look: another page, or a value to be quoted."""
    known = _pages().get(name)
    if known is None or len(known[1]) != len(values):
        return None
    texts = tuple(map(str, values))
    for kind, text in zip(known[1], texts, strict=True):
        if not (_NUMBER if kind == "int" else _PLAIN).fullmatch(text):
            return None
    return get_script_prefix() + known[0].format(*texts)


@functools.cache
def _pages() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Name of a page -> its path with places, and the kind of each; a name of several pages is left out."""
    from plainview.web.pages import PAGES

    known: dict[str, tuple[str, tuple[str, ...]]] = {}
    names = [page.name for page in PAGES]
    for page in PAGES:
        kinds = tuple(kind or "str" for kind in _PLACE.findall(page.path))
        if names.count(page.name) == 1 and set(kinds) <= {"int", "str"}:
            known[page.name] = (_PLACE.sub("{}", page.path), kinds)
    return known
