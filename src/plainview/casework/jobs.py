"""The life of a job: created in the transaction of its subject, begun once, alive while its worker reports, ended once.

Owns the lease of a job: another worker begins a job again if its worker was killed. It must never let two workers run a
job at the same time. The acts of the work itself record what it does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Job, Member
from plainview.casework.workspace.prepared import Prepared
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.storage.base import said_of

LEASE = timedelta(seconds=60)
"""Silence after which a worker counts as gone: many beats, so that a slow machine loses no work."""

stopping = threading.Event()
"""Set when this process ends: a running job stops at its next report and is put back."""

_BEAT = timedelta(seconds=1)  # at most one write per second, however fast the work is
_LOOK = 20  # jobs of one look
_TRIES = 5  # a job that ended its worker this often is not begun again


class Cancelled(Exception):
    """A person cancelled the running job, or another worker has it now: stop at the next safe point."""


class Later(Exception):
    """The finished part is stored, and the rest waits for another turn, so that shorter work is not delayed."""


def ask(kind: str, subject: int, *, total: int | None = None, acting_member: Member) -> Job:
    """Create a job in the running transaction; a worker finds it once that is committed."""
    return Job.objects.create(
        agency=acting_member.agency, member=acting_member, kind=kind, subject=subject, total=total
    )


def ask_again(kind: str, subject: int, *, acting_member: Member) -> Job:
    """Start an ended job again, in the running transaction; a job that has not ended stays unchanged."""
    job = Job.objects.select_for_update().filter(kind=kind, subject=subject).first()
    if job is None:
        return ask(kind, subject, acting_member=acting_member)
    if job.is_over:
        job.state, job.note, job.lost, job.member = Job.State.WAITING, "", 0, acting_member
        job.cancel_asked_at = job.finished_at = job.beat_at = None
        job.save()
    return job


def begin(pk: int) -> Job | None:
    """Take the job's lease; None if the job is over, has a live worker, or has failed too often."""
    now = timezone.now()
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(_free(now - LEASE, now + LEASE), pk=pk).first()
        if job is None:
            return None
        if job.lost >= _TRIES:
            _end(job, Job.State.FAILED, f"The worker ended {_TRIES} times before the job was done.")
            return None
        if job.cancel_asked_at is not None:
            _end(job, Job.State.CANCELLED, "Cancelled before it began.")
            return None
        job.state, job.tries, job.lost, job.beat_at = Job.State.RUNNING, job.tries + 1, job.lost + 1, now
        job.started_at = job.started_at or now
        job.save(update_fields=["state", "tries", "lost", "beat_at", "started_at"])
    return job


def _free(silent_since: datetime, ahead: datetime) -> Q:
    """Return the condition that a job waits or its worker is gone; a beat that lies ahead is of a clock that was wrong."""
    gone = Q(beat_at__lt=silent_since) | Q(beat_at__gt=ahead)
    return Q(state=Job.State.WAITING) | Q(state=Job.State.RUNNING) & gone


_READY = Prepared(
    lambda silent_since, ahead: (
        Job.objects.filter(_free(silent_since, ahead))
        .order_by(Coalesce("beat_at", "asked_at"), "pk")
        .values_list("pk", "kind")[:_LOOK]
    ),
    datetime,
    datetime,
)
"""Number and kind: each worker asks twice a second."""


def beat(job: Job, done: int, total: int | None = None) -> None:
    """Report the progress of the work; call it often, it writes at most once per second.

    Raises:
        Cancelled: stop.
        Later: stop; this process ends, and the next one continues.
    """
    if stopping.is_set():
        raise Later
    now = timezone.now()
    if job.beat_at is not None and timedelta() <= now - job.beat_at < _BEAT and done != total:
        return
    updated = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, tries=job.tries, cancel_asked_at=None).update(
        beat_at=now, done=done, total=job.total if total is None else total
    )
    if not updated:
        raise Cancelled
    job.beat_at, job.done = now, done


