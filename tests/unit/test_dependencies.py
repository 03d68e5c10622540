"""Everything that is imported is declared, everything that is declared is used, and an extra is never needed elsewhere."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from tests.factories.indexes import SEALER

from plainview.casework.enrolment.manifest import read_items
from plainview.index.base import IndexClientMissing, IndexUnreachable
from plainview.index.compressed import CUT
from plainview.index.milvus import MilvusIndex
from plainview.index.sharded.index import ShardedIndex
from plainview.index.sharded.ray_crew import Cluster, RayCrew
from plainview.policy.decision import Refused

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

NAMED_IN_SETTINGS = {"argon2-cffi": "django.contrib.auth.hashers.Argon2PasswordHasher"}
"""Distributions that Django imports itself, with the setting that asks for it."""

ADAPTERS = {
    "client": "plainview/client/__init__.py",
    "cluster": "plainview/index/sharded/ray_crew.py",
    "milvus": "plainview/index/milvus.py",
    "parquet": "plainview/tables/parquet.py",
    "postgres": "plainview/casework/workspace/database.py",
    "rekognition": "plainview/api/rekognition/signature.py",
    "s3": "plainview/storage/s3.py",
}
"""Extra -> the one module of src that may import it."""

ALSO = {"botocore": {"plainview/storage/s3.py"}}
"""Distribution that another extra brings with it."""

NOT_FOR_ALL = {"ray": "ray", "kubernetes_validate": "kubernetes-validate"}
"""Import -> distribution that only `make test-ray` or `make test-deployed` installs, because it is large or used once."""

TOOLS = {
    "axe-playwright-python",  # these are run, or used by another of their kind
    "codespell",
    "django-stubs",
    "import-linter",
    "mkdocs-material",
    "mypy",
    "pytest-django",
    "pytest-socket",
    "pytest-xdist",
    "ruff",
    "types-psutil",
}


def normal(requirement: str) -> str:
    """Return the name of a requirement as packages compare it (PEP 503)."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name, requirement
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def required(name: str) -> list[str]:
    """Return what the set of this name asks for, without what that needs itself."""
    lines = (REQUIREMENTS / f"{name}.in").read_text(encoding="utf-8").splitlines()
    return [normal(line) for line in lines if line and not line.startswith(("#", "-"))]


def declared() -> list[str]:
    return [normal(line) for line in PROJECT["dependencies"]]


def extras() -> dict[str, list[str]]:
    return {name: [normal(line) for line in lines] for name, lines in PROJECT["optional-dependencies"].items()}


@cache
def distributions() -> dict[str, set[str]]:
    """Return import name -> the distributions that carry it."""
    return {name: {normal(item) for item in items} for name, items in packages_distributions().items()}


def imports(tree: ast.AST, functions: bool = True) -> Iterator[str]:
    """Yield the first part of every absolute import that is run, outside `if TYPE_CHECKING`."""
    if isinstance(tree, ast.Import):
        yield from (alias.name.split(".")[0] for alias in tree.names)
    elif isinstance(tree, ast.ImportFrom) and not tree.level:
        yield str(tree.module).split(".")[0]
    elif isinstance(tree, ast.If) and ast.unparse(tree.test) == "TYPE_CHECKING":
        return
    elif functions or not isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef):
        for block in ("body", "orelse", "finalbody", "handlers", "cases"):  # an import is never within an expression
            inside = getattr(tree, block, None)
            for statement in inside if isinstance(inside, list) else ():
                yield from imports(statement, functions)


def at_start(tree: ast.AST) -> Iterator[str]:
    """Yield the imports that are run when the module is."""
    return imports(tree, functions=False)


@cache
def imported(folder: str, which: Callable[[ast.AST], Iterator[str]]) -> dict[str, set[str]]:
    """Return what every module of a folder imports, by its path."""
    return {
        path.relative_to(ROOT / folder).as_posix(): set(which(ast.parse(path.read_bytes())))
        for path in sorted((ROOT / folder).rglob("*.py"))
    }


def foreign(folder: str, which: Callable[[ast.AST], Iterator[str]] = imports) -> dict[str, set[str]]:
    """Return distribution -> the files of a folder that import it; an import of nobody's is named as it is."""
    own = {
        "plainview",
        "tests",
        "tools",
        *sys.stdlib_module_names,
        *(path.stem for path in (ROOT / "benchmarks").glob("*.py")),
    }
    used: dict[str, set[str]] = {}
    for path, names in imported(folder, which).items():
        for name in names - own:
            for distribution in distributions().get(name, {NOT_FOR_ALL.get(name, f"nobody's {name}")}):
                used.setdefault(distribution, set()).add(path)
    return used


