"""The index in parts on several machines: every part is asked, and their answers make the list of one machine.

Owns how the parts are kept in step and asked together. It must never give the list of some parts for that of all, nor
join answers that belong to different rows of the log.

A part that was started again is behind the others. Up to `REACH` rows are made good by the next search; further
behind, the part counts as missing until `mend` has brought it level, so that no search waits for that.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plainview.index.base import (
    Block,
    Change,
    IndexDamaged,
    IndexIncomplete,
    IndexOutOfStep,
    Scored,
    as_references,
    catch_up,
    in_blocks,
    require_next,
    require_question,
)
from plainview.index.codes import near_margin, spread
from plainview.index.compressed import ALL_BELOW, CUT
from plainview.index.lock import SearchesOrChange
from plainview.index.looking import is_scanned
from plainview.index.parts import best_of, divided, merged
from plainview.index.sharded.crew import Crew, PartLost
from plainview.index.sharded.shard import Answer, State
from plainview.recognition.types import Vector

REACH = 50_000
"""Rows that a search makes good by itself: two to three seconds of one core (docs/explanation/scale.md)."""

_ATTEMPTS = 50
"""Looks at parts that another process is changing at this moment; a change takes each of them a moment later."""

_PAUSE_S = 0.02

_LOG = logging.getLogger(__name__)


class ShardedIndex:
    """Implements `Index` over a crew of parts."""

    def __init__(
        self, dim: int, crew: Crew, *, cut: float = CUT, all_below: int = ALL_BELOW, reach: int | None = REACH
    ) -> None:
        """Take the parts; they are first asked when they are needed.

        Args:
            dim: components of a template.
            crew: the parts.
            cut, all_below: as of `CompressedIndex`, and the same as of every part.
            reach: see `REACH`; None waits for every part that is alive, however far behind it is.
        """
        self._dim = dim
        self._crew = crew
        self._cut_setting, self._all_below, self._reach = cut, all_below, reach
        self._cut = cut * spread(dim)
        self._margin = near_margin(dim)
        self._lock = SearchesOrChange()
        self._states: list[State | None] = []

    @property
    def dim(self) -> int:
        """Components of a template."""
        return self._dim

    @property
    def watermark(self) -> int:
        """Number of the last log row that all parts within reach have followed; 0 for none."""
        return min(state.watermark for state in self._within_reach())

    def __len__(self) -> int:
        """References that a search compares."""
        return sum(state.size for state in self._within_reach())

    def parts(self) -> list[State | None]:
        """Return the state of each part, in the order of their numbers; None for one that does not answer."""
        self.refresh()
        return list(self._states)

    def refresh(self) -> None:
        """Ask every part how far it is.

        Raises:
            IndexUnreachable: no part answers.
        """
        self._note(self._crew.ask("state", [()] * len(self._crew)))

    def apply(self, log: Iterable[Change | Block]) -> None:
        """Follow the log from `watermark` + 1; see `Index.apply`. Each part takes the rows of its own references.

        A part that fails on the way is behind or missing from then on; the others go on.

        Raises:
            IndexOutOfStep: a row is missing, repeated or out of order.
            BadTemplate: a template cannot be compared.
            IndexUnreachable: no part answers.
        """
        for block in in_blocks(log, self._dim):
            with self._lock.change():
                require_next(block, self.watermark)
                calls: list[tuple[Any, ...] | None] = [
                    ([change],) if self._reached(state) and state and state.watermark < block.last_seq else None
                    for state, change in zip(self._states, divided(block, len(self._crew)), strict=True)
                ]
                self._note(self._crew.ask("follow", calls))

    def search(
        self, template: Vector, top: int, *, among: Collection[int] | NDArray[np.int64] | None = None
    ) -> list[Scored]:
        """Rank the references by exact cosine; see `Index.search`.

        Raises:
            BadTemplate: the probe's template cannot be compared.
            ValueError: `top` is below 1.
            IndexIncomplete: a part is missing; the error carries the list of the others.
            IndexUnreachable: no part answers.
        """
        require_question(template, self._dim, top)
        wanted = None if among is None else as_references(among)
        with self._lock.search():
            reached = self.watermark
            scan, everything = self._is_scanned(len(self) if wanted is None else len(wanted), top, wanted), False
            for _ in range(_ATTEMPTS):
                by_part = self._answers(template, top, wanted, scan)
                answers = list(by_part.values())
                marks = {answer.state.watermark for answer in answers}
                if min(marks) < reached:  # one was started again after the caller had caught up
                    break
                if len(marks) > 1:  # another process is changing them
                    time.sleep(_PAUSE_S)
                    continue
                right = not everything and self._is_scanned(sum(answer.compared for answer in answers), top, wanted)
                if right != scan:  # only now the number of references that are compared is known
                    scan = right
                    continue
                answer = self._joined(answers, top, scan)
                if answer is None:
                    scan, everything = False, True
                elif len(answers) < len(self._crew):
                    missing = tuple(part for part in range(len(self._crew)) if part not in by_part)
                    size = sum(answered.compared for answered in answers)
                    raise IndexIncomplete(len(answers), len(self._crew), answer, size=size, missing=missing)
                else:
                    return answer
        raise IndexIncomplete(sum(answer.state.watermark >= reached for answer in answers), len(self._crew))

    def erase(self) -> None:
        """Let every part write what it holds and overwrite what was removed.

        Raises:
            IndexIncomplete: a part is missing or behind, so it may still have what was removed; call it again.
            OSError: a part cannot write.
        """
        with self._lock.change():
            self._note(self._crew.ask("erase", [()] * len(self._crew)))
            level = [state for state in self._states if state is not None and state.watermark >= self.watermark]
            if len(level) < len(self._crew):
                raise IndexIncomplete(len(level), len(self._crew))

    def clear(self) -> None:
        """Forget everything: the parts are ended, and begin again empty when they are needed.

        Raises:
            IndexUnreachable: a part cannot be reached, and what it holds is still there.
        """
        with self._lock.change():
            self._crew.leave()
            self._states = []

    def mend(self, read_after: Callable[[int], Iterable[Change | Block]]) -> int:
        """Bring every part level that answers, however far behind it is, and let it erase; return parts still missing."""
        patient = ShardedIndex(self._dim, self._crew, cut=self._cut_setting, all_below=self._all_below, reach=None)
        catch_up(patient, read_after)
        missing = sum(state is None for state in patient.parts())
        if not missing:
            patient.erase()
        self.refresh()
        return missing

    def _answers(self, template: Vector, top: int, wanted: NDArray[np.int64] | None, scan: bool) -> dict[int, Answer]:
        """Return the answers of the parts within reach, by their number; those that fail are missing from then on.

        Raises:
            IndexIncomplete: none answers.
        """
        question = (template, top, wanted, scan)
        replies = self._crew.ask("search", [question if self._reached(state) else None for state in self._seen()])
        self._note([reply.state if isinstance(reply, Answer) else reply for reply in replies])
        answers = {part: reply for part, reply in enumerate(replies) if isinstance(reply, Answer)}
        if not answers:
            raise IndexIncomplete(0, len(self._crew))
        return answers

    def _joined(self, answers: Sequence[Answer], top: int, scan: bool) -> list[Scored] | None:
        """Return the one list; None if every template must be compared."""
        shares: list[Any] = [answer.share for answer in answers]
        return merged(shares, top, self._cut, self._margin) if scan else best_of(shares, top)

    def _is_scanned(self, size: int, top: int, wanted: NDArray[np.int64] | None) -> bool:
        return is_scanned(size, len(self), top, subset=wanted is not None, all_below=self._all_below)

    def _note(self, replies: Sequence[object]) -> None:
        """Remember how far each part is, by what it replied; None leaves what was known.

        Raises:
            OSError, MemoryError: a part cannot write or has no memory.
        """
        before = self._states or [None] * len(self._crew)
        noted: list[State | None] = []
        damaged: list[tuple[Any, ...] | None] = []
        behind: list[tuple[Any, ...] | None] = []
        for known, reply in zip(before, replies, strict=True):
            damaged.append(() if isinstance(reply, IndexDamaged) else None)
            behind.append(() if isinstance(reply, IndexOutOfStep) else None)
            if isinstance(reply, PartLost | IndexDamaged | IndexOutOfStep):
                noted.append(None)
            elif isinstance(reply, BaseException):
                raise reply
            else:
                noted.append(reply if isinstance(reply, State) else known)
        self._states = noted
        if any(call is not None for call in damaged):
            _LOG.warning("A part of the index is damaged; it is made again from the database.")
            self._note(self._crew.ask("clear", damaged))
        if any(call is not None for call in behind):  # started again since it was asked last
            self._note(self._crew.ask("state", behind))

    def _seen(self) -> list[State | None]:
        if not any(self._states):
            self.refresh()
        return self._states

    def _reached(self, state: State | None) -> bool:
        """Say whether a part answers and is within reach of the part that is furthest."""
        if state is None:
            return False
        furthest = max(other.watermark for other in self._states if other is not None)
        return self._reach is None or state.watermark >= furthest - self._reach

    def _within_reach(self) -> list[State]:
        """Return the states of the parts that a search asks.

        Raises:
            IndexIncomplete: none answers.
        """
        states = [state for state in self._seen() if state is not None and self._reached(state)]
        if not states:
            raise IndexIncomplete(0, len(self._crew))
        return states
