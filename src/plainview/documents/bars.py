"""Bars of counts as SVG for paper: filled ones for now, hatched ones for before, each with its number; no colour needed.

Owns how they look. Text is drawn as outlines, so that the file needs no font.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

_INK, _LIGHT = "#1c1e21", "#ffffff"
_STYLE = {
    "svg.hashsalt": "plainview",  # the same counts give the same file
    "font.size": 9.0,
    "hatch.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _INK,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
}
_WIDTH = 6.4  # inches
_MOST_NUMBERS = 12  # of standing bars: more would run into each other
_LINE = 70  # characters of labels that fit under standing bars, with two between each
_SHORT = 34  # characters of a label beside a lying bar
_one_at_a_time = threading.Lock()  # the style is the whole process's while a figure is drawn


def bars(labels: Sequence[str], counts: Sequence[int], before: Sequence[int] | None, *, lying: bool) -> str:
    """Draw counts, and those of another period beside them where there are any.

    Args:
        labels: one for each count.
        counts, before: whole numbers from 0 up, in the order of the labels.
        lying: draw them from left to right, the first one on top, for labels that are words.

    Returns:
        The SVG, from its root element on.
    """
    with _one_at_a_time, mpl.rc_context(_STYLE):
        height = 0.5 + (0.36 if before else 0.27) * len(labels) if lying else 2.3
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        groups = [(counts, _INK, "")] if before is None else [(counts, _INK, ""), (before, _LIGHT, "////")]
        for number, (values, fill, hatch) in enumerate(groups):
            _group(axes, values, number - (len(groups) - 1) / 2, 0.8 / len(groups), fill, hatch, lying=lying)
        _axes(axes, labels, lying=lying)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = file.getvalue()
    return text[text.index("<svg") :]


def _group(
    axes: Axes, values: Sequence[int], offset: float, size: float, fill: str, hatch: str, *, lying: bool
) -> None:
    places = [place + offset * size for place in range(len(values))]
    draw = axes.barh if lying else axes.bar
    drawn = draw(places, values, size, facecolor=fill, edgecolor=_INK, hatch=hatch, linewidth=0.7)
    if lying or len(values) <= _MOST_NUMBERS:
        axes.bar_label(drawn, [f"{value:,}" if value or lying else "" for value in values], padding=2, fontsize=8)


def _axes(axes: Axes, labels: Sequence[str], *, lying: bool) -> None:
    if lying:
        axes.set_yticks(range(len(labels)), [_shortened(label) for label in labels])
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.spines["bottom"].set_visible(False)
        axes.set_xticks([])
        return
    fit = max(1, _LINE // (max(map(len, labels), default=0) + 2))
    step = max(1, -(-len(labels) // fit))
    axes.set_xticks(range(0, len(labels), step), list(labels[::step]))
    axes.yaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True, nbins=4))


def _shortened(label: str) -> str:
    return label if len(label) <= _SHORT else f"{label[: _SHORT - 1]}…"
