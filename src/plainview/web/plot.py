"""Bars for a page, drawn as SVG by its template: counts only, each with its number as text.

Owns the arithmetic of the drawing. Colours and fonts are the style sheet's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 160
"""Size of the drawing, in its own units; the page scales it."""

_GAP = 4  # units between two bars
_CHARACTER = 14  # units of a character on a phone, where the drawing is about 350 pixels wide


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its position (units of the drawing), its label and its count; `below` and `above` are what is written there."""

    x: float
    y: float
    width: float
    height: float
    label: str
    count: int
    below: str
    above: str

    @property
    def middle(self) -> float:
        """Return the x at which its label is centred."""
        return self.x + self.width / 2


def bars(counts: Sequence[tuple[str, int]]) -> list[Bar]:
    """Lay out bars for (label, count); the highest fills the drawing, and 0 has no height.

    Of labels that would touch, every second, third, ... is written; of numbers that would, only that of the highest bar.
    """
    most = max((count for _, count in counts), default=0) or 1
    step = WIDTH / max(len(counts), 1)
    every = max(1, -(-max((len(label) + 1) * _CHARACTER for label, _ in counts) // int(step))) if counts else 1
    narrow = max((len(str(count)) for _, count in counts), default=0) * _CHARACTER > step
    drawn = []
    for i, (label, count) in enumerate(counts):
        height = HEIGHT * count / most
        below, above = "" if i % every else label, str(count) if count and (count == most or not narrow) else ""
        drawn.append(Bar(i * step + _GAP / 2, HEIGHT - height, step - _GAP, height, label, count, below, above))
    return drawn


@dataclass(frozen=True, slots=True)
class Rect:
    """One bar of a drawing; with `is_before`, of the other period and drawn as an outline."""

    x: float
    y: float
    width: float
    height: float
    is_before: bool


@dataclass(frozen=True, slots=True)
class Word:
    """A label or a number, and the part of it that is at this position: "start", "middle" or "end"."""

    x: float
    y: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Bars with their words, in units of `width` by `height`; the page scales it."""

    width: int
    height: float
    bars: list[Rect]
    words: list[Word]


_THICKNESS, _TEXT, _SHORT = 18, 18, 30  # units of a horizontal bar and of a line of text; characters of a label
_ASIDE, _NUMBER = 230, 50  # units left of horizontal bars for their labels, and right of them for their numbers
_MOST_NUMBERS, _LINE = 12, 80  # numbers above vertical bars, and characters of labels that fit below them


def drawing(labels: Sequence[str], counts: Sequence[int], before: Sequence[int] | None, *, lying: bool) -> Drawing:
    """Lay out counts, next to those of another period; the highest of all fills the drawing.

    Args:
        labels: one for each count.
        counts, before: whole numbers from 0 up, in the order of the labels.
        lying: draw horizontal bars, the first on top, for labels that are words.
    """
    groups = [counts] if before is None else [counts, before]
    most = max((count for group in groups for count in group), default=0) or 1
    return (_lying if lying else _standing)(labels, groups, most)


def _lying(labels: Sequence[str], groups: Sequence[Sequence[int]], most: int) -> Drawing:
    rects, words, y = [], [], 0.0
    for i, label in enumerate(labels):
        short = label if len(label) <= _SHORT else f"{label[: _SHORT - 1]}…"
        words.append(Word(_ASIDE - 10, y + _THICKNESS * len(groups) / 2 + 5, short, "end"))
        for is_before, group in enumerate(groups):
            width = (WIDTH - _ASIDE - _NUMBER) * group[i] / most
            if group[i]:
                rects.append(Rect(_ASIDE, y + 2, width, _THICKNESS - 4, bool(is_before)))
            words.append(Word(_ASIDE + width + 6, y + _THICKNESS / 2 + 5, f"{group[i]:,}", "start"))
            y += _THICKNESS
        y += _GAP * 2
    return Drawing(WIDTH, y, rects, words)


def _standing(labels: Sequence[str], groups: Sequence[Sequence[int]], most: int) -> Drawing:
    rects, words = [], []
    step, fit = WIDTH / max(len(labels), 1), max(1, _LINE // (max(map(len, labels), default=0) + 2))
    width, every = (step - _GAP / 2) / len(groups), max(1, -(-len(labels) // fit))
    for i, label in enumerate(labels):
        for is_before, group in enumerate(groups):
            height, x = HEIGHT * group[i] / most, i * step + _GAP / 4 + is_before * width
            if group[i]:
                rects.append(Rect(x, _TEXT + HEIGHT - height, width, height, bool(is_before)))
                if len(labels) <= _MOST_NUMBERS or group[i] == most:
                    words.append(Word(x + width / 2, _TEXT + HEIGHT - height - 4, f"{group[i]:,}", "middle"))
        if i % every == 0:
            # Centred, the first label would extend beyond the left edge.
            words.append(Word((i + 0.5) * step if i else 0, HEIGHT + 2 * _TEXT, label, "middle" if i else "start"))
    return Drawing(WIDTH, HEIGHT + 2 * _TEXT + 6, rects, words)
