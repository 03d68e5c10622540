"""A report as an accessible PDF (PDF/UA-1) that reads the same in black and white.

Owns its layout. It must never read the database: everything comes from the report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from importlib import import_module
from typing import Any

from plainview.casework.reports.sections import sections
from plainview.casework.reports.tables import Cell, Chart, Section
from plainview.documents.typeset import lines, pdf, string, text
from plainview.policy.wording import counted, day
from plainview.recheck.report import digest

HOW = (
    "These figures were counted from the log whose signed head is this checkpoint. Anyone with a copy of the log can count "
    "them again with the report's JSON file: plainview report check FILE.json --log COPY. Purposes, agreement, training, "
    "proficiency and dates that are due come from the records: the log does not have them, or has them sealed."
)
"""How to check a report, and which figures cannot be checked."""

_PREAMBLE = """#set text(lang: "en", size: 9.5pt, font: ("Noto Sans", "DejaVu Sans", "Liberation Sans", "Libertinus Serif"))
#set par(leading: 0.6em)
#show heading: set block(above: 1.6em, below: 0.7em, sticky: true)
#show heading.where(level: 1): set text(size: 17pt)
#show heading.where(level: 2): set text(size: 11.5pt)
#show raw: set text(font: "DejaVu Sans Mono", size: 7.5pt)
#let facts(..cells) = grid(columns: (auto, 1fr), column-gutter: 1.2em, row-gutter: 0.55em, ..cells)
#let label(body) = text(fill: luma(38%), body)
"""


def to_pdf(report: Mapping[str, Any]) -> bytes:
    """Return the report as PDF/UA-1."""
    title = f"Report of {report['agency']['name']}, {_days(report['period'])}"
    parts = [
        f"#set document(title: {string(title)})\n{_PREAMBLE}",
        (
            '#set page(paper: "a4", margin: (x: 2cm, top: 1.8cm, bottom: 2cm), footer: context [#set text(size: 7.5pt, fill: luma(38%))\n'
            f'{text(title)} #h(1fr) #counter(page).display("1 of 1", both: true)])'
        ),
        f"= {text(title)}",
        _facts(_head(report)),
    ]
    if report["sample"]:
        parts.append(text("Sample: the agency and its people are made up."))
    parts += [_warning(line) for line in report["differences"]]
    if report["before"]:
        days, others = _days(report["period"]), _days(report["before"])
        parts.append(text(f"Filled bars are {days}, hatched bars {others}."))
    parts += [_section(section) for section in sections(report)]
    trials = report["due"]["trials"]
    if trials["trials"]:
        parts += [
            f"== {text('Weekly report on trials')}",
            f"#text(size: 8.5pt)[{lines(trials['text'].strip())}]",
        ]
    parts += [
        f"== {text('How to check these figures')}",
        text(HOW),
        _facts(
            [
                ("Log", f"{report['log']}, {report['size']} entries"),
                ("SHA-256 of the report", digest(report)),
            ]
        ),
        text("The log's key and its signed head:"),
        f"#raw(block: true, {_raw(report['log_key'])})",
        f"#block(breakable: false)[#raw(block: true, {_raw(report['checkpoint'])})]",
    ]
    return pdf("\n\n".join(parts) + "\n")


def _head(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    compared = [("Compared with", _days(report["before"]))] if report["before"] else []
    at = datetime.fromisoformat(report["made_at"]).astimezone(UTC)
    return [
        ("Agency", report["agency"]["name"]),
        ("Period", _days(report["period"])),
        *compared,
        ("Made", f"{day(at)}, {at:%H:%M} UTC, from {counted(report['size'], 'entry', 'entries')} of the log"),
    ]


def _days(period: Mapping[str, str]) -> str:
    return f"{day(date.fromisoformat(period['since']))} to {day(date.fromisoformat(period['until']))}"


def _warning(words: str) -> str:
    return (
        "#block(width: 100%, inset: 9pt, stroke: 1.2pt + black)"
        f"[#strong[{text('The records and the log differ.')}] {text(words)}]"
    )


def _section(section: Section) -> str:
    head = [f"== {text(section.title)}"]
    if section.note:
        head.append(text(section.note))
    if section.chart is not None:
        head.append(_chart(section.chart))
    together = "\n\n".join(head)
    parts = [f"#block(breakable: false, sticky: true)[\n{together}\n]"]
    if not section.rows:
        parts.append(text("None."))
    elif not (section.chart_only and section.chart is not None):
        parts.append(_table(section))
    return "\n\n".join(parts)


def _chart(chart: Chart) -> str:
    # Only a chart needs matplotlib: 22 MB of every server and worker.
    svg = import_module("plainview.documents.bars").bars(chart.labels, chart.counts, chart.before, lying=chart.lying)
    return f'#image(bytes({string(svg)}), format: "svg", width: 100%, alt: {string(chart.alt)})'


def _table(section: Section) -> str:
    align = ", ".join("right" if number else "left" for number in section.numbers)
    columns = ", ".join("auto" if i else "1fr" for i, _ in enumerate(section.heads))
    head = ", ".join(f"[{text(word)}]" for word in section.heads)
    cells = ", ".join(f"[{text(_shown(cell))}]" for row in section.rows for cell in row)
    return (
        f"#text(size: 8.5pt)[#table(columns: ({columns},), align: ({align},), "
        "stroke: (x, y) => (bottom: 0.4pt + luma(75%)), inset: (x: 4pt, y: 3.5pt), "
        f"table.header({head}), {cells})]"
    )


def _shown(cell: Cell) -> str:
    return "–" if cell is None else f"{cell:,}" if isinstance(cell, int) else cell


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    cells = ", ".join(f"label[{text(name)}], [{text(value)}]" for name, value in facts)
    return f"#facts({cells})"


def _raw(note: str) -> str:
    return '"' + note.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
