"""What a publisher's list means: where in it the notices are, and where in a notice its number, pictures and page.

Owns the mapping: JMESPath expressions (https://jmespath.org/specification.html) over a page of JSON; a CSV file is
read as a list of objects, an RSS or Atom file as feedparser reads it. It must never guess: a page that does not have
the stated shape is refused, with what it has instead. No Django here.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping as Table
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from functools import partial
from typing import Any

import feedparser
import jmespath

from plainview.casework.enrolment.manifest import Unusable
from plainview.policy.decision import Refused
from plainview.recognition.foreign import foreign, reason

LIST_BYTES = 64 << 20
"""Largest page of a list, bytes: about half a million pictures."""

NOT_PHOTOGRAPHS = (
    *("sketch", "drawing", "composite", "artist", "rendering", "reconstruction", "approximation", "clay model"),
    *("age-progressed", "age progressed", "age-progression", "age progression", "age-enhanced", "age enhanced"),
    *("aged to", "tattoo", "logo", "map of", "vehicle"),
)
"""Words of captions whose pictures are not photographs of a face and are left out; source: captions of the FBI's
Wanted API, such as "Age-enhanced photograph", "Artist sketch" and "Tattoo"."""

_FORMS = ("auto", "json", "csv", "feed")
_WAYS = ("none", "page", "offset", "cursor", "next")
_MOST_IMAGES = 50  # of one notice


@dataclass(frozen=True, slots=True)
class Pages:
    """How a list goes on: by `page` number, `offset`, `cursor`, the `next` link, or not at all.

    Attributes:
        by: one of these words, or none.
        parameter: the query parameter with the page number, the offset or the cursor.
        start: the first page's number.
        size_parameter, size: the query parameter with the notices per page, and that number; empty: not asked.
        next: expression for the next cursor or link.
    """

    by: str = "none"
    parameter: str = "page"
    start: int = 1
    size_parameter: str = ""
    size: int = 0
    next: str = ""


@dataclass(frozen=True, slots=True)
class Mapping:
    """Expressions over a page (`items`, `total`) and over one notice (the others); "" where there is none.

    Attributes:
        form: json, csv, feed (RSS or Atom), or auto: told by the first character.
        items: the list of notices.
        total: the number of notices of the whole list, as the publisher states it.
        id: the publisher's own number of a notice; empty: its first picture's link.
        image: its pictures: a link, a list of links, or a list of objects with `link` and `caption`.
        page: link to the page that shows it.
        captured_on: the day on which its picture was taken.
        kind: the publisher's word for its kind.
        where: true for the notices that are taken.
        withdrawn: true for notices that the publisher itself calls over.
        details, details_image: link to a second list with its pictures, and their expression there.
        complete: the list has every notice that is published, so that a missing one is withdrawn.
        leave_out: words of captions whose pictures are not taken.
        pages: see `Pages`.
    """

    form: str = "auto"
    items: str = "pictures || @"
    total: str = ""
    id: str = ""
    image: str = "image"
    page: str = "page"
    captured_on: str = "captured_on"
    kind: str = ""
    where: str = ""
    withdrawn: str = ""
    details: str = ""
    details_image: str = ""
    complete: bool = True
    leave_out: tuple[str, ...] = NOT_PHOTOGRAPHS
    pages: Pages = field(default_factory=Pages)


OWN = Mapping()
"""Plainview's own form: a list of objects with `image`, `page` and `captured_on`, or an object with it in `pictures`."""


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


_NEWS = {
    "items": "entries",
    "id": "id || link",
    "image": "[links[?rel=='enclosure'].href, media_content[].url, media_thumbnail[].url][]",
    "page": "link",
    "captured_on": "",
    "complete": False,
}
"""What an RSS or Atom list means unless its mapping says otherwise, in feedparser's names. It usually has the newest
entries only, so that a missing one is not withdrawn."""


def as_table(mapping: Mapping) -> dict[str, Any]:
    """Return the mapping as plain values for JSON; nothing for Plainview's own form."""
    return {} if mapping == OWN else asdict(mapping)


