"""What the worker runs: one function for every kind of job, found by its name in one table.

Every function takes a begun job, calls `beat` often and returns a note for people. All may be run twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from plainview.casework.actions import jobs
from plainview.casework.channel import Channel, acting_through
from plainview.casework.models import Job

KINDS: Mapping[str, Callable[[Job], str]] = MappingProxyType({})


def run_job(pk: int) -> None:
    """Run one job to its end, through the channel "job"."""
    kind = Job.objects.filter(pk=pk).values_list("kind", flat=True).first()
    if kind is not None:
        with acting_through(Channel("job")):
            jobs.run(pk, KINDS[kind])
