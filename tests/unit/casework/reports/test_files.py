"""A report as CSV that no spreadsheet calculates, as sections with words, and as a PDF."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.recheck.test_recount import MARCH

from plainview.casework.reports.files import to_csv
from plainview.casework.reports.pdf import to_pdf
from plainview.casework.reports.sections import sections
from plainview.casework.reports.tables import Section, duration
from plainview.policy.examination import CONCLUSIONS
from plainview.policy.reporting import Period
from plainview.recheck.recount import Recount
from plainview.recheck.report import digest


def report(name: str = "Sample", **changes: Any) -> dict[str, Any]:
    """A report of nothing, by an agency of this name."""
    figures = Recount("A1").figures(MARCH)
    agreement = {
        "verified": 0,
        "agreed": 0,
        "conclusions": dict.fromkeys(CONCLUSIONS, 0),
        "third_looks": 0,
        "by_examiner": {},
    }
    records = {"purposes": {"named": {}, "own_words": 0}, "agreement": agreement}
    due = {
        "training": [],
        "proficiency": {"items": 0, "people": []},
        "outcomes_due": 0,
        "flags_open": None,
        "review": {"last": None, "up_to": None, "due": None, "overdue": False},
        "trials": {"since": "", "until": "", "text": "", "trials": 0},
    }
    return {
        "format": "plainview-report-1",
        "agency": {"id": "A1", "name": name},
        "sample": False,
        "period": MARCH.to_dict(),
        "before": MARCH.before().to_dict(),
        "made_at": "2026-04-01T00:00:00+00:00",
        "log": "log.example",
        "log_key": "k",
        "size": 9,
        "checkpoint": "log.example\n9\nroot=\n\n— s",
        "counted": figures,
        "counted_before": figures,
        "records": records,
        "records_before": records,
        "due": due,
        "names": {"members": {"M1": name}, "galleries": {"1": name}},
        "differences": [],
    } | changes


def section(told: dict[str, Any], key: str) -> Section:
    (found,) = (one for one in sections(told) if one.key == key)
    return found


@given(st.text(min_size=1, max_size=12))
def test_no_cell_is_a_formula_and_every_cell_comes_back(name: str) -> None:
    told = report(name)
    told["counted"] = told["counted"] | {"by_offence": {name: 3}, "by_gallery": {"1": 2}}
    rows = list(csv.reader(io.StringIO(to_csv(told).decode(), newline="")))
    assert {len(row) for row in rows} == {4}
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
    kept = [row for row in rows if row[0] == "offences" and row[2] == "Searches"]
    assert [(row[1].removeprefix("'"), row[3]) for row in kept] in (
        [(name, "3")],
        [(name.removeprefix("'"), "3")],
    )


@pytest.mark.parametrize("name", ["=1+1", "  @SUM(A1)", "\t=cmd|' /C calc'!A0", "-2", "+2"])
def test_a_formula_is_written_as_text(name: str) -> None:
    assert f"'{name}" in [row[3] for row in csv.reader(io.StringIO(to_csv(report(name)).decode(), newline=""))]


def test_the_hash_is_of_the_content_and_not_of_its_layout() -> None:
    told = report()
    assert digest(dict(reversed(told.items()))) == digest(told)
    assert digest(told | {"size": 10}) != digest(told)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, None), (0, "0 s"), (59, "59 s"), (3600, "1 h 0 min"), (90_061, "1 d 1 h"), (125, "2 min 5 s")],
)
def test_a_time_in_words(seconds: int | None, words: str | None) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize("days", [1, 31, 32, 190, 191, 800])
def test_every_search_has_its_place_in_time(days: int) -> None:
    period = Period(MARCH.until - timedelta(days=days - 1), MARCH.until)
    by_day = {period.since.isoformat(): 2, period.until.isoformat(): 3}
    told = report(period=period.to_dict(), before=None, counted_before=None, records_before=None)
    told["counted"] = told["counted"] | {"by_day": by_day}
    chart = section(told, "time").chart
    assert chart is not None
    assert sum(chart.counts) == sum(by_day.values())
    assert len(set(chart.labels)) == len(chart.labels) <= 40
    assert chart.before is None


def test_without_another_period_no_table_speaks_of_one() -> None:
    told = report(before=None, counted_before=None, records_before=None)
    for one in sections(told):
        assert "Before" not in one.heads
        assert all(len(row) == len(one.heads) for row in one.rows)


def test_the_pdf_is_accessible_and_shows_whatever_a_name_holds() -> None:
    name = 'A "name" #let $x$ \\ [y] <z> & Ω'
    told = report(name, differences=["searches: the log says 1, the records 2"])
    told["counted"] = told["counted"] | {"by_offence": {name: 12, "theft": 0}, "by_day": {"2026-03-02": 12}}
    made = to_pdf(told)
    assert made.startswith(b"%PDF")
    assert b"pdfuaid" in made
