"""Bars for paper: every count is drawn, no colour is needed, and no text needs a font."""

from __future__ import annotations

import re

import pytest

from plainview.documents.bars import bars


@pytest.mark.parametrize("lying", [True, False])
@pytest.mark.parametrize("before", [None, [3, 0, 2]])
def test_black_and_white_and_without_fonts(lying: bool, before: list[int] | None) -> None:
    svg = bars(["a", "b & <c>", "d" * 99], [1, 0, 5], before, lying=lying)
    assert svg.startswith("<svg")
    assert "<text" not in svg
    colours = {colour.lower() for colour in re.findall(r"#[0-9a-fA-F]{6}", svg)}
    assert colours <= {"#1c1e21", "#ffffff"}
    assert ("<pattern" in svg) == (before is not None)
    assert svg == bars(["a", "b & <c>", "d" * 99], [1, 0, 5], before, lying=lying)


def test_nothing_at_all_is_drawn_without_an_error() -> None:
    assert bars(["a"], [0], [0], lying=True).startswith("<svg")
