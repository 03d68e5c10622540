"""A command that is printed works as it is printed: it names the workspace that the line named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.factories import forks
from tests.factories.commands import invoke

from plainview.cli import common
from plainview.cli.hints import name_workspace, typed


@pytest.fixture
def named() -> Iterator[None]:
    name_workspace("the house/w")
    yield
    name_workspace("")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Next: plainview gallery create NAME", "Next: plainview --workspace 'the house/w' gallery create NAME"),
        (
            "`plainview serve`: plainview member list",
            "`plainview --workspace 'the house/w' serve`: plainview --workspace 'the house/w' member list",
        ),
        ("Command: plainview init", "Command: plainview init"),
        ("/opt/plainview serve", "/opt/plainview serve"),
        ("python -m plainview.cli.main serve", "python -m plainview.cli.main serve"),
        ("What plainview is for", "What plainview is for"),
    ],
)
def test_commands_in_a_text_name_the_workspace(named: None, text: str, shown: str) -> None:
    assert typed(text) == shown


def test_without_the_option_nothing_is_put_in() -> None:
    assert typed("Next: plainview serve") == "Next: plainview serve"


def test_what_is_said_and_what_is_warned_of_names_it(named: None, capsys: pytest.CaptureFixture[str]) -> None:
    common.say("Next: plainview serve")
    common.warn("Run plainview doctor")
    said, warned = capsys.readouterr()
    assert "--workspace" in said
    assert "--workspace" in warned


def test_the_option_of_one_line_is_not_in_the_next(named: None) -> None:
    invoke(["keys", "--help"])
    assert typed("plainview serve") == "plainview serve"


def test_what_a_command_and_a_refusal_print_can_be_pasted(tmp_path: Path) -> None:
    option = ["--workspace", str(tmp_path / "w")]
    made = forks.run(tmp_path, [*option, "init", "--sample"]).stdout
    assert f"plainview --workspace {tmp_path / 'w'} gallery create" in made
    (tmp_path / "w" / "keys" / "secret.key").unlink()
    refused = forks.run(tmp_path, ["keys", "list", *option]).stderr
    assert f"Command: plainview --workspace {tmp_path / 'w'} keys replace" in refused
