"""One part of a gallery: a compressed index of the references that are its own, in a process on some machine.

Owns its folder, a sealed snapshot beside the process. It must never hold a key outside memory: the caller hands the
seals over, and a part that was started again answers nothing until then.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plainview.index.base import Scored
from plainview.index.compressed import CompressedIndex
from plainview.index.lock import SearchesOrChange
from plainview.index.parts import Look, Settled
from plainview.index.store import Seals
from plainview.recognition.types import Vector


class ShardClosed(Exception):
    """The part was started and has not been opened with its key yet."""


@dataclass(frozen=True, slots=True)
class State:
    """How far a part is.

    Attributes:
        watermark: number of the last log row that it followed.
        size: references that it compares.
        machine: name of the machine that it runs on.
    """

    watermark: int
    size: int
    machine: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a part answers to a search.

    Attributes:
        state: how far it was.
        compared: references that the search asked for and the part holds.
        share: what it looked at, or its own candidate list where no codes were scanned.
    """

    state: State
    compared: int
    share: Look | list[Scored]


class Shard:
    """A part, wherever it runs; safe to use from several threads."""

    def __init__(self, dim: int, folder: str, cut: float, all_below: int) -> None:
        """Take what is no secret; nothing is opened.

        Args:
            dim: components of a template.
            folder: of this part alone, on its machine.
            cut, all_below: as of `CompressedIndex`.
        """
        self._dim = dim
        self._folder = Path(folder)
        self._choices = cut, all_below
        self._index: CompressedIndex | None = None
        self._lock = SearchesOrChange()

    def open(self, seals: Callable[[], Seals]) -> State:
        """Open the snapshot, or begin at row 0; nothing is done by a part that is open.

        Raises:
            OSError: its folder cannot be made or read.
        """
        with self._lock.change():
            if self._index is None:
                cut, all_below = self._choices
                self._index = CompressedIndex(self._dim, self._folder, seals(), cut=cut, all_below=all_below)
            return self.state()

    def state(self) -> State:
        """Return how far it is."""
        index = self._opened()
        return State(index.watermark, len(index), socket.gethostname())

    def follow(self, changes: list[Settled]) -> State:
        """Follow the log by its own rows.

        Raises:
            IndexOutOfStep: rows are missing before these.
            IndexDamaged: its snapshot is not what was written.
        """
        with self._lock.change():
            for change in changes:
                self._opened().follow(change)
            return self.state()

    def search(self, template: Vector, top: int, among: NDArray[np.int64] | None, scan: bool) -> Answer:
        """Return its share of a search; with `scan` by its codes, otherwise by all templates.

        Raises:
            IndexDamaged: its snapshot is not what was written.
        """
        with self._lock.search():
            index = self._opened()
            share = (index.look if scan else index.best)(template, top, among=among)
            return Answer(self.state(), index.size_of(among), share)

    def erase(self) -> State:
        """Write what it holds and overwrite whatever was removed.

        Raises:
            OSError: its folder cannot be written.
        """
        with self._lock.change():
            self._opened().flush()
            self._opened().erase()
            return self.state()

    def clear(self) -> State:
        """Forget everything, on its disk too."""
        with self._lock.change():
            self._opened().clear()
            return self.state()

    def leave(self) -> None:
        """Forget everything and remove the folder; the part is closed after."""
        with self._lock.change():
            if self._index is not None:
                self._index.clear()
                self._index = None
            shutil.rmtree(self._folder, ignore_errors=True)

    def _opened(self) -> CompressedIndex:
        if self._index is None:
            raise ShardClosed("The part was started again and needs its key.")
        return self._index
