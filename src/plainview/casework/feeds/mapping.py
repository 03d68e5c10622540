"""What a publisher's list means: where in it the notices are, and where in a notice its number, pictures and page.

Owns the mapping: JMESPath expressions (https://jmespath.org/specification.html), checked when they are stated.
`feeds.reading` applies them. No Django here.
"""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from typing import Any

import jmespath

from plainview.policy.decision import Refused
from plainview.recognition.foreign import foreign, reason

NOT_PHOTOGRAPHS = (
    *("sketch", "drawing", "composite", "artist", "rendering", "reconstruction", "approximation", "clay model"),
    *("age-progressed", "age progressed", "age-progression", "age progression", "age-enhanced", "age enhanced"),
    *("aged to", "tattoo", "logo", "map of", "vehicle"),
)
"""Words of captions whose pictures are not photographs of a face and are left out; source: captions of the FBI's
Wanted API, such as "Age-enhanced photograph", "Artist sketch" and "Tattoo"."""

_FORMS = ("auto", "json", "csv", "feed")
_WAYS = ("none", "page", "offset", "cursor", "next")


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
    """Expressions over a page (`items`, `total`) and over one notice (the others); "" where the mapping has no expression.

    Attributes:
        form: json, csv, feed (RSS or Atom), or auto: told by the first character.
        items: the list of notices.
        total: the number of notices of the whole list, as the publisher states it.
        id: the publisher's own number of a notice; empty: its first picture's link.
        image: its pictures: a link, a list of links, or a list of objects with `link` and `caption`.
        page: link to the page that shows it.
        captured_on: the day on which its picture was taken.
        subject: the publisher's own number of the person, if one person has several notices or pictures; never a name.
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
    subject: str = ""


OWN = Mapping(subject="subject")
"""Plainview's own form: a list of objects with `image`, `page`, `captured_on` and `subject`, or an object with it in
`pictures`."""


_STILL = (
    "!(medium == 'video' || medium == 'audio' || (type && (starts_with(type, 'video') || starts_with(type, 'audio'))))"
)
"""What is not said to be a film or sound; many lists do not say what an enclosure is."""

_NEWS = {
    "items": "entries",
    "id": "id || link",
    "image": f"[links[?rel=='enclosure' && {_STILL}].href, media_content[?{_STILL}].url, media_thumbnail[].url][] "
    "|| text_images",
    "page": "link",
    "captured_on": "",
    "complete": False,
}
"""What an RSS or Atom list means unless its mapping says otherwise, in feedparser's names and `text_images`, the pictures
in an entry's HTML. It usually has the newest entries only, so that a missing one is not withdrawn."""


def as_table(mapping: Mapping) -> dict[str, Any]:
    """Return the mapping as plain values for JSON; nothing for Plainview's own form."""
    return {} if mapping == OWN else asdict(mapping)


def of_table(table: Table[str, Any]) -> Mapping:
    """Read a mapping from plain values.

    Raises:
        Refused: feed.mapping: an unknown name, a wrong kind of value, or an expression that is not JMESPath.
    """
    if not table:
        return OWN
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
    names = ("items", "total", "id", "image", "page", "captured_on", "subject", "kind", "where", "withdrawn")
    expressions = [(name, getattr(mapping, name)) for name in (*names, "details", "details_image")]
    expressions.append(("pages.next", mapping.pages.next))
    return [(name, text) for name, text in expressions if text]


def _not_jmespath(name: str, error: Exception) -> Refused:
    return _bad(f"`{name}` is not a JMESPath expression: {reason(error)}")


def _bad(why: str) -> Refused:
    return Refused("feed.mapping", "Feed refused", f"The mapping cannot be used: {why}.", "Correct the mapping.")