def progressed(job: Job, done: int) -> None:
    """Report progress in the transaction that stores a part of the work; earlier ends of workers no longer count.

    Raises:
        Cancelled: stop, and store nothing.
    """
    updated = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, tries=job.tries, cancel_asked_at=None).update(
        beat_at=timezone.now(), done=done, lost=0
    )
    if not updated:
        raise Cancelled
    job.done, job.lost = done, 0


def run(pk: int, work: Callable[[Job], str]) -> bool:
    """Do a job's work under its lease; `work` returns a note for people. Any exception ends the job.

    Returns:
        True if this worker had the job.

    Raises:
        Exception: any exception of `work` except a refusal, after it was recorded.
    """
    job = begin(pk)
    if job is None:
        return False
    try:
        note = work(job)
    except Later:
        _put_back(job)
    except Cancelled:
        end(job, Job.State.CANCELLED, "Cancelled. The finished part is kept.")
    except Refused as refused:
        end(job, Job.State.FAILED, f"{refused.why} {refused.next_step}")
    except Exception as error:
        why = said_of(error)
        after = "Tell the platform operator. Once that is mended, ask for it again."
        end(job, Job.State.FAILED, f"{why} {after}" if why else f"The job failed: {type(error).__name__}.")
        raise
    else:
        end(job, Job.State.DONE, note)
    return True


def _put_back(job: Job) -> None:
    updated = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, tries=job.tries, cancel_asked_at=None).update(
        state=Job.State.WAITING, beat_at=timezone.now(), lost=0
    )
    if not updated:
        end(job, Job.State.CANCELLED, "Cancelled. The finished part is kept.")


def end(job: Job, state: Job.State, note: str) -> None:
    """End the job, unless another worker has taken it meanwhile."""
    with transaction.atomic():
        locked = Job.objects.select_for_update().filter(pk=job.pk, tries=job.tries, finished_at=None).first()
        if locked is not None:
            _end(locked, state, note)


def _end(job: Job, state: Job.State, note: str) -> None:
    job.state, job.note, job.finished_at = state, note, timezone.now()
    job.save(update_fields=["state", "note", "finished_at"])


def cancel(public_id: str, *, acting_member: Member) -> Job:
    """Cancel a job of the member's own; a waiting or stuck job ends at once, a running one at its next report.

    Raises:
        Refused: unknown, another member's, or over.
    """
    with acting("job.cancel", Permission.JOB_OWN, acting_member):
        job = find.job(public_id, acting_member, lock=True)
        if job.is_over:
            raise Refused(
                "job.over",
                "Job not cancelled",
                f"The job has already ended: {job.state}.",
                "Start a new job if it is still needed.",
            )
        job.cancel_asked_at = timezone.now()
        job.save(update_fields=["cancel_asked_at"])
        stuck = job.beat_at is None or job.beat_at < timezone.now() - LEASE
        write_entry("job.cancelled", {"job": job.public_id, "kind": job.kind}, acting_member=acting_member)
        if stuck:
            _end(job, Job.State.CANCELLED, "Cancelled.")
    return job


def ready() -> list[tuple[int, str]]:
    """Return number and kind of the jobs that wait or whose worker is gone; the one that has waited longest is first."""
    now = timezone.now()
    return list(_READY(now - LEASE, now + LEASE))


def jobs(member: Member, *, kinds: tuple[str, ...] = (), limit: int = 50) -> list[Job]:
    """Return the member's own jobs, newest first, of these kinds if any is named."""
    rows = Job.objects.filter(member=member)
    if kinds:
        rows = rows.filter(kind__in=kinds)
    return list(rows.order_by("-pk")[:limit])


def job_of(kind: str, subject: int) -> Job | None:
    """Return the job of a subject."""
    return Job.objects.filter(kind=kind, subject=subject).first()
