"""What is printed is data: brackets stay, and what must be typed stays whole."""

from __future__ import annotations

import ast
import io
import json
import re
import sys
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress
from tests.factories.commands import invoke
from tests.factories.work import gallery, person

import plainview.cli
from plainview.cli import common
from plainview.cli.progress import bars

NAMES = ["mug [old].jpg", "Kopie [a] of [b].jpg", "files/[/front]/a.jpg", "26-0200 [armed]", ":smile: [bold]"]
SOURCES = sorted(Path(plainview.cli.__file__).parent.rglob("*.py"))


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What a terminal of 80 columns shows."""
    shown = io.StringIO()
    for name in ("console", "err"):
        monkeypatch.setattr(getattr(common, name), "_file", shown)
        monkeypatch.setattr(getattr(common, name), "_width", 80)
    return shown


@pytest.mark.parametrize("name", NAMES)
def test_a_name_with_brackets_is_printed_as_it_is(screen: io.StringIO, name: str) -> None:
    common.say(name)
    common.say(name, style="yellow")
    common.warn(name)
    assert screen.getvalue().splitlines() == [name] * 3
    common.print_table(("Name", name), [(name, "x")], title=name, caption=name)
    assert screen.getvalue().count(name) == 3 + 4
    common.print_rows("names", ("Name",), [], name, json=False)
    assert screen.getvalue().endswith(f"{name}\n")


def test_a_bar_shows_its_title_as_it_is(screen: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(Progress, "stop", lambda self: seen.append(self.make_tasks_table(self.tasks)))
    with bars() as add_bar:
        add_bar("Enrolling into [/front]", 2).step()
    Console(file=screen, width=200).print(seen[0])
    assert "Enrolling into [/front]" in screen.getvalue()


def test_a_case_number_with_brackets_goes_through_a_command(workspace: Path) -> None:
    words = ["case", "open", "26-0200 [armed]", "--offence", "robbery [/x]", "--as", "examiner@agency.example"]
    assert "26-0200 [armed]" in invoke(words).stdout
    listed = invoke(["case", "list", "--as", "examiner@agency.example"], env={"COLUMNS": "80"})
    assert listed.exit_code == 0
    assert "26-0200 [armed]" in listed.stdout


def test_ids_and_addresses_stay_whole_at_80_columns(screen: io.StringIO) -> None:
    row = ["S7K2M9QXWV4TB", "examiner@agency.example", "a long text that may be wrapped at its blanks " * 3]
    common.print_table(("Search", "Member", "Purpose"), [row])
    assert "┃" in screen.getvalue()
    for word in (*row[:2], "wrapped"):
        assert word in screen.getvalue()
    screen.truncate(0)
    address = "https://agency.example/" + "x" * 90
    common.print_table(("Search", "Source"), [(row[0], address), ("-", "-")])
    assert f"Source: {address}\n" in screen.getvalue()
    common.say(f"plainview search probe.jpg --gallery {'y' * 90}")
    assert f"plainview search probe.jpg --gallery {'y' * 90}\n" in screen.getvalue()


def test_a_list_with_one_long_column_is_no_tower(screen: io.StringIO) -> None:
    heads = ("Rank", "Score", "Reference", "Source", "Captured")
    address = "https://custody.example/" + "x" * 60
    rows = [(rank, "0.989", "RF1VA3C056PT1", address if rank == 1 else "", "not stated") for rank in (1, 2)]
    common.print_table(heads, rows, title="Search S1", caption="SAMPLE")
    assert [line.rstrip() for line in screen.getvalue().splitlines()] == [
        "Search S1",
        "Rank  Score  Reference      Captured",
        "1     0.989  RF1VA3C056PT1  not stated",
        f"    Source: {address}",
        "2     0.989  RF1VA3C056PT1  not stated",
        "SAMPLE",
    ]


def test_a_moment_is_shown_with_its_zone() -> None:
    assert re.fullmatch(r"\d+ Nov 2026, \d\d:11 \S+", common.cell_text("2026-11-30T05:11:21+00:00"))
    assert common.cell_text("2026-11-30") == "2026-11-30"


def test_json_survives_an_output_that_is_not_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    for encoding in ("ascii", "utf-8"):
        data = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(data, encoding=encoding))
        common.print_json({"name": "Müller"})
        sys.stdout.flush()
        assert json.loads(data.getvalue().decode(encoding)) == {"name": "Müller"}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_nobody_prints_past_the_shared_helpers(source: Path) -> None:
    if source.name in {"common.py", "progress.py"}:
        return
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"console.print", "err.print", "Console", "Table", "Progress", "print"}, node.lineno
            assert not any(keyword.arg == "markup" for keyword in node.keywords), node.lineno
        if isinstance(node, ast.ImportFrom):
            assert not (node.module or "").startswith("rich"), node.lineno


def test_the_shared_consoles_read_no_markup() -> None:
    assert not common.console._markup
    assert not common.err._markup
    assert not common.console._emoji


def test_a_picture_with_brackets_is_enrolled_and_reported(workspace: Path, tmp_path: Path) -> None:
    gallery(tmp_path / "pictures", "g [old]")
    (tmp_path / "mug [old].jpg").write_bytes(b"no picture")
    admin = person("admin").email
    result = invoke(["enrol", "g [old]", str(tmp_path / "mug [old].jpg"), "--as", admin])
    assert result.exit_code == 1  # nothing was enrolled
    assert "mug [old].jpg" in result.stdout
