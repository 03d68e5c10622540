"""The rules of reviewing a candidate list: setting a candidate aside, and concluding a whole list.

Owns the reasons. Both are conclusions of a quick review by one examiner. They must never count as an examination: that
compares every component and is verified by a second person.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.permissions import Permission

OTHER_PERSON, UNUSABLE, AGE, PLACE = "other person", "unusable picture", "cannot be: age", "cannot be: place"

REASONS: Mapping[str, str] = MappingProxyType({"x": OTHER_PERSON, "2": UNUSABLE, "3": AGE, "4": PLACE})
"""The key that sets a candidate aside -> the recorded reason. Source: the shared notes on the desk."""

REVIEW = "review by one examiner, not an examination"
"""What setting aside is called wherever it is shown."""

REVIEW_RULES: tuple[tuple[str, str, str], ...] = (
    ("triage.reason", "review", f"A candidate is set aside for one of: {'; '.join(REASONS.values())}."),
    ("triage.examined", "review", "A candidate that a member examined keeps that member's conclusion."),
    ("triage.not_seen", "review", '"None of these" needs every open candidate to have been on the screen.'),
    ("triage.potential", "review", '"None of these" is not for a list with a potential candidate of the same member.'),
    ("triage.statement", "review", '"None of these" states in at least three words what sets the candidates apart.'),
)
"""The rules of this file as the rulebook prints them (policy.table)."""

_MIN_WORDS = 3  # of a statement, as examination.explained


def reason_known(reason: str) -> Decision:
    """Allow one of the four reasons."""
    if reason not in REASONS.values():
        return Refused(
            "triage.reason",
            "Not set aside",
            f"There is no reason {reason!r}.",
            f"Choose one of: {', '.join(REASONS.values())}.",
        )
    return Allow()


def not_examined(examined: bool, rank: int) -> Decision:
    """Allow a candidate that this member has not examined: a recorded examination stays the conclusion."""
    if examined:
        return Refused(
            "triage.examined",
            "Not set aside",
            f"You have examined candidate {rank}; your conclusion is recorded.",
            "Nothing more is needed for this candidate.",
        )
    return Allow()


def every_one_seen(open_ranks: Collection[int], seen: Collection[int]) -> Decision:
    """Allow a conclusion about a whole list only if each candidate that is still open was on the screen."""
    missing = sorted(set(open_ranks) - set(seen))
    if missing:
        return Refused(
            "triage.not_seen",
            "Not concluded",
            f"These candidates were not on your screen: {', '.join(map(str, missing))}.",
            "View every candidate of the list first.",
        )
    return Allow()


def nobody_examined(potential: bool) -> Decision:
    """Allow "none of these" unless this member concluded that a candidate is a potential one."""
    if potential:
        return Refused(
            "triage.potential",
            "Not concluded",
            "You examined a candidate of this list as a potential candidate.",
            "Set the other candidates aside one by one.",
            act=Permission.EXAMINATION_RECORD,
        )
    return Allow()


def stated(statement: str) -> Decision:
    """Allow a statement of at least three words."""
    if len(statement.split()) < _MIN_WORDS:
        return Refused(
            "triage.statement",
            "Not concluded",
            f"The statement has fewer than {_MIN_WORDS} words.",
            "State what sets all of the candidates apart from the probe.",
        )
    return Allow()
