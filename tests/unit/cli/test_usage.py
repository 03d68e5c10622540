"""What a person types: missing and wrong options, dates, -h, PLAINVIEW_AS, help that fits into 80 columns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from tests.factories.commands import invoke

from plainview.cli.commands import COMMANDS, GROUPS, USERS
from plainview.cli.common import parse_day


def test_everything_that_is_missing_is_named_at_once() -> None:
    result = invoke(["case", "open"], env={"PLAINVIEW_AS": None})
    assert result.exit_code == 2
    for name in ("'number'", "'--offence'", "'--as'", "PLAINVIEW_AS"):
        assert name in result.stderr
    assert COMMANDS["case open"].example in result.stderr


def test_a_list_that_is_missing_is_named_too() -> None:
    result = invoke(["agreement", "propose", "County"], env={"PLAINVIEW_AS": None})
    assert "Missing: '--gallery', '--until', '--as'" in result.stderr


def test_the_acting_member_comes_from_the_environment(workspace: Path) -> None:
    result = invoke(["case", "list", "--json"], env={"PLAINVIEW_AS": "examiner@agency.example"})
    assert json.loads(result.stdout) == {"cases": []}
    other = invoke(["case", "list", "--as", "nobody@agency.example"], env={"PLAINVIEW_AS": "examiner@agency.example"})
    assert other.exit_code == 1


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("31/12/2030", "2030-12-31"),
        ("12/31/2030", "2030-12-31"),
        ("31.12.2030", "2030-12-31"),
        ("2030/12/31", "2030-12-31"),
        ("31 Dec 2030", "2030-12-31"),
        ("03/04/2030", "YYYY-MM-DD"),
        ("2030-02-30", "YYYY-MM-DD"),
        ("tomorrow", "YYYY-MM-DD"),
    ],
)
def test_another_form_of_a_date_is_answered_with_the_wanted_one(typed: str, wanted: str) -> None:
    with pytest.raises(typer.BadParameter, match=f"{typed} is not a date. Write it as {wanted}"):
        parse_day(typed)


def test_a_wrong_date_is_a_usage_error() -> None:
    words = ["gallery", "create", "g", "--basis", "b", "--source", "s", "--as", "a@b.example"]
    result = invoke([*words, "--expires", "31/12/2030"])
    assert result.exit_code == 2
    assert "31/12/2030 is not a date. Write it as 2030-12-31." in " ".join(result.stderr.split())


def test_the_help_is_grouped_by_who_uses_a_command() -> None:
    shown = invoke(["-h"]).stdout
    for title, entries in USERS.items():
        section = shown.split(f"{title}:\n")[1].split("\n\n")[0]
        assert [line.split()[0] for line in section.splitlines() if line[2] != " "] == list(entries)


@pytest.mark.parametrize("name", [*GROUPS, *COMMANDS])
def test_help_fits_into_80_columns_and_has_an_example(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = invoke([*name.split(), "-h"])
    assert result.exit_code == 0
    assert not [line for line in result.stdout.splitlines() if len(line) > 80]
    if name in COMMANDS:
        example = result.stdout.split("Example:\n")[1].replace("\\\n", "")
        assert " ".join(example.split()) == " ".join(COMMANDS[name].example.split())
