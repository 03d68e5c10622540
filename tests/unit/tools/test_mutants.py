"""`make mutants` can start on this tree, and its list of wrongs that change nothing follows the source."""

from __future__ import annotations

import ast
import gc
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from tools import mutants
from tools.mutants_run import HEAVY, REPO, SERVED, TESTS, Runner, functions
from tools.mutants_trace import Coverage
from tools.mutate import Folder, mutants_of


def test_what_it_imports_before_it_forks_is_installed() -> None:
    assert [name for name in HEAVY if find_spec(name) is None] == []


def test_the_folders_that_it_tries_and_their_tests_exist() -> None:
    assert all((REPO / "src/plainview" / folder).is_dir() for folder in TESTS)
    assert [module for module in SERVED if not (REPO / "src/plainview" / module).is_file()] == []
    assert [path for paths in TESTS.values() for path in paths if not (REPO / path).exists()] == []


def test_the_tests_that_it_runs_need_no_django() -> None:
    """A folder of which one file cannot be collected alone is not tried at all."""
    places = [REPO / test for tests in TESTS.values() for test in tests]
    files = {path for place in places for path in ([place] if place.is_file() else place.rglob("*.py"))}
    seen: set[Path] = set()
    while files - seen:
        for path in files - seen:
            seen.add(path)
            for name in _imported(path):
                assert name.split(".")[0] != "django", path
                assert not re.match(r"plainview\.casework\.(models|workspace)\b", name), path
                there = REPO.joinpath(*name.split(".")).with_suffix(".py")
                files |= {there} if there.is_file() else set()
    assert REPO / "tests/factories/clips.py" in seen


def _imported(path: Path) -> set[str]:
    """Return the modules that a file of tests imports, of packages also what is taken from them."""
    names = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_every_listed_wrong_can_still_be_made() -> None:
    listed = mutants.equivalents()
    modules = {key.split("\n")[0] for key in listed}
    makeable = {
        mutant.key
        for module in sorted(modules)
        for mutant in mutants_of(module, (REPO / "src/plainview" / module).read_bytes())
    }
    assert sorted(listed.keys() - makeable) == []


@pytest.mark.parametrize(
    ("text", "wrongs"),
    [
        (
            "def f(a, b):\n    return a < b and not b\n",
            ["a < b and not b -> None", "< -> <=", "and -> or", "not ->    "],
        ),
        ("LIMIT = 3 * 4\n", ["3 -> 4", "* -> /", "4 -> 5"]),
        ("def f(a):\n    a -= 1\n    g(a=True)\n", ["- -> +", "1 -> 2", "True -> False"]),
        ("def f(a, b):\n    zip(a, b, strict=True)\n    return False\n", ["False -> True"]),
        ('def f() -> None:\n    """Say 1 < 2."""\n    say("a" + b)\n', []),
        ("if a is not None:\n    b = -1 not in c\n", ["is not -> is", "- -> +", "1 -> 2", "not in -> in"]),
    ],
)
def test_each_kind_of_wrong_is_made_once_and_texts_are_left_alone(text: str, wrongs: list[str]) -> None:
    assert [mutant.change for mutant in mutants_of("m.py", text.encode())] == wrongs


def test_a_wrong_is_one_change_of_the_text() -> None:
    text = b"def f(a, b):\n    return a < b\n"
    assert [mutant.apply(text) for mutant in mutants_of("m.py", text)] == [
        b"def f(a, b):\n    return None\n",
        b"def f(a, b):\n    return a <= b\n",
    ]


def test_what_an_interrupted_run_has_covered_is_known_to_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    class Runner:
        def __init__(self, folder: str, place: Path) -> None:
            pass

        def fork(self, work: Callable[[int], None], cpu_seconds: float) -> tuple[str, str]:
            work(0)
            return "ok", ""

        def cover(self, files: list[str]) -> Coverage:
            if len(asked) == 2:
                raise KeyboardInterrupt
            asked.append(files)
            return Coverage({f"{file}::test": 1.0 for file in files}, {}, [], [], [])

    monkeypatch.setattr(mutants, "STORE", tmp_path / "kept")
    monkeypatch.setattr(mutants, "Runner", Runner)
    monkeypatch.setattr(mutants, "AT_ONCE", 3)
    files = list(mutants.Store("index").files)
    with pytest.raises(KeyboardInterrupt):
        mutants.Store("index").coverage(tmp_path)
    assert asked == [files[:3], files[3:6]]
    asked.clear()
    with pytest.raises(KeyboardInterrupt):
        mutants.Store("index").coverage(tmp_path)
    assert asked == [files[6:9], files[9:12]]
    assert set(mutants._load(tmp_path / "kept" / "index-coverage.json")) == set(files[:12])


@pytest.mark.parametrize(
    ("source", "children", "asked"),
    [
        # Runs while the module is imported, which no test's lines show; what runs no line looks at values, and is quick.
        ("return 1 + 1", set(), ["t.py::looks", "t.py::uses"]),
        ("return VALUE * 2", set(), ["t.py::uses", "t.py::looks"]),
        ("return 1 + 1", {"m/a.py"}, ["t.py::looks", "t.py::starts"]),  # a process that a test starts may run it
    ],
)
def test_a_wrong_in_a_function_that_runs_at_import_is_put_to_the_tests_of_its_module(
    tmp_path: Path, source: str, children: set[str], asked: list[str]
) -> None:
    package = tmp_path / "plainview" / "m"
    package.mkdir(parents=True)
    text = "def build():\n    return 1 + 1\n\n\nVALUE = build()\n\n\ndef use():\n    return VALUE * 2\n"
    (package / "a.py").write_text(text)
    (package / "b.py").write_text("OTHER = 1\n")
    runner = Runner.__new__(Runner)
    runner.folder, runner.files, runner.in_children = "m", Folder(tmp_path, "m"), children
    coverage = Coverage(
        {"t.py::uses": 0.1, "t.py::other": 0.1, "t.py::starts": 0.1, "t.py::looks": 0.05},
        {"t.py::uses": {"m/a.py": [9]}, "t.py::other": {"m/b.py": [1]}, "t.py::starts": {"m/b.py": [1]}},
        ["t.py::starts"],
        ["t.py::looks"],
        [],
    )
    (mutant,) = (mutant for mutant in runner.files.mutants() if mutant.source == source and mutant.change[0] in "+*")
    assert runner.chosen(mutant, coverage, "") == asked


def test_a_function_that_the_suite_has_frozen_is_exchanged_too() -> None:
    code = _imported.__code__
    gc.freeze()
    try:
        assert functions()[code.co_filename, code.co_qualname, code.co_firstlineno] == [_imported]
    finally:
        gc.freeze()  # as it was: see conftest.py
