"""Each number of recognition is the one with which the documented error rates were measured (tests/factories/measured.py)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.factories.measured import FILE, PICTURES, measure

MEASURED: dict[str, Any] = json.loads(FILE.read_text())
APART = {".yaw": 0.1, ".pitch": 0.1, ".roll": 0.1, ".steady": 1.0}
"""Degrees and pixels by which another processor's rounding may move a pose and a point: twice of what was seen with
OpenCV and NumPy kept from their wide instructions (.045 degrees, .52 pixels)."""


def astray(now: Any, then: Any, where: str = "") -> list[str]:
    """Return where two measurements differ by more than the arithmetic of another processor makes them."""
    if isinstance(then, dict) and isinstance(now, dict) and then.keys() == now.keys():
        return [found for key in then for found in astray(now[key], then[key], f"{where}.{key}")]
    if isinstance(then, list) and isinstance(now, list | tuple) and len(then) == len(now):
        return [found for i, pair in enumerate(zip(now, then, strict=True)) for found in astray(*pair, f"{where}.{i}")]
    if isinstance(then, float):
        least = next((apart for part, apart in APART.items() if part in where), 5e-3)
        return [] if now == pytest.approx(then, rel=5e-3, abs=least) else [f"{where}: {now}, and not {then}"]
    return [] if now == then else [f"{where}: {now}, and not {then}"]


def test_every_picture_was_measured() -> None:
    assert PICTURES.keys() == MEASURED.keys()


@pytest.mark.long
@pytest.mark.parametrize("name", MEASURED)
def test_what_is_measured_of_a_picture_is_what_was(name: str) -> None:
    assert astray(measure(name), MEASURED[name]) == []
