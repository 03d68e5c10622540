"""Rows that the log commits to: where their newest commitment is, what opens it, and which of them were read.

Owns the hook by which a page checks what it shows: while `reading` runs, every row of a `Recorded` model that is loaded
is kept beside the instance that was made of it. It must never decide whether a row is right: casework.log does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Self

from django.db import models
from django.db.models.base import ModelState


@dataclass(slots=True)
class Reading:
    """The rows that a page, request or command has loaded.

    Attributes:
        waiting: (model, primary key) -> columns and values of the first loading, not checked yet.
        settled: rows that were checked, or that this very act has written.
        check: checks what is waiting; called when it becomes much.
    """

    check: Callable[[], None]

    waiting: dict[tuple[type[models.Model], Any], tuple[Collection[str], Sequence[Any]]] = field(default_factory=dict)
    settled: set[tuple[type[models.Model], Any]] = field(default_factory=set)


_MANY = 2_000
"""Rows that wait for their check at most: a template has 2 KiB, and SQLite takes 32,766 values in a statement."""

_reading: ContextVar[Reading | None] = ContextVar("reading", default=None)


def reading_now() -> Reading | None:
    """Return the rows loaded in the running context; None if nobody looks at them."""
    return _reading.get()


def read_from_now_on(check: Callable[[], None]) -> None:
    """Keep what is loaded from now on, in this context: for a process that serves one person."""
    _reading.set(Reading(check))


def read_nothing() -> None:
    """End `read_from_now_on`: the process goes on to serve somebody else."""
    _reading.set(None)


@contextmanager
def reading(check: Callable[[], None]) -> Iterator[Reading]:
    """Keep what is loaded inside the block."""
    loaded = Reading(check)
    token = _reading.set(loaded)
    try:
        yield loaded
    finally:
        _reading.reset(token)


@contextmanager
def unread() -> Iterator[None]:
    """Keep nothing inside the block: for what is loaded to be written down or to refuse."""
    token = _reading.set(None)
    try:
        yield
    finally:
        _reading.reset(token)


class Recorded(models.Model):
    """A model whose rows the log commits to; see casework.log.committed."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        """Save; a new row of this act cannot have been committed to before."""
        new = self._state.adding
        super().save(*args, **options)
        loaded = _reading.get()
        if new and loaded is not None:
            loaded.settled.add((type(self), self.pk))

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any) -> Self:
        """Make an instance of a loaded row, and keep the row for the check."""
        names = _names(cls)
        if options or len(values) != len(names):
            instance = super().from_db(db, field_names, values, **options)
        else:  # the same without Django's signals, for which nobody waits here: half the time of loading a list
            instance = cls.__new__(cls)
            instance.__dict__.update(zip(names, values, strict=True))
            instance._state = state = ModelState()
            state.adding, state.db = False, db
        loaded = _reading.get()
        if loaded is not None and (cls, instance.pk) not in loaded.settled:
            loaded.waiting.setdefault((cls, instance.pk), (field_names, tuple(values)))
            if len(loaded.waiting) >= _MANY:
                loaded.check()
        return instance


@lru_cache(maxsize=128)
def _names(model: type[models.Model]) -> tuple[str, ...]:
    return tuple(column.attname for column in model._meta.concrete_fields)


class RowCommitment(models.Model):
    """The newest commitment to one row, or to the rows of one list: the entry that has it, and what opens it.

    `kind` is the table, `key` the row's id (for a list: the id of what it belongs to). `sealed` has the salt and a short
    digest of each row (casework.log.committed); it is empty once the rows were erased, as the entry says.
    """

    kind = models.CharField(max_length=30)
    key = models.CharField(max_length=20)
    entry = models.BigIntegerField(db_index=True)
    sealed = models.BinaryField()

    class Meta:
        db_table = "row_commitment"
        constraints = (models.UniqueConstraint(fields=["kind", "key"], name="row_commitment_once"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.key} in entry {self.entry}"


class RowCheck(models.Model):
    """How far the rows were compared with the log in the running pass, and what the last passes found; one row.

    `problems`: sentences that are in the log already, so that each is written once.
    """

    seq = models.BigIntegerField(default=0)
    began_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    checked = models.BigIntegerField(default=0)
    last_checked = models.BigIntegerField(default=0)
    findings = models.JSONField(default=list)
    problems = models.JSONField(default=list)

    class Meta:
        db_table = "row_check"

    def __str__(self) -> str:
        return f"rows checked up to entry {self.seq}"
