"""The index for millions: every reference is scanned as a short code, the best are scored from their templates.

Owns the memory side: codes of all references, the newest templates until they are written, and which slot holds
which reference. The disk side is index.store. It must never leave a reference out of the scan, answer with an
estimate, or let the answer depend on the order in which references came, on what was written when, or on how
far the scan happened to reach.

One search:

1. The codes give every reference an estimate of its cosine, off by a known spread (index.codes).
2. References are taken in the order of their estimates and scored from their near codes, until the next
   estimate lies `CUT` spreads below the last place so far. Where that is depends on the probe and the set of
   references alone; how many the scan hands over at first is a guess that only costs time.
3. Those that could be on the list are scored from their templates by the one definition of a score (index.base).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from plainview.index.base import (
    Answer,
    Block,
    Change,
    IndexDamaged,
    IndexOutOfStep,
    Scored,
    as_references,
    could_be_best,
    exact_scores,
    in_blocks,
    ranked,
    require_next,
    require_question,
    rough_margin,
    settled,
)
from plainview.index.codes import near_margin, spread
from plainview.index.halves import Halves
from plainview.index.lock import SearchesOrChange
from plainview.index.looking import BEYOND, first_looked_at, front_of, is_scanned, kth, stop
from plainview.index.parts import Look, Settled, may_be_needed
from plainview.index.slots import AT_ONCE, GONE, Slots
from plainview.index.store import Seals
from plainview.recognition.helper import both
from plainview.recognition.types import Vector

CUT = 2.9
"""Spreads below the last place at which no further reference is looked at. The chance that one who belongs on
the last place has such a low estimate is 1 in 540, far less for those above; docs/explanation/scale.md has the
measured share of lists that differ from the exact ones, and what other values cost."""

ALL_BELOW = 4096
"""References up to which all are scored from their templates: about as many as a search of millions looks at."""

_LESS, _MORE = 0.002, 0.04
"""Steps, in standard deviations of the probe's scores, by which the first guess follows the gallery."""

_SAMPLE = 1024
"""Templates from which a probe's mean score and its deviation are estimated, for the first guess only."""

_PART = 65536
"""References handed on in one part."""

_NEAR_ON_TWO = 1024
"""Near codes from which a second thread helps to read them."""

_LOG = logging.getLogger(__name__)

_LOOKS = 3  # at a store that another process erases from at this very moment


