"""The tables: as the models are, as all migrations leave them, and changed only by what is added."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db.migrations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    AlterModelManagers,
    AlterModelOptions,
    CreateModel,
    RunPython,
)
from django.db.migrations.operations.base import Operation
from tests.factories import forks

from plainview.casework.workspace.schema import CASEWORK, applied, known, newest

ADDS = (CreateModel, AddField, AddIndex, AddConstraint, AlterField, AlterModelManagers, AlterModelOptions, RunPython)
"""What a migration may do: an older value is never lost, so that an upgrade can compare it."""


def operations() -> list[tuple[str, Operation]]:
    """Every operation of every migration of ours but the first."""
    names = sorted(name for app, name in known() if app == CASEWORK)
    assert names[0] == "0001_initial"
    modules = [import_module(f"plainview.casework.migrations.{name}") for name in names[1:]]
    return [
        (module.__name__, part)
        for module in modules
        for operation in module.Migration.operations
        for part in getattr(operation, "operations", [operation])
    ]


def test_the_models_have_no_change_without_a_migration(workspace: Path) -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_migrations_only_add() -> None:
    assert [
        (name, type(operation).__name__) for name, operation in operations() if not isinstance(operation, ADDS)
    ] == []


def test_every_migration_is_applied_in_a_new_workspace(workspace: Path) -> None:
    assert known() == applied()
    assert newest(known()) == f"{max(int(name[:4]) for app, name in known() if app == CASEWORK):04}"


def tables(path: Path) -> dict[str, Any]:
    """Every table with its columns (name, type, whether it may be null, key), indexes and foreign keys, in any order."""
    with closing(sqlite3.connect(path)) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: (
                {column[1:4] + column[5:] for column in database.execute(f'PRAGMA table_info("{name}")')},
                {(index[1], index[2]) for index in database.execute(f'PRAGMA index_list("{name}")') if index[3] == "c"},
                sorted(
                    tuple(c[2] for c in database.execute(f'PRAGMA index_info("{index[1]}")'))
                    for index in database.execute(f'PRAGMA index_list("{name}")')
                ),
                {key[2:5] for key in database.execute(f'PRAGMA foreign_key_list("{name}")')},
            )
            for name in names
        }


@pytest.mark.slow
def test_tables_made_at_once_are_those_that_the_migrations_leave(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    assert forks.run(one, ["init"]).returncode == 0
    two.mkdir()
    code = (
        "import django; django.setup()\n"
        "from django.core.management import call_command\n"
        "call_command('migrate', verbosity=0, interactive=False); call_command('createcachetable', verbosity=0)\n"
    )
    done = forks.run(two, [], code=code)
    assert done.returncode == 0, done.stderr
    made, migrated = tables(one / "plainview.sqlite3"), tables(two / "plainview.sqlite3")
    assert made.keys() == migrated.keys()
    assert {name for name in made if made[name] != migrated[name]} == set()