def of_table(table: Table[str, Any]) -> Mapping:
    """Read a mapping from plain values.

    Raises:
        Refused: feed.mapping: an unknown name, a wrong kind of value, or an expression that is not JMESPath.
    """
    values: dict[str, Any] = {**(_NEWS if table.get("form") == "feed" else {}), **_checked(table, Mapping)}
    pages = values.pop("pages", {})
    if not isinstance(pages, Table):
        raise _bad("`pages` is not a table")
    words = values.pop("leave_out", list(NOT_PHOTOGRAPHS))
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) and word for word in words):
        raise _bad("`leave_out` is not a list of words")
    mapping = Mapping(**values, leave_out=tuple(words), pages=Pages(**_checked(pages, Pages)))
    if mapping.form not in _FORMS:
        raise _bad(f"`form` is {mapping.form!r}; it is one of {', '.join(_FORMS)}")
    if mapping.pages.by not in _WAYS:
        raise _bad(f"`pages.by` is {mapping.pages.by!r}; it is one of {', '.join(_WAYS)}")
    if mapping.pages.by in ("cursor", "next") and not mapping.pages.next:
        raise _bad(f"`pages.by` is {mapping.pages.by}, which needs `pages.next`")
    if not (mapping.image or mapping.details):
        raise _bad("neither `image` nor `details` says where the pictures are")
    if bool(mapping.details) != bool(mapping.details_image):
        raise _bad("`details` and `details_image` belong together")
    for name, text in _expressions(mapping):
        with foreign(partial(_not_jmespath, name)):
            jmespath.compile(text)
    return mapping


def _checked(table: Table[str, Any], model: type[Mapping] | type[Pages]) -> dict[str, Any]:
    kinds = {column.name: column for column in fields(model)}
    for name, value in table.items():
        if name not in kinds:
            raise _bad(f"there is no `{name}`; the names are {', '.join(kinds)}")
        kind = str(kinds[name].type)
        if (kind == "str" and not isinstance(value, str)) or (kind in ("int", "bool") and type(value).__name__ != kind):
            raise _bad(
                f"`{name}` is not {'a text' if kind == 'str' else 'a number' if kind == 'int' else 'true or false'}"
            )
    return dict(table)


def _expressions(mapping: Mapping) -> list[tuple[str, str]]:
    names = ("items", "total", "id", "image", "page", "captured_on", "kind", "where", "withdrawn")
    expressions = [(name, getattr(mapping, name)) for name in (*names, "details", "details_image")]
    expressions.append(("pages.next", mapping.pages.next))
    return [(name, text) for name, text in expressions if text]


def _not_jmespath(name: str, error: Exception) -> Refused:
    return _bad(f"`{name}` is not a JMESPath expression: {reason(error)}")


def _bad(why: str) -> Refused:
    return Refused("feed.mapping", "Feed refused", f"The mapping cannot be used: {why}.", "Correct the mapping.")


def read_page(data: bytes, mapping: Mapping) -> ListPage:
    """Read one page of a list.

    Raises:
        Unusable: feed.list (it cannot be read), feed.shape (it does not have the stated shape).
    """
    parsed = _parsed(data, mapping.form)
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


def _notice(entry: Any, mapping: Mapping) -> Notice:
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
    )


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
        if form in ("auto", "feed") and data.lstrip()[:1] == b"<":
            return _xml(data)
        if form == "feed":
            raise Unusable("feed.list", "The publisher's list cannot be used: it is not RSS or Atom.")
        text = data.decode("utf-8-sig")
        if form == "csv" or (form == "auto" and text.lstrip()[:1] not in ("[", "{")):
            return _csv(text)
        return json.loads(text)


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
    return Unusable("feed.list", f"The publisher's list cannot be used: {why}.")


def _csv(text: str) -> list[dict[str, Any] | None]:
    # A stray quotation mark must end the reading: without `strict` it swallows the rows after it.
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True, restkey="", skipinitialspace=True)
    return [None if "" in line else {(name or "").strip(): value for name, value in line.items()} for line in reader]


def _xml(data: bytes) -> Any:
    if b"<html" in data[:1000].lower():
        raise Unusable("feed.list", "The publisher's list cannot be used: it is a web page, not RSS or Atom.")
    if b"<!ENTITY" in data:
        raise Unusable("feed.list", "The publisher's list cannot be used: it defines entities, which no list needs.")
    # A stream: text that looks like an address would be opened as one.
    parsed = feedparser.parse(io.BytesIO(data), resolve_relative_uris=False)
    if parsed.get("bozo") and not isinstance(parsed.get("bozo_exception"), feedparser.CharacterEncodingOverride):
        raise Unusable(
            "feed.list",
            f"The publisher's list cannot be used: it is not RSS or Atom, or was cut off "
            f"({reason(parsed['bozo_exception'])}).",
        )
    if not parsed.get("version"):
        raise Unusable("feed.list", "The publisher's list cannot be used: it is neither RSS nor Atom.")
    return json.loads(json.dumps(parsed, default=lambda _: None))


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
