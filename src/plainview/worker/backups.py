"""Starts the scheduled backup in a process of its own, so that a long one delays no other work.

Owns that process: one at a time. What is due, and the backup itself, is `casework.upkeep.schedule`.
"""

from __future__ import annotations

import subprocess
import sys

from django.utils import timezone

from plainview.casework.upkeep import schedule

_running: list[subprocess.Popen[bytes]] = []


def start_due() -> bool:
    """Start `plainview backups run` if a backup or a rehearsal is due; return whether it was started."""
    while _running and _running[0].poll() is not None:
        _running.pop()
    rule = schedule.rule()
    if _running or rule is None:
        return False
    now = timezone.now()
    if not schedule.due(rule, now) and schedule.rehearsal_due(rule, now) is None:
        return False
    command = [sys.executable, "-m", "plainview.cli.main", "backups", "run"]
    _running.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL))  # noqa: S603  our own command
    return True
