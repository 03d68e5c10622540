"""Rows that a test writes by hand, and the check that no act leaves a row without its commitment.

A test may write a row with the ORM (`Member.objects.filter(...).update(...)`), as no act can. Pages refuse such a row, so
it is committed to here as it is, without an entry. What a test does to the tables with SQL is left as it is: attacks do so.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Set
from typing import Any

from django.db import connection, models
from tests.factories import kept_tables

_watching = False
written_by_hand: set[str] = set()
_attacked = False
_begun: tuple[object, ...] = ()


def watch() -> None:
    """Notice from now on, in this process, what tests write by hand."""
    global _watching
    if _watching:
        return
    _watching = True
    from plainview.casework.models.rows import Recorded

    for name in ("update", "delete", "bulk_create", "bulk_update", "_raw_delete"):
        setattr(models.QuerySet, name, _noticed(getattr(models.QuerySet, name), lambda rows: rows.model))
    for name in ("save", "delete"):
        setattr(Recorded, name, _noticed(getattr(Recorded, name), type, _key_of))


def begin() -> None:
    """Forget what the test before wrote."""
    global _attacked, _begun
    written_by_hand.clear()
    _attacked = False
    _begun = kept_tables.written()


def attack(statement: str, *values: Any) -> None:
    """Run SQL as a database tool does: no foreign keys, and no commitment."""
    global _attacked
    _attacked = True
    before, after = _UNCHECKED[connection.vendor]
    with connection.cursor() as cursor:
        for preparing in before:
            cursor.execute(preparing)
        cursor.execute(statement, values)
        for settling in after:
            cursor.execute(settling)


_UNCHECKED = {
    "sqlite": (
        ("PRAGMA foreign_keys = OFF", "PRAGMA ignore_check_constraints = ON"),
        ("PRAGMA foreign_keys = ON", "PRAGMA ignore_check_constraints = OFF"),
    ),
    "postgresql": (("SET session_replication_role = replica",), ("SET session_replication_role = DEFAULT",)),
}


def unrecorded() -> list[str]:
    """Return what is wrong with the rows that the test left to the acts."""
    from plainview.casework.log.rows import verify_rows

    if _attacked or connection.in_atomic_block or kept_tables.written() == _begun:
        return []
    return [str(problem) for problem in verify_rows().problems if problem.table not in written_by_hand]


def _noticed(
    change: Callable[..., Any],
    model_of: Callable[[Any], type[models.Model]],
    key_of: Callable[[Any], str | None] = lambda target: None,
) -> Callable[..., Any]:
    @functools.wraps(change)
    def noticed(target: Any, *args: Any, **options: Any) -> Any:
        before = key_of(target)
        answer = change(target, *args, **options)
        if _is_of_a_test():
            by_hand(model_of(target), {key for key in (before, key_of(target)) if key is not None})
        return answer

    return noticed


def _key_of(row: models.Model) -> str | None:
    from plainview.casework.log.committed import BY_MODEL

    table = BY_MODEL.get(type(row))
    if table is None:
        return None
    key = getattr(row, table.key, None)
    return None if key is None else str(key)


def _is_of_a_test() -> bool:
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if "/django/" not in name and not name.endswith("/rows.py"):
            return "/tests/" in name
        frame = frame.f_back  # type: ignore[assignment]
    return False


def by_hand(model: type[models.Model], only: Set[str] = frozenset()) -> None:
    """Commit to every row of a table as it is now, or to those of some keys."""
    from plainview.casework.log.commit import opened
    from plainview.casework.log.committed import BY_MODEL, Commitment, stored
    from plainview.casework.models import RowCommitment
    from plainview.casework.models.rows import unread

    table = BY_MODEL.get(model)
    if table is None:
        return
    written_by_hand.add(table.kind)
    with unread():
        rows, recorded = model._base_manager.all(), RowCommitment.objects.filter(kind=table.kind)
        if only:
            rows, recorded = rows.filter(**{f"{table.key}__in": only}), recorded.filter(key__in=only)
        keys = {str(key) for key in rows.values_list(table.key, flat=True)}
        known = {row.key: row for row in recorded}
        for key, rows in stored(table, list(keys)).items():
            row = known.get(key)
            commitment = opened(row) if row else None
            if (
                commitment
                and len(commitment.digests) == len(rows)
                and all(commitment.place(table, key, values) is not None for values in rows)
            ):
                continue
            entry = row.entry if row else 0
            sealed = Commitment.to(table, key, rows).seal(table.kind, key, entry)
            RowCommitment.objects.update_or_create(
                kind=table.kind, key=key, defaults={"entry": entry, "sealed": sealed}
            )
        RowCommitment.objects.filter(kind=table.kind, key__in=known.keys() - keys).delete()
