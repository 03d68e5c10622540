"""Typst source made from plain values, and PDF/UA-1 made from it; pictures never touch a disk on the way.

Owns the escaping: whatever a text holds, it is shown and never read as code.
"""

from __future__ import annotations

import base64

import typst


def string(text: str) -> str:
    """Return a typst string literal; nothing in it can be read as code."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


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
    """Compile to PDF/UA-1."""
    return bytes(typst.compile(source.encode(), format="pdf", pdf_standards=["ua-1"]))
