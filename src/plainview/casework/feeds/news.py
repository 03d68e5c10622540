"""RSS and Atom as feedparser reads them, with the pictures that the text of an entry shows.

Owns what is refused before feedparser sees it: it takes the square of an element's attributes, and its limits on entities
are those of whatever parser it finds. It must never open an address that a list names. No Django here.
"""

from __future__ import annotations

import io
import json
import re
from html import unescape
from html.entities import name2codepoint
from typing import Any
from urllib.parse import urljoin
from xml.parsers.expat import ErrorString, ExpatError
from xml.sax import SAXParseException

import feedparser

from plainview.recognition.foreign import Unreadable, reason
from plainview.tables.markup import look_through

NEWS_BYTES = 16 << 20
"""Largest RSS or Atom list, bytes: chosen, a thousand entries with 16 kB of text each."""

NEWS_EVENTS = 500_000
"""Most elements and pieces of text of a list: chosen, feedparser takes about 10 microseconds for each."""

_DECLARATION = re.compile(r"""^\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["'][^>]{0,200}\?>""")
_CODECS = re.compile(
    r"utf-?8|us-?ascii|iso[-_]?8859-\d{1,2}|latin-?1|(windows-|cp)(125\d|874|932|936|949|950)|koi8-[ru]|shift[-_]jis"
    r"|iso-2022-(jp|kr)|euc-(jp|kr)|gb(k|2312|18030)|big5(-hkscs)?|tis-620",
    re.I,
)
"""Encodings that publishers state and that keep ASCII. Others (UTF-7, punycode) are slow, or hide what is in the text."""

_NAMED = re.compile(r"&(\w{2,8});")
_CHARACTERS = {name: f"&#{point};" for name, point in name2codepoint.items() if name not in ("amp", "lt", "gt", "quot")}

_IMG = re.compile(r"<img\b([^<>]*)>", re.I)
_ATTRIBUTE = re.compile(r"""(?<![\w-])([\w-]{1,40})\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""")
_SMALL = 24
"""Pixels: what is shown smaller is a smiley, an icon or a counter (1 x 1), not a portrait: chosen."""


def read_news(data: bytes, encoding: str) -> dict[str, Any]:
    """Return a list in feedparser's names; each entry has `text_images`, the pictures that its text shows.

    Args:
        data: the list.
        encoding: what its first bytes show: utf-8, or a form of UTF-16 or UTF-32.

    Raises:
        Unreadable: it is no list, or is beyond the limits; the text says why.
    """
    if len(data) > NEWS_BYTES:
        raise Unreadable(f"it has {len(data) >> 20} MB, and {NEWS_BYTES >> 20} MB of RSS or Atom are read")
    text = _text(data, encoding)
    if "<html" in text[:1000].lower():
        raise Unreadable("it is a web page, not RSS or Atom")
    # XML has no names for HTML's characters (&nbsp;), and strict readers end there; their numbers mean the same.
    plain = _NAMED.sub(lambda name: _CHARACTERS.get(name[1], name[0]), text).encode()
    try:
        events = look_through(plain)
    except ExpatError as error:
        why = f"line {error.lineno}: {ErrorString(error.code)}"
        raise Unreadable(f"it is not RSS or Atom, or was cut off ({why})") from None
    if events > NEWS_EVENTS:
        raise Unreadable(f"it has {events:,} elements and pieces of text, and {NEWS_EVENTS:,} are read")
    # A stream: text that looks like an address would be opened as one. Its HTML is never shown, so it stays as it is.
    parsed = feedparser.parse(io.BytesIO(plain), resolve_relative_uris=False, sanitize_html=False)
    if parsed.get("bozo"):
        raise Unreadable(f"it is not RSS or Atom, or was cut off ({_place(parsed['bozo_exception'])})")
    if not parsed.get("version"):
        raise Unreadable("it is neither RSS nor Atom")
    news: dict[str, Any] = json.loads(json.dumps(parsed, default=lambda _: None))
    for entry in news["entries"]:
        entry["text_images"] = _text_images(entry)
    return news


def _text(data: bytes, encoding: str) -> str:
    """Return a list as text without its declaration; as in browsers, what is not in the stated encoding is Windows-1252."""
    head = data[:1000].decode("latin-1").removeprefix("ï»¿")
    if encoding.startswith("utf-8") and (stated := _DECLARATION.match(head)):
        if not _CODECS.fullmatch(stated[1]):
            raise Unreadable(f"it states the encoding {stated[1]}, which is not read")
        encoding = "utf-8-sig" if stated[1].lower() in ("utf-8", "utf8") else stated[1]
    try:
        text = data.decode(encoding)
    except (LookupError, UnicodeError):
        text = data.decode("windows-1252", "replace")
    text = text.removeprefix("\ufeff")
    declared = re.match(r"\s*(<\?xml\s[^>]*\?>)", text)
    return text[: declared.start(1)] + text[declared.end(1) :] if declared else text


def _place(error: Exception) -> str:
    if isinstance(error, SAXParseException):
        return f"line {error.getLineNumber()}: {error.getMessage()}"
    return reason(error)


def _text_images(entry: dict[str, Any]) -> list[dict[str, str]]:
    """Return the pictures in the HTML of an entry: link and caption, each link once."""
    texts = [part.get("value") for part in entry.get("content") or []] + [entry.get("summary")]
    base = entry.get("link") or ""
    images: dict[str, dict[str, str]] = {}
    for text in texts:
        for tag in _IMG.finditer(text or ""):
            values = {name.lower(): unescape(value.strip("\"'")).strip() for name, value in _ATTRIBUTE.findall(tag[1])}
            # Pages that load pictures late have a place holder in `src`, often a data: address.
            sources = (values.get(name, "") for name in ("src", "data-src", "data-lazy-src"))
            source = next((link for link in sources if link and not link.lower().startswith("data:")), "")
            if source and not _is_small(values):
                link = urljoin(base, source)
                images.setdefault(link, {"link": link, "caption": values.get("alt") or values.get("title", "")})
    return list(images.values())


def _is_small(values: dict[str, str]) -> bool:
    stated = (values.get(name, "").removesuffix("px") for name in ("width", "height"))
    return "wp-smiley" in values.get("class", "") or any(size.isdecimal() and int(size) < _SMALL for size in stated)
