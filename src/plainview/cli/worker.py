"""`plainview worker`: runs background work until it is stopped."""

from __future__ import annotations

import sys

from django_q.cluster import Cluster

from plainview.cli.common import say
from plainview.cli.start import open_workspace
from plainview.recognition.foreign import log_to
from plainview.worker import clock as schedule


def worker() -> None:
    """Run background work (enrolment, video, alerts, letters) until stopped. `plainview serve` starts one."""
    open_workspace()
    log_to(sys.stderr)
    schedule.install()
    say("The worker is running  (stop with Ctrl-C)")
    cluster = Cluster()
    cluster.start()
    # The cluster's own handlers stop it on SIGINT and SIGTERM and let a running task finish.
    cluster.sentinel.join()
