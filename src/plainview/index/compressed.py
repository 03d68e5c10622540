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
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from plainview.index.base import (
    Block,
    Change,
    IndexDamaged,
    Scored,
    as_references,
    could_be_best,
    exact_scores,
    in_blocks,
    ranked,
    require_next,
    require_template,
    rough_margin,
    settled,
)
from plainview.index.codes import Codes, near_margin, near_scores, spread
from plainview.index.lock import SearchesOrChange
from plainview.index.slots import Slots
from plainview.index.store import Seals
from plainview.recognition.types import Vector

CUT = 2.9
"""Spreads below the last place at which no further reference is looked at. The chance that one who belongs on
the last place has such a low estimate is 1 in 540, far less for those above; docs/explanation/scale.md has the
measured share of lists that differ from the exact ones, and what other values cost."""

ALL_BELOW = 4096
"""References up to which all are scored from their templates: about as many as a search of millions looks at."""

_FEW = 0.01
"""Share of the gallery up to which a chosen subset is scored from its templates: cheaper than the scan (measured)."""

_BEYOND = 0.001
"""Cosine by which the scan is asked for more than is needed, for the rounding of its limit."""

_LESS, _MORE = 0.002, 0.04
"""Steps, in standard deviations of the probe's scores, by which the first guess follows the gallery."""

_GONE = np.float32(-2)
"""Score of a slot that another process has erased meanwhile: below every cosine."""

_SAMPLE = 1024
"""Templates from which a probe's mean score and its deviation are estimated, for the first guess only."""

_FIRST = 1024
"""References looked at first, to learn about where the last place will be."""

_PART = 65536
"""References handed on in one part."""

_AT_ONCE = 1024
"""Templates scored in one product: 512 KB at 128 components stay in the core's cache."""

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
        self._slots = Slots(Codes(dim), folder, seals)
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
            touched, rows, added, templates = settled(block)
            with self._lock.change():
                require_next(block, self.watermark)
                self._sample = None
                try:
                    self._slots.change(touched, rows, added, templates, block.last_seq)
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
        require_template(template, self._dim)
        if top < 1:
            raise ValueError(f"a candidate list has 1 place or more, not {top}")
        wanted = None if among is None else as_references(among)
        for _ in range(_LOOKS):
            self.refresh()  # another process may have erased what this one would read
            with self._lock.search():
                self._slots.require_whole()
                few = self._all_below if wanted is None else max(self._all_below, int(len(self) * _FEW))
                chosen = None if wanted is None else self._slots.of(wanted)
                size = len(self) if chosen is None else len(chosen)
                if size > max(few, top):
                    slots = self._short_list(template, top, chosen, size)
                else:
                    slots = self._best(self._slots.all() if chosen is None else chosen, template, top)
                there, references, templates = self._slots.read(slots)
            if there.all():
                break
        return ranked(references[there], exact_scores(templates[there], template), top)

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
        for begin in range(0, len(slots), _AT_ONCE):
            part = slice(begin, begin + _AT_ONCE)
            there, _, templates = self._slots.read(slots[part])
            rough[part] = np.where(there, templates @ probe, _GONE)
        return slots[could_be_best(rough, top, self._margin)]

    def _near(self, slots: NDArray[np.int64], probe: Vector) -> NDArray[np.float32]:
        """Return the near scores of the slots, float32 (rows,)."""
        scores = np.empty(len(slots), dtype=np.float32)
        for begin in range(0, len(slots), _AT_ONCE):
            part = slice(begin, begin + _AT_ONCE)
            there, near = self._slots.near(slots[part])
            scores[part] = np.where(there, near_scores(near, probe), _GONE)
        return scores

    def _short_list(self, probe: Vector, top: int, chosen: NDArray[np.int64] | None, size: int) -> NDArray[np.int64]:
        """Return the slots that step 3 looks at."""
        among = None if chosen is None else self._slots.bits(chosen)
        first = max(_FIRST, 2 * top)
        floor = max(self._guess(probe, top, size), 0.0)
        while True:
            slots, estimates = self._slots.codes.above(probe, floor - _BEYOND, among)
            if len(slots) >= first:
                # Equal estimates go together wherever a line is drawn, so that no order of slots decides.
                front = estimates >= _kth(estimates, first)
                scores = self._near(slots[front], probe)
                cut = _kth(scores, top) - self._cut
                self._learn(enough=cut >= floor)
                if cut >= floor:
                    behind = (estimates >= cut) & ~front
                    slots = np.concatenate([slots[front], slots[behind]])
                    estimates = np.concatenate([estimates[front], estimates[behind]])
                    scores = np.concatenate([scores, self._near(slots[len(scores) :], probe)])
                    looked_at = estimates >= _stop(estimates, scores, top, self._cut)
                    slots, scores = slots[looked_at], scores[looked_at]
                    return np.asarray(slots[could_be_best(scores, top, self._near_margin)])
                lower = cut
            else:
                lower = floor - 0.1
            if floor == 0:  # half of the gallery is above it: scan all of it
                return self._best(self._slots.all() if chosen is None else chosen, probe, top)
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


def _kth(scores: NDArray[np.float32], top: int) -> float:
    """Return the `top`-th highest of the scores."""
    return float(np.partition(scores, len(scores) - top)[len(scores) - top])


def _stop(estimates: NDArray[np.float32], scores: NDArray[np.float32], top: int, cut: float) -> float:
    """Return the lowest estimate that is looked at: the next one lies `cut` below the last place by then.

    Equal estimates are looked at together, so that their order does not matter. The last place only rises and
    the estimates only fall, so the first end of a group that fulfils it is found by halving; almost always it
    is the first below the last place of them all.
    """
    last = _kth(scores, top)
    if np.count_nonzero(scores[estimates >= last - cut] >= last) >= top:
        return last - cut
    order = np.argsort(-estimates)
    estimates, scores = estimates[order], scores[order]
    ends = np.append(np.flatnonzero(np.diff(estimates)) + 1, len(estimates))
    low, high = int(np.searchsorted(ends, top)), len(ends) - 1
    while low < high:
        middle = (low + high) // 2
        end = int(ends[middle])
        if estimates[end] < _kth(scores[:end], top) - cut:
            high = middle
        else:
            low = middle + 1
    return float(estimates[ends[low] - 1])
