"""Copying every row of a workspace from one database into another, of the same kind or not.

Owns the order and the conversion: values are read and written by the fields of the models, keys stay as they are, and
every table is compared before anybody uses the copy. It must never write into the database that it reads.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import ConnectionHandler

from plainview.policy.decision import Refused

Settings = dict[str, Any]
"""Django's settings of one database."""

_ALIAS = "other"
_ROWS = 1000
"""Rows that are read and written at once."""


def sqlite_file(path: Path) -> Settings:
    """Return the settings of an SQLite file that only this process uses."""
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)}


@contextmanager
def other(settings: Settings) -> Iterator[BaseDatabaseWrapper]:
    """Open another database beside the current one for the length of the block."""
    unused = {"ENGINE": "django.db.backends.dummy"}
    database = ConnectionHandler({"default": unused, _ALIAS: settings})[_ALIAS]
    connections[_ALIAS] = database
    try:
        yield database
    finally:
        database.close()
        del connections[_ALIAS]


@contextmanager
def instead(database: BaseDatabaseWrapper) -> Iterator[None]:
    """Let everything in the block read and write another database as if it were the current one."""
    usual = connections["default"]
    connections["default"] = database
    try:
        yield
    finally:
        connections["default"] = usual


def copy_tables(target: BaseDatabaseWrapper, progress: Callable[[int], None] = lambda _: None) -> int:
    """Copy every row of the current database into an empty one, opened by `other`; return the number of rows.

    It is read at one moment: nobody writes meanwhile.

    Raises:
        Refused: database.not_empty or database.differs.
    """
    if target.introspection.table_names():
        raise Refused(
            "database.not_empty",
            "Nothing copied",
            f"The database {target.settings_dict['NAME']} has tables already.",
            "Name an empty database.",
        )
    if not target.features.can_rollback_ddl or target.vendor == "sqlite":
        _make(
            target
        )  # its editor needs a transaction of its own; the caller who names a file removes it after a failure
    rows = 0
    migration: type[models.Model] = MigrationRecorder.Migration
    every = [*_models(), migration]
    with transaction.atomic(), transaction.atomic(using=_ALIAS):
        if not target.introspection.table_names():
            _make(target)
        for model in every:
            digest, here = hashlib.sha256(), 0
            for batch in _batches(model, connections["default"]):
                _insert(target, model, batch)
                _add(digest, batch)
                rows, here = rows + len(batch), here + len(batch)
                progress(rows)
            _require_equal(model, target, here, digest.digest())
        with target.cursor() as cursor:
            for statement in target.ops.sequence_reset_sql(no_style(), every):
                cursor.execute(statement)
    return rows


def _make(target: BaseDatabaseWrapper) -> None:
    with target.schema_editor() as editor:
        for model in _models():
            if not model._meta.auto_created:  # made with the model that has the field
                editor.create_model(model)
    MigrationRecorder(target).ensure_schema()
    call_command("createcachetable", database=target.alias, verbosity=0)


def _models() -> Iterator[type[models.Model]]:
    """Every model with a table of its own, those of many-to-many fields too."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            yield model


def _fields(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    return list(model._meta.local_concrete_fields)


def _batches(model: type[models.Model], database: BaseDatabaseWrapper) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows in the order of their keys, as Python values."""
    names = [field.attname for field in _fields(model)]
    key = model._meta.pk.attname
    rows = model._base_manager.using(database.alias).order_by(key).values_list(*names)
    after = None
    while True:
        batch = list((rows if after is None else rows.filter(**{f"{key}__gt": after}))[:_ROWS])
        if not batch:
            return
        yield batch
        after = batch[-1][names.index(key)]


def _insert(target: BaseDatabaseWrapper, model: type[models.Model], batch: list[tuple[Any, ...]]) -> None:
    quote, fields = target.ops.quote_name, _fields(model)
    columns = ", ".join(quote(str(field.column)) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    prepared = [
        [field.get_db_prep_save(value, target) for field, value in zip(fields, values, strict=True)] for values in batch
    ]
    with target.cursor() as cursor:
        statement = f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({marks})"  # noqa: S608  our own names
        cursor.executemany(statement, prepared)


def _add(digest: Any, batch: list[tuple[Any, ...]]) -> None:
    """Add rows to a digest in a form that no database changes: PostgreSQL keeps no order of the keys of an object."""
    for values in batch:
        digest.update(repr([_plain(value) for value in values]).encode())


def _plain(value: Any) -> Any:
    if isinstance(value, memoryview | bytes):
        return bytes(value)
    return json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else value


def _require_equal(model: type[models.Model], target: BaseDatabaseWrapper, rows: int, wanted: bytes) -> None:
    digest, there = hashlib.sha256(), 0
    for batch in _batches(model, target):
        _add(digest, batch)
        there += len(batch)
    if (there, digest.digest()) != (rows, wanted):
        raise Refused(
            "database.differs",
            "Nothing copied",
            f"The table {model._meta.db_table} came out with {there} of {rows} rows, or with other values in them.",
            "The workspace is as it was. Report this to the project.",
        )
