"""The figures of a person: rates only where there are enough cases, counts always.

Owns the least number of cases and the arithmetic. It knows no person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.examination import INCONCLUSIVE, NOT, POTENTIAL

ENOUGH = 10
"""Cases below which no rate is shown: chosen; with fewer one slip moves a rate by more than ten points."""


@dataclass(frozen=True, slots=True)
class Share:
    """A count out of a number of cases; `text` states both, and whether the data are insufficient."""

    count: int
    of: int

    @property
    def rate(self) -> float | None:
        """Return the share, 0 to 1; None below ENOUGH cases."""
        return self.count / self.of if self.of >= ENOUGH else None

    @property
    def text(self) -> str:
        """Return the share in words."""
        if self.of >= ENOUGH:
            return f"{self.count} of {self.of} ({self.count / self.of:.2f})"
        return f"{self.count} of {self.of}: insufficient data"


@dataclass(frozen=True, slots=True)
class Known:
    """One answered item with a known answer."""

    is_mated: bool
    verdict: str
    foils: int
    foils_named: int


@dataclass(frozen=True, slots=True)
class Proficiency:
    """A person's answers on items with known answers.

    Attributes:
        found: mated faces that were called a potential candidate.
        missed: mated faces that were called not a candidate.
        told_apart: faces of another, similar person that were called not a candidate.
        mistaken: faces of another person, similar ones and foils, that were called a potential candidate.
        undecided: items on which the conclusion was inconclusive.
    """

    found: Share
    missed: Share
    told_apart: Share
    mistaken: Share
    undecided: Share


def proficiency(answers: Sequence[Known]) -> Proficiency:
    """Count the answers."""
    mated = [answer for answer in answers if answer.is_mated]
    others = [answer for answer in answers if not answer.is_mated]
    foils = sum(answer.foils for answer in answers)
    named = sum(answer.foils_named for answer in answers)

    def count(answers: Sequence[Known], verdict: str) -> int:
        return sum(answer.verdict == verdict for answer in answers)

    return Proficiency(
        found=Share(count(mated, POTENTIAL), len(mated)),
        missed=Share(count(mated, NOT), len(mated)),
        told_apart=Share(count(others, NOT), len(others)),
        mistaken=Share(count(others, POTENTIAL) + named, len(others) + foils),
        undecided=Share(count(answers, INCONCLUSIVE), len(answers)),
    )


def median_seconds(seconds: Sequence[float]) -> int | None:
    """Return the median, whole seconds; None below ENOUGH cases."""
    return round(median(seconds)) if len(seconds) >= ENOUGH else None


def told_until(now: datetime) -> datetime:
    """Return the end of the time that a member's own figures cover: the last Monday, 0:00.

    If they were updated with each answer, the change would reveal which task had a known answer.
    """
    return (now - timedelta(days=now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)


def two_pictures(first: str, second: str) -> Decision:
    """Allow an item of two different pictures; each argument is a digest."""
    if first == second:
        return Refused(
            "proficiency.same_picture",
            "Item refused",
            "Both faces are from the same picture.",
            "Choose two pictures that were taken on different occasions.",
        )
    return Allow()
