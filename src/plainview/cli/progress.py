"""Progress bars, on standard error; their titles are data, never markup."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from plainview.cli.common import err


class Bar:
    """A progress bar with count, rate and time left."""

    def __init__(self, bars: Progress, task: TaskID, total: int) -> None:
        self._bars, self._task, self._total, self._done = bars, task, total, 0

    def expect(self, total: int) -> None:
        """Say how many there are, once that is known."""
        self._total = total
        self._bars.update(self._task, total=total)

    def step(self, *_: object) -> None:
        """Count one more as done; a list that turns out longer than it was counted stretches the bar."""
        self.reach(self._done + 1, self._total)

    def reach(self, done: int, total: int) -> None:
        """Say how many are done, of how many."""
        self._done, self._total = done, max(done, total)
        speed = self._bars.tasks[self._task].speed
        rate = f"{speed:.1f} a second" if speed else ""
        self._bars.update(self._task, completed=self._done, total=self._total, rate=rate)


@contextmanager
def bars() -> Iterator[Callable[[str, int], Bar]]:
    """Yield a function that adds a bar under a title; the bars are shown while the block runs."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeElapsedColumn(),
        TextColumn("left", markup=False),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True) as progress:
        yield lambda title, total: Bar(progress, progress.add_task(title, total=total, rate=""), total)


@contextmanager
def bar(title: str, total: int) -> Iterator[Bar]:
    """Show one bar while the block runs."""
    with bars() as add:
        yield add(title, total)
