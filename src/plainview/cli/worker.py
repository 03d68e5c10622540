"""`plainview worker`: runs background work until it is stopped."""

from __future__ import annotations

import logging.config
import signal
import sys
import threading
from typing import Annotated

import typer
from django.conf import settings

from plainview.cli import lifeline
from plainview.cli.common import say
from plainview.cli.start import open_workspace
from plainview.worker import loop


def worker(of_server: Annotated[bool, typer.Option(lifeline.OPTION, hidden=True)] = False) -> None:
    """Run background work (enrolment, video, alerts, letters) until stopped. `plainview serve` starts one."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGHUP) if of_server else (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    workspace = open_workspace()
    logging.config.dictConfig(settings.JOURNAL)
    say("The worker is running  (stop with Ctrl-C)")
    sys.stdout.flush()
    loop.run(job_threads=max(1, int(str(workspace.settings().get("workers", 1)))), until=ended)
