"""Every operation of the API: its method, its path, its function and who may call it, one row each.

Owns the table. The addresses of the API are built from it, so an operation without a row cannot exist; `entry.Entry`
enforces it before every call. A row's permission is also the scope that a token needs. It must never have a row that
opens to more people than its act does.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from plainview.api.operation import Operation
from plainview.api.operations import agency, checking, keeping, looking, searching

OPERATIONS: tuple[Operation, ...] = (
    *agency.OPERATIONS,
    *searching.OPERATIONS,
    *looking.OPERATIONS,
    *checking.OPERATIONS,
    *keeping.OPERATIONS,
)
"""Read from top to bottom: of two rows that match an address, the upper one answers."""

BY_NAME: Mapping[str, Operation] = MappingProxyType({operation.name: operation for operation in OPERATIONS})
"""Every operation by its name."""


def operation_of(act: Any) -> str | None:
    """Return the operation with which an act begins, e.g. "POST /api/v1/cases"; None if the API has none."""
    named = [operation for operation in OPERATIONS if operation.who is act]
    # What makes something helps most, and what needs no name or id: the refusal may be about an unknown one.
    named.sort(key=lambda operation: (operation.method == "GET", operation.shown.count("{")))
    return f"{named[0].method} /api/v1{named[0].shown}" if named else None
