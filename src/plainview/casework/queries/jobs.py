"""Reading jobs: one's own, and for those who run the agency all of its."""

from __future__ import annotations

from plainview.casework.models import Job, Member
from plainview.policy.decision import Refused


def jobs(member: Member, *, kinds: tuple[str, ...] = (), limit: int = 50) -> list[Job]:
    """The member's own jobs, newest first; of these kinds, when any is named."""
    rows = Job.objects.filter(member=member)
    if kinds:
        rows = rows.filter(kind__in=kinds)
    return list(rows.order_by("-pk")[:limit])


def job_numbered(public_id: str, member: Member) -> Job:
    """Return a job of the member's own.

    Raises:
        Refused: job.unknown.
    """
    job = Job.objects.filter(public_id=public_id.strip(), member=member).first()
    if job is None:
        raise Refused("job.unknown", "Refused", f"You have no job {public_id!r}.", "Look at your own jobs.")
    return job


def job_of(kind: str, subject: int) -> Job | None:
    """The job of one subject."""
    return Job.objects.filter(kind=kind, subject=subject).first()
