"""Which lines of a folder each of its tests runs.

Owns the trace of one process. It sees nothing of the processes that a test starts, and says which tests start one.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass
class Coverage:
    """What each test of a folder runs.

    Attributes:
        seconds: test -> CPU seconds.
        lines: test -> module -> lines, those of the collection of its file among them: parameters may be calls.
        starts: tests that start a process: for the modules that it runs, their lines say nothing.
        silent: tests that run no function of the folder, of tables for instance: their lines say nothing of any module.
        left_out: tests that fail without any wrong, or take too long.
    """

    seconds: dict[str, float]
    lines: dict[str, dict[str, list[int]]]
    starts: list[str]
    silent: list[str]
    left_out: list[str]


class Tracer:
    """The lines of functions below one folder that run while it is on."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.files: dict[str, set[int] | None] = {}
        self.unseen: dict[int, tuple[types.CodeType, set[int]]] = {}  # where no line is left, calls cost nothing

    def _line(self, frame: types.FrameType, event: str, argument: object) -> Any:
        code = frame.f_code
        lines = self.files[code.co_filename]
        if event == "line" and lines is not None:
            lines.add(frame.f_lineno)
            self.unseen[id(code)][1].discard(frame.f_lineno)
        return self._line

    def _call(self, frame: types.FrameType, event: str, argument: object) -> Any:
        code = frame.f_code
        if code.co_name == "<module>":
            return None
        file = code.co_filename
        if file not in self.files:
            self.files[file] = set() if file.startswith(self.prefix) else None
        if self.files[file] is None:
            return None
        if id(code) not in self.unseen:
            lines = {line for *_, line in code.co_lines() if line}
            head = set() if code.co_name.startswith("<") else {code.co_firstlineno}  # that of a def never runs
            self.unseen[id(code)] = code, lines - head or lines
        return self._line if self.unseen[id(code)][1] else None

    @contextlib.contextmanager
    def on(self) -> Iterator[None]:
        """Watch, in threads too."""
        sys.settrace(self._call)
        threading.settrace(self._call)
        try:
            yield
        finally:
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]

    def take(self) -> dict[str, set[int]]:
        """Return module -> lines, and forget them."""
        lines = {file[len(self.prefix) :]: set(at) for file, at in self.files.items() if at}
        self.files.clear()
        self.unseen.clear()
        return lines
