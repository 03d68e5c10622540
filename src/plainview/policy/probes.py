"""How many photographs make one probe, and which ones.

Owns the limits. That several photographs show one person is what a member declares; no rule here looks at a face.
"""

from __future__ import annotations

from collections.abc import Sequence

from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.permissions import Permission
from plainview.policy.wording import counted

MOST_PHOTOGRAPHS = 4
"""Photographs of one probe: as many were measured (docs/explanation/subjects.md), as of the frames of a video."""

PROBE_RULES = (
    ("probe.too_many", "search", f"A probe is made of at most {MOST_PHOTOGRAPHS} photographs of one person."),
    ("probe.same_photograph", "search", "A probe has each photograph once."),
    ("search.approved_alone", "search", "An approval is for one photograph: the search has no other beside it."),
)
"""The rules of this file for the rulebook: id, what it is about, what it says."""


def photographs_fit(count: int) -> Decision:
    """Allow up to `MOST_PHOTOGRAPHS` photographs in one probe."""
    if count <= MOST_PHOTOGRAPHS:
        return Allow()
    return Refused(
        "probe.too_many",
        "Photograph refused",
        f"The probe would have {counted(count, 'photograph')}; at most {MOST_PHOTOGRAPHS} are allowed.",
        "Choose the best photographs.",
        act=Permission.SEARCH_RUN,
    )


def another_photograph(digest: str, others: Sequence[str]) -> Decision:
    """Allow a photograph that the probe does not have yet, by the SHA-256 of its file."""
    if digest not in others:
        return Allow()
    return Refused(
        "probe.same_photograph",
        "Photograph refused",
        "The probe has this photograph already.",
        "Choose another photograph of the person.",
        act=Permission.SEARCH_RUN,
    )


def approved_alone(photographs: int) -> Decision:
    """Allow a search that a supervisor had to approve if it has one photograph: the approved one."""
    if photographs == 1:
        return Allow()
    return Refused(
        "search.approved_alone",
        "Search refused",
        f"A supervisor approved one photograph, and the probe has {photographs}.",
        "Remove the other photographs, and search with the approved one.",
        act=Permission.SEARCH_RUN,
    )
