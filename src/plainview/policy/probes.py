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
    (
        "search.approved_alone",
        "search",
        "An approval is for one picture: the search has no other photograph or frame of a video.",
    ),
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


def approved_alone(pictures: int) -> Decision:
    """Allow a search that a supervisor had to approve if its probe is one picture: the approved one.

    Args:
        pictures: of which the probe is made; each frame of a video counts, as a member may have said that two people
            are one.
    """
    if pictures == 1:
        return Allow()
    return Refused(
        "search.approved_alone",
        "Search refused",
        f"An approval is for one picture, and the probe has {counted(pictures, 'photograph or frame', 'photographs or frames')}.",
        "Search with the approved picture alone. If another picture is better, request an approval for that one.",
        act=Permission.SEARCH_RUN,
    )
