"""The parts of an index in this process, which can be lost as those of a cluster are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.factories.indexes import SEALER

from plainview.index.compressed import ALL_BELOW, CUT
from plainview.index.sharded.crew import PartLost
from plainview.index.sharded.index import REACH, ShardedIndex
from plainview.index.sharded.shard import Shard, ShardClosed


class LocalCrew:
    """Implements `Crew`. A part that was killed is lost until it is started again, from its folder."""

    def __init__(self, dim: int, folder: Path, parts: int, cut: float, all_below: int) -> None:
        self._make = lambda part: Shard(dim, str(folder / f"{part}-of-{parts}"), cut, all_below)
        self.parts: list[Shard | None] = [self._make(part) for part in range(parts)]
        self.asked: list[str] = []

    def __len__(self) -> int:
        return len(self.parts)

    def ask(self, method: str, calls: Sequence[tuple[Any, ...] | None]) -> list[Any]:
        self.asked.append(method)
        return [
            None if call is None else self._one(part, method, call)
            for part, call in zip(self.parts, calls, strict=True)
        ]

    def leave(self) -> None:
        self.ask("leave", [()] * len(self))
        self.parts = [self._make(part) for part in range(len(self))]

    def kill(self, part: int) -> None:
        self.parts[part] = None

    def start_again(self, part: int) -> None:
        self.parts[part] = self._make(part)

    def _one(self, part: Shard | None, method: str, call: tuple[Any, ...]) -> Any:
        if part is None:
            return PartLost("killed")
        try:
            return getattr(part, method)(*call)
        except ShardClosed:
            part.open(lambda: SEALER)
            return getattr(part, method)(*call)
        except Exception as error:
            return error


def sharded(
    dim: int,
    folder: Path,
    parts: int,
    *,
    cut: float = CUT,
    all_below: int = ALL_BELOW,
    reach: int | None = REACH,
) -> tuple[ShardedIndex, LocalCrew]:
    crew = LocalCrew(dim, folder, parts, cut, all_below)
    return ShardedIndex(dim, crew, cut=cut, all_below=all_below, reach=reach), crew
