"""Tables for tests: a workbook as a person fills it in, and what a table gives or is refused with."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from plainview.casework.enrolment.pairing import SHAPE as MANIFEST
from plainview.tables.errors import TableError
from plainview.tables.read import open_table

__all__ = ["MANIFEST", "cells_of", "refusal_of", "workbook"]


def workbook(fill: Callable[[Any], None]) -> bytes:
    """A workbook whose first sheet is given to `fill`."""
    book, out = openpyxl.Workbook(), io.BytesIO()
    fill(book.active)
    book.save(out)
    return out.getvalue()


def cells_of(data: bytes, name: str = "m.csv") -> list[dict[str, str]]:
    """The cells of a table's rows."""
    return [row.cells for row in open_table(data, name, MANIFEST).rows()]


def refusal_of(data: bytes, name: str = "m.csv") -> TableError:
    """The refusal of a table that cannot be read."""
    with pytest.raises(TableError) as refused:
        cells_of(data, name)
    return refused.value
