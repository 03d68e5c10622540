"""Which lines of a folder a test runs is known of every call, also of the second one of a function."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
from tools.mutants_trace import Tracer

SOURCE = """def choose(first):
    if first:
        return 1
    return 2
double = lambda number: 2 * number
def single(number): return number
def squares(numbers):
    return [
        number**2
        for number in numbers
    ]
"""


@pytest.fixture
def traced(tmp_path: Path) -> Callable[..., list[int]]:
    """What calls functions of the source, and says which of its lines ran."""
    (tmp_path / "m.py").write_text(SOURCE)
    names = runpy.run_path(str(tmp_path / "m.py"))
    tracer = Tracer(f"{tmp_path}/")

    def run(name: str, *arguments: object) -> list[int]:
        with tracer.on():
            for argument in arguments:
                names[name](argument)
        return sorted(tracer.take().get("m.py", ()))

    return run


def test_each_call_adds_its_lines(traced: Callable[..., list[int]]) -> None:
    assert traced("choose", True) == [2, 3]
    assert traced("choose", True, True, False, False) == [2, 3, 4]
    assert traced("choose", False) == [2, 4]


def test_a_lambda_a_line_and_a_comprehension_are_seen(traced: Callable[..., list[int]]) -> None:
    assert traced("double", 2, 3) == [5]
    assert traced("single", 2, 3) == [6]
    assert traced("squares", [1], [2]) == [8, 9, 10]


def test_what_no_call_reaches_is_not_seen(traced: Callable[..., list[int]]) -> None:
    assert traced("abs") == []
