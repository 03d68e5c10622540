"""Commits to rows in an entry, and checks what a page has loaded against the newest commitments.

Owns the rows of `RowCommitment`. It must never commit to a row that somebody altered: what this act has loaded is checked
before its entry replaces the older commitment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from django.db import transaction

from plainview.casework.log.committed import BY_MODEL, Commitment, Committed, stored
from plainview.casework.models import RowCommitment
from plainview.casework.models.rows import Recorded, reading_now, unread
from plainview.policy.decision import Refused
from plainview.storage.seal import SealBroken

ROWS: Final = "commits"
"""The key in `subject` under which an entry commits to rows: table -> key -> digest, null for erased rows."""

MOST: Final = 400
"""Commitments in one entry: 83 bytes each, of the 64 KiB that an entry may have."""

_TRIES = 3  # another process may commit to a row between two reads of ours


class Unit(NamedTuple):
    """What one commitment is to: a row, or the rows of a list."""

    table: Committed
    key: str


Committing = Mapping[Unit, Commitment | None]
"""Each commitment; None for rows that are no longer there."""


def units_of(rows: Iterable[Recorded | Unit]) -> list[Unit]:
    """Return what is to be committed to, each once. Of an instance only the key counts."""
    named = (record if isinstance(record, Unit) else unit_of(record) for record in rows)
    return list(dict.fromkeys(named))


def unit_of(record: Recorded) -> Unit:
    """Return what an instance belongs to."""
    table = BY_MODEL[type(record)]
    return Unit(table, str(getattr(record, table.key)))


def commitments_to(units: Sequence[Unit]) -> Committing:
    """Commit to rows as they are stored now, in the running transaction; nothing is written."""
    keys: dict[Committed, list[str]] = {}
    for table, key in units:
        keys.setdefault(table, []).append(key)
    there = {table: stored(table, some) for table, some in keys.items()}
    return {
        unit: Commitment.to(unit.table, unit.key, rows) if (rows := there[unit.table].get(unit.key)) else None
        for unit in units
    }


def public(committing: Committing) -> dict[str, dict[str, str | None]]:
    """Return what the entry says: table -> key -> digest, None for rows that are no longer there."""
    said: dict[str, dict[str, str | None]] = {}
    for (table, key), to in committing.items():
        said.setdefault(table.kind, {})[key] = to.public(table.kind, key) if to else None
    return said


def store(committing: Committing, entry: int) -> None:
    """Store what opens the commitments of an entry, in its transaction; older ones are replaced."""
    rows = [
        [table.kind, key, entry, to.seal(table.kind, key, entry) if to else b""]
        for (table, key), to in committing.items()
    ]
    with transaction.get_connection().cursor() as cursor:
        cursor.executemany(
            'INSERT INTO row_commitment (kind, "key", entry, sealed) VALUES (%s, %s, %s, %s) '
            'ON CONFLICT (kind, "key") DO UPDATE SET entry = excluded.entry, sealed = excluded.sealed',
            rows,
        )


def require_unaltered() -> None:
    """Check what the running page, request or command has loaded since the last check.

    Raises:
        Refused: rows.altered.
    """
    loaded = reading_now()
    if loaded is None or not loaded.waiting:
        return
    waiting, loaded.waiting = loaded.waiting, {}
    with unread():
        by_table: dict[Committed, list[tuple[Any, Collection[str], Sequence[Any]]]] = {}
        for (model, pk), (columns, values) in waiting.items():
            by_table.setdefault(BY_MODEL[model], []).append((pk, columns, values))
        for table, rows in by_table.items():
            _require(table, rows)
    loaded.settled |= waiting.keys()


def require_whole(model: type[Recorded], key: int, rows: int) -> None:
    """Check that a list has as many rows as were committed to.

    Raises:
        Refused: rows.altered.
    """
    if reading_now() is None:
        return
    table = BY_MODEL[model]
    stored_now = RowCommitment.objects.filter(kind=table.kind, key=str(key)).first()
    committed = 0
    if stored_now is not None and stored_now.sealed:
        commitment = opened(stored_now)
        committed = len(commitment.digests) if commitment else -1
    if committed != rows:
        raise altered(table.kind, str(key), stored_now.entry if stored_now else None)


def _require(table: Committed, rows: list[tuple[Any, Collection[str], Sequence[Any]]]) -> None:
    position = {column: at for at, column in enumerate(table.columns)}
    whole: list[Sequence[Any]] = []
    partly: list[Any] = []
    for pk, columns, values in rows:
        if set(table.columns) <= set(columns):
            named = dict(zip(columns, values, strict=True))
            whole.append([named[column] for column in table.columns])
        else:
            partly.append(pk)
    at = position[table.key]
    for _ in range(_TRIES):
        if partly:
            whole += table.model._base_manager.filter(pk__in=partly).values_list(*table.columns)
        wrong = _wrong(table, [(str(values[at]), values) for values in whole])
        if not wrong:
            return
        # Another process may have changed the row, and committed to it, since it was loaded.
        partly = [values[position["id"]] for _, values, _ in wrong]
        whole = []
    key, _, entry = wrong[0]
    raise altered(table.kind, key, entry)


def _wrong(table: Committed, rows: list[tuple[str, Sequence[Any]]]) -> list[tuple[str, Sequence[Any], int | None]]:
    """Return the rows that are not as committed to, with the entry that says so."""
    keys = {key for key, _ in rows}
    newest = {record.key: record for record in RowCommitment.objects.filter(kind=table.kind, key__in=keys)}
    openings = {key: opened(record) for key, record in newest.items()}
    return [
        (key, values, newest[key].entry if key in newest else None)
        for key, values in rows
        if (commitment := openings.get(key)) is None or commitment.place(table, key, values) is None
    ]


def opened(record: RowCommitment) -> Commitment | None:
    """Open a stored commitment; None if it was altered, or if the rows were erased."""
    try:
        return Commitment.open(bytes(record.sealed), record.kind, record.key, record.entry) if record.sealed else None
    except SealBroken:
        return None


def altered(kind: str, key: str, entry: int | None) -> Refused:
    """Return the refusal of a row that is not as the log has it."""
    said = f"not as entry {entry} of the log recorded it" if entry is not None else "recorded by no entry of the log"
    return Refused(
        "rows.altered",
        "Nothing shown",
        f"The row {key} of the table {kind} in the database is {said}.",
        f"Tell your auditor and the platform operator this reference: {kind} {key}. Do not rely on the record meanwhile.",
    )
