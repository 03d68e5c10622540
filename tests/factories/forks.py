"""Commands of `plainview`, each a process of its own that need not import anything: forked from one that has.

A command spends one to two seconds on imports before it does a thing. Here one process a test session imports all of
Plainview once and forks for each command, which then has its own environment, workspace, settings, output and exit
code. Where how a process begins or dies is the point, a test starts a real one.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import django
from django.apps import apps

COLUMNS = {"COLUMNS": "200"}
"""The width of a command's tables: Rich reads it when it is imported, so it is the same for all."""

_NO_THREADS = {"OPENBLAS_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
"""A thread that a library starts when it is imported would be missing in a fork."""


class Forks:
    """The process that forks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.factories.forks"],
            cwd=Path(__file__).parents[2],
            env={**os.environ, **COLUMNS, **_NO_THREADS, "PLAINVIEW_HOME": os.devnull},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # select must see what was not read
        )
        atexit.register(self.close)

    def run(
        self,
        words: Sequence[str],
        environment: dict[str, str],
        *,
        code: str = "",
        cwd: Path | None = None,
        timeout: float = 180,
    ) -> subprocess.CompletedProcess[str]:
        """Run `plainview WORDS`, or Python code instead; both outputs are text."""
        assert self._process.stdin is not None
        with self._lock, tempfile.TemporaryDirectory() as folder:
            asked = {
                "words": words,
                "environment": environment,
                "code": code,
                "cwd": str(cwd or Path.cwd()),
                "out": folder,
            }
            self._process.stdin.write(json.dumps(asked).encode() + b"\n")
            child = self._answer(60)
            try:
                status = self._answer(timeout)
            except subprocess.TimeoutExpired:
                os.kill(child, signal.SIGKILL)
                raise
            out, err = (Path(folder, name).read_text("utf-8") for name in ("stdout", "stderr"))
        return subprocess.CompletedProcess(["plainview", *words], status, out, err)

    def _answer(self, timeout: float) -> int:
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("plainview", timeout)
        line = self._process.stdout.readline()
        assert line, "the process that forks has ended"
        return int(line)

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(BrokenPipeError):
            self._process.__exit__(None, None, None)


@functools.cache
def forks() -> Forks:
    """The one of this process, started at its first use."""
    return Forks()


def run(
    home: Path, words: Iterable[str | Path], *, code: str = "", timeout: float = 180
) -> subprocess.CompletedProcess[str]:
    """Run a command, or Python code, on the workspace `home`."""
    environment = {**os.environ, **COLUMNS, "PLAINVIEW_HOME": str(home)}
    return forks().run([str(word) for word in words], environment, code=code, timeout=timeout)


def _import_all() -> None:
    from plainview.cli.start import start_django

    start_django()
    for name in (
        "audit",
        "casework",
        "cli",
        "documents",
        "index",
        "policy",
        "recheck",
        "recognition",
        "scores",
        "storage",
    ):
        package = importlib.import_module(f"plainview.{name}")
        for module in pkgutil.walk_packages(package.__path__, f"plainview.{name}."):
            if not module.name.endswith(("_child", ".child", ".standalone")):
                importlib.import_module(module.name)


def _set_up_again() -> None:
    """What `django.setup` does in a fork: read the settings for the workspace of this process."""
    from django.conf import Settings, settings
    from django.core.cache import caches
    from django.db import connections
    from django.utils.connection import Local  # type: ignore[attr-defined]
    from django.utils.log import configure_logging

    importlib.reload(sys.modules["plainview.site.settings"])
    settings._wrapped = Settings("plainview.site.settings")
    for handler in (connections, caches):
        handler.__dict__.pop("settings", None)
        handler._settings = None
        handler._connections = Local(handler.thread_critical)
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
    apps.ready = True


def _become(asked: dict[str, Any]) -> None:
    """Turn this fork into the command that was asked for, and run it."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        file = os.open(Path(asked["out"], name), os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["cwd"])
    sys.argv = ["plainview", *asked["words"]]
    django.setup, apps.ready = _set_up_again, False  # the command starts Django itself, when it would
    if asked["code"]:
        exec(asked["code"], {"__name__": "__main__"})  # noqa: S102  a test's own
        return
    from plainview.cli.main import main

    main()


def _status(asked: dict[str, Any]) -> int:
    """Run the command and return its exit code, as the interpreter would."""
    try:
        _become(asked)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _end(status: int) -> NoReturn:
    """End as the interpreter does, but leave memory as it is: to take it apart costs as much as many a command."""
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _serve() -> None:
    _import_all()
    gc.freeze()
    answers = os.dup(1)
    os.dup2(2, 1)
    requests = os.fdopen(os.dup(0), "rb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    while line := requests.readline():
        child = os.fork()
        if child == 0:
            os.close(answers)
            requests.close()
            _end(_status(json.loads(line)))
        os.write(answers, b"%d\n" % child)
        os.write(answers, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    requests.close()


if __name__ == "__main__":
    _serve()
