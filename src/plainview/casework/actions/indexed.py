"""What an index that cannot be reached means to a member: a refusal that says so, like every other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from plainview.index.base import IndexUnreachable
from plainview.policy.decision import Refused


@contextmanager
def index_reached() -> Iterator[None]:
    """Turn `IndexUnreachable` into a refusal.

    Raises:
        Refused: index.unreachable.
    """
    try:
        yield
    except IndexUnreachable as error:
        raise Refused("index.unreachable", "Index not reached", error.why, error.next_step) from error
