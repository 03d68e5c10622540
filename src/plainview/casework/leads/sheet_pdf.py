"""The lead sheet that accompanies a lead: an accessible PDF of two or three pages.

Owns its layout: the statement comes first, and the whole candidate list is always included. It must never say that a
person is identified, nor read the database; `leads.sheet` supplies the content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plainview.documents.typeset import lines, pdf, picture, string, text
from plainview.policy.wording import counted

Fact = tuple[str, str]
"""(label, value)."""


@dataclass(frozen=True, slots=True)
class Pictured:
    """A face on the sheet: a square JPEG, None when it was erased; and the facts below it."""

    title: str
    jpeg: bytes | None
    facts: Sequence[Fact]
    marks: Sequence[tuple[float, float] | None] = ()


@dataclass(frozen=True, slots=True)
class CandidateLine:
    """One candidate in the list."""

    rank: int
    jpeg: bytes | None
    score: str
    means: str
    facts: str
    is_lead: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """The content of the sheet, in the order of the pages.

    Attributes:
        title, statement, sample: the heading; `sample` says that the people are made up, else "".
        head: case, agency, date, line-up.
        pair: probe and candidate.
        meaning: the calibrated sentence of the candidate's score.
        cautions: sentences.
        checked: (contradiction, answer).
        decision: override and evidence, if any.
        candidates: the whole list.
        sections: more tables: title and facts.
        receipt: entry, size and root; `checkpoint`: the signed note.
        how: how to check the receipt.
    """

    title: str
    statement: str
    sample: str
    head: Sequence[Fact]
    pair: tuple[Pictured, Pictured]
    meaning: str
    cautions: Sequence[str]
    checked: Sequence[Fact]
    decision: Sequence[Fact]
    candidates: Sequence[CandidateLine]
    sections: Sequence[tuple[str, Sequence[Fact]]]
    receipt: Sequence[Fact]
    checkpoint: str
    how: str


_PREAMBLE = """#set text(lang: "en", size: 9.5pt, font: ("Noto Sans", "DejaVu Sans", "Liberation Sans", "Libertinus Serif"))
#set par(leading: 0.6em)
#show heading: set block(above: 1.5em, below: 0.7em, sticky: true)
#show heading.where(level: 1): set text(size: 17pt)
#show heading.where(level: 2): set text(size: 11.5pt)
#show raw: set text(font: "DejaVu Sans Mono", size: 7.5pt)
#let grey = luma(38%)
#let facts(..cells) = grid(columns: (auto, 1fr), column-gutter: 1.2em, row-gutter: 0.55em, ..cells)
#let label(body) = text(fill: grey, body)
"""


def to_pdf(sheet: Sheet) -> bytes:
    """Return the sheet as PDF/UA-1."""
    foot = f"{sheet.title}. {sheet.statement}"
    parts = [
        f"#set document(title: {string(sheet.title)})\n{_PREAMBLE}",
        (
            '#set page(paper: "a4", margin: (x: 2cm, top: 1.8cm, bottom: 2cm), footer: context [#set text(size: 7.5pt, fill: luma(38%))\n'
            f'{text(foot)} #h(1fr) #counter(page).display("1 of 1", both: true)])'
        ),
        f"= {text(sheet.title)}",
        (
            "#block(width: 100%, inset: 9pt, stroke: 1.2pt + black)["
            f'#text(size: 12pt, weight: "bold")[{text(sheet.statement)}]]'
        ),
    ]
    if sheet.sample:
        parts.append(f"#text(fill: rgb(138, 82, 0))[{text(sheet.sample)}]")
    parts += [
        _facts(sheet.head),
        _pair(sheet.pair),
        f"*{text('Meaning of the score.')}* {text(sheet.meaning)}",
    ]
    if sheet.cautions:
        parts.append(f"== {text('Cautions')}")
        parts += [f"- {text(caution)}" for caution in sheet.cautions]
    parts += [f"== {text('Contradictions checked by the supervisor')}", _facts(sheet.checked)]
    if sheet.decision:
        parts += [f"== {text('Decision')}", _facts(sheet.decision)]
    parts += [f"== {text('Candidate list: ' + counted(len(sheet.candidates), 'candidate'))}", _list(sheet.candidates)]
    for title, facts in sheet.sections:
        parts += [f"== {text(title)}", f"#text(size: 8.5pt)[{_facts(facts)}]"]
    parts += [
        f"== {text('Receipt of the log')}",
        f"#text(size: 8pt)[{_facts(sheet.receipt)}]",
        f"#block(breakable: false)[#raw(block: true, {_raw(sheet.checkpoint)})\n\n{text(sheet.how)}]",
    ]
    return pdf("\n\n".join(parts) + "\n")


def _facts(facts: Sequence[Fact]) -> str:
    cells = ", ".join(f"label[{text(name)}], [{lines(value)}]" for name, value in facts)
    return f"#facts({cells})"


def _pair(pair: tuple[Pictured, Pictured]) -> str:
    cells = []
    for face in pair:
        shown = (
            picture(face.jpeg, width="100%", alt=face.title, marks=face.marks)
            if face.jpeg is not None
            else "rect(width: 100%, height: 5cm, fill: luma(85%), [The picture was erased.])"
        )
        cells.append(f"[#{shown}\n#strong[{text(face.title)}]\n{_facts(face.facts)}]")
    return f"#block(above: 1.4em, below: 1.4em, breakable: false, grid(columns: (1fr, 1fr), column-gutter: 1cm, {', '.join(cells)}))"


def _list(rows: Sequence[CandidateLine]) -> str:
    cells = []
    for candidate in rows:
        face = (
            f"#{picture(candidate.jpeg, width='1.7cm', alt=f'Candidate {candidate.rank}')}"
            if candidate.jpeg
            else text("erased")
        )
        words = f"Rank {candidate.rank}, score {candidate.score}" + (": this lead" if candidate.is_lead else "")
        cells += [f"[{face}]", f"[#strong[{text(words)}] {text(candidate.means)} #label[{text(candidate.facts)}]]"]
    if len(rows) % 2:
        cells += ["[]", "[]"]
    head = ", ".join(f"[{text(word)}]" for word in ("Face", "Meaning, quality, date, source") * 2)
    return (
        "#text(size: 8pt)[#table(columns: (auto, 1fr, auto, 1fr), stroke: (x, y) => (bottom: 0.4pt + luma(75%)), "
        f"inset: (x: 4pt, y: 4pt), align: left + top, table.header({head}), {', '.join(cells)})]"
    )


def _raw(note: str) -> str:
    return '"' + note.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
