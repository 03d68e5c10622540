"""Bars for a page, drawn as SVG by its template: counts only, each with its number in words.

Owns the arithmetic of the drawing. Colours and fonts are the style sheet's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 160
"""Of the drawing, in its own units; the page scales it."""

_GAP = 4  # units between two bars


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: where it stands (units of the drawing), its label and its count."""

    x: float
    y: float
    width: float
    height: float
    label: str
    count: int

    @property
    def middle(self) -> float:
        """Where its label is centred."""
        return self.x + self.width / 2


def bars(counts: Sequence[tuple[str, int]]) -> list[Bar]:
    """Lay out bars for (label, count); the highest fills the drawing, and 0 has no height."""
    most = max((count for _, count in counts), default=0) or 1
    step = WIDTH / max(len(counts), 1)
    made = []
    for i, (label, count) in enumerate(counts):
        height = HEIGHT * count / most
        made.append(Bar(i * step + _GAP / 2, HEIGHT - height, step - _GAP, height, label, count))
    return made
