"""A row of the table of operations: method, path, function, who may call it, and what it takes and gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from plainview.casework.numbers import limited
from plainview.policy.permissions import Permission
from plainview.policy.video import MAX_BYTES

AROUND = 64 << 10
"""Bytes of a form beside its file."""

JSON_BYTES = 1 << 20
"""Bytes of a body without a file: reasons and reports are texts."""


TUS = (("Tus-Resumable", False),)
TUS_NEW = (*TUS, ("Upload-Length", True), ("Upload-Metadata", True))
TUS_PIECE = (*TUS, ("Upload-Offset", True), ("Upload-Checksum", False))
"""Headers of the tus protocol, by operation."""

TUS_VERSION = "1.0.0"
TUS_ABOUT = {
    "Tus-Resumable": TUS_VERSION,
    "Tus-Version": TUS_VERSION,
    "Tus-Extension": "creation,termination,expiration,checksum",
    "Tus-Max-Size": str(MAX_BYTES),
    "Tus-Checksum-Algorithm": "sha1,sha256,md5",
}
"""What a client of tus learns by OPTIONS."""


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
        media: media type of a body that the function reads itself; "" if the types of its parameters say what it is.
        gives: media type of its answer, if that is not JSON.
        headers: further headers of the request, each with whether it is required.
        versioned: its answer has an ETag, and a change may name the version that it was made of (If-Match).
        group: heading in the document; `under` sets it.
    """

    method: str
    path: str
    function: Callable[..., Any]
    who: Permission | Open
    answer: Any
    status: int = 200
    body: int = JSON_BYTES
    media: str = ""
    gives: str = ""
    headers: tuple[tuple[str, bool], ...] = ()
    versioned: bool = False
    group: str = ""

    @property
    def route(self) -> str:
        """The path as it is matched: with numbers of a limited length."""
        return limited(self.path)

    @property
    def shown(self) -> str:
        """The path as people write it: /cases/{id}."""
        return self.path.replace("{int:", "{").replace("{path:", "{")

    @property
    def name(self) -> str:
        """Name of the operation: its id in the document."""
        return self.function.__name__

    @property
    def makes(self) -> bool:
        """Say whether it changes something, so that an idempotency key counts."""
        return self.method not in ("GET", "HEAD") and not self.headers


def under(heading: str, *operations: Operation) -> tuple[Operation, ...]:
    """Return the operations under a heading of the document."""
    return tuple(replace(operation, group=heading) for operation in operations)
