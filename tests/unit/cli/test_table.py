"""The table of commands: every row leads to a function, its help and its example are true, and --json is everywhere."""

from __future__ import annotations

import inspect
import shlex

import pytest

from plainview.casework.workspace.folder import ENV
from plainview.cli import tree
from plainview.cli.commands import COMMANDS, GROUPS, USERS, Need

NO_JSON = {
    "serve": "runs until it is stopped",
    "worker": "runs until it is stopped",
    "demo": "a walk for people, with commands to try next",
    "examine form": "prints a TOML form",
    "lead form": "prints a TOML form",
    "agency terms": "prints the terms",
    "audit checkpoint": "prints a signed checkpoint, a format of its own",
    "audit witness serve": "runs until it is stopped",
    "audit witness cosign": "prints a cosigned checkpoint, a format of its own",
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_row_is_true(name: str) -> None:
    row = COMMANDS[name]
    function = tree.load(row)
    assert (inspect.getdoc(function) or "").split("\n\n")[0].replace("\n", " ") == row.help
    words = shlex.split(row.example)
    path = name.split()
    assert words[: len(path) + 1] == ["plainview", *path]
    tree.leaf(row).make_context(name, words[len(path) + 1 :])  # it parses


def test_every_command_has_json_or_a_reason_not_to() -> None:
    without = {name for name, row in COMMANDS.items() if "json" not in inspect.signature(tree.load(row)).parameters}
    assert without == set(NO_JSON)


def test_every_entry_is_listed_once_and_every_group_has_commands() -> None:
    entries = [entry for listed in USERS.values() for entry in listed]
    assert len(entries) == len(set(entries)) == len({name.split()[0] for name in COMMANDS})
    for group in GROUPS:
        assert any(name.startswith(f"{group} ") for name in COMMANDS)
        assert group not in COMMANDS
    for name in COMMANDS:
        above = name.split()[:-1]
        assert all(" ".join(above[:depth]) in GROUPS for depth in range(1, len(above) + 1)), name


def test_what_opens_no_workspace_needs_no_django() -> None:
    assert {name for name, row in COMMANDS.items() if row.early} == {"doctor", "restore", "serve", "upgrade"}
    assert not any(row.opens_workspace for row in COMMANDS.values() if row.who is Need.NOTHING)


def test_the_tree_names_the_workspaces_variable() -> None:
    assert tree._HOME == ENV
