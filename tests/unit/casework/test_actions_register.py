"""The public register: its numbers are the log's, small ones are hidden, and what is taken out afterwards shows."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from tests.factories.work import at, case, entries, gallery, person, probe, search

from plainview.casework.actions.register import check_register, export_register
from plainview.casework.queries.register import SMALLEST, shown, suppressed
from plainview.policy.decision import Refused


@pytest.fixture
def image(workspace: Path, tmp_path: Path) -> Path:
    gallery(tmp_path / "pictures")
    case()
    case("C-2", "theft")
    return probe(tmp_path)


def export(folder: Path) -> dict[str, Any]:
    export_register(folder, acting_member=person("admin"))
    told: dict[str, Any] = json.loads((folder / "register.json").read_text())
    return told


def test_the_numbers_are_those_of_the_log_and_name_nobody(
    image: Path, workspace: Path, tmp_path: Path
) -> None:
    for _ in range(6):
        search(image)
    search(image, case="C-2")
    with pytest.raises(Refused):
        search(image, purpose="private curiosity")
    told = export(tmp_path / "site")
    (agency,) = told["agencies"]
    assert (agency["name"], agency["searches"], agency["zero_use"]) == ("Sample Agency (not real)", 7, False)
    assert agency["galleries"][0]["legal_basis"] == "law"
    assert agency["refusals"] == {"search.ground": None}
    (month,) = agency["by_month"]
    assert month["searches"] == 7
    assert month["offences"] == {"robbery": None, "theft": None}  # one hidden cell would follow from the sum
    assert told["models"][0]["name"] == "yunet-sface"
    page = (tmp_path / "site" / "index.html").read_text()
    for text in (json.dumps(told), page):
        for secret in ("agency.example", "C-1", "find the rider", "Sample examiner"):
            assert secret not in text
    assert "Legal basis" in page
    assert (tmp_path / "site" / "index.html").stat().st_mode & 0o777 == 0o644
    assert check_register(tmp_path / "site") == []
    assert check_register(tmp_path / "site", workspace / "audit") == []
    assert entries("register.exported")[0].subject["agencies"] == 1


def test_a_changed_number_or_page_is_found(image: Path, workspace: Path, tmp_path: Path) -> None:
    for _ in range(2):
        search(image)
    told = export(tmp_path / "site")
    path = tmp_path / "site" / "register.json"
    told["agencies"][0]["searches"] = 1
    path.write_text(json.dumps(told))
    problems = check_register(tmp_path / "site", workspace / "audit")
    assert any("made from another register.json" in problem for problem in problems)
    assert "the register states 1 searches, the log records 2" in problems


def test_a_month_that_was_taken_out_and_a_broken_history_are_found(image: Path, tmp_path: Path) -> None:
    began, site = timezone.now(), tmp_path / "site"
    search(image)
    export(site)
    with at(began + timedelta(days=40)):
        search(image)
        told = export(site)
        third = export(site)
    assert len(told["agencies"][0]["by_month"]) == 2
    assert len(list((site / "history").iterdir())) == 2
    assert check_register(site) == []
    third["agencies"][0]["by_month"].pop(0)
    (site / "register.json").write_text(json.dumps(third))
    assert any("was there before and is gone" in problem for problem in check_register(site))
    first = site / "history" / f"{told['previous_sha256']}.json"
    first.write_bytes(first.read_bytes().replace(b'"searches": 1', b'"searches": 2'))
    assert any("was changed afterwards" in problem for problem in check_register(site))
    first.unlink()
    assert any("is missing from its history" in problem for problem in check_register(site))


def test_a_folder_with_something_else_is_left_alone(image: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("x")
    with pytest.raises(Refused, match=r"register\.folder"):
        export(tmp_path / "other")
    with pytest.raises(Refused, match=r"register\.unreadable"):
        check_register(tmp_path / "other")
    shutil.rmtree(tmp_path / "other")
    assert export(tmp_path / "other")["agencies"][0]["zero_use"] is True


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 30), max_size=6))
def test_no_hidden_cell_can_be_computed_from_the_sum(cells: dict[str, int]) -> None:
    told = suppressed(cells)
    assert told.keys() == cells.keys()
    hidden = [name for name, count in told.items() if count is None]
    assert all(count is None or count == cells[name] >= SMALLEST for name, count in told.items())
    assert len(hidden) != 1 or len(cells) == 1
    assert [shown(n) for n in (0, 1, SMALLEST - 1, SMALLEST)] == [0, None, None, SMALLEST]
