"""The lock of an index: many searches together, or one change alone.

Owns nothing else. It must never leave a search waiting after a change was interrupted.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class SearchesOrChange:
    """A lock that lets many searches in together, or one change alone; a waiting change goes first."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._searches = 0
        self._changes_waiting = 0
        self._changing = False

    @contextmanager
    def search(self) -> Iterator[None]:
        """Hold the lock together with other searches."""
        with self._turn:
            self._turn.wait_for(lambda: not self._changing and not self._changes_waiting)
            self._searches += 1
        try:
            yield
        finally:
            with self._turn:
                self._searches -= 1
                self._turn.notify_all()

    @contextmanager
    def change(self) -> Iterator[None]:
        """Hold the lock alone."""
        with self._turn:
            self._changes_waiting += 1
            try:
                self._turn.wait_for(lambda: not self._changing and not self._searches)
                self._changing = True
            finally:
                self._changes_waiting -= 1
                self._turn.notify_all()  # an interrupted wait must not leave the searches waiting
        try:
            yield
        finally:
            with self._turn:
                self._changing = False
                self._turn.notify_all()
