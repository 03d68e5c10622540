"""How the parts of an index are called, whatever carries the call.

Owns the Protocol. It must never hide that a part did not answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class PartLost(Exception):
    """A part does not answer: its process or machine is gone, or it is being started again."""


class Crew(Protocol):
    """The parts of one gallery, numbered from 0."""

    def __len__(self) -> int:
        """Parts, those that are lost included."""

    def ask(self, method: str, calls: Sequence[tuple[Any, ...] | None]) -> list[Any]:
        """Call a method of `Shard` on every part at once.

        A part that was started again is opened first.

        Args:
            method: its name.
            calls: the arguments for each part; None for a part that is not called.

        Returns:
            For each part what it returned, the exception that it raised, `PartLost`, or None if it was not called.

        Raises:
            IndexUnreachable: nothing can be called.
        """

    def leave(self) -> None:
        """End all parts; what they hold is removed. The next call starts them again, empty.

        Raises:
            IndexUnreachable: a part cannot be reached, so what it holds is not removed.
        """
