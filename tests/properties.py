"""How the property tests look for examples: the same ones each time in `make test`, others each time in `make properties`.

Owns the two profiles of hypothesis and tests/fuzz/found: an example that `make properties` finds to fail is written there,
smallest form, and is from then on an explicit example of its test, in `make test` too. Commit it with the repair.
State machines and examples that cannot be pickled (`st.data()`) are printed only.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, settings
from hypothesis.internal.conjecture import providers

FOUND = Path(__file__).parent / "fuzz" / "found"
_TIMES = 20  # examples in `make properties` for each in `make test`

fuzzing = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"

settings.register_profile("ci", derandomize=True, deadline=None, database=None)
if not fuzzing:
    # Hypothesis also tries constants of our modules, but only of those that this process has imported by then.
    providers._get_local_constants = lambda: providers._local_constants
settings.register_profile("fuzz", derandomize=False, deadline=None, database=None, print_blob=True)
settings.load_profile("fuzz" if fuzzing else "ci")


def prepare(items: Iterable[pytest.Item], folder: Path = FOUND) -> None:
    """Give every property test the examples that were found for it and, in `make properties`, more tries."""
    held: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.glob("*.json")):
        case = json.loads(path.read_text("utf-8"))
        held.setdefault(case["test"], []).append(
            pickle.loads(base64.b64decode(case["pickle"]))  # noqa: S301  ours, committed beside the tests
        )
    seen = set()
    for item in items:
        test = getattr(item, "obj", None)
        if not getattr(test, "is_hypothesis_test", False) or test in seen:
            continue
        seen.add(test)
        for values in held.get(name_of(item), ()):
            example(**values)(test)
        if fuzzing:
            usual = test._hypothesis_internal_use_settings or settings.default
            test._hypothesis_internal_use_settings = settings(usual, max_examples=usual.max_examples * _TIMES)


def name_of(item: pytest.Item) -> str:
    """Return what a found example calls its test: the id without parameters."""
    return item.nodeid.partition("[")[0]


@contextmanager
def keeping(item: pytest.Item, folder: Path = FOUND) -> Iterator[None]:
    """Write the last example on which the test failed: hypothesis ends with the smallest one."""
    test: Any = getattr(item, "obj", None)
    if not getattr(test, "is_hypothesis_test", False):
        yield
        return
    inner, failed = test.hypothesis.inner_test, []
    test.hypothesis.inner_test = _noting(inner, failed, set(getattr(item, "funcargs", ())))
    try:
        yield
    except Exception:
        if failed:
            _write(name_of(item), failed[-1], folder)
        raise
    finally:
        test.hypothesis.inner_test = inner


def _noting(inner: Callable[..., Any], failed: list[dict[str, Any]], fixtures: set[str]) -> Callable[..., Any]:
    def noted(*args: Any, **values: Any) -> Any:
        try:
            return inner(*args, **values)
        except Exception:
            failed.append({name: value for name, value in values.items() if name not in fixtures})
            raise

    return noted


def _write(test: str, values: dict[str, Any], folder: Path) -> None:
    try:
        packed = pickle.dumps(values, protocol=4)
    except Exception as error:  # whatever a value's own pickling raises
        sys.stderr.write(f"{test}: its example cannot be kept ({error}): {values!r}\n")
        return
    case = {"test": test, "example": repr(values), "pickle": base64.b64encode(packed).decode()}
    folder.mkdir(exist_ok=True)
    name = f"{test.rpartition('::')[2]}-{hashlib.sha256(packed).hexdigest()[:8]}.json"
    (folder / name).write_text(json.dumps(case, indent=1) + "\n", "utf-8")
