"""What a member handed on, with its state: examined, verified, released, until its outcome is reported.

Owns the words of each state. It must never name a score.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from plainview.casework.examination.read import handed_on, standing_of
from plainview.casework.models import Examination, Member
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.web.tasks import FACE


@dataclass(frozen=True, slots=True)
class Handed:
    """Something that the member examined and others now work on; `step` of 4 is reached: examined, verified, released, outcome."""

    title: str
    about: str
    url: str
    at: datetime
    step: int
    faces: tuple[str, ...] = ()


def handed_by(member: Member) -> list[Handed]:
    """Return what the member examined as a potential candidate, until its outcome is reported, newest first."""
    if not holds(member.roles, Permission.EXAMINATION_RECORD):
        return []
    rows = []
    for examination in handed_on(member):
        search = examination.candidate.search
        title, step, url = _state(examination)
        rows.append(
            Handed(
                title,
                f"{search.case.number}, candidate {examination.candidate.rank}",
                url,
                examination.recorded_at,
                step,
                (
                    f"{reverse('search-probe', args=[search.public_id])}?side={FACE}",
                    f"{reverse('candidate-face', args=[search.public_id, examination.candidate.rank])}?side={FACE}",
                ),
            )
        )
    return rows


def _state(examination: Examination) -> tuple[str, int, str]:
    """Return the state of an examination in words, the step of 4 that is reached, and where to go."""
    here = reverse("examine", args=[examination.candidate.search.public_id, examination.candidate.rank])
    lead = getattr(examination, "lead", None)
    if lead is not None:
        return "Released as a lead", 3, reverse("lead", args=[lead.public_id])
    withheld = getattr(examination, "withheld", None)
    if withheld is not None:
        return "Sent back", 2, here
    standing = standing_of(examination)
    if standing.whose == "supervisor":
        return "Waiting for release", 2, here
    return "Waiting for verification", 1, here
