"""The outsider's count agrees with the register's own on every log, and finds whatever is altered; needs none of it."""

from __future__ import annotations

import ast
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import plainview.audit
from plainview.audit.record import Entry
from plainview.audit.recount import SMALLEST, check, recount, right
from plainview.recheck.figures import figures
from plainview.recheck.tally import Stated, Tally

tables = st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(1, 8), max_size=3), max_size=6)
MADE_AT = "2027-07-02T00:00:00+00:00"


def month(i: int) -> str:
    return f"2027-{i + 1:02d}"


def log_of(table: list[dict[str, int]], folder: Path) -> dict[str, Any]:
    """Write a log in which an agency searched so, and return the register that is made of it."""
    tally, lines = Tally(), []

    def add(action: str, at: str, **about: Any) -> None:
        entry = Entry(len(lines), f"{at}-10T12:00:00.00Z", "agency.example/log", action, "system", about, {})
        lines.append(b'{"entry":' + entry.canonical + b',"leaf":""}\n')
        tally.add(Stated(entry.seq, entry.at, entry.action, entry.subject))

    for i, cells in enumerate(table):
        for offence, times in cells.items():
            for number in range(times):
                search = f"S{i}{offence}{number}"
                add("search.requested", month(i), search=search, agency="A1", offence=offence, urgent=False)
    size = len(lines)
    told = {
        "made_at": MADE_AT,
        "checkpoint": f"agency.example/log\n{size}\n\n",
        "agencies": [
            {
                "id": "A1",
                "name": "North",
                "sample": False,
                **figures(tally, "A1", "2027-01", "2027-06", sample=False),
            }
        ],
    }
    digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()
    add("register.published", "2027-07", sha256=digest)
    (folder / "log.jsonl").write_bytes(b"".join(lines))
    return told


def counted(told: dict[str, Any], folder: Path) -> list[str]:
    """What is wrong, leaving out that another register was published: any change changes the hash."""
    found = recount(json.dumps(told).encode(), folder)
    return [problem for problem in found if "publication" not in problem]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(tables)
def test_what_is_made_by_the_rule_is_found_right(tmp_path: Path, table: list[dict[str, int]]) -> None:
    told = log_of(table, tmp_path)
    assert recount(json.dumps(told).encode(), tmp_path) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(tables, st.data())
def test_whatever_row_is_altered_is_found(tmp_path: Path, table: list[dict[str, int]], data: st.DataObject) -> None:
    told = log_of(table, tmp_path)
    rows = told["agencies"][0]["by_month"]
    i = data.draw(st.integers(0, len(rows) - 1))
    number = data.draw(st.integers(0, 20))
    if data.draw(st.booleans()):
        if rows[i]["searches"] == number or (rows[i]["searches"], number) == (None, 0):
            return
        rows[i]["searches"] = number
    elif sum(table[m].get(o, 0) for m in range(len(table)) for o in "abc" if month(m) >= rows[i]["from"]):
        if not rows[i]["searches"] and rows[i]["searches"] is not None:
            return  # a month without a search has nothing to take out
        del rows[i]
    else:
        return
    assert counted(told, tmp_path)


FEW = [{"a": 9, "b": 6}, {"a": 2}, {"a": 7, "c": 1}]
ALTERED: list[tuple[Callable[[list[dict[str, Any]]], object], str]] = [
    (lambda rows: rows[0]["offences"].update(a=8), "2027-01 to 2027-01: the log records {'a': 9, 'b': 6}"),
    (lambda rows: rows[0].update(offences={"a": 9}, other=6), "2027-01 to 2027-01"),  # hides more than it has to
    (lambda rows: rows[:2] and rows[1].update(searches=None, offences={}, other=0), "2027-02 to 2027-03"),
    (lambda rows: rows.pop(0), "A1: 2027-01 is left out"),
    (lambda rows: rows[1].update({"from": "2027-03"}), "A1: 2027-02 is left out"),
    (
        lambda rows: rows.__setitem__(
            slice(0, 2),
            [{"from": "2027-01", "until": "2027-03", "searches": 25, "offences": {"a": 18, "b": 6}, "other": 1}],
        ),
        "2027-01 to 2027-03",
    ),
]


@pytest.mark.parametrize(("change", "words"), ALTERED)
def test_what_was_done_is_named(tmp_path: Path, change: Callable[[list[dict[str, Any]]], object], words: str) -> None:
    told = log_of(FEW, tmp_path)
    before = deepcopy(told)
    change(told["agencies"][0]["by_month"])
    assert told != before
    assert any(words in problem for problem in counted(told, tmp_path)), counted(told, tmp_path)
    assert any("publication" in problem for problem in recount(json.dumps(told).encode(), tmp_path))


