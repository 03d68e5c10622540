"""Handing work to the worker (django-q2, in the database: nothing else to install).

Owns the two calls that the rest of the program makes. Only the number of a job travels, never a picture or a name.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from plainview.casework.models import Job

_RUN = "plainview.worker.tasks.run_job"


def enqueue(job: Job) -> None:
    """Hand the job to the worker once the running transaction is committed."""
    transaction.on_commit(lambda: enqueue_again(job.pk))


def enqueue_again(pk: int) -> None:
    """Hand a job to the worker now, unless it waits in the queue; if it is held or over, its worker does nothing."""
    if any(queued.task.get("args") == (pk,) for queued in OrmQ.objects.filter(lock__lte=timezone.now())):
        return
    async_task(_RUN, pk, q_options={"task_name": f"job {pk}", "save": False})
