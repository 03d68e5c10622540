"""Enqueuing work for the worker (django-q2, in the database: nothing else to install).

Owns the two calls that other modules make. It must never enqueue a picture or a name, only the number of a job.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from plainview.casework.models import Job

_RUN = "plainview.worker.tasks.run_job"


def enqueue(job: Job) -> None:
    """Enqueue the job once the running transaction is committed."""
    transaction.on_commit(lambda: enqueue_again(job.pk))


def enqueue_again(pk: int) -> None:
    """Enqueue a job now, unless it is in the queue; if the job has a worker or is over, the new worker does nothing."""
    if any(queued.task.get("args") == (pk,) for queued in OrmQ.objects.filter(lock__lte=timezone.now())):
        return
    async_task(_RUN, pk, q_options={"task_name": f"job {pk}", "save": False})
