"""Queries that every search or page runs, compiled once: the ORM's compiler takes many times as long as the database.

Owns the place of each value in the compiled statement. What comes back is made by the ORM itself, so a loaded row is
checked and converted as from any other query. It must never be given a value that changes the statement: None, a list.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import QuerySet

R = TypeVar("R", bound="QuerySet[Any, Any]")

Value = int | str | datetime


class _Compiled(NamedTuple, Generic[R]):
    """A query, its compiler, the statement, for each of its parameters the place of a value or a constant, and what
    converts its columns."""

    query: R
    compiler: Any
    sql: str
    places: list[tuple[int | None, Any]]
    converters: Any


class Prepared(Generic[R]):
    """A query with places for values; safe to use from several threads."""

    def __init__(self, build: Callable[..., R], *kinds: type[Value], spare: bool = False) -> None:
        """Take the query; nothing is compiled yet.

        Args:
            build: returns the query for values of these kinds; it uses each value unchanged.
            kinds: int, str or datetime, one for each argument.
            spare: the query may leave values out.
        """
        self._build, self._kinds, self._spare = build, kinds, spare
        self._compiled: dict[str, _Compiled[R]] = {}
        self._lock = threading.Lock()

    def __call__(self, *values: Value) -> R:
        """Return the query with these values, not run yet. It may be iterated, and must not be refined further."""
        ours = connections[DEFAULT_DB_ALIAS]
        query, compiler, sql, places, converters = self._compiled.get(ours.vendor) or self._compile()
        bound = [_plain(value) for value in values]
        parameters = tuple(constant if place is None else bound[place] for place, constant in places)
        own = _copied(compiler)
        own.connection, own.as_sql = ours, lambda *_, **__: (sql, parameters)
        own.get_converters = lambda _: converters
        asked = object.__new__(type(query))  # copy.copy would run the query
        vars(asked).update(vars(query))
        statement = _copied(query.query)
        statement.get_compiler = lambda *_, **__: own
        vars(asked)["_query"] = statement  # `query` would change what rows are made of
        return asked

    def first(self, *values: Value) -> Any:
        """Return the first row, or None; the query itself says in which order, and [:1]."""
        return next(iter(self(*values)), None)

    def _compile(self) -> _Compiled[R]:
        with self._lock:
            examples = [_example(kind, number) for number, kind in enumerate(self._kinds)]
            query = self._build(*examples)
            compiler = query.query.get_compiler(using=query.db)
            sql, parameters = compiler.as_sql()
            plain = [_plain(example) for example in examples]
            places = [(plain.index(value) if value in plain else None, value) for value in parameters]
            if not self._spare and {place for place, _ in places} - {None} != set(range(len(plain))):
                raise ValueError("a value of the query has no place in its statement")
            columns = [column for column, *_ in compiler.select[: compiler.col_count]]
            compiled = _Compiled(query, compiler, sql, places, compiler.get_converters(columns))
            self._compiled[connection.vendor] = compiled
            return compiled


def _copied(original: Any) -> Any:
    """Return a shallow copy; `copy.copy` asks the object how, which takes longer than some of these queries."""
    same = object.__new__(type(original))
    vars(same).update(vars(original))
    return same


def _example(kind: type[Value], number: int) -> Value:
    """Return a value that no query has by itself."""
    if kind is int:
        return 7_340_033_000 + number
    if kind is str:
        return f"\x1fexample {number}"
    return datetime(2222, 2, 2, 2, 2, 2, 222_000 + number, tzinfo=UTC)


def _plain(value: Value) -> Any:
    """Return a value as the database takes it."""
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