class CompressedIndex:
    """Implements `Index` with a full scan of codes and exact scores from templates on disk.

    `opened` says in words what was found in the folder.
    """

    def __init__(self, dim: int, folder: Path, seals: Seals, *, cut: float = CUT, all_below: int = ALL_BELOW) -> None:
        """Open the folder's store, or begin an empty one if it is missing, damaged or of another model.

        Args:
            dim: components of a template, a multiple of 4.
            folder: its own folder; nothing else may live in it.
            seals: what seals the head of the store, e.g. `Sealer(key).derive("index")`.
            cut: see `CUT`; smaller is faster and loses places.
            all_below: see `ALL_BELOW`.

        Raises:
            ValueError: the dimension cannot be coded.
            OSError: the folder cannot be made or read.
        """
        self._dim = dim
        self._lock = SearchesOrChange()
        self._cut = cut * spread(dim)
        self._all_below = all_below
        self._margin = rough_margin(dim)
        self._near_margin = near_margin(dim)
        self._ahead = 0.2
        self._sample: NDArray[np.float32] | None = None
        self._slots = Slots(Halves(dim), folder, seals)
        try:
            opened = self._slots.open()
            self.opened = f"opened at row {self.watermark}" if opened else "nothing was there; it begins at row 0"
        except IndexDamaged as damaged:
            _LOG.warning("The index in %s is not used (%s); it is made again from the database.", folder, damaged)
            self.opened = f"not used: {damaged}; it begins at row 0"
            self._slots.wipe()

    @property
    def dim(self) -> int:
        """Components of a template."""
        return self._dim

    @property
    def watermark(self) -> int:
        """Number of the last log row applied; 0 for none."""
        return self._slots.watermark

    def __len__(self) -> int:
        """References that a search compares."""
        return len(self._slots)

    def refresh(self) -> None:
        """Take over what another process has written since; call it before catching up, so that less is read."""
        if self._slots.behind():
            with self._lock.change():
                try:
                    self._slots.adopt()
                except IndexDamaged as damaged:
                    _LOG.warning("The index is damaged (%s); it is made again from the database.", damaged)
                    self._slots.wipe()
                self._sample = None

    def apply(self, log: Iterable[Change | Block]) -> None:
        """Follow the log from `watermark` + 1; see `Index.apply`.

        Raises:
            IndexOutOfStep: a row is missing, repeated or out of order.
            BadTemplate: a template cannot be compared.
            IndexDamaged: see `Index.search`.
        """
        for block in in_blocks(log, self._dim):  # reading the log holds no lock: searches go on
            with self._lock.change():
                require_next(block, self.watermark)
                self._settle(*settled(block), block.last_seq)

    def follow(self, change: Settled) -> int:
        """Follow the log as a part of a gallery, by the rows that are its own; return the watermark.

        What was followed before is passed over, so the same rows may come twice.

        Raises:
            IndexOutOfStep: rows are missing before these.
            IndexDamaged: see `Index.search`.
        """
        with self._lock.change():
            if change.first_seq > self.watermark + 1:
                raise IndexOutOfStep(self.watermark + 1, change.first_seq)
            if change.last_seq > self.watermark:
                new = change.rows > self.watermark
                news = np.isin(change.added, change.touched[new])
                self._settle(
                    change.touched[new], change.rows[new], change.added[news], change.templates[news], change.last_seq
                )
            return self.watermark

    def _settle(
        self,
        touched: NDArray[np.int64],
        rows: NDArray[np.int64],
        added: NDArray[np.int64],
        templates: NDArray[np.float32],
        last_seq: int,
    ) -> None:
        """Take over what `settled` returns; the caller holds the lock."""
        self._sample = None
        try:
            self._slots.change(touched, rows, added, templates, last_seq)
        except BaseException:  # an interrupt in mid-change: back to what is on disk, never half
            self._slots.reopen()
            raise

    def search(
        self, template: Vector, top: int, *, among: Collection[int] | NDArray[np.int64] | None = None
    ) -> list[Scored]:
        """Rank the references by exact cosine; see `Index.search`.

        Raises:
            BadTemplate: the probe's template cannot be compared.
            ValueError: `top` is below 1.
            IndexDamaged: a record on disk is not what was written.
        """
        require_question(template, self._dim, top)
        return self._steady(among, lambda subset: self._listed(template, top, subset))

    def best(
        self, template: Vector, top: int, *, among: Collection[int] | NDArray[np.int64] | None = None
    ) -> list[Scored]:
        """Rank the references by exact cosine, from their templates alone: a part's share when no codes are scanned.

        Raises:
            IndexDamaged: a record on disk is not what was written.
        """

        def compare(subset: NDArray[np.int64] | None) -> tuple[bool, list[Scored]]:
            return self._ranked(
                self._best(self._slots.all() if subset is None else subset, template, top), template, top
            )

        return self._steady(among, compare)

    def look(self, template: Vector, top: int, *, among: Collection[int] | NDArray[np.int64] | None = None) -> Look:
        """Scan the codes and return what a list of `top` may need of this part, wherever the whole gallery's scan stops.

        Raises:
            IndexDamaged: a record on disk is not what was written.
        """

        def scan(subset: NDArray[np.int64] | None) -> tuple[bool, Look]:
            size = len(self) if subset is None else len(subset)
            front = self._front(template, top, subset, size) if size > first_looked_at(top) else None
            if front is None:
                marks = None if subset is None else self._slots.bits(subset)
                slots, estimates = self._slots.codes.above(template, -BEYOND, marks)
                front = slots, estimates, self._near(slots, template)
            slots, estimates, near = front
            needed = may_be_needed(estimates, near, top, self._near_margin)
            there, _, templates = self._slots.read(slots[needed])
            exact = np.full(len(slots), np.nan)
            exact[needed] = exact_scores(templates, template)
            return bool(there.all()), Look(self._slots.references(slots), estimates, near, exact)

        return self._steady(among, scan)

    def size_of(self, among: Collection[int] | NDArray[np.int64] | None) -> int:
        """Return how many of these references are held."""
        if among is None:
            return len(self)
        with self._lock.search():
            return len(self._slots.of(as_references(among)))

    def flush(self) -> None:
        """Write everything to disk now and let it count; otherwise it is written from time to time.

        Raises:
            OSError: the disk is full or may not be written; the index goes on in memory.
        """
        with self._lock.change():
            self._slots.flush()

    def erase(self) -> None:
        """Overwrite on disk whatever was removed and could not be overwritten at once.

        Raises:
            OSError: the folder may not be written.
        """
        with self._lock.change():
            self._slots.erase()

    def clear(self) -> None:
        """Forget everything, on disk too; see `Index.clear`.

        Raises:
            OSError: the folder may not be written.
        """
        with self._lock.change():
            self._sample = None
            self._slots.wipe()

    def contents(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Yield what the index holds in parts: references, int64 (rows,), and templates, float32 (rows, dimension).

        Raises:
            IndexDamaged: a record on disk is not what was written.
        """
        with self._lock.search():
            slots = self._slots.all()
            for begin in range(0, len(slots), _PART):
                there, references, templates = self._slots.read(slots[begin : begin + _PART])
                yield references[there], templates[there]

    def begin(self, contents: Iterable[tuple[NDArray[np.int64], NDArray[np.float32]]], watermark: int) -> None:
        """Hold this, as the log up to row `watermark` left it, in place of what was held; it is on disk after.

        Raises:
            OSError: the disk is full or may not be written.
        """
        with self._lock.change():
            self._sample = None
            self._slots.wipe()
            for references, templates in contents:
                rows = np.zeros(len(references), dtype=np.int64)
                self._slots.change(references, rows, references, templates, 0)  # a crash begins at row 1
            self._slots.watermark = watermark
            self._slots.flush()

    def _best(self, slots: NDArray[np.int64], probe: Vector, top: int) -> NDArray[np.int64]:
        """Return those of the slots that can be among the `top` best, from their templates."""
        rough = np.empty(len(slots), dtype=np.float32)
        for begin in range(0, len(slots), AT_ONCE):
            part = slice(begin, begin + AT_ONCE)
            there, _, templates = self._slots.read(slots[part])
            rough[part] = np.where(there, templates @ probe, GONE)
        return slots[could_be_best(rough, top, self._margin)]

    def _near(self, slots: NDArray[np.int64], probe: Vector) -> NDArray[np.float32]:
        """Return the near scores of the slots, float32 (rows,)."""
        middle = len(slots) // 2
        halves = (partial(self._slots.near_scores, part, probe) for part in (slots[:middle], slots[middle:]))
        return np.concatenate(both(*halves, worth=len(slots) >= _NEAR_ON_TWO))

    def _steady(
        self,
        among: Collection[int] | NDArray[np.int64] | None,
        work: Callable[[NDArray[np.int64] | None], tuple[bool, Answer]],
    ) -> Answer:
        """Let `work` read the slots of `among`, again when another process erased from them at that moment."""
        wanted = None if among is None else as_references(among)
        for _ in range(_LOOKS):
            self.refresh()  # another process may have erased what this one would read
            with self._lock.search():
                self._slots.require_whole()
                steady, answer = work(None if wanted is None else self._slots.of(wanted))
            if steady:
                break
        return answer

    def _listed(self, probe: Vector, top: int, subset: NDArray[np.int64] | None) -> tuple[bool, list[Scored]]:
        """Return the candidate list of a search, and whether its slots were there."""
        size = len(self) if subset is None else len(subset)
        if is_scanned(size, len(self), top, subset=subset is not None, all_below=self._all_below):
            front = self._front(probe, top, subset, size)
            if front is not None:
                slots, estimates, near = front
                looked_at = estimates >= stop(estimates, near, top, self._cut)
                slots, near = slots[looked_at], near[looked_at]
                return self._ranked(slots[could_be_best(near, top, self._near_margin)], probe, top)
        return self._ranked(self._best(self._slots.all() if subset is None else subset, probe, top), probe, top)

    def _ranked(self, slots: NDArray[np.int64], probe: Vector, top: int) -> tuple[bool, list[Scored]]:
        """Return whether these slots are there, and their list by exact scores."""
        there, references, templates = self._slots.read(slots)
        return bool(there.all()), ranked(references[there], exact_scores(templates[there], probe), top)

    def _front(
        self, probe: Vector, top: int, subset: NDArray[np.int64] | None, size: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]] | None:
        """Return slots, estimates and near scores of all that the walk may look at; None if that is every reference."""
        among = None if subset is None else self._slots.bits(subset)
        first = first_looked_at(top)
        floor = max(self._guess(probe, top, size), 0.0)
        while True:
            slots, estimates = self._slots.codes.above(probe, floor - BEYOND, among)
            if len(slots) >= first:
                front = front_of(estimates, first)
                scores = self._near(slots[front], probe)
                cut = kth(scores, top) - self._cut
                self._learn(enough=cut >= floor)
                if cut >= floor:
                    behind = (estimates >= cut) & ~front
                    slots = np.concatenate([slots[front], slots[behind]])
                    estimates = np.concatenate([estimates[front], estimates[behind]])
                    return slots, estimates, np.concatenate([scores, self._near(slots[len(scores) :], probe)])
                lower = cut
            else:
                lower = floor - 0.1
            if floor == 0:  # half of the gallery is above it
                return None
            floor = max(lower, 0.0)

    def _guess(self, probe: Vector, top: int, size: int) -> float:
        """Guess the estimate at which step 2 will stop, as if the probe's scores were normal."""
        sample = self._sample
        if sample is None:
            slots = self._slots.all()
            there, _, templates = self._slots.read(slots[:: max(1, len(slots) // _SAMPLE)])
            self._sample = sample = np.ascontiguousarray(templates[there])
        scores = sample @ probe
        deviation = float(scores.std())
        last = float(scores.mean()) + deviation * NormalDist().inv_cdf(1 - top / size)
        return last - self._cut - self._ahead * deviation

    def _learn(self, *, enough: bool) -> None:
        """Move the guess, so that about one search in twenty scans twice: that is the cheapest."""
        self._ahead += -_LESS if enough else _MORE
