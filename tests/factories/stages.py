"""Steps that many tests begin with, made once a process and copied from then on.

A gallery of two portraits, a case and a search in it are the beginning of hundreds of tests, and each costs seconds of
detecting and embedding. A factory marked `@staged` runs when a workspace stands at the end of a step for the first time;
the workspace that it leaves (tables, files, pictures) is kept and copied for the next test that takes the same steps in
the same order. Whatever else a test does first (an act of its own, a patch, another clock) makes its workspace another one, in
which the factory simply runs.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import io
import os
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import pytest
from django.db import connection, models
from django.utils import timezone
from tests.factories import kept_tables, rows
from tests.factories.folders import copy_tree, remove_tree, written_files

P = ParamSpec("P")
R = TypeVar("R")

_clock = timezone.now


@dataclass
class _Stage:
    """Where the workspace of this test stands: the steps so far, and what the tables had seen at the last one."""

    home: Path
    forget: Callable[[], None]
    steps: tuple[Any, ...] = ()
    seen: tuple[object, ...] = ()


@dataclass
class _Kept:
    """A workspace after a step: its folder, tables, the files that the step wrote in the test's folder, and its answer."""

    folder: Path
    tables: kept_tables.Kept
    answer: bytes
    by_hand: frozenset[str] = frozenset()  # kinds of rows that the steps wrote as no act can (tests.factories.rows)


def _counting(change: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(change)
    def counted(*args: Any, **options: Any) -> Any:
        global _patches
        _patches += 1
        return change(*args, **options)

    return counted


_patches = 0
for _name in ("setattr", "delattr", "setitem", "delitem", "setenv", "delenv"):
    setattr(pytest.MonkeyPatch, _name, _counting(getattr(pytest.MonkeyPatch, _name)))


def begin_test() -> None:
    """Forget the patches of the test before."""
    global _patches
    _patches = 0


def patched() -> bool:
    """Say whether this test has patched anything."""
    return _patches > 0


@contextmanager
def our_patches() -> Iterator[None]:
    """Do not count what is patched here."""
    global _patches
    before = _patches
    yield
    _patches = before


_stage: _Stage | None = None
_kept: dict[tuple[Any, ...], _Kept] = {}


@contextmanager
def beginning(home: Path, forget: Callable[[], None]) -> Iterator[None]:
    """Say that the workspace at `home` is the sample, untouched; `forget` empties what this process knows of it."""
    global _stage
    _stage = _Stage(home, forget)
    _stage.seen = _seen(home)
    try:
        yield
    finally:
        _stage = None


def _seen(home: Path) -> tuple[object, ...]:
    """How much was written by this connection and by others, and which files are there: a test may have changed one by hand."""
    return *kept_tables.written(), hash(frozenset(written_files(home)))


class _Pickler(pickle.Pickler):
    """Writes paths below the test's folder as places in it."""

    def __init__(self, file: io.BytesIO, folder: Path | None) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self.folder = folder

    def persistent_id(self, thing: Any) -> Any:
        if isinstance(thing, Path | str) and self.folder and Path(thing).is_relative_to(self.folder):
            return type(thing) is str, str(Path(thing).relative_to(self.folder))
        return None


class _Unpickler(pickle.Unpickler):
    def __init__(self, data: bytes, folder: Path | None) -> None:
        super().__init__(io.BytesIO(data))
        self.folder = folder

    def persistent_load(self, place: tuple[bool, str]) -> Path | str:
        assert self.folder
        return str(self.folder / place[1]) if place[0] else self.folder / place[1]


def staged(make: Callable[P, R]) -> Callable[P, R]:
    """Mark a factory: its first argument may be a file, or the folder it writes pictures into; its answer must be picklable."""

    @functools.wraps(make)
    def made(*args: P.args, **options: P.kwargs) -> R:
        at = _stage
        if (
            at is None
            or _patches
            or connection.in_atomic_block
            or timezone.now is not _clock
            or at.seen != _seen(at.home)
        ):
            return make(*args, **options)
        folder = args[0] if args and isinstance(args[0], Path) and not args[0].is_file() else None
        step = (
            *at.steps,
            f"{make.__module__}.{make.__qualname__}",
            folder is not None,
            *map(_told, args[folder is not None :]),
            *((name, _told(option)) for name, option in sorted(options.items())),
        )
        if step not in _kept:
            before = _files(folder, at.home)
            answer = make(*args, **options)
            _keep(at.home, folder, _files(folder, at.home) - before, step, answer)
        else:
            answer = _copy(at, folder, _kept[step])
        at.steps, at.seen = step, _seen(at.home)
        return answer

    return made


def gone_at_exit(folder: Path) -> None:
    """Remove a folder when this process ends; a process that is forked from it leaves it alone."""
    mine = os.getpid()
    atexit.register(lambda: shutil.rmtree(folder, ignore_errors=True) if os.getpid() == mine else None)


def _told(argument: Any) -> str:
    """An argument as a part of a step's name; a file is what it holds, and bytes are their digest."""
    if isinstance(argument, Path) and argument.is_file():
        return hashlib.sha256(argument.read_bytes()).hexdigest()
    if isinstance(argument, bytes):
        return hashlib.sha256(argument).hexdigest()
    if isinstance(argument, models.Model):  # its own words may leave out what a test set
        return repr((type(argument), {name: value for name, value in vars(argument).items() if name[0] != "_"}))
    return repr(argument)


def _files(folder: Path | None, home: Path) -> set[Path]:
    """The files of the test's folder, without those of its workspace."""
    every = folder.rglob("*") if folder else ()
    return {path for path in every if path.is_file() and not path.is_relative_to(home)}


def _keep(home: Path, folder: Path | None, written: set[Path], step: tuple[Any, ...], answer: Any) -> None:
    data = io.BytesIO()
    _Pickler(data, folder).dump(answer)
    place = Path(tempfile.mkdtemp(prefix="plainview-stage-"))
    gone_at_exit(place)
    copy_tree(home, place / "workspace")
    if folder is not None and folder.exists():
        copy_tree(folder, place / "folder", without=home)
    _kept[step] = _Kept(place, kept_tables.keep(), data.getvalue(), frozenset(rows.written_by_hand))


def _copy(at: _Stage, folder: Path | None, kept: _Kept) -> Any:
    at.forget()
    remove_tree(at.home)
    copy_tree(kept.folder / "workspace", at.home)
    if folder is not None and (kept.folder / "folder").exists():
        copy_tree(kept.folder / "folder", folder)
    kept.tables.restore()
    rows.written_by_hand |= kept.by_hand
    at.forget()
    return _Unpickler(kept.answer, folder).load()
