"""Every file of the project that the code or a document names exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]

FOLDERS = ("src", "tests", "benchmarks", "docs")
TEXTS = {".py", ".md", ".html", ".txt", ".toml"}

NAMED = re.compile(r"(?<![\w/.])(?:docs|benchmarks|requirements|shared/notes|shared/design)/[\w./-]*\w\.\w+")
"""A path below one of these folders; a longer path that ends so is another project's."""


def test_every_path_that_is_named_exists() -> None:
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in TEXTS]
    files += [path for path in ROOT.iterdir() if path.is_file()]
    named = {
        (name, path.relative_to(ROOT).as_posix())
        for path in files
        for name in NAMED.findall(path.read_text(encoding="utf-8", errors="replace"))
    }
    assert len(named) > 10
    assert sorted((name, where) for name, where in named if not (ROOT / name).is_file()) == []
