"""Reading a publisher's list: the pictures that it offers, each with the page that shows it. Nothing else is read.

Owns the two forms, JSON (a list of objects, or an object with the list under `pictures`) and CSV (with a header), with
the columns `image`, `page` and `captured_on`. No Django here.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from plainview.casework.enrolment.manifest import Unusable
from plainview.recognition.foreign import foreign, reason

LIST_BYTES = 64 << 20
"""Largest list, bytes: about half a million pictures; a publisher with more pictures offers several lists."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One entry: the picture's link, the link of the page that shows it or "", and its capture date, if stated."""

    image: str
    page: str
    captured_on: date | None


def read_list(data: bytes) -> list[Offer]:
    """Read a list.

    Raises:
        Unusable: feed.list, with the number of the faulty row.
    """
    with foreign(lambda error: _bad("it is not UTF-8" if isinstance(error, UnicodeDecodeError) else reason(error))):
        text = data.decode("utf-8-sig")
        rows = list(_json(text) if text.lstrip()[:1] in ("[", "{") else _csv(text))
    return [_offer(number, entry) for number, entry in enumerate(rows, start=1)]


def _json(text: str) -> list[Any]:
    parsed = json.loads(text)
    rows = parsed.get("pictures") if isinstance(parsed, dict) else parsed
    if not isinstance(rows, list):
        raise _bad("it is neither a list nor an object with the list under `pictures`")
    return rows


def _csv(text: str) -> Iterator[dict[str, Any]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if "image" not in (reader.fieldnames or ()):
        raise _bad("it has no column `image`")
    yield from reader


def _offer(number: int, entry: Any) -> Offer:
    if not isinstance(entry, dict):
        raise _bad(f"row {number} does not name an image")
    values = [entry.get(name) or "" for name in ("image", "page", "captured_on")]
    image, page, captured = (value.strip() if isinstance(value, str) else "" for value in values)
    if not image or not all(isinstance(value, str) for value in values):
        raise _bad(f"row {number} does not name an image, or a value is not text")
    try:
        return Offer(image, page, date.fromisoformat(captured) if captured else None)
    except ValueError:
        raise _bad(f"row {number}: captured_on is not a date YYYY-MM-DD") from None


def _bad(why: str) -> Unusable:
    return Unusable("feed.list", f"The publisher's list cannot be used: {why}.")
