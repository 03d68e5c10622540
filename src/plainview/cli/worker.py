"""`plainview worker`: runs background work until it is stopped."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Annotated

import typer

from plainview.cli.common import say
from plainview.cli.start import open_workspace
from plainview.worker import loop


def worker(until_input_ends: Annotated[bool, typer.Option(hidden=True)] = False) -> None:
    """Run background work (enrolment, video, alerts, letters) until stopped. `plainview serve` starts one."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    workspace = open_workspace()
    if until_input_ends:
        threading.Thread(target=_until_input_ends, args=(ended,), daemon=True).start()
    say("The worker is running  (stop with Ctrl-C)")
    sys.stdout.flush()
    loop.run(job_threads=max(1, int(str(workspace.settings().get("workers", 1)))), until=ended)


def _until_input_ends(ended: threading.Event) -> None:
    """End with the server that started this process: the pipe ends when it does, however it does."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    ended.set()
