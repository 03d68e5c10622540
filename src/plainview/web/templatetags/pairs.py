"""The pairs of a mapping whose keys come from data: `mapping.items` in a template is the value of a key named "items"."""

from __future__ import annotations

from collections.abc import ItemsView, Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def pairs(mapping: Mapping[Any, Any]) -> ItemsView[Any, Any]:
    """Return the (key, value) pairs of a mapping."""
    return mapping.items()
