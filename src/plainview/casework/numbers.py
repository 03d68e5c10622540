"""Numbers in the addresses of pages and of the API: ranks, positions, numbers of rows.

Owns how long such a number may be. A longer one is an unknown address; it must never reach the database, which cannot
compare it.
"""

from __future__ import annotations

from django.urls.converters import IntConverter, register_converter


class Number(IntConverter):
    """A number of at most 18 digits: it and its successor have room in 64 bits."""

    regex = "[0-9]{1,18}"


register_converter(Number, "number")


def limited(path: str) -> str:
    """Return a path with its numbers limited, such as `<number:rank>` for `<int:rank>`."""
    return path.replace("<int:", "<number:").replace("{int:", "{number:")
