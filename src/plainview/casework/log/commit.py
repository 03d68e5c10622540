"""Commits to rows in an entry, and checks what a page has loaded against the newest commitments.

Owns the rows of `RowCommitment`. It must never commit to a row that somebody altered: what this act has loaded is checked
before its entry replaces the older commitment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from django.db import transaction
from django.db.models import Model

from plainview.casework.log.committed import BY_KIND, BY_MODEL, Commitment, Committed, stored
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
        wrong = _wrong([_Loaded.of(model, columns, values) for (model, _), (columns, values) in waiting.items()])
        for _ in range(_TRIES):
            if not wrong:
                break
            # Another process may have changed a row, and committed to it, since it was loaded.
            wrong = _wrong([record.again() for record in wrong])
    if wrong:
        first = wrong[0].unit
        newest = RowCommitment.objects.filter(kind=first.table.kind, key=first.key).first()
        raise altered(first, newest.entry if newest else None)
    loaded.settled |= waiting.keys()


def require_whole(model: type[Recorded], key: int, rows: int) -> None:
    """Check that a list has as many rows as were committed to.

    Raises:
        Refused: rows.altered.
    """
    if reading_now() is None:
        return
    unit = Unit(BY_MODEL[model], str(key))
    newest = RowCommitment.objects.filter(kind=unit.table.kind, key=unit.key).first()
    commitment = opened(newest) if newest else None
    if rows != (len(commitment.digests) if commitment else 0):
        raise altered(unit, newest.entry if newest else None)


class _Loaded(NamedTuple):
    """A row that was loaded: what it belongs to, its primary key, and its committed columns; None if some are missing."""

    unit: Unit
    pk: Any
    values: Sequence[Any] | None

    @classmethod
    def of(cls, model: type[Model], columns: Collection[str], values: Sequence[Any]) -> _Loaded:
        table = BY_MODEL[model]
        named = dict(zip(columns, values, strict=True))
        if named.keys() >= table.column_set:
            return cls(Unit(table, str(named[table.key])), named["id"], [named[column] for column in table.columns])
        return cls(Unit(table, ""), named["id"], None).again()

    def again(self) -> _Loaded:
        """Load it again; a row that is gone has no key, and no commitment."""
        table = self.unit.table
        values = table.model._base_manager.filter(pk=self.pk).values_list(*table.columns).first()
        key = str(values[table.columns.index(table.key)]) if values else self.unit.key
        return _Loaded(Unit(table, key), self.pk, values)


def _wrong(rows: Sequence[_Loaded]) -> list[_Loaded]:
    """Return the rows that are not as committed to. A row that was erased meanwhile is not among them."""
    commitments = _newest({record.unit for record in rows})
    return [record for record in rows if record.values is not None and not _fits(record, commitments.get(record.unit))]


def _fits(record: _Loaded, commitment: Commitment | None) -> bool:
    (table, key), values = record.unit, record.values
    return commitment is not None and values is not None and commitment.place(table, key, values) is not None


def _newest(units: Collection[Unit]) -> dict[Unit, Commitment | None]:
    """Return the newest commitment to each, in one query: a page has a few milliseconds."""
    keys: dict[Committed, list[str]] = {}
    for table, key in units:
        keys.setdefault(table, []).append(key)
    which = " OR ".join(f'(kind = %s AND "key" IN ({", ".join(["%s"] * len(some))}))' for some in keys.values())
    with transaction.get_connection().cursor() as cursor:
        cursor.execute(
            f'SELECT kind, "key", entry, sealed FROM row_commitment WHERE {which}',  # noqa: S608  marks alone
            [value for table, some in keys.items() for value in (table.kind, *some)],
        )
        return {
            Unit(BY_KIND[kind], key): _opened(bytes(sealed), kind, key, entry)
            for kind, key, entry, sealed in cursor.fetchall()
        }


def opened(record: RowCommitment) -> Commitment | None:
    """Open a stored commitment; None if it was altered, or if the rows were erased."""
    return _opened(bytes(record.sealed), record.kind, record.key, record.entry)


def _opened(sealed: bytes, kind: str, key: str, entry: int) -> Commitment | None:
    with suppress(SealBroken):
        return Commitment.open(sealed, kind, key, entry) if sealed else None
    return None


def altered(unit: Unit, entry: int | None) -> Refused:
    """Return the refusal of a row that is not as the log has it."""
    said = f"not as entry {entry} of the log recorded it" if entry is not None else "recorded by no entry of the log"
    kind, key = unit.table.kind, unit.key
    return Refused(
        "rows.altered",
        "Nothing shown",
        f"The row {key} of the table {kind} in the database is {said}.",
        f"Tell your auditor and the platform operator this reference: {kind} {key}. Do not rely on the record meanwhile.",
    )
