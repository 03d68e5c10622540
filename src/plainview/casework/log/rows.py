"""Compares every row that the log commits to with its commitment, entry by entry, in passes that can be cut anywhere.

Owns what is wrong with a row, in words: altered, deleted, inserted, or put back to an earlier state. It reads the
database and never changes a row; whether the log itself is whole is `log.read.verify_log`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from django.db import connection

from plainview.audit.record import MAX_INTEGER
from plainview.casework.log.commit import ROWS, Unit, opened
from plainview.casework.log.committed import BY_KIND, COMMITTED, Committed, Problem, stored
from plainview.casework.log.older import differences_before
from plainview.casework.models import LogEntry, RowCommitment

ADOPTED = "rows.adopted"
"""The action of the entries that commit to what an older version left: before them nothing was committed to."""

_ENTRIES, _BYTES = 200, 400_000
"""At a time at most so many entries, and no further one after so many bytes (some 5,000 commitments): memory stays flat."""

_RESTORED = b'{"action":"workspace.restored"'
_ADOPTED = f'{{"action":"{ADOPTED}"'.encode()


@dataclass(slots=True)
class Rows:
    """What a comparison found.

    Attributes:
        checked: commitments whose rows were compared.
        adopted: of these, rows of an older version: they are as they were when it was upgraded.
        erased: commitments to rows that were erased, as their entry says.
        lost: commitments of entries from after a backup that was restored: it does not have the rows.
        problems: what is wrong, in the order of the log.
    """

    checked: int = 0
    adopted: int = 0
    erased: int = 0
    lost: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Say whether every row is as the log has it."""
        return not self.problems


def verify_rows() -> Rows:
    """Compare every row with the log."""
    rows = Rows()
    compare(rows, 0, None)
    rows.problems += not_committed()
    if rows.adopted:
        adopting = [seq for seq, text in _texts() if text.startswith(_ADOPTED)]
        rows.problems += differences_before(adopting, takewhile(lambda entry: entry[0] < adopting[0], _texts()))
    return rows


def compare(rows: Rows, first: int, most: int | None) -> int:
    """Compare the rows that entries from number `first` on commit to; return the number of the next entry.

    Args:
        rows: what was found so far.
        first: the number of an entry.
        most: stop after this many commitments; None for no limit.
    """
    lost, began = _lost(), None
    before = rows.checked
    number = first
    for entries in _some(first):
        last = entries[-1][0]
        said: dict[Unit, tuple[int, str | None]] = {}
        named: set[tuple[Unit, int]] = set()
        adopted = set()
        for seq, text in entries:
            commits, action = _commits(text)
            if any(seq in span for span in lost):
                rows.lost += len(commits)
                continue
            if action == ADOPTED:
                adopted.add(seq)
                began = _began() if began is None else began
                if began < seq:
                    rows.problems.append(Problem("log_entry", str(seq), "adopts rows, and no older version left any"))
            said.update({unit: (seq, digest) for unit, digest in commits.items()})
            named.update((unit, seq) for unit in commits)
        _compare(rows, said, adopted)
        rows.problems += _unsaid(number, last, named)
        number = last + 1
        if most is not None and rows.checked - before >= most:
            break
    return number


def _some(first: int) -> Iterator[list[tuple[int, bytes]]]:
    """Yield the entries from number `first` on, as many together as are compared at once."""
    entries: list[tuple[int, bytes]] = []
    size = 0
    rows = LogEntry.objects.filter(seq__gte=first).order_by("seq").values_list("seq", "canonical")
    for seq, text in rows.iterator(20):
        entries.append((seq, bytes(text)))
        size += len(text)
        if len(entries) == _ENTRIES or size >= _BYTES:
            yield entries
            entries, size = [], 0
    if entries:
        yield entries


def _commits(canonical: bytes) -> tuple[Mapping[Unit, str | None], str]:
    if f'"{ROWS}":{{'.encode() not in canonical:
        return {}, ""
    entry = json.loads(canonical)
    said = entry["subject"].get(ROWS, {})
    return {
        Unit(BY_KIND[kind], key): digest
        for kind, keys in said.items()
        if kind in BY_KIND
        for key, digest in keys.items()
    }, entry["action"]


def _began() -> int:
    """Return the first entry that commits to what its act wrote: nothing may be adopted after it."""
    acts = (seq for seq, text in _texts() if (said := _commits(text))[0] and said[1] != ADOPTED)
    return next(acts, MAX_INTEGER)


def _texts() -> Iterator[tuple[int, bytes]]:
    """Yield every entry, without those that a restore took over."""
    lost = _lost()
    rows = LogEntry.objects.order_by("seq").values_list("seq", "canonical")
    return ((seq, bytes(text)) for seq, text in rows.iterator(2000) if not any(seq in span for span in lost))


