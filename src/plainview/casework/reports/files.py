"""A report as JSON and CSV files.

Owns the escaping: a CSV cell must never be taken for a formula by a spreadsheet.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from plainview.casework.reports.sections import sections
from plainview.casework.reports.tables import Cell
from plainview.recheck.report import digest

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""First characters that a spreadsheet takes for a formula; source: OWASP, CSV Injection."""


def to_json(report: Mapping[str, Any]) -> bytes:
    """Return the report as JSON, for people and for `plainview report check`."""
    return json.dumps(report, indent=1, ensure_ascii=False).encode() + b"\n"


def to_csv(report: Mapping[str, Any]) -> bytes:
    """Return the report as CSV, one line for each cell of each table: section, line, column, value; UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("section", "line", "column", "value"))
    for row in _cells(report):
        writer.writerow([_safe(cell) for cell in row])
    return out.getvalue().encode()


def _cells(report: Mapping[str, Any]) -> Iterator[tuple[Cell, ...]]:
    about = {
        "agency": report["agency"]["name"],
        "since": report["period"]["since"],
        "until": report["period"]["until"],
        "made at": report["made_at"],
        "log": report["log"],
        "entries of the log": report["size"],
        "checkpoint": " ".join(report["checkpoint"].split("\n")).strip(),
        "sha256 of the report": digest(report),
    }
    if report["before"]:
        about |= {"before since": report["before"]["since"], "before until": report["before"]["until"]}
    if report["sample"]:
        about["sample"] = "the agency and its people are made up"
    for name, value in about.items():
        yield "about", name, "value", value
    for section in sections(report):
        for row in section.rows:
            line = ", ".join(str(cell) for cell in row[: section.keys])
            for column, value in zip(section.heads[section.keys :], row[section.keys :], strict=True):
                yield section.key, line, column, value


def _safe(cell: Cell) -> Cell:
    if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA):
        return f"'{cell}"
    return cell
