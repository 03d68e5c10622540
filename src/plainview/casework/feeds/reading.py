"""Reading one page of a publisher's list by its mapping: JSON, a CSV file as a list of objects, RSS or Atom.

Owns what comes out: notices, and the rows that cannot be used with the reason. It must never guess: a page that does
not have the stated shape is refused, with the names that it has instead. No Django here.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import jmespath

from plainview.casework.enrolment.manifest import Unusable
from plainview.casework.feeds.mapping import OWN, Mapping
from plainview.casework.feeds.news import read_news
from plainview.casework.galleries.subjects import normal
from plainview.policy.decision import Allow, Refused
from plainview.policy.subjects import usable_number
from plainview.recognition.foreign import Unreadable, foreign, reason
from plainview.tables.errors import TableError
from plainview.tables.parquet import NoParquet
from plainview.tables.read import open_table
from plainview.tables.shape import Shape

LIST_BYTES = 64 << 20
"""Largest page of a list, bytes: about half a million pictures."""

_MOST_IMAGES = 50  # of one notice
_NO_TABLE = ("[", "{", "<")  # what begins a list that is no table

_OWN = Shape(
    "list of pictures",
    ("image", "page", "captured_on", "subject"),
    required=("image",),
    dates=("captured_on",),
    links=("image", "page"),
    hints={"url": "image", "picture": "image", "link": "page", "date": "captured_on"},
)


@dataclass(frozen=True, slots=True)
class Image:
    """A picture of a notice: its link, and its caption or ""."""

    link: str
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice: what the publisher says, and nothing that we make of it. `details` is a link or ""."""

    id: str
    page: str
    captured_on: date | None
    kind: str
    withdrawn: bool
    images: tuple[Image, ...]
    left_out: int = 0
    details: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list.

    Attributes:
        notices: those that are taken.
        rows: the number of all its rows.
        ids: the number of each row, to recognise a page that repeats.
        passed_over: (row, why) of rows that cannot be used.
        total, next: see `Mapping` and `Pages`; None where the page does not say.
    """

    notices: tuple[Notice, ...]
    rows: int
    ids: tuple[str, ...]
    passed_over: tuple[tuple[int, str], ...]
    total: int | None
    next: str | None


def read_page(data: bytes, mapping: Mapping) -> ListPage:
    """Read one page of a list.

    Raises:
        Unusable: feed.list (it cannot be read), feed.shape (it does not have the stated shape).
    """
    parsed = _own(data) if mapping == OWN and _first(data) not in _NO_TABLE else _parsed(data, mapping.form)
    rows = _ask(mapping.items, parsed)
    if not isinstance(rows, list):
        raise _shape(f"it has no list at `{mapping.items}`; it has {_has(parsed)}")
    notices: list[Notice] = []
    ids: list[str] = []
    passed_over: list[tuple[int, str]] = []
    for number, entry in enumerate(rows, start=1):
        try:
            notice = _notice(entry, mapping)
        except _PassedOver as error:
            passed_over.append((number, str(error)))
            ids.append("")
            continue
        ids.append(notice.id)
        if not mapping.where or _truth(_ask(mapping.where, entry)):
            notices.append(notice)
    if rows and len(passed_over) == len(rows):
        raise _shape(f"row 1: {passed_over[0][1]}; it has {_has(rows[0])}")
    return ListPage(
        tuple(notices),
        len(rows),
        tuple(ids),
        tuple(passed_over),
        _number(_ask(mapping.total, parsed)) if mapping.total else None,
        _text(_ask(mapping.pages.next, parsed)) or None if mapping.pages.next else None,
    )


def read_details(data: bytes, mapping: Mapping) -> tuple[tuple[Image, ...], int]:
    """Return the pictures that a notice's second list names, and how many were left out.

    Raises:
        Unusable: feed.list, feed.shape.
    """
    parsed = _parsed(data, "json")
    images = _images(_ask(mapping.details_image, parsed), mapping.leave_out)
    if not images[0] and not images[1] and _ask(mapping.details_image, parsed) is None:
        raise _shape(f"it has no pictures at `{mapping.details_image}`; it has {_has(parsed)}")
    return images


class _PassedOver(Exception):
    """A row that cannot be used, and why."""


class _Trouble(str):
    """Why a row of a table cannot be used, in its place."""

    __slots__ = ()


def _notice(entry: Any, mapping: Mapping) -> Notice:
    if isinstance(entry, _Trouble):
        raise _PassedOver(str(entry))
    if not isinstance(entry, dict):
        raise _PassedOver("it is not an object, or has more cells than the header")
    images, left_out = _images(_ask(mapping.image, entry) if mapping.image else None, mapping.leave_out)
    number = _text(_ask(mapping.id, entry)) if mapping.id else (images[0].link if images else "")
    if not number:
        raise _PassedOver(
            f"it has no number at `{mapping.id}`" if mapping.id else f"it has no picture at `{mapping.image}`"
        )
    return Notice(
        number[:200],
        _text(_ask(mapping.page, entry)) if mapping.page else "",
        _day(_text(_ask(mapping.captured_on, entry))) if mapping.captured_on else None,
        _text(_ask(mapping.kind, entry))[:100] if mapping.kind else "",
        bool(mapping.withdrawn) and _truth(_ask(mapping.withdrawn, entry)),
        images,
        left_out,
        _text(_ask(mapping.details, entry)) if mapping.details else "",
        _of_person(_text(_ask(mapping.subject, entry))) if mapping.subject else "",
    )


def _of_person(text: str) -> str:
    """Return a person's number.

    Raises:
        _PassedOver: it cannot be one.
    """
    decision = usable_number(normal(text)) if text else Allow()
    if isinstance(decision, Refused):
        raise _PassedOver(decision.why)
    return normal(text)


def _images(value: Any, leave_out: tuple[str, ...]) -> tuple[tuple[Image, ...], int]:
    """Return the pictures of a value, each link once, and the number of those that are not photographs."""
    images: dict[str, Image] = {}
    left_out = 0
    for entry in value if isinstance(value, list) else [value]:
        link, caption = (entry.get("link"), entry.get("caption")) if isinstance(entry, dict) else (entry, "")
        if not isinstance(link, str) or not link.strip():
            continue
        caption = _text(caption)[:200]
        if any(word in caption.lower() for word in leave_out):
            left_out += 1
        elif len(images) < _MOST_IMAGES:
            images.setdefault(link.strip(), Image(link.strip(), caption))
    return tuple(images.values()), left_out


def _day(text: str) -> date | None:
    """Return a date YYYY-MM-DD or YYYY/MM/DD, also at the beginning of a moment; None for none.

    Raises:
        _PassedOver: it is something else; the order of day and month is never guessed.
    """
    if not text:
        return None
    match = re.match(r"(\d{4})[-/](\d{2})[-/](\d{2})(?!\d)", text)
    try:
        if match is None:
            raise ValueError(text)
        return date(*map(int, match.groups()))
    except ValueError:
        raise _PassedOver(f"captured_on is {text[:40]!r}, which is not a date YYYY-MM-DD") from None


def _parsed(data: bytes, form: str) -> Any:
    with foreign(_unreadable):
        encoding = json.detect_encoding(data)
        if form in ("auto", "feed") and _first(data) == "<":
            try:
                return read_news(data, encoding)
            except Unreadable as error:
                raise _unusable(str(error)) from None
        if form == "feed":
            raise _unusable("it is not RSS or Atom")
        text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
        if form == "csv" or (form == "auto" and text.lstrip()[:1] not in ("[", "{")):
            return _csv(text)
        return json.loads(text)


def _first(data: bytes) -> str:
    """Return the first character of a list that is no space."""
    return data[:1000].decode(json.detect_encoding(data[:8]), "ignore").lstrip("\ufeff \t\r\n")[:1]


def _unreadable(error: Exception) -> Unusable:
    if isinstance(error, UnicodeDecodeError):
        why = "it is not UTF-8"
    elif isinstance(error, json.JSONDecodeError):
        start = error.doc.lstrip()[:1]
        page = start == "<"
        why = (
            "it is a web page, not JSON"
            if page
            else f"it is not JSON, or was cut off ({error.msg}, line {error.lineno})"
        )
    else:
        why = reason(error)
    return _unusable(why)


def _own(data: bytes) -> list[dict[str, str] | _Trouble]:
    try:
        table = open_table(data, "list.csv", _OWN)
    except TableError as error:
        raise (_shape(str(error)) if error.where else _unusable(str(error))) from None
    except NoParquet:
        raise _unusable("it is a Parquet file, which needs the extra parquet") from None
    try:
        return [_Trouble(record.trouble) if record.trouble else record.cells for record in table]
    except TableError as error:
        raise _unusable(str(error)) from None


def _unusable(why: str) -> Unusable:
    return Unusable("feed.list", f"The publisher's list cannot be used: {why}.")


def _csv(text: str) -> list[dict[str, Any] | None]:
    # A stray quotation mark must end the reading: without `strict` it swallows the rows after it.
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True, restkey="", skipinitialspace=True)
    return [None if "" in line else {(name or "").strip(): value for name, value in line.items()} for line in reader]


def _ask(expression: str, value: Any) -> Any:
    with foreign(lambda error: _shape(f"`{expression}` cannot be applied: {reason(error)}")):
        return jmespath.search(expression, value)


def _shape(why: str) -> Unusable:
    return Unusable("feed.shape", f"The publisher's list has changed its shape, or the mapping is wrong: {why}.")


def _has(value: Any) -> str:
    """Return the names in an object, or its kind: never a value, which may be about a person."""
    if isinstance(value, dict):
        names = [str(name)[:40] for name in value]
        return (", ".join(names[:20]) + (", …" if len(names) > 20 else "")) or "nothing"
    return {list: "a list", str: "a text", type(None): "nothing"}.get(type(value), "a number")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _number(value: Any) -> int | None:
    text = _text(value)
    return int(text) if text.isdecimal() else None


def _truth(value: Any) -> bool:
    """Return the truth of a value as JMESPath has it: empty and missing values are false, 0 is true."""
    return value not in (None, False, "", [], {})
