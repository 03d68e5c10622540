"""An operation of the API as the client has it: how it is called, and the type of its answer."""

from __future__ import annotations

from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Operation(str, Generic[Answer]):
    """How an operation is called: method, path, names of the query, form of the body.

    `Answer` is the type of what it answers: for a type checker, and nothing else.
    """

    __slots__ = ()
