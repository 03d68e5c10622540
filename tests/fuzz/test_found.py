"""What `make properties` finds becomes an example of its test, and no found example has lost its test."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import properties


def item(test: Any) -> Any:
    return SimpleNamespace(obj=test, nodeid="tests/x.py::test_small[a]", funcargs={})


def test_the_smallest_failure_is_kept_and_tried_again(tmp_path: Path) -> None:
    tried = []

    @settings(max_examples=200)
    @given(number=st.integers(0, 1000))
    def small(number: int) -> None:
        tried.append(number)
        assert number < 50

    with pytest.raises(AssertionError), properties.keeping(item(small), tmp_path):
        small()
    (kept,) = tmp_path.iterdir()
    assert json.loads(kept.read_text())["example"] == "{'number': 50}"

    @settings(max_examples=1)
    @given(number=st.integers(0, 40))
    def again(number: int) -> None:
        tried.append(number)
        assert number < 50

    again()
    properties.prepare([item(again)], tmp_path)
    tried.clear()
    with pytest.raises(AssertionError):
        again()
    assert tried[0] == 50


def test_every_found_example_has_its_test() -> None:
    for path in properties.FOUND.glob("*.json"):
        file, _, name = json.loads(path.read_text("utf-8"))["test"].partition("::")
        tree = ast.parse((properties.FOUND.parents[2] / file).read_text("utf-8"))
        assert name in [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)], path


def test_make_test_is_the_same_each_time() -> None:
    assert settings.get_profile("ci").derandomize
    assert settings.get_profile("ci").deadline is None
    assert not settings.get_profile("fuzz").derandomize
