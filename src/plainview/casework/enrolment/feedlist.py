"""Reading a publisher's list: the pictures that it offers, each with the page that shows it. Nothing else is read.

Owns the two forms, JSON (a list of objects, or an object with the list under `pictures`) and CSV (with a header), with
the columns `image`, `page` and `captured_on`. No Django here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from plainview.casework.enrolment.items import Unusable
from plainview.recognition.foreign import foreign, reason
from plainview.tables.dates import Precision, read_capture_date
from plainview.tables.errors import TableError
from plainview.tables.read import open_table
from plainview.tables.shape import Shape

LIST_BYTES = 64 << 20
"""Largest list, bytes: about half a million pictures; a publisher with more pictures offers several lists."""


SHAPE = Shape(
    "list of pictures",
    ("image", "page", "captured_on"),
    required=("image",),
    dates=("captured_on",),
    links=("image", "page"),
    hints={"url": "image", "picture": "image", "link": "page", "date": "captured_on"},
)
"""Columns of a list in CSV; `image` is required."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One entry: the picture's link, the link of the page that shows it or "", and its capture date, if stated."""

    image: str
    page: str
    captured_on: date | None
    captured_precision: Precision = "day"


def read_list(data: bytes) -> list[Offer]:
    """Read a list.

    Raises:
        Unusable: feed.list, with the line or number of the faulty entry.
    """
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"[", b"{"):
        return _table(data)
    with foreign(lambda error: _bad("it is not UTF-8" if isinstance(error, UnicodeDecodeError) else reason(error))):
        entries = _json(data.decode("utf-8-sig"))
    return [_offer(f"row {number}", entry) for number, entry in enumerate(entries, start=1)]


def _table(data: bytes) -> list[Offer]:
    try:
        return [_offer(entry.where, entry.cells) for entry in open_table(data, "list.csv", SHAPE).rows()]
    except TableError as error:
        raise _bad(f"{error.where}: {error.why}" if error.where else error.why) from None


def _json(text: str) -> list[Any]:
    parsed = json.loads(text)
    entries = parsed.get("pictures") if isinstance(parsed, dict) else parsed
    if not isinstance(entries, list):
        raise _bad("it is neither a list nor an object with the list under `pictures`")
    return entries


def _offer(where: str, entry: Any) -> Offer:
    if not isinstance(entry, dict):
        raise _bad(f"{where} does not name an image")
    values = [entry.get(name) or "" for name in SHAPE.columns]
    image, page, captured = (value.strip() if isinstance(value, str) else "" for value in values)
    if not image or not all(isinstance(value, str) and value.isprintable() for value in values):
        raise _bad(f"{where} does not name an image, or a value is not text")
    try:
        return Offer(image, page, *(read_capture_date(captured) if captured else (None, "day")))
    except ValueError as error:
        raise _bad(f"{where}: captured_on {error}") from None


def _bad(why: str) -> Unusable:
    return Unusable("feed.list", f"The publisher's list cannot be used: {why}.")
