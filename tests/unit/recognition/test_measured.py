"""Each number of recognition is the one with which the documented error rates were measured (tests/factories/measured.py)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.factories.measured import FILE, PICTURES, measure

MEASURED: dict[str, Any] = json.loads(FILE.read_text())


def astray(now: Any, then: Any, where: str = "") -> list[str]:
    """Return where two measurements differ by more than the arithmetic of another processor makes them."""
    if isinstance(then, dict) and isinstance(now, dict) and then.keys() == now.keys():
        return [found for key in then for found in astray(now[key], then[key], f"{where}.{key}")]
    if isinstance(then, list) and isinstance(now, list | tuple) and len(then) == len(now):
        return [found for i, pair in enumerate(zip(now, then, strict=True)) for found in astray(*pair, f"{where}.{i}")]
    if isinstance(then, float):
        return [] if now == pytest.approx(then, rel=1e-3, abs=1e-3) else [f"{where}: {now}, and not {then}"]
    return [] if now == then else [f"{where}: {now}, and not {then}"]


def test_every_picture_was_measured() -> None:
    assert PICTURES.keys() == MEASURED.keys()


@pytest.mark.parametrize("name", MEASURED)
def test_what_is_measured_of_a_picture_is_what_was(name: str) -> None:
    assert astray(measure(name), MEASURED[name]) == []
