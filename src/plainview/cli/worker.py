"""`plainview worker`: runs background work until it is stopped."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django_q.cluster import Cluster

from plainview.cli.common import say
from plainview.cli.start import open_workspace
from plainview.worker import clock as schedule


def worker() -> None:
    """Run background work (enrolment, video, alerts, letters) until stopped. `plainview serve` starts one."""
    open_workspace()
    schedule.install()
    say("The worker runs  (stop with Ctrl-C)")
    cluster = Cluster()
    cluster.start()
    # The cluster's own handlers stop it on SIGINT and SIGTERM and let a running task finish.
    cluster.sentinel.join()


@contextmanager
def beside() -> Iterator[None]:
    """Run a worker in a process of its own for as long as the block runs."""
    process = subprocess.Popen([sys.executable, "-m", "plainview.cli.main", "worker"], stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()
