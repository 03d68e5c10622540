"""Which slot holds which reference: the codes in memory, the newest templates, and the store, kept in step.

Owns the numbering. A reference that is added takes the next slot; its template waits in memory until `_WAITING`
of them are written together. A slot is never used twice. Another process may write to the same store: before
this one writes, it takes over what came, and what it held back itself moves to later slots. The owner holds a
lock around every change. It must never keep the bytes of a removed template, in memory or on disk.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plainview.index.base import IndexDamaged
from plainview.index.codes import near_codes, near_scores
from plainview.index.halves import Halves
from plainview.index.store import Seals, Store
from plainview.recognition.types import Vector

_WAITING = 8192
"""Templates held back before they are written: 4 MB at 128 components, and a flush every few seconds at most."""

_RUN = 65536
"""Slots written or loaded in one go: 34 MB of templates at 128 components."""

_HOLES = 0.25
"""Share of erased slots from which the store is rewritten without them."""

AT_ONCE = 1024
"""Templates scored in one product: 512 KB at 128 components stay in the core's cache."""

GONE = np.float32(-2)
"""Score of a slot that another process has erased meanwhile: below every cosine."""

_LOG = logging.getLogger(__name__)


class Slots:
    """The slots of one index, over its store."""

    def __init__(self, codes: Halves, folder: Path, seals: Seals) -> None:
        """Take the parts; nothing is read yet."""
        self.codes = codes
        self._dim = codes.dim
        self._store = Store(folder, seals, codes.dim, codes.code_bytes)
        self.watermark = 0
        self._count = 0  # slots that are written and loaded
        self._runs: list[int] = []  # where written reference numbers stop rising
        self._alive = np.zeros(0, dtype=np.bool_)
        self._waiting = np.zeros(0, dtype=np.int64)
        self._rows = np.zeros((0, codes.dim), dtype=np.float32)
        self._flush_at = _WAITING
        self._touched: dict[int, int] = {}  # reference -> last row known of it, since the head's watermark
        self._to_erase = np.zeros(0, dtype=np.int64)  # written slots whose bytes are still on disk
        self._lost: set[int] = set()  # references whose records are empty on disk, unexplained so far

    def __len__(self) -> int:
        """References held."""
        return len(self.codes)

    def open(self) -> bool:
        """Load what the store holds; return whether there was anything.

        Raises:
            IndexDamaged: the store cannot be used.
        """
        head_read = self._store.read_head()
        self._forget_all()
        self._load(0)
        return head_read

    def reopen(self) -> None:
        """Go back to what is on disk; to nothing if that cannot be used."""
        try:
            self._store.give_up()
            self.open()
        except IndexDamaged:
            self.wipe()

    def behind(self) -> bool:
        """Say whether another process has written since."""
        return self._store.changed()

    def require_whole(self) -> None:
        """Raise `IndexDamaged` if a record is zeros on disk although no row of the log removed it."""
        if self._lost:
            raise IndexDamaged(f"{len(self._lost)} records are empty that nobody erased")

    def change(
        self,
        touched: NDArray[np.int64],
        rows: NDArray[np.int64],
        added: NDArray[np.int64],
        templates: NDArray[np.float32],
        last_seq: int,
    ) -> None:
        """Remove the references `touched`, then add `added` with their templates: the log up to row `last_seq`.

        `rows` is the last row of each of `touched`: what another process has written up to that row is outdated, and
        what it has written after it is not.

        Raises:
            IndexDamaged: what another process wrote cannot be used.
        """
        self._touched.update(zip(touched.tolist(), rows.tolist(), strict=True))
        self._lost.difference_update(touched.tolist())
        self._drop(self.of(touched))
        order = np.argsort(added)
        self._hold(added[order], templates[order])
        self.watermark = last_seq
        due = len(self._waiting) >= self._flush_at
        if due or len(self._to_erase):
            try:
                self._write(commit=due)
            except OSError as error:
                self._flush_at = len(self._waiting) + _WAITING
                self._store.give_up()
                _LOG.warning("The index goes on in memory: its folder cannot be written (%s).", error)

    def flush(self) -> None:
        """Write the waiting rows and count them.

        Raises:
            OSError: the disk is full or may not be written.
            IndexDamaged: what another process wrote cannot be used.
        """
        try:
            self._write(commit=True)
        except OSError:
            self._store.give_up()
            raise

    def erase(self) -> None:
        """Overwrite on disk what was removed; nothing is done when nothing is due.

        Raises:
            OSError: the disk may not be written.
            IndexDamaged: what another process wrote cannot be used.
        """
        if len(self._to_erase):
            self._write(commit=False)

    def adopt(self) -> None:
        """Take over what another process has written; nothing is left if it has wiped the store.

        Raises:
            IndexDamaged: it cannot be used.
        """
        before, watermark, touched = self._store.head, self.watermark, self._touched
        waiting, rows = self._waiting, self._rows[: len(self._waiting)].copy()
        head_read, head = self._store.read_head(), self._store.head
        if not head_read:
            self._forget_all()
            return
        if head.generation == before.generation:
            self._drop(np.arange(self._count, self._count + len(waiting)))
            erased = np.array(head.erased, dtype=np.int64)
            known = erased[erased < before.count]
            self._drop(known[self._alive[known]])
            self._load(before.count)
        else:
            self._forget_all()
            self._load(0)
        # What this process knows of later rows than the head does, counts more than the head.
        self._touched = {reference: seq for reference, seq in touched.items() if seq > head.watermark}
        self._lost.difference_update(self._touched)
        self._drop(self.of(np.array(sorted(self._touched), dtype=np.int64)))
        keep = np.array([reference in self._touched for reference in waiting.tolist()], dtype=np.bool_)
        self._hold(waiting[keep], rows[keep])
        self.watermark = max(watermark, head.watermark)

    def wipe(self) -> None:
        """Forget everything, on disk too.

        Raises:
            OSError: the folder may not be written.
        """
        self._forget_all()
        with self._store.writing():
            self._store.wipe()

    def of(self, references: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the slots that hold these references, int64, sorted, each once; those not held are passed over."""
        positions = [self._count + np.flatnonzero(np.isin(self._waiting, references))]
        for begin, end in pairwise((*self._runs, self._count)):
            run = self._store.references[begin:end]
            places = np.searchsorted(run, references)
            places[places == len(run)] = 0
            slots = begin + places[run[places] == references]
            positions.append(slots[self._alive[slots]])
        slots = np.concatenate(positions)
        rises = np.diff(slots) > 0
        return slots if rises.all() else np.unique(slots)

    def all(self) -> NDArray[np.int64]:
        """Return every slot that holds a reference, int64."""
        return np.flatnonzero(self._alive[: self._count + len(self._waiting)])

    def bits(self, slots: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return one bit for each slot, lowest bit first: set for these."""
        marks = np.zeros(self._count + len(self._waiting), dtype=np.bool_)
        marks[slots] = True
        return np.packbits(marks, bitorder="little")

    def read(self, slots: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.float32]]:
        """Return whether each slot still holds a template, its reference, its template, float32 (rows, dimension).

        Raises:
            IndexDamaged: a record on disk is not what was written.
        """
        written = slots < self._count
        if written.all():
            return self._store.rows(slots)
        there = np.ones(len(slots), dtype=np.bool_)
        references = np.empty(len(slots), dtype=np.int64)
        templates = np.empty((len(slots), self._dim), dtype=np.float32)
        there[written], references[written], templates[written] = self._store.rows(slots[written])
        waiting = slots[~written] - self._count
        references[~written], templates[~written] = self._waiting[waiting], self._rows[waiting]
        return there, references, templates

    def references(self, slots: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the references of slots that hold one, int64 (rows,)."""
        written = slots < self._count
        references = np.empty(len(slots), dtype=np.int64)
        references[written] = self._store.references[slots[written]]
        references[~written] = self._waiting[slots[~written] - self._count]
        return references

    def near_scores(self, slots: NDArray[np.int64], probe: Vector) -> NDArray[np.float32]:
        """Return the near scores of the slots, float32 (rows,); several threads may ask at once.

        Raises:
            IndexDamaged: a record on disk is not what was written.
        """
        scores = np.empty(len(slots), dtype=np.float32)
        for begin in range(0, len(slots), AT_ONCE):
            part = slice(begin, begin + AT_ONCE)
            there, near = self.near(slots[part])
            scores[part] = np.where(there, near_scores(near, probe), GONE)
        return scores

    def near(self, slots: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int8]]:
        """Return whether each slot still holds a template, and its near code, int8 (rows, dimension).

        Raises:
            IndexDamaged: a record on disk is not what was written.
        """
        written = slots < self._count
        if written.all():
            return self._store.near(slots)
        there = np.ones(len(slots), dtype=np.bool_)
        near = np.empty((len(slots), self._dim), dtype=np.int8)
        there[written], near[written] = self._store.near(slots[written])
        near[~written] = near_codes(self._rows[slots[~written] - self._count])
        return there, near

    def _forget_all(self) -> None:
        """Begin with nothing; templates in memory are overwritten with zeros."""
        self._rows.fill(0)
        self.watermark = 0
        self.codes.load((), 0)
        self._count = 0
        self._runs = []
        self._alive = np.zeros(0, dtype=np.bool_)
        self._waiting, self._rows = np.zeros(0, dtype=np.int64), np.zeros((0, self._dim), dtype=np.float32)
        self._flush_at = _WAITING
        self._touched = {}
        self._to_erase = np.zeros(0, dtype=np.int64)
        self._lost = set()

    def _load(self, first: int) -> None:
        """Load the written slots from `first` on; nothing waits.

        Raises:
            IndexDamaged: a record is not what was written.
        """
        head = self._store.head
        erased = np.array(head.erased, dtype=np.int64)
        self._grow(head.count)
        if first == 0:
            self.codes.load(self._held_codes(0, erased), head.count)
        else:
            for slots, codes in self._held_codes(first, erased):
                self.codes.add_coded(slots, codes)
        self.watermark = head.watermark
        self._count_up_to(head.count)

    def _held_codes(
        self, first: int, erased: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
        """Yield the written slots from `first` on that hold a reference, with their codes, and mark what is found."""
        for slots, there, codes in self._store.codes(first):
            dead = np.isin(slots, erased)
            alive = there & ~dead
            self._alive[slots[alive]] = True
            self._to_erase = np.concatenate([self._to_erase, slots[there & dead]])
            self._lost.update(self._store.references[slots[~there & ~dead]].tolist())
            yield slots[alive], codes[alive]

    def _count_up_to(self, count: int) -> None:
        """Note further written slots, and where their reference numbers stop rising."""
        if count > self._count:
            begin = max(self._count - 1, 0)
            falls = np.flatnonzero(np.diff(self._store.references[begin:count]) <= 0) + begin + 1
            self._runs.extend(([0] if self._count == 0 else []) + falls.tolist())
            self._count = count

    def _grow(self, slots: int) -> None:
        """Make room for the marks of this many slots."""
        if slots > len(self._alive):
            marks = np.zeros(max(slots, 2 * len(self._alive)), dtype=np.bool_)
            marks[: len(self._alive)] = self._alive
            self._alive = marks

    def _hold(self, references: NDArray[np.int64], templates: NDArray[np.float32]) -> None:
        """Give the next slots to these references, none of which is held; their templates wait."""
        before, end = len(self._waiting), len(self._waiting) + len(references)
        if end > len(self._rows):
            rows = np.zeros((max(end, min(2 * len(self._rows), _WAITING), 256), self._dim), dtype=np.float32)
            rows[:before] = self._rows[:before]
            self._rows.fill(0)
            self._rows = rows
        self._rows[before:end] = templates
        self._waiting = np.concatenate([self._waiting, references])
        slots = np.arange(self._count + before, self._count + end, dtype=np.int64)
        self._grow(self._count + end)
        self._alive[slots] = True
        self.codes.add(slots, templates)

    def _drop(self, slots: NDArray[np.int64]) -> None:
        """Take these slots out of memory; those that are written are due to be erased on disk."""
        if not len(slots):
            return
        self.codes.remove(slots)
        self._alive[slots] = False
        self._to_erase = np.concatenate([self._to_erase, slots[slots < self._count]])
        gone = slots[slots >= self._count] - self._count
        if len(gone):  # those that wait behind move up, to slots that were never used on disk
            first, waiting = int(gone[0]), len(self._waiting)
            remaining = np.setdiff1d(np.arange(first, waiting), gone)
            references, templates = self._waiting[remaining], self._rows[remaining]
            moved = np.arange(self._count + first, self._count + waiting)
            self.codes.remove(self._count + remaining)
            self._alive[moved] = False
            self._rows[first:waiting] = 0
            self._waiting = self._waiting[:first]
            self._hold(references, templates)

    def _write(self, *, commit: bool) -> None:
        """Erase what is due and, with `commit`, write the waiting rows; first take over what another process wrote."""
        with self._store.writing():
            if self._store.changed():
                self.adopt()
            self._store.erase(self._to_erase)
            self._to_erase = np.zeros(0, dtype=np.int64)
            if not commit:
                return
            waiting = len(self._waiting)
            for begin in range(0, waiting, _RUN):
                part = slice(begin, min(begin + _RUN, waiting))
                rows = self._rows[part]
                self._store.append(self._waiting[part], self.codes.encode(rows), near_codes(rows), rows)
            self._store.commit(self.watermark, np.flatnonzero(~self._alive[: self._count + waiting]))
            self._rows.fill(0)
            self._rows, self._waiting = self._rows[:0].copy(), self._waiting[:0]
            self._touched, self._flush_at = {}, _WAITING
            self._count_up_to(self._store.head.count)
            holes = self._count - len(self)
            if holes > max(_HOLES * self._count, _WAITING):
                self._write_anew()

    def _write_anew(self) -> None:
        """Write all that is held to new files under new keys, by reference number, and remove the old ones."""
        slots = self.all()
        slots = slots[np.argsort(self._store.references[slots])]
        self._store.next_generation()
        for begin in range(0, len(slots), _RUN):
            there, references, rows = self._store.rows(slots[begin : begin + _RUN])
            rows = rows[there]
            self._store.append(references[there], self.codes.encode(rows), near_codes(rows), rows)
        self._store.commit(self.watermark, np.zeros(0, dtype=np.int64))
        self._store.sweep()
        self._forget_all()
        self._load(0)
