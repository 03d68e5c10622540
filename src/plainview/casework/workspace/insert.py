"""Inserting and changing rows without the ORM's compiler, which takes longer than the rest of recording a search.

Owns the statement of each model, made once; the fields convert their own values, so a row is identical to one written
by `save`. It must never send a signal, nor set a key other than the primary key of `insert`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from types import NoneType
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper


def insert(record: models.Model) -> None:
    """Insert one row and set its primary key."""
    statement, fields = _statement(type(record))
    key = str(record._meta.pk.column)
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} RETURNING {connection.ops.quote_name(key)}", _values(record, fields))
        (record.pk,) = cursor.fetchone()
    record._state.adding, record._state.db = False, connection.alias


def insert_many(rows: Sequence[models.Model], *, known_by: str = "") -> None:
    """Insert rows of one model.

    Args:
        rows: their primary keys stay unset, unless
        known_by: names a unique field by which they are then read.
    """
    if not rows:
        return
    model = type(rows[0])
    insert_values(model, [values_of(record) for record in rows])
    if known_by:
        names = [getattr(record, known_by) for record in rows]
        there = model._base_manager.filter(**{f"{known_by}__in": names})
        keys = dict(there.values_list(known_by, "pk"))
        for record, name in zip(rows, names, strict=True):
            record.pk = keys[name]
            record._state.adding, record._state.db = False, connection.alias


def values_of(record: models.Model) -> list[Any]:
    """Return a row as `insert_many` gives it to the database: the values of `places_of`, without the primary key."""
    return _values(record, _statement(type(record))[1])


def places_of(model: type[models.Model], *names: str) -> list[int]:
    """Return the places of these fields in a row of `values_of`."""
    fields = [field.name for field in _statement(model)[1]]
    return [fields.index(name) for name in names]


def insert_values(model: type[models.Model], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows of `values_of`: for very many that differ in a few places."""
    with connection.cursor() as cursor:
        cursor.executemany(_statement(model)[0], rows)


def update(record: models.Model, *names: str) -> None:
    """Write these fields of a row that is there."""
    quote, meta = connection.ops.quote_name, record._meta
    fields = [meta.get_field(name) for name in names]
    changes = ", ".join(f"{quote(str(field.column))} = %s" for field in fields)  # type: ignore[union-attr]
    ours = connections[DEFAULT_DB_ALIAS]
    values = [_value(field, getattr(record, field.attname), ours) for field in fields]  # type: ignore[arg-type, union-attr]
    where = f"WHERE {quote(str(meta.pk.column))} = %s"
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {quote(meta.db_table)} SET {changes} {where}", [*values, record.pk])  # noqa: S608  names of our own models


@lru_cache(maxsize=32)
def _statement(model: type[models.Model]) -> tuple[str, tuple[models.Field[object, object], ...]]:
    fields = tuple(field for field in model._meta.local_concrete_fields if not field.primary_key)
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    return f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({marks})", fields  # noqa: S608  names of our own models


def _values(record: models.Model, fields: tuple[models.Field[object, object], ...]) -> list[Any]:
    ours = connections[DEFAULT_DB_ALIAS]  # looked up for each value, it would take as long as the conversions
    return [_value(field, field.pre_save(record, add=True), ours) for field in fields]


_AS_IS: dict[type, tuple[type[models.Field[Any, Any]], ...]] = {
    int: (models.IntegerField, models.ForeignKey),
    str: (models.CharField, models.TextField),
    bool: (models.BooleanField,),
    NoneType: (models.IntegerField, models.ForeignKey, models.CharField, models.TextField, models.BooleanField),
}
"""Type of a value -> the fields that hand it to the database as it is."""


def _value(field: models.Field[object, object], value: Any, ours: BaseDatabaseWrapper) -> Any:
    if isinstance(field, _AS_IS.get(type(value), ())):
        return value
    return field.get_db_prep_save(value, ours)
