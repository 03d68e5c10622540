"""The figures of a report as SVG: DET, CMC, score histogram, error rates by group with intervals.

Owns how they look. Every figure comes with a sentence that says what it shows, for those who do not see it. It
must never draw a point that was not measured: where data is insufficient there is no mark.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

_INK, _TEAL, _AMBER, _GREY = "#1c1e21", "#166e6e", "#a85b00", "#8a8a86"
_STYLE = {
    "svg.hashsalt": "plainview",  # the same result gives the same file
    "font.size": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.grid": True,
    "grid.color": "#e2e0da",
    "axes.axisbelow": True,
}


@dataclass(frozen=True, slots=True)
class Plot:
    """A figure: file name without ending, title, what it shows in words, SVG."""

    name: str
    title: str
    alt: str
    svg: str


def plots(result: dict[str, Any]) -> list[Plot]:
    """Draw every figure for which the result of `run.evaluate` holds data."""
    with mpl.rc_context(_STYLE):
        return list(_plots(result))


def _plots(result: dict[str, Any]) -> Iterator[Plot]:
    raw = result["raw"]
    verification = result.get("verification") or {}
    if len(_above_zero(verification)) > 1:
        figure, axes = _figure()
        for curve, colour, label in (
            (verification, _TEAL, "this system"),
            (raw.get("verification") or {}, _GREY, "plain cosine"),
        ):
            points = _above_zero(curve)
            if points:
                axes.plot(*zip(*points, strict=True), color=colour, label=label)
        axes.set(xscale="log", yscale="log", xlabel="False match rate", ylabel="False non-match rate")
        first, last = verification["det"][0], verification["det"][-1]
        yield Plot(
            "det",
            "Detection error trade-off",
            f"Line from FNMR {first[1]:.3f} at FMR {first[0]:.1e} to {last[1]:.3f} at {last[0]:.1e}.",
            _svg(figure, axes, legend=bool(raw)),
        )
    if verification.get("impostor_pairs"):
        yield _histogram(verification)
    curves = [
        (name, result[key]["cmc"])
        for key, name in (("identification", "uncovered"), ("masked", "lower face covered"))
        if result.get(key) and result[key]["cmc"]
    ]
    if curves:
        figure, axes = _figure()
        for (name, curve), colour in zip(curves, (_TEAL, _AMBER), strict=False):
            axes.plot(range(1, len(curve) + 1), curve, color=colour, label=name)
        axes.set(xlabel="Rank", ylabel="Mated probes found by this rank", ylim=(None, 1.005))
        words = "; ".join(
            f"{name}: {curve[0]:.3f} at rank 1, {curve[-1]:.3f} at rank {len(curve)}" for name, curve in curves
        )
        yield Plot("cmc", "Cumulative match characteristic", f"{words}.", _svg(figure, axes, legend=True))
    if (result.get("identification") or {}).get("discard"):
        yield _discard(result["identification"])
    for column, values in (result.get("groups") or {}).items():
        for kind in ("fmr", "fnmr"):
            known = {value: rates for value, rates in values.items() if rates[kind] is not None}
            if len(known) > 1:
                yield _groups(column, kind, known)


def _above_zero(verification: dict[str, Any]) -> list[list[float]]:
    """The points of the DET that a logarithmic axis can show."""
    return [point for point in verification.get("det", ()) if min(point) > 0]


def _histogram(verification: dict[str, Any]) -> Plot:
    figure, axes = _figure()
    histogram = verification["histogram"]
    edges = histogram["edges"]
    for name, colour, label in (("impostor", _GREY, "two people"), ("mated", _TEAL, "one person")):
        total = sum(histogram[name])
        if total:
            shares = [count / total for count in histogram[name]]
            axes.stairs(shares, edges, fill=True, alpha=0.55, color=colour, label=label)
    threshold = verification["thresholds"]["1e-3"]
    if threshold is not None:
        axes.axvline(threshold, color=_AMBER, linewidth=1.2, label="FMR 1e-3")
    axes.set(xlabel="Score", ylabel="Share of the pairs")
    alt = (
        f"Histogram of {verification['impostor_pairs']:,} pairs of two people and {verification['mated_pairs']:,} "
        "of one person"
    )
    alt += "." if threshold is None else f"; FMR 1e-3 is at a score of {threshold:.3f}."
    return Plot("scores", "Scores of pairs of one and of two people", alt, _svg(figure, axes, legend=True))


def _discard(identification: dict[str, Any]) -> Plot:
    figure, axes = _figure()
    curve = identification["discard"]
    axes.plot(*zip(*curve, strict=True), color=_TEAL, label="rejected by quality")
    first = curve[0][1]
    axes.plot([0, first], [first, 0], color=_GREY, linestyle=":", label="best possible")
    axes.axhline(first, color=_GREY, linewidth=1.0, label="rejected at random")
    axes.set(xlim=(0, curve[-1][0]), ylim=(0, None))
    axes.set(xlabel="Share of mated probes rejected, lowest quality first", ylabel="FNIR of the others at FPIR 1 %")
    fifth = min(curve, key=lambda point: abs(point[0] - 0.2))
    words = f"FNIR {first:.4f} with every probe, {fifth[1]:.4f} without the {fifth[0]:.0%} of the lowest quality."
    return Plot("discard", "Error versus discard: does quality predict misses?", words, _svg(figure, axes, legend=True))


def _groups(column: str, kind: str, known: dict[str, dict[str, Any]]) -> Plot:
    figure, axes = _figure(1.0 + 0.42 * len(known))
    names = list(known)
    rates = [known[name][kind] for name in names]
    bounds = [known[name]["ci"][kind] for name in names]
    below = [rate - low for rate, (low, _) in zip(rates, bounds, strict=True)]
    above = [high - rate for rate, (_, high) in zip(rates, bounds, strict=True)]
    axes.errorbar(rates, range(len(names)), xerr=[below, above], fmt="o", color=_TEAL, capsize=3)
    axes.set_yticks(range(len(names)), [f"{name} ({known[name]['n']:,} people)" for name in names])
    axes.set(xlim=(0, None), ylim=(len(names) - 0.5, -0.5))
    title = "False match rate" if kind == "fmr" else "False non-match rate"
    axes.set_xlabel(f"{title} at an overall FMR of 1e-3, 95 % interval")
    words = "; ".join(
        f"{name} {rate:.5f} ({low:.5f} to {high:.5f})"
        for name, rate, (low, high) in zip(names, rates, bounds, strict=True)
    )
    return Plot(f"group-{kind}-{column}", f"{title} by {column}", f"{words}.", _svg(figure, axes, legend=False))


def _figure(height: float = 3.2) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6.4, height), layout="constrained")
    FigureCanvasSVG(figure)
    return figure, figure.add_subplot()


def _svg(figure: Figure, axes: Axes, *, legend: bool) -> str:
    if legend:
        axes.legend(frameon=False)
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = file.getvalue()
    return text[text.index("<svg") :]