def test_an_agency_that_is_left_out_and_a_total_that_is_not_its_rows_are_named(tmp_path: Path) -> None:
    told = log_of(FEW, tmp_path)
    told["agencies"][0]["searches"] = 24
    assert counted(told, tmp_path) == ["the register: North: its rows are 25 searches, it states 24"]
    told["agencies"][0] |= {"sample": True, "searches": 26}
    assert counted(told, tmp_path) == ["the register: North: its rows are 25 searches, it states 26"]
    told["agencies"] = []
    assert len(counted(told, tmp_path)) == 3


@pytest.mark.parametrize(
    ("counted", "named", "early", "is_right"),
    [
        ({}, "", 0, True),
        ({"a": 5}, "a", 0, True),
        ({"a": 5}, "", 0, False),  # hides what is not few
        ({"a": 5, "b": 4}, "a", 0, True),
        ({"a": 5, "b": 4}, "b", 0, False),
        ({"a": 5, "b": 1}, "", 0, True),  # b alone would be too few
        ({"a": 5, "b": 4}, "", 0, True),
        ({"a": 5, "b": 5}, "", 0, False),
        ({"a": 6, "b": 3, "c": 2}, "", 0, False),  # b and c together are enough
        ({"a": 6, "b": 3, "c": 1}, "", 0, True),
        ({"a": 6, "b": 2, "c": 1}, "a", 0, True),
        ({"a": 5}, "a", 4, True),
        ({"a": 5}, "a", 5, False),  # the months before were enough for a row of their own
    ],
)
def test_a_row_hides_no_more_than_it_has_to(counted: dict[str, int], named: str, early: int, is_right: bool) -> None:
    assert SMALLEST == 5
    offences = {offence: counted[offence] for offence in named}
    total = sum(counted.values())
    row = {"searches": total, "offences": offences, "other": total - sum(offences.values())}
    assert right(row, Counter(counted), early) is is_right
    assert not right(row | {"searches": total + 1}, Counter(counted), early)
    assert not right(row | {"other": row["other"] + 1}, Counter(counted), early)


@pytest.mark.parametrize("total", [1, 4, 5])
def test_fewer_than_five_searches_are_not_stated(total: int) -> None:
    hidden: dict[str, Any] = {"searches": None, "offences": {}, "other": 0}
    assert right(hidden, Counter(a=total), 0) is (total < 5)
    for stated in ({"searches": total}, {"offences": {"a": total}}, {"other": total}):
        assert not right(hidden | stated, Counter(a=total), 0)


def test_a_row_takes_its_months_and_those_of_its_agency_alone() -> None:
    months = {"2027-01": 2, "2027-02": 2, "2027-03": 3}
    counts = Counter({("A1", name, "a"): count for name, count in months.items()} | {("A2", "2027-02", "a"): 9})
    row = {"from": "2027-02", "until": "2027-03", "searches": 5, "offences": {"a": 5}, "other": 0}
    agency = {"id": "A1", "sample": False, "searches": 5, "by_month": [row]}
    assert check(agency, counts) == []
    assert counts == {("A1", "2027-01", "a"): 2, ("A2", "2027-02", "a"): 9}


def test_a_search_after_the_checkpoint_of_the_register_is_not_counted(tmp_path: Path) -> None:
    told, log = log_of(FEW, tmp_path), tmp_path / "log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    search = json.loads(lines[-2])["entry"]
    assert (search["action"], search["seq"]) == ("search.requested", len(lines) - 2)
    late = json.dumps({"entry": search | {"seq": len(lines) - 1}}).encode() + b"\n"
    log.write_bytes(b"".join([*lines[:-1], late, lines[-1]]))
    assert recount(json.dumps(told).encode(), tmp_path) == []


def test_it_shares_no_code_with_the_register() -> None:
    tree = ast.parse(Path(plainview.audit.__file__).with_name("recount.py").read_text("utf-8"))
    used = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    used |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert used == {"__future__", "collections", "datetime", "hashlib", "json", "pathlib", "typing"}


@pytest.mark.parametrize(
    ("made_at", "problems"), [("00:59:59", []), ("01:00:00", ["the register: A1: 2027-06 is left out"])]
)
def test_a_month_may_be_left_out_until_an_hour_after_its_end(tmp_path: Path, made_at: str, problems: list[str]) -> None:
    told = log_of([{}, {}, {}, {}, {}, {"a": 6}], tmp_path)
    told["made_at"] = f"2027-07-01T{made_at}+00:00"
    told["agencies"][0] |= {"by_month": told["agencies"][0]["by_month"][:-1], "searches": 0}
    assert counted(told, tmp_path) == problems
