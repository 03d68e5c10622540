"""The schedule. The worker writes it to its queue at every start, so that it is never out of date.

Owns what runs how often. It must never rely on the time of a run: each function does what is due, at any time and any
number of times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from django.db import close_old_connections
from django_q.models import Schedule

from plainview.casework import jobs
from plainview.casework.alerts import ends as alert_ends
from plainview.casework.alerts import follow as alert_follow
from plainview.casework.alerts import notices
from plainview.casework.canaries import checks as canary_checks
from plainview.casework.enrolment import intake
from plainview.casework.examination import assign, seen
from plainview.casework.leads import outcomes
from plainview.casework.log.channel import Channel, acting_through
from plainview.casework.people import trials
from plainview.casework.probes import preparations
from plainview.casework.register import publish as register
from plainview.casework.reports import schedules as report_schedules
from plainview.casework.retention import runs as retention_runs
from plainview.casework.rights import watch as rights_watch
from plainview.casework.search import lapse, urgent
from plainview.casework.sharing import ends as shared_ends
from plainview.casework.sharing import notices as shared_notices
from plainview.casework.videos import process as video_process
from plainview.casework.videos import upload as videos
from plainview.worker.queue import enqueue_again

MINUTE, HOUR, DAY = 1, 60, 24 * 60  # minutes


def every_minute() -> None:
    """Erase and end what is over, assign verifiers, compare and send what is due, resume jobs whose worker is gone."""
    with acting_through(Channel("job")):
        urgent.sweep()
        lapse.tell_lapsed()
        assign.assign_waiting()
        seen.tell_withdrawn()
        intake.close_abandoned()
        alert_ends.sweep_alerts()
        alert_follow.follow_all()
        notices.send_due()
        shared_ends.sweep_requests()
        shared_notices.send_due()
        video_process.settle()
        for pk in jobs.to_resume():
            enqueue_again(pk)


def every_hour() -> None:
    """Check the galleries whose canaries are due by their agency's policy; send the letters that are due to people."""
    with acting_through(Channel("job")):
        rights_watch.send_owed()
        canary_checks.run_all(due_only=True)


def every_day() -> None:
    """Send the letters and warnings of deadlines that are due; erase abandoned drafts and pictures not enrolled.

    Data that a retention rule has reached is proposed for approval, not erased.
    """
    with acting_through(Channel("job")):
        intake.sweep_failures()
        trials.send_reports()
        preparations.discard_stale()
        outcomes.remind_outcomes()
        videos.discard_stale()
        register.publish_month()
        retention_runs.propose_due()
        report_schedules.send_due()  # last, so that a refused letter stops nothing else
        rights_watch.watch_deadlines()
        rights_watch.erase_old()


TABLE: Mapping[str, tuple[Callable[[], None], int]] = MappingProxyType(
    {"every minute": (every_minute, MINUTE), "every hour": (every_hour, HOUR), "every day": (every_day, DAY)}
)
"""Name -> (function, minutes between two runs)."""


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
