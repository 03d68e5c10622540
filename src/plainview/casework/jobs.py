"""The life of a job: asked for in the transaction of its subject, begun once, beating, ended once.

Owns the lease by which a worker holds a job: a job whose worker was killed is begun again by another, and never by
two at the same time. What the work itself does is recorded by its own actions.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Job, Member
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission

LEASE = timedelta(seconds=60)
"""Silence after which a worker counts as gone: many beats long, so that a slow machine loses nothing."""

_BEAT = timedelta(seconds=1)  # at most one write a second, however fast the work is
_TRIES = 5  # a job that took its worker down this often is not begun again


class Cancelled(Exception):
    """Somebody cancelled the running job, or another worker holds it now: stop at the next safe place."""


class Later(Exception):
    """What was done is kept, and the rest waits for another turn, so that shorter work is not held up."""


def ask(kind: str, subject: int, *, total: int | None = None, acting_member: Member) -> Job:
    """Add a job in the running transaction; the caller enqueues it after the commit (jobs.queue)."""
    return Job.objects.create(
        agency=acting_member.agency, member=acting_member, kind=kind, subject=subject, total=total
    )


def ask_again(kind: str, subject: int, *, acting_member: Member) -> Job:
    """Ask for a job anew in the running transaction; one that has ended waits again, one that has not stays as it is."""
    job = Job.objects.select_for_update().filter(kind=kind, subject=subject).first()
    if job is None:
        return ask(kind, subject, acting_member=acting_member)
    if job.is_over:
        job.state, job.note, job.lost, job.member = Job.State.WAITING, "", 0, acting_member
        job.cancel_asked_at = job.finished_at = job.beat_at = None
        job.save()
    return job


def begin(pk: int) -> Job | None:
    """Take the job's lease; None when it is over, held by a live worker, or has failed too often."""
    now = timezone.now()
    with transaction.atomic():
        free = Q(state=Job.State.WAITING) | Q(state=Job.State.RUNNING, beat_at__lt=now - LEASE)
        job = Job.objects.select_for_update().filter(free, pk=pk).first()
        if job is None:
            return None
        if job.lost >= _TRIES:
            _end(job, Job.State.FAILED, f"Its worker ended {_TRIES} times before it was done.")
            return None
        if job.cancel_asked_at is not None:
            _end(job, Job.State.CANCELLED, "Cancelled before it began.")
            return None
        job.state, job.tries, job.lost, job.beat_at = Job.State.RUNNING, job.tries + 1, job.lost + 1, now
        job.started_at = job.started_at or now
        job.save(update_fields=["state", "tries", "lost", "beat_at", "started_at"])
    return job


def beat(job: Job, done: int, total: int | None = None) -> None:
    """Say how far the work is; call it often, it writes at most once a second.

    Raises:
        Cancelled: stop.
    """
    now = timezone.now()
    if job.beat_at is not None and now - job.beat_at < _BEAT and done != total:
        return
    updated = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, tries=job.tries, cancel_asked_at=None).update(
        beat_at=now, done=done, total=job.total if total is None else total
    )
    if not updated:
        raise Cancelled
    job.beat_at, job.done = now, done


def progressed(job: Job, done: int) -> None:
    """Call in the transaction that keeps a part of the work: workers that ended before do not count any more.

    Raises:
        Cancelled: stop, and keep nothing.
    """
    updated = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, tries=job.tries, cancel_asked_at=None).update(
        beat_at=timezone.now(), done=done, lost=0
    )
    if not updated:
        raise Cancelled
    job.done, job.lost = done, 0


def run(pk: int, work: Callable[[Job], str]) -> bool:
    """Do a job's work under its lease; `work` returns a note for people. Whatever it raises ends the job.

    Returns:
        True when the work asked for another turn.

    Raises:
        Exception: what `work` raised, after it was noted, unless it is a refusal.
    """
    job = begin(pk)
    if job is None:
        return False
    try:
        note = work(job)
    except Later:
        return _put_back(job)
    except Cancelled:
        end(job, Job.State.CANCELLED, "Cancelled. What was done until then is kept.")
    except Refused as refused:
        end(job, Job.State.FAILED, f"{refused.why} {refused.next_step}")
    except Exception as error:
        end(job, Job.State.FAILED, f"It failed: {type(error).__name__}.")
        raise
    else:
        end(job, Job.State.DONE, note)
    return False


def _put_back(job: Job) -> bool:
    updated = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, tries=job.tries, cancel_asked_at=None).update(
        state=Job.State.WAITING, beat_at=timezone.now(), lost=0
    )
    if not updated:
        end(job, Job.State.CANCELLED, "Cancelled. What was done until then is kept.")
    return bool(updated)


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
    """Cancel a job of one's own; a waiting or stuck one ends at once, a running one at its next beat.

    Raises:
        Refused: unknown, somebody else's, or over.
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


def to_resume() -> list[int]:
    """Jobs that wait or whose worker is gone, oldest first: the queue is asked for them again."""
    late = timezone.now() - LEASE
    rows = Job.objects.filter(
        Q(state=Job.State.RUNNING, beat_at__lt=late)
        | Q(state=Job.State.WAITING, asked_at__lt=late) & (Q(beat_at=None) | Q(beat_at__lt=late))
    )
    return list(rows.order_by("pk").values_list("pk", flat=True))


def jobs(member: Member, *, kinds: tuple[str, ...] = (), limit: int = 50) -> list[Job]:
    """The member's own jobs, newest first; of these kinds, when any is named."""
    rows = Job.objects.filter(member=member)
    if kinds:
        rows = rows.filter(kind__in=kinds)
    return list(rows.order_by("-pk")[:limit])


def job_of(kind: str, subject: int) -> Job | None:
    """The job of one subject."""
    return Job.objects.filter(kind=kind, subject=subject).first()
