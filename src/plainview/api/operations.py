"""Every operation of the API: its method, its path, its function and who may call it, one row each.

Owns the table. The addresses of the API are built from it, so an operation without a row cannot exist; `entry.Entry`
enforces it before every call. A row's permission is also the scope that a token needs. It must never have a row that
opens to more people than its act does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any

from plainview.api import cases, galleries, me, searches
from plainview.casework.enrolment.incoming import MAX_FILE_BYTES
from plainview.casework.probes.preparations import MAX_BYTES
from plainview.policy.permissions import Permission

may = Permission

AROUND = 64 << 10
"""Bytes of a form beside its file."""

JSON_BYTES = 1 << 20
"""Bytes of a body without a file: reasons and reports are texts."""


class Open(Enum):
    """Who may call an operation without a permission of their own."""

    MEMBER = "any member with a token"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Attributes:
        method, path: as in the document; `{id}` is the public id of a record.
        function: answers it.
        who: the permission, which is the token's scope too; the act behind it checks again.
        answer: the type of its answer.
        status: of the answer.
        body: bytes that it accepts at most.
        group: heading in the document.
    """

    method: str
    path: str
    function: Callable[..., Any]
    who: Permission | Open
    answer: type | None
    status: int = 200
    body: int = JSON_BYTES
    group: str = ""

    @property
    def name(self) -> str:
        """Name of the operation: its id in the document."""
        return self.function.__name__

    @property
    def makes(self) -> bool:
        """Say whether it changes something, so that an idempotency key counts."""
        return self.method != "GET"


OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/me", me.me, Open.MEMBER, me.MeOut, group="Token"),
    # Cases.
    Operation("POST", "/cases", cases.case_open, may.CASE_OPEN, cases.CaseOut, 201, group="Cases"),
    Operation("GET", "/cases", cases.case_list, may.CASE_READ, cases.CasesOut, group="Cases"),
    Operation("GET", "/cases/{int:id}", cases.case_show, may.CASE_READ, cases.CaseOut, group="Cases"),
    Operation("POST", "/cases/{int:id}/close", cases.case_close, may.CASE_CLOSE, cases.CaseOut, group="Cases"),
    # Searches.
    Operation(
        "POST",
        "/searches",
        searches.search_run,
        may.SEARCH_RUN,
        searches.SearchOut,
        201,
        body=MAX_BYTES + AROUND,
        group="Searches",
    ),
    Operation("GET", "/searches", searches.search_list, may.CASE_READ, searches.SearchesOut, group="Searches"),
    Operation("GET", "/searches/{id}", searches.search_show, may.CASE_READ, searches.SearchOut, group="Searches"),
    # Galleries and references.
    Operation(
        "POST", "/galleries", galleries.gallery_create, may.GALLERY_CREATE, galleries.GalleryOut, 201, group="Galleries"
    ),
    Operation("GET", "/galleries", galleries.gallery_list, may.GALLERY_LIST, galleries.GalleriesOut, group="Galleries"),
    Operation(
        "POST",
        "/galleries/{path:name}/references",
        galleries.reference_enrol,
        may.GALLERY_ENROL,
        galleries.EnrolledOut,
        body=MAX_FILE_BYTES + AROUND,
        group="Galleries",
    ),
    Operation(
        "GET",
        "/galleries/{path:name}/references",
        galleries.reference_list,
        may.GALLERY_LIST,
        galleries.ReferencesOut,
        group="Galleries",
    ),
    Operation(
        "GET",
        "/galleries/{path:name}",
        galleries.gallery_show,
        may.GALLERY_LIST,
        galleries.GalleryOut,
        group="Galleries",
    ),
    Operation(
        "GET", "/references/{id}", galleries.reference_show, may.GALLERY_LIST, galleries.ReferenceOut, group="Galleries"
    ),
    Operation(
        "POST",
        "/references/{id}/expunge",
        galleries.reference_erase,
        may.REFERENCE_EXPUNGE,
        galleries.ErasedOut,
        group="Galleries",
    ),
)
"""Read from top to bottom: of two rows that match an address, the upper one answers."""

BY_NAME: Mapping[str, Operation] = MappingProxyType({operation.name: operation for operation in OPERATIONS})
"""Every operation by its name."""


def operation_of(act: Any) -> str | None:
    """Return the operation with which an act begins, e.g. "POST /api/v1/cases"; None if the API has none."""
    named = [operation for operation in OPERATIONS if operation.who is act]
    named.sort(key=lambda operation: operation.method == "GET")  # what makes something helps most
    return f"{named[0].method} /api/v1{named[0].path.replace('int:', '').replace('path:', '')}" if named else None
