# ruff: noqa: S608  the names are those of our own tables
"""The operator with the disk: rows are deleted, changed, inserted, swapped and put back with a database tool.

`plainview audit verify` names each by its table and id, and a page refuses what was altered.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import (
    BinaryField,
    CharField,
    DateField,
    DateTimeField,
    Field,
    JSONField,
    TextField,
    UniqueConstraint,
)
from tests.factories import forks
from tests.factories.records import every_kind, on_disk
from tests.factories.rows import attack
from tests.factories.work import person

from plainview.casework.log.committed import COMMITTED, Commitment, Committed, stored
from plainview.casework.log.rows import shown_key, verify_rows
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member, RowCommitment
from plainview.casework.people.members import deactivate

KINDS = [table.kind for table in COMMITTED]


@pytest.fixture
def found(workspace: Path, tmp_path: Path) -> str:
    return every_kind(tmp_path)


@pytest.fixture
def tool(found: str, workspace: Path) -> Iterator[sqlite3.Connection]:
    """The database tool of somebody with the disk: no foreign keys, no triggers, nothing of ours."""
    with closing(sqlite3.connect(on_disk(workspace), isolation_level=None)) as database:
        database.row_factory = sqlite3.Row
        yield database


def verified(home: Path, code: int = 1) -> dict[str, Any]:
    done = forks.run(home, ["audit", "verify", "--json"])
    assert done.returncode == code, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["ok"] == (code == 0)
    return told


def named(told: dict[str, Any]) -> set[tuple[str, str]]:
    """The tables and ids of what is wrong; of a list, the id of its row."""
    return {(problem["table"], problem["key"]) for problem in told["rows"]["problems"]}


def key_of(table: Committed, row: sqlite3.Row) -> str:
    return str(row[table.model._meta.get_field(table.key).column])


def names(table: Committed, row: sqlite3.Row) -> str:
    """The words by which a row that is there is named."""
    shown = shown_key(table)
    return f"row {row['id']}" + (f" ({shown} {row[shown]})" if shown != "id" else "")


@pytest.mark.long
def test_a_workspace_as_the_acts_left_it_is_as_its_log_says(tool: sqlite3.Connection, workspace: Path) -> None:
    told = verified(workspace, code=0)
    assert told["problems"] == told["rows"]["problems"] == []
    assert (told["rows"]["adopted"], told["rows"]["lost"]) == (0, 0)
    assert told["rows"]["checked"] == sum(
        tool.execute(f'SELECT count(DISTINCT "{column_of(table)}") FROM "{table.kind}"').fetchone()[0]
        for table in COMMITTED
    )
    assert [kind for kind in KINDS if not tool.execute(f'SELECT count(*) > 1 FROM "{kind}"').fetchone()[0]] == []


def column_of(table: Committed) -> str:
    return str(table.model._meta.get_field(table.key).column)


def test_a_deleted_row_of_every_table_is_named(tool: sqlite3.Connection, workspace: Path) -> None:
    gone = {}
    for table in COMMITTED:
        gone[table.kind] = row = tool.execute(f'SELECT * FROM "{table.kind}" ORDER BY id DESC LIMIT 1').fetchone()
        tool.execute(f'DELETE FROM "{table.kind}" WHERE id = ?', [row["id"]])
    problems = {
        (problem["table"], problem["key"]): problem["says"] for problem in verified(workspace)["rows"]["problems"]
    }
    for table in COMMITTED:
        assert "deleted" in problems[table.kind, key_of(table, gone[table.kind])], table.kind
    assert len(problems) == len(COMMITTED)


def test_a_deleted_row_is_named_although_what_opens_its_commitment_was_deleted_too(
    tool: sqlite3.Connection, workspace: Path
) -> None:
    gone = {}
    for table in COMMITTED:
        gone[table.kind] = row = tool.execute(f'SELECT * FROM "{table.kind}" ORDER BY id DESC LIMIT 1').fetchone()
        tool.execute(f'DELETE FROM "{table.kind}" WHERE "{column_of(table)}" = ?', [row[column_of(table)]])
        tool.execute("DELETE FROM row_commitment WHERE kind = ? AND key = ?", [table.kind, key_of(table, row)])
    assert named(verified(workspace)) == {(table.kind, key_of(table, gone[table.kind])) for table in COMMITTED}


def test_an_inserted_row_of_every_table_is_named(tool: sqlite3.Connection, workspace: Path) -> None:
    for table in COMMITTED:
        _insert(tool, table)
    problems = named(verified(workspace))
    for table in COMMITTED:
        row = tool.execute(f'SELECT * FROM "{table.kind}" ORDER BY id DESC LIMIT 1').fetchone()
        assert (table.kind, names(table, row)) in problems, table.kind
    assert len(problems) == len(COMMITTED)


def _insert(tool: sqlite3.Connection, table: Committed) -> sqlite3.Row:
    """Insert a copy of a row with a new id, and new values where the table wants them."""
    row = dict(tool.execute(f'SELECT * FROM "{table.kind}" ORDER BY id DESC LIMIT 1').fetchone())
    fields = table.model._meta.local_concrete_fields
    fresh = {field.column for field in fields if field.unique}
    for constraint in table.model._meta.constraints:
        if isinstance(constraint, UniqueConstraint):
            fresh.add(table.model._meta.get_field(constraint.fields[-1]).column)  # type: ignore[union-attr]
    for column in fresh:
        value = row[column]
        row[column] = value + 1_000 if isinstance(value, int) else value and f"{value[:-3]}NEW"
    marks = ", ".join("?" * len(row))
    columns = ", ".join(f'"{column}"' for column in row)
    tool.execute(f'INSERT INTO "{table.kind}" ({columns}) VALUES ({marks})', list(row.values()))
    return tool.execute(f'SELECT * FROM "{table.kind}" WHERE id = ?', [row["id"]]).fetchone()  # type: ignore[no-any-return]


def test_an_inserted_row_with_a_copied_commitment_is_named(tool: sqlite3.Connection, workspace: Path) -> None:
    for table in COMMITTED:
        old = key_of(table, tool.execute(f'SELECT * FROM "{table.kind}" ORDER BY id DESC LIMIT 1').fetchone())
        new = key_of(table, _insert(tool, table))
        if new != old:
            tool.execute(
                "INSERT INTO row_commitment (kind, key, entry, sealed) "
                "SELECT kind, ?, entry, sealed FROM row_commitment WHERE kind = ? AND key = ?",
                [new, table.kind, old],
            )
    assert {table for table, _ in named(verified(workspace))} == set(KINDS)


def test_two_swapped_rows_are_both_named(tool: sqlite3.Connection, workspace: Path) -> None:
    expected = set()
    for table in COMMITTED:
        one, two = tool.execute(f'SELECT * FROM "{table.kind}" ORDER BY id LIMIT 2').fetchall()
        tool.execute(f'UPDATE "{table.kind}" SET id = -1 WHERE id = ?', [one["id"]])
        tool.execute(f'UPDATE "{table.kind}" SET id = ? WHERE id = ?', [one["id"], two["id"]])
        tool.execute(f'UPDATE "{table.kind}" SET id = ? WHERE id = -1', [two["id"]])
        expected.add(table.kind)
    assert {table for table, _ in named(verified(workspace))} == expected


def test_a_row_put_back_to_an_earlier_state_with_its_commitment_is_named(found: str) -> None:
    """What was really recorded once is not what the log says now: a role that was taken away comes back."""
    member = Member.objects.get(email="verifier@agency.example")
    before = RowCommitment.objects.get(kind="member", key=member.public_id)
    deactivate(member.email, reason="left", acting_member=person("admin"))
    assert verify_rows().ok
    attack("UPDATE member SET is_active = %s WHERE id = %s", True, member.pk)
    attack("UPDATE row_commitment SET entry = %s, sealed = %s WHERE id = %s", before.entry, before.sealed, before.pk)
    (problem,) = verify_rows().problems
    assert (problem.table, problem.key) == ("member", member.public_id)
    assert problem.says.startswith(f"put back to its state of entry {before.entry}; entry ")


def test_without_what_opens_the_commitments_every_row_is_named(tool: sqlite3.Connection, workspace: Path) -> None:
    (committed,) = tool.execute("SELECT count(*) FROM row_commitment").fetchone()
    tool.execute("DELETE FROM row_commitment")
    told = verified(workspace)
    assert sum("cannot be checked" in problem["says"] for problem in told["rows"]["problems"]) == committed
    assert {table for table, _ in named(told)} == set(KINDS)


def test_not_even_the_keys_make_an_altered_row_fit(found: str, workspace: Path) -> None:
    """The operator commits to the altered row again, with the real key: the entry has another digest."""
    for table in COMMITTED:
        newest = RowCommitment.objects.filter(kind=table.kind).order_by("-pk")[0]
        column = next(name for name in NEUTRAL if name in table.columns)
        attack(f'UPDATE "{table.kind}" SET "{column}" = %s WHERE "{table.key}" = %s', NEUTRAL[column], newest.key)
        forged = Commitment.to(table, newest.key, stored(table, [newest.key])[newest.key])
        sealed = forged.seal(table.kind, newest.key, newest.entry)
        attack("UPDATE row_commitment SET sealed = %s WHERE id = %s", sealed, newest.pk)
    problems = {(problem.table, problem.says.partition(" in entry")[0]) for problem in verify_rows().problems}
    assert problems == {(kind, "what opens its commitment") for kind in KINDS}


NEUTRAL = {
    "purpose": "another",
    "score": "0.5",
    "conclusion": "another",
    "shown_at": "2026-01-01 00:00:00",
    "evidence": "another",
    "reason": "another",
    "note": "another",
    "why": "another",
    "name": "Another",
    "file_name": "another",
    "statement": "another",
    "pictures": 7,
}
"""A column of every table, and another value of it."""


def test_an_adoption_that_no_upgrade_made_is_named(found: str, workspace: Path) -> None:
    """With a program of their own, the operator lets the log adopt an altered row: the entry gives it away."""
    attack("UPDATE member SET name = 'Another' WHERE email = 'auditor@agency.example'")
    member = Member.objects.get(email="auditor@agency.example")
    with transaction.atomic():
        receipt = write_entry("rows.adopted", {"table": "member", "rows": 1}, acting_member=None, rows=[member])
    assert [(problem.table, problem.key) for problem in verify_rows().problems] == [("log_entry", str(receipt.entry))]


def test_a_command_of_a_member_refuses_an_altered_row(tool: sqlite3.Connection, workspace: Path) -> None:
    tool.execute("UPDATE lead SET evidence = 'another'")
    for json_too in ([], ["--json"]):
        done = forks.run(workspace, ["lead", "list", "--as", "supervisor@agency.example", *json_too])
        assert (done.returncode, done.stdout) == (1, "")
        assert "[rows.altered]" in done.stderr
        assert "of the table lead in the database is not as entry" in done.stderr


@pytest.mark.long
@pytest.mark.parametrize("table", COMMITTED, ids=KINDS)
def test_every_changed_column_is_named(found: str, table: Committed) -> None:
    """In process, one column after the other: each of its own makes the row another one."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{table.kind}" ORDER BY id DESC LIMIT 1')
        columns = [column[0] for column in cursor.description]
        row = dict(zip(columns, cursor.fetchone(), strict=True))
    for field in table.model._meta.local_concrete_fields:
        if field.name in table.apart or field.primary_key:
            continue
        _write(table, row["id"], field.column, _other(row[field.column], field, erased=field.name in table.present))
        problems = verify_rows().problems
        assert [problem for problem in problems if problem.table == table.kind], field.column
        _write(table, row["id"], field.column, row[field.column])
    assert verify_rows().problems == []


def _other(value: Any, field: Field[Any, Any], *, erased: bool) -> Any:
    """Return another value that the column can have."""
    if isinstance(field, DateTimeField):
        return "2001-02-03 04:05:06"
    if isinstance(field, DateField):
        return "2001-02-03"
    if isinstance(field, JSONField):
        return '["altered"]'
    if isinstance(field, BinaryField):
        return b"" if erased else bytes(value or b"x")[:-1] + b"?"
    if isinstance(field, CharField | TextField):
        return f"{value}x"
    return (value or 0) + 1


def _write(table: Committed, pk: int, column: str, value: Any) -> None:
    attack(f'UPDATE OR IGNORE "{table.kind}" SET "{column}" = %s WHERE id = %s', value, pk)
