"""Typst source made from plain values, and PDF/UA-1 made from it; pictures never touch a disk on the way.

Owns the escaping: whatever a text holds, it is shown and never read as code.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Sequence

import typst

TOFU = "\N{WHITE SQUARE}"
"""Stands for a sign that no installed font has."""

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\ufeff]")
"""What a text may hold and a document may not: control characters, and the mark of byte order."""

_MISSING = re.compile(r'(?:the text|the disallowed codepoint) `"(.+?)"`', re.DOTALL)
_ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")


def string(text: str) -> str:
    """Return a typst string literal; nothing in it can be read as code."""
    shown = _CONTROLS.sub("", text)
    return '"' + shown.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def text(words: str) -> str:
    """Return typst code that shows a text as it is."""
    return f"#{string(words)}"


def lines(words: str) -> str:
    """As `text`, with its line breaks kept."""
    return "#{" + " + linebreak() + ".join(string(line) for line in words.split("\n")) + "}"


def picture(jpeg: bytes, *, width: str, alt: str, marks: Sequence[tuple[float, float] | None] = ()) -> str:
    """Return typst code that shows a square JPEG, without a leading "#".

    Args:
        jpeg: the picture's bytes; they are carried inside the source, so that no file is written.
        width: a typst length, such as "3cm" or "100%".
        alt: what it shows, for those who do not see it.
        marks: places to ring and number from 1: (x, y), shares of the side from the left and the top, 0 to 1;
            None keeps its number and has no ring.
    """
    data = base64.b64encode(jpeg).decode()
    svg = (
        "<svg xmlns='http://www.w3.org/2000/svg' width='100' height='100' viewBox='0 0 100 100'>"
        f"<image width='100' height='100' href='data:image/jpeg;base64,{data}'/>{rings(marks)}</svg>"
    )
    return f'image(bytes({string(svg)}), format: "svg", width: {width}, alt: {string(alt)})'


def rings(marks: Sequence[tuple[float, float] | None]) -> str:
    """Return SVG of rings, white on black so that they show on every picture, each with its number.

    Args:
        marks: the places: (x, y), shares of the side from the left and the top, 0 to 1; the drawing is 100 wide and high.
            None keeps its number and has no ring.
    """
    shown = []
    for number, mark in enumerate(marks, start=1):
        if mark is None:
            continue
        x, y = mark
        place = f"cx='{x * 100:.1f}' cy='{y * 100:.1f}' r='2.4' fill='none'"
        at = f"x='{x * 100 + 3:.1f}' y='{y * 100 - 1.5:.1f}' font-size='5' font-weight='bold'"
        shown.append(
            f"<circle {place} stroke='black' stroke-width='1.6'/><circle {place} stroke='white' stroke-width='0.7'/>"
        )
        shown.append(
            f"<text {at} stroke='black' stroke-width='1.2'>{number}</text><text {at} fill='white'>{number}</text>"
        )
    return "".join(shown)


def pdf(source: str) -> bytes:
    """Compile to PDF/UA-1, which has no place for a sign without a picture.

    A sign of a script for which no font is installed here is shown as `TOFU`, and its whole script with it: a name that
    cannot be printed must not keep a document from being made.

    Raises:
        TypstError: anything else is wrong with the source.
    """
    while True:
        try:
            return bytes(typst.compile(source.encode(), format="pdf", pdf_standards=["ua-1"]))
        except typst.TypstError as error:
            shown = _without(source, str(error))
            if shown == source:
                raise
            source = shown


def _without(source: str, error: str) -> str:
    """The source without the script of the sign that the error names."""
    named = _MISSING.search(error)
    if named is None:
        return source
    signs = _ESCAPED.sub(lambda code: chr(int(code[1], 16)), named[1])
    scripts = {_script(sign) for sign in signs if not sign.isascii()}
    return "".join(TOFU if not sign.isascii() and _script(sign) in scripts else sign for sign in source)


def _script(sign: str) -> str:
    """The first word of a sign's Unicode name, e.g. "BENGALI"; the sign itself where it has none."""
    return unicodedata.name(sign, sign).split(" ")[0]
