"""The letter that answers a person's request: an accessible PDF in plain words.

Owns its layout. It must never read the database or contain a picture; `casework.rights.letters` supplies the content.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from plainview.documents.typeset import lines, pdf, string, text

_HASHES = re.compile(r"[0-9a-f]{64}(\n[0-9a-f]{64})*")
_TOGETHER = 12  # rows of a table that stay on one page

Fact = tuple[str, str]
"""(label, value)."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, its paragraphs, then tables of facts, each under its own title ("" for none)."""

    title: str
    says: Sequence[str] = ()
    tables: Sequence[tuple[str, Sequence[Fact]]] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    """The content of the letter, in order.

    Attributes:
        title, sample: the heading; `sample` says that the people are made up, else "".
        head: sender, recipient, request and dates.
        short: the answer in a sentence or two.
        receipt: its entry in the log; `checkpoint`: the log's signed head, "" for none.
    """

    title: str
    sample: str
    head: Sequence[Fact]
    short: str
    sections: Sequence[Section]
    receipt: Sequence[Fact] = field(default=())
    checkpoint: str = ""


_PREAMBLE = """#set text(lang: "en", size: 10pt, font: ("Noto Sans", "DejaVu Sans", "Liberation Sans", "Libertinus Serif"))
#set par(leading: 0.65em)
#show heading: set block(above: 1.6em, below: 0.8em, sticky: true)
#show heading.where(level: 1): set text(size: 17pt)
#show heading.where(level: 2): set text(size: 12pt)
#show heading.where(level: 3): set text(size: 10pt)
#show raw: set text(font: "DejaVu Sans Mono", size: 7pt)
#let facts(..cells) = grid(columns: (10em, 1fr), column-gutter: 1.2em, row-gutter: 0.6em, ..cells)
#let label(body) = text(fill: luma(38%), body)
"""


def to_pdf(letter: Letter) -> bytes:
    """Return the letter as PDF/UA-1."""
    parts = [
        f"#set document(title: {string(letter.title)})\n{_PREAMBLE}",
        (
            '#set page(paper: "a4", margin: (x: 2.2cm, top: 2cm, bottom: 2cm), footer: context [#set text(size: 8pt, fill: luma(38%))\n'
            f'{text(letter.title)} #h(1fr) #counter(page).display("1 of 1", both: true)])'
        ),
        f"= {text(letter.title)}",
    ]
    if letter.sample:
        parts.append(f"#text(fill: rgb(138, 82, 0))[{text(letter.sample)}]")
    parts += [_facts(letter.head), f"#text(size: 11.5pt)[{text(letter.short)}]"]
    for section in letter.sections:
        parts.append(f"== {text(section.title)}")
        parts += [lines(words) for words in section.says]
        for title, facts in section.tables:
            parts += [f"=== {text(title)}"] * bool(title) + [_facts(facts)]
    if letter.receipt:
        parts += [f"== {text('Receipt of the log')}", _facts(letter.receipt)]
    if letter.checkpoint:
        parts.append(f"#raw(block: true, {_raw(letter.checkpoint)})")
    return pdf("\n\n".join(parts) + "\n")


def _facts(facts: Sequence[Fact]) -> str:
    cells = ", ".join(f"label[{text(name)}], [{_value(value)}]" for name, value in facts)
    return f"#block(breakable: {'false' if len(facts) <= _TOGETHER else 'true'}, facts({cells}))"


def _value(value: str) -> str:
    """Return the markup of a value; hashes are set in a narrow type, so that each fits on one line."""
    return f"#raw(block: true, {_raw(value)})" if _HASHES.fullmatch(value) else lines(value)


def _raw(note: str) -> str:
    return '"' + note.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
