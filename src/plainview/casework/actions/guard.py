"""Standing before every action: a refusal is recorded before it is raised."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from plainview.casework.actions.log import write_entry
from plainview.casework.models import Member
from plainview.policy.decision import Refused


@contextmanager
def refusals_recorded(act: str, acting_member: Member) -> Iterator[None]:
    """Write a refusal of `act` to the log, then let it go on to the member."""
    try:
        yield
    except Refused as refused:
        with transaction.atomic():
            write_entry(
                f"{act}.refused",
                {"rule": refused.rule_id},
                {"why": refused.why},
                acting_member=acting_member,
            )
        raise
