"""Bytes of strangers as lines of text: UTF-8, or UTF-16 where the file says so or can be nothing else.

Owns the encodings. It must never decode by likelihood: a text in Windows-1252 is refused with its line, as another
code page would give other names.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator
from typing import BinaryIO

from plainview.tables.errors import TableError
from plainview.tables.shape import clip

LINE = 1 << 20
"""Most characters of a line: a path, two links and a date need far fewer."""

SAVE = (
    'In Excel, save it as "CSV UTF-8 (Comma delimited)" or as an Excel workbook (.xlsx); in LibreOffice, choose the '
    "character set Unicode (UTF-8)."
)

_CHUNK = 1 << 16
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)

Opener = Callable[[], BinaryIO]
"""Opens the bytes of a table, from their beginning."""


def encoding(opened: Opener) -> tuple[str, str]:
    """Return the codec of a text and its name for people."""
    with opened() as file:
        head = file.read(4)
    for mark, codec, name in _MARKS:
        if head.startswith(mark):
            return codec, name
    if len(head) == 4 and head[0] and head[2] and not head[1] and not head[3]:
        return "utf-16-le", "UTF-16 without a byte order mark"
    if len(head) == 4 and head[1] and head[3] and not head[0] and not head[2]:
        return "utf-16-be", "UTF-16 without a byte order mark"
    return "utf-8", "UTF-8"


def lines(opened: Opener, codec: str) -> Iterator[str]:
    r"""Yield the lines with their ends (\n, \r\n or \r), without byte order marks at their beginning.

    Raises:
        TableError: a line is not in this encoding, or is too long.
    """
    number = 0
    with opened() as binary, io.TextIOWrapper(binary, encoding=codec, newline="") as text:
        try:
            while line := text.readline(LINE):
                number += 1
                if len(line) == LINE and line[-1] not in "\r\n":
                    why = f"the line is longer than {LINE:,} characters"
                    raise TableError(why, "Check that the file is a table.", where=f"line {number}", number=number)
                yield line.lstrip("\ufeff")
        except UnicodeError:
            raise _undecodable(opened, codec) from None


def _undecodable(opened: Opener, codec: str) -> TableError:
    decoder, number, last = codecs.getincrementaldecoder(codec)(), 1, ""
    with opened() as file:
        while True:
            chunk = file.read(_CHUNK)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                text = error.object[: error.start].decode(codec, "ignore")
                return _refusal(number + _ends(text, last), codec, _around(error))
            except UnicodeError:  # a byte order mark alone
                return _refusal(number, codec, b"")
            number, last = number + _ends(text, last), text[-1:] or last
            if not chunk:  # only if the file changed meanwhile
                return _refusal(number, codec, b"")


def _ends(text: str, last: str) -> int:
    r"""Return how many lines end in the text; a \n after a \r is no end of its own."""
    text = last + text if last == "\r" else text
    return text.count("\n") + text.count("\r") - text.count("\r\n") - (last == "\r")


def _around(error: UnicodeDecodeError) -> bytes:
    before = error.object[max(0, error.start - 40) : error.start].replace(b"\r", b"\n").rpartition(b"\n")[2]
    after = error.object[error.start : error.start + 20].replace(b"\r", b"\n").partition(b"\n")[0]
    return before + after


def _refusal(number: int, codec: str, around: bytes) -> TableError:
    where = f"line {number}"
    if codec not in ("utf-8", "utf-8-sig"):
        name = codec.upper()[:6]
        return TableError(f"the text is damaged {name} or was cut short", SAVE, where=where, number=number)
    try:
        western = around.decode("cp1252")
    except UnicodeDecodeError:
        western = ""
    hint = f" (in Windows-1252, which older Excel files have, it would read {clip(western)!r})" if western else ""
    return TableError(f"the line is not UTF-8{hint}", SAVE, where=where, number=number)
