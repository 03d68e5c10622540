"""The clock: what is done every minute, every hour and every day, step by step.

Owns what runs how often, and the guard around each step. Each step does what is due, at any time and any number of
times; its failure never stops the next one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from django.db import close_old_connections, connection

from plainview.casework.alerts import ends as alert_ends
from plainview.casework.alerts import follow as alert_follow
from plainview.casework.alerts import notices
from plainview.casework.canaries import checks as canary_checks
from plainview.casework.enrolment import cut_faces, intake
from plainview.casework.examination import assign, seen
from plainview.casework.feeds import run as feed_run
from plainview.casework.galleries import parts
from plainview.casework.leads import outcomes
from plainview.casework.log.channel import Channel, acting_through
from plainview.casework.log.reviews import heartbeat
from plainview.casework.mail import letters
from plainview.casework.people import failures as sign_in_failures
from plainview.casework.people import idempotency, sessions, trials
from plainview.casework.probes import preparations
from plainview.casework.register import publish as register
from plainview.casework.register import tiles as register_tiles
from plainview.casework.reports import schedules as report_schedules
from plainview.casework.retention import runs as retention_runs
from plainview.casework.rights import watch as rights_watch
from plainview.casework.search import lapse, urgent
from plainview.casework.sharing import ends as shared_ends
from plainview.casework.sharing import notices as shared_notices
from plainview.casework.upkeep import clock as fault_of_clock
from plainview.casework.upkeep import rows, work
from plainview.casework.videos import process as video_process
from plainview.casework.videos import upload as videos
from plainview.casework.webhooks import deliver as webhook_deliver
from plainview.casework.webhooks import gather as webhook_gather
from plainview.casework.witnesses import ask as witness_ask
from plainview.policy.decision import Allow
from plainview.worker import backups

_log = logging.getLogger("plainview.worker")

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

_QUIET = timedelta(days=1)
"""How long the log may be quiet: an entry a day shows that the clock has not leapt, while the worker runs."""


class Step(NamedTuple):
    """One thing to do: its name in the log and on the status page, the function, and how often."""

    name: str
    do: Callable[[], object]
    every: timedelta


STEPS = (
    Step("faults of the clock", fault_of_clock.tell, MINUTE),
    Step("urgent searches", urgent.sweep, MINUTE),
    Step("letters of urgent searches", lapse.tell_lapsed, MINUTE),
    Step("assigning verifiers", assign.assign_waiting, MINUTE),
    Step("letters of withdrawn verifications", seen.tell_withdrawn, MINUTE),
    Step("parts of indexes", parts.mend_all, MINUTE),
    Step("abandoned enrolments", intake.close_abandoned, MINUTE),
    Step("ends of alerts", alert_ends.sweep_alerts, MINUTE),
    Step("alerts", alert_follow.follow_all, MINUTE),
    Step("letters of alerts", notices.send_due, MINUTE),
    Step("events for webhooks", webhook_gather.gather, MINUTE),
    Step("messages to webhooks", webhook_deliver.deliver_due, MINUTE),
    Step("ends of shared requests", shared_ends.sweep_requests, MINUTE),
    Step("letters of shared requests", shared_notices.send_due, MINUTE),
    Step("letters", letters.send_due, MINUTE),
    Step("witnesses of the log", witness_ask.ask_due, MINUTE),
    Step("videos", video_process.settle, MINUTE),
    Step("failed sign-ins", sign_in_failures.summarise, MINUTE),
    Step("heartbeat of the log", lambda: heartbeat(_QUIET), HOUR),
    Step("backups", backups.start_due, HOUR),
    Step("feeds", feed_run.ask_due, HOUR),
    Step("tiles of the log", register_tiles.publish_tiles, HOUR),
    Step("canaries", lambda: canary_checks.run_all(due_only=True), HOUR),
    Step("records and log", rows.compare_some, HOUR),
    Step("faces not yet cut", cut_faces.cut_missing, HOUR),
    Step("expired sessions", sessions.sweep, MINUTE),
    Step("pictures not enrolled", intake.sweep_failures, DAY),
    Step("reports of trials", trials.send_reports, DAY),
    Step("abandoned drafts", preparations.discard_stale, DAY),
    Step("outcomes", outcomes.remind_outcomes, DAY),
    Step("abandoned videos", videos.discard_stale, DAY),
    Step("public register", register.publish_month, DAY),
    # What a retention rule has reached is proposed for approval, not erased.
    Step("retention", retention_runs.propose_due, DAY),
    Step("scheduled reports", report_schedules.send_due, DAY),
    Step("deadlines of requests", rights_watch.watch_deadlines, DAY),
    Step("answered requests", rights_watch.erase_old, DAY),
    Step("old messages to webhooks", webhook_deliver.sweep, DAY),
    Step("old answers of the API", idempotency.forget, DAY),
    Step("old letters", letters.erase_old, DAY),
)
"""In this order. Two clocks follow it: one the steps of every minute, which must not wait for the longer ones."""


def run_due(steps: tuple[Step, ...] = STEPS, *, stop: Callable[[], bool] = lambda: False) -> int:
    """Do the steps that are due, each for itself; return how many failed."""
    failures = 0
    due = work.due([step.name for step in steps])
    for step in [step for step in steps if step.name in due]:
        if stop() or not (step is STEPS[0] or _clock_is_plausible()):
            break
        if work.claim(step.name):
            failures += not run(step)
    return failures


def run(step: Step) -> bool:
    """Do one step; say whether it worked. A failure is recorded and goes no further."""
    try:
        with acting_through(Channel("job")):
            step.do()
            work.succeeded(step.name, step.every)
    except Exception as error:
        _log.error("The step %r failed: %s", step.name, type(error).__name__, exc_info=error)
        _record(step, error)
        return False
    return True


def _record(step: Step, error: Exception) -> None:
    try:
        close_old_connections()
        with acting_through(Channel("job")):
            work.failed(step.name, step.every, error)
    except Exception as again:  # no database, no disk: the step is tried again after its lease
        connection.close()
        _log.error("Nor could this be recorded: %s", type(again).__name__, exc_info=again)


def every_minute() -> None:
    """Do the steps of every minute now, whether they are due or not, and let their errors out: for tests and tools."""
    with acting_through(Channel("job")):
        for step in STEPS:
            if step.every == MINUTE and (step is STEPS[0] or _clock_is_plausible()):
                step.do()


def every_day() -> None:
    """Do the steps of every day now, as `every_minute` does its own."""
    with acting_through(Channel("job")):
        for step in STEPS:
            if step.every == DAY and _clock_is_plausible():
                step.do()


def _clock_is_plausible() -> bool:
    """Say whether what is erased and ended by time may be: not while the clock is far after the log's newest entry."""
    return isinstance(fault_of_clock.work_may_go_on(), Allow)
