"""What runs by the clock. The worker writes the table into its queue when it starts, so that it is never out of date.

Each function may run at any time and any number of times: it looks what is due and does that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from django.db import close_old_connections
from django_q.models import Schedule

from plainview.casework.actions import (
    alert_ends,
    alert_follow,
    assign,
    jobs,
    notices,
    preparations,
    trials,
    urgent,
)
from plainview.casework.channel import Channel, acting_through
from plainview.jobs.queue import enqueue_again

MINUTE, HOUR, DAY = 1, 60, 24 * 60  # minutes


def every_minute() -> None:
    """Erase and end what is over, find verifiers, compare and send what is due, take up jobs whose worker is gone."""
    with acting_through(Channel("job")):
        urgent.sweep()
        assign.assign_waiting()
        alert_ends.sweep_alerts()
        alert_follow.follow_all()
        notices.send_due()
        for pk in jobs.to_resume():
            enqueue_again(pk)


def every_day() -> None:
    """Write the weekly letters that are due; erase drafts that were left alone."""
    with acting_through(Channel("job")):
        trials.send_reports()
        preparations.discard_stale()


TABLE: Mapping[str, tuple[Callable[[], None], int]] = MappingProxyType(
    {"every minute": (every_minute, MINUTE), "every day": (every_day, DAY)}
)
"""name -> (function, minutes between two runs)."""


def install() -> None:
    """Make the queue's schedule equal to TABLE."""
    Schedule.objects.exclude(name__in=TABLE).delete()
    for name, (function, minutes) in TABLE.items():
        Schedule.objects.update_or_create(
            name=name,
            defaults={
                "func": f"{function.__module__}.{function.__qualname__}",
                "schedule_type": Schedule.MINUTES,
                "minutes": minutes,
                "repeats": -1,
            },
        )
    close_old_connections()
