"""Typst source made from plain values, and PDF/UA-1 made from it; pictures never touch a disk on the way.

Owns the escaping: whatever a text holds, it is shown and never read as code.
"""

from __future__ import annotations

import base64
import re
import unicodedata

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


def picture(jpeg: bytes, *, width: str, alt: str) -> str:
    """Return typst code that shows a square JPEG, without a leading "#".

    Args:
        jpeg: the picture's bytes; they are carried inside the source, so that no file is written.
        width: a typst length, such as "3cm" or "100%".
        alt: what it shows, for those who do not see it.
    """
    data = base64.b64encode(jpeg).decode()
    svg = (
        "<svg xmlns='http://www.w3.org/2000/svg' width='100' height='100' viewBox='0 0 100 100'>"
        f"<image width='100' height='100' href='data:image/jpeg;base64,{data}'/></svg>"
    )
    return f'image(bytes({string(svg)}), format: "svg", width: {width}, alt: {string(alt)})'


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