def _lost() -> list[range]:
    """Return the entries that a restore took over from a newer log: their rows were not in the backup."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq, canonical FROM log_entry WHERE substr(canonical, 1, %s) = %s ORDER BY seq DESC",
            [len(_RESTORED), _RESTORED],
        )
        restores = [(seq, json.loads(bytes(text))["subject"]) for seq, text in cursor.fetchall()]
    lost: list[range] = []
    for seq, about in restores:
        # A restore that a later one took over is undone: the later backup is from before it, or knows of it.
        if not any(seq in span for span in lost):
            lost.append(range(about["entries"], about["entries"] + about["taken_over"]))
    return lost


def _compare(rows: Rows, said: Mapping[Unit, tuple[int, str | None]], adopted: set[int]) -> None:
    keys: dict[Committed, list[str]] = {}
    for table, key in said:
        keys.setdefault(table, []).append(key)
    for table, some in keys.items():
        newest = _newest(table, some)
        current = [key for key in some if key not in newest or newest[key].entry <= said[Unit(table, key)][0]]
        there = stored(table, current)
        for key in current:
            seq, digest = said[Unit(table, key)]
            commitment = newest.get(key)
            if digest is None:
                rows.erased += 1
            else:
                rows.checked += 1
                rows.adopted += seq in adopted
            if commitment is None:
                rows.problems.append(_without(table, key, seq, bool(there.get(key))))
            elif commitment.entry < seq:
                rows.problems.append(
                    Problem(table.kind, key, f"put back to its state of entry {commitment.entry}; entry {seq} is newer")
                )
            else:
                rows.problems += _differences(table, key, commitment, digest, there.get(key, []))


def _newest(table: Committed, keys: list[str]) -> dict[str, RowCommitment]:
    newest: dict[str, RowCommitment] = {}
    for at in range(0, len(keys), 500):
        some = RowCommitment.objects.filter(kind=table.kind, key__in=keys[at : at + 500])
        newest |= {record.key: record for record in some}
    return newest


def _without(table: Committed, key: str, seq: int, is_there: bool) -> Problem:
    if is_there:
        return Problem(table.kind, key, f"what opens its commitment in entry {seq} was deleted: it cannot be checked")
    return Problem(table.kind, key, f"deleted, although entry {seq} recorded it")


def _differences(
    table: Committed, key: str, record: RowCommitment, digest: str | None, there: Sequence[Sequence[Any]]
) -> Iterator[Problem]:
    if digest is None:
        if there:
            yield Problem(table.kind, key, f"is there again, although entry {record.entry} says that it was erased")
        return
    commitment = opened(record)
    if commitment is None or commitment.public(table.kind, key) != digest:
        yield Problem(table.kind, key, f"what opens its commitment in entry {record.entry} was altered")
        return
    places: set[int] = set()
    for values in there:
        place = commitment.place(table, key, values)
        if place is None:
            named = _named(table, dict(zip(table.columns, values, strict=True)))
            yield Problem(table.kind, named, f"altered or inserted after entry {record.entry}")
        else:
            places.add(place)
    missing = len(commitment.digests) - len(there)
    if missing > 0 and not there:
        yield Problem(table.kind, key, f"deleted, although entry {record.entry} recorded it")
    elif missing > 0:
        gone = sorted(set(range(len(commitment.digests))) - places)
        ranks = ", ".join(str(place + 1) for place in gone)
        yield Problem(
            table.kind, key, f"{missing} of {len(commitment.digests)} rows deleted; not found: number {ranks}"
        )


def _named(table: Committed, values: Mapping[str, object]) -> str:
    shown = shown_key(table)
    return f"row {values['id']}" + (f" ({shown} {values[shown]})" if shown != "id" else "")


def shown_key(table: Committed) -> str:
    """Return the column by which a row is named for people, beside its number."""
    return "public_id" if "public_id" in table.columns else table.key


def _unsaid(first: int, last: int, named: Collection[tuple[Unit, int]]) -> Iterator[Problem]:
    """Yield the commitments that name one of these entries without being in it."""
    for record in RowCommitment.objects.filter(entry__gte=first, entry__lte=last).order_by("entry").iterator(2000):
        table = BY_KIND.get(record.kind)
        if table is None or (Unit(table, record.key), record.entry) not in named:
            yield Problem(record.kind, record.key, f"entry {record.entry} says nothing about it")


def not_committed() -> Iterator[Problem]:
    """Yield the rows that no entry records."""
    for table in COMMITTED:
        column, shown = (
            table.model._meta.get_field(name).column  # type: ignore[union-attr]
            for name in (table.key, shown_key(table))
        )
        with connection.cursor() as cursor:
            cursor.execute(
                f'SELECT t.id, t."{shown}" FROM "{table.kind}" t LEFT JOIN row_commitment c '  # noqa: S608  our own names
                f'ON c.kind = %s AND c."key" = CAST(t."{column}" AS TEXT) WHERE c.id IS NULL ORDER BY t.id',
                [table.kind],
            )
            while some := cursor.fetchmany(500):
                for pk, key in some:
                    named = _named(table, {"id": pk, shown_key(table): key})
                    yield Problem(table.kind, named, "inserted: no entry records it")