def test_every_import_of_the_product_is_declared() -> None:
    known = {*declared(), *(name for names in extras().values() for name in names)}
    assert {name: files for name, files in foreign("src").items() if name not in known} == {}


def test_every_declared_distribution_is_used() -> None:
    settings = (ROOT / "src/plainview/site/settings.py").read_text(encoding="utf-8")
    texts = {node.value for node in ast.walk(ast.parse(settings)) if isinstance(node, ast.Constant)}
    named = {part for text in texts if isinstance(text, str) for part in distributions().get(text.split(".")[0], ())}
    named |= {name for name, setting in NAMED_IN_SETTINGS.items() if setting in texts}
    known = {*declared(), *(name for names in extras().values() for name in names)}
    assert known - set(foreign("src")) - named == set()


def test_every_import_of_tests_and_benchmarks_is_declared_and_used() -> None:
    files = [path.stem for path in REQUIREMENTS.glob("*.in")]
    known = {name for file in files for name in required(file)}
    used = foreign("tests") | foreign("benchmarks")
    assert {name: files for name, files in used.items() if name not in known} == {}
    assert set(required("dev")) - set(used) - TOOLS == set()


def test_nothing_is_declared_twice() -> None:
    lists = [declared(), *extras().values(), *(required(path.stem) for path in REQUIREMENTS.glob("*.in"))]
    assert [name for names in lists for name, count in Counter(names).items() if count > 1] == []


def test_the_pinned_sets_are_those_that_are_declared() -> None:
    assert sorted(required("main")) == sorted(declared())
    for extra, names in extras().items():
        assert sorted(required(extra)) == sorted(names)


def test_every_set_is_compiled_with_hashes_and_without_an_address() -> None:
    for path in REQUIREMENTS.glob("*.in"):
        lines = path.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
        pinned = {normal(line) for line in lines if not line.startswith((" ", "#"))}
        assert set(required(path.stem)) <= pinned, path
        assert not [line for line in lines if "://" in line]
        assert sum("--hash=sha256:" in line for line in lines) >= len(pinned)


@pytest.mark.long
def test_an_extra_is_imported_by_its_adapter_alone_and_not_at_its_start() -> None:
    assert set(extras()) == set(ADAPTERS)
    used, started = foreign("src"), foreign("src", at_start)
    for extra, names in extras().items():
        for name in names:
            assert used[name] == {ADAPTERS[extra]} | ALSO.get(name, set())
            assert name not in started or extra == "client"  # which is for other programs: nothing of ours imports it


def test_the_default_set_has_neither_an_extra_nor_a_build_tool() -> None:
    main = (REQUIREMENTS / "main.txt").read_text(encoding="utf-8").splitlines()
    pinned = {normal(line) for line in main if not line.startswith((" ", "#"))}
    apart = {name for names in extras().values() for name in names} | set(required("build"))
    assert pinned & (apart | {"pandas", "scipy", "setuptools", "wheel"}) == set()


def test_a_parquet_manifest_without_its_extra_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "m.parquet").write_bytes(b"PAR1")
    with pytest.raises(Refused) as refused:
        read_items(tmp_path / "m.parquet")
    assert refused.value.rule_id == "manifest.parquet"
    assert "extra parquet" in refused.value.why
    assert "plainview[parquet]" in refused.value.next_step


def test_an_index_in_parts_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    index = ShardedIndex(4, RayCrew(Cluster("127.0.0.1:1", "n", "/nowhere"), "1-4", 2, SEALER.maker(), (4, CUT, 0)))
    with pytest.raises(IndexClientMissing) as error:
        len(index)
    assert "extra `cluster`" in error.value.why
    assert "plainview[cluster]" in error.value.next_step


@pytest.mark.parametrize("missing", ["pymilvus", "grpc"])
def test_an_index_on_milvus_without_its_extra_says_what_to_install(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    index = MilvusIndex(4, "http://127.0.0.1:1", "1-4")
    with pytest.raises(IndexClientMissing) as error:
        len(index)
    assert "extra `milvus`" in error.value.why
    assert "plainview[milvus]" in error.value.next_step
    assert isinstance(error.value, IndexUnreachable)  # so that a search that meets it is refused and recorded
