"""Parquet, with the extra `parquet`: a few thousand rows in memory at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from plainview.recognition.foreign import foreign, reason
from plainview.tables.errors import TableError
from plainview.tables.shape import Shape
from plainview.tables.table import Record, Table
from plainview.tables.text import Opener

_ROWS = 4096  # in memory at once


class NoParquet(Exception):
    """The extra `parquet` is not installed."""


def open_parquet(opened: Opener, shape: Shape) -> Table:
    """Open Parquet; see plainview.tables.read.open_table.

    Raises:
        NoParquet: the extra is not installed.
    """
    try:  # it takes half a second to load, and most tables are text
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise NoParquet from error

    with foreign(_broken), opened() as binary, pyarrow.parquet.ParquetFile(binary) as file:
        names = list(file.schema_arrow.names)
        columns = shape.header(names, "columns", 1)

    def read(_: list[str]) -> Iterator[Record]:
        number = 0
        with foreign(_broken), opened() as binary, pyarrow.parquet.ParquetFile(binary) as file:
            for batch in file.iter_batches(batch_size=_ROWS):
                for values in batch.to_pylist():
                    number += 1
                    yield _record(number, dict(zip(columns, values.values(), strict=True)), shape)

    return Table({"format": "Parquet"}, columns, (), read)


def _record(number: int, values: dict[str, Any], shape: Shape) -> Record:
    cells, trouble = {}, ""
    for column, value in values.items():
        if isinstance(value, date) and column in shape.dates:
            value = (value.date() if isinstance(value, datetime) else value).isoformat()
        if value is not None and (not isinstance(value, str) or "\0" in value):
            trouble = trouble or f"the value of {column} is not text"
        cells[column] = value if isinstance(value, str) else ""
    return Record(f"row {number}", number, cells, trouble)


def _broken(error: Exception) -> TableError:
    return TableError(f"it is not readable Parquet ({reason(error)})", "Write the file again, or save it as CSV.")
