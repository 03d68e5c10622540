"""Every path that the code or a document names exists, or is a page that is made from the code."""

from __future__ import annotations

import re
from pathlib import Path

from tools.docs.reference import pages

ROOT = Path(__file__).parents[3]
READ = [
    *(path for folder in ("src", "docs", "benchmarks", "tools") for path in sorted((ROOT / folder).rglob("*"))),
    *(
        ROOT / name
        for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "Makefile", "mkdocs.yml")
    ),
]
_PATH = re.compile(r"(?<![\w/.-])(?:docs|src/plainview|tests|benchmarks|tools)/[\w./-]*[\w/]")
_MADE = {f"docs/{path}" for path in pages()} | {"tests/fuzz/found"}  # the last one by `make fuzz` and `make properties`


def _named() -> dict[str, str]:
    """Return every path that is named, with a file that names it."""
    named = {}
    for path in READ:
        if path.suffix in {".py", ".md", ".html", ".toml", ".yml", ".js"} or path.name == "Makefile":
            for name in _PATH.findall(path.read_text("utf-8")):
                named[name] = path.relative_to(ROOT).as_posix()
    return named


def _exists(name: str) -> bool:
    """Return whether the path exists; a decision may be named by its number alone."""
    return name in _MADE or (ROOT / name).exists() or (name.startswith("docs/adr/") and any(ROOT.glob(f"{name}-*.md")))


def test_every_path_that_is_named_exists() -> None:
    named = _named()
    assert len(named) > 60
    assert {name: by for name, by in named.items() if not _exists(name)} == {}


def test_nothing_names_a_folder_that_is_not_in_the_repository() -> None:
    assert [
        path.relative_to(ROOT).as_posix()
        for path in READ
        if path.suffix == ".py" and re.search(r"\bshared/(notes|design|inputs|data)/", path.read_text("utf-8"))
    ] == []


def test_the_house_shows_every_folder_of_the_code() -> None:
    page = (ROOT / "docs/explanation/house.md").read_text("utf-8")
    tree = page.split("```text\n")[1].split("```")[0]
    shown = {name for line in tree.splitlines() if (name := line.split()[0]).endswith("/")}
    code = ROOT / "src/plainview"
    folders = {
        f"{path.name}/"
        for folder in (code, code / "casework")
        for path in folder.iterdir()
        if (path / "__init__.py").exists()
    }
    assert folders - {"migrations/"} <= shown
    assert shown - folders == {"src/plainview/", "tests/", "benchmarks/", "deploy/", "tools/"}


def test_what_the_house_names_beside_a_file_is_in_one_of_the_files() -> None:
    page = (ROOT / "docs/explanation/house.md").read_text("utf-8")
    rows = [line for line in page.split("## I want to change")[1].splitlines() if line.startswith("| ")][2:]
    assert len(rows) > 20
    astray = []
    for row in rows:
        marked = re.findall(r"`([^`]+)`", row.split("|")[2])
        places = [ROOT / name for name in marked if "/" in name]
        files = [path for place in places for path in ([place] if place.is_file() else place.rglob("*.py"))]
        text = "\n".join(path.read_text("utf-8") for path in files)
        names = [name for name in marked if re.fullmatch(r"[A-Za-z_]+", name)]
        astray += [(name, row) for name in names if name != "write_entry" and not re.search(rf"\b{name}\b", text)]
    assert astray == []


def test_a_file_of_the_code_has_at_most_400_lines() -> None:
    code = [path for path in READ if path.suffix == ".py" and "src" in path.parts and "migrations" not in path.parts]
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines()) for path in code}
    assert len(lengths) > 300
    assert {name: length for name, length in lengths.items() if length > 400} == {}
