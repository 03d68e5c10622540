"""`make prose`: refuse phrases and names that CONTRIBUTING.md bans, wherever people read them.

    python tools/prose.py [PATH ...]      exit 1 when anything is found

Reads the texts of Markdown and HTML, the strings of scripts, the strings, docstrings and comments of Python, and the names that Python code
binds. The lists are in tools/prose.toml. Spelling itself is codespell's work; both run in `make prose`.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RULES = ROOT / "tools" / "prose.toml"
READ = ("src", "docs", "benchmarks", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
NAMES_IN = ("src", "benchmarks")
GENERATED = ("migrations",)


@dataclass(frozen=True)
class Finding:
    """One phrase or name to write differently."""

    path: Path
    line: int
    text: str
    better: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text!r}: {self.better}"


@dataclass(frozen=True)
class Rules:
    """The lists of tools/prose.toml."""

    phrases: list[tuple[re.Pattern[str], str]]
    banned: frozenset[str]
    allowed: dict[str, list[str]]

    @classmethod
    def load(cls, path: Path = RULES) -> Rules:
        """Read the lists; a broken pattern raises re.error."""
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        phrases = [(re.compile(entry["pattern"], re.IGNORECASE), entry["better"]) for entry in content["phrase"]]
        names = content["names"]
        return cls(phrases, frozenset(names["banned"]), names.get("allowed", {}))

    def allows(self, path: str, name: str) -> bool:
        """Say whether this file may use a banned name."""
        return any(
            name in names and (path == place or (place.endswith("/") and path.startswith(place)))
            for place, names in self.allowed.items()
        )


def texts(path: Path, content: str) -> Iterator[tuple[int, str]]:
    """Yield (line number, text for people) of a file; code spans and tags are left out."""
    if path.suffix == ".py":
        yield from _python_texts(content)
        return
    if path.suffix == ".js":
        for number, line in enumerate(content.splitlines(), 1):
            yield from ((number, text) for text in re.findall(r'"([^"]*)"', line))
        return
    if path.suffix == ".md":
        content = re.sub(r"^```.*?^```", lambda block: "\n" * block[0].count("\n"), content, flags=re.M | re.S)
        content = re.sub(r"`[^`\n]+`", "", content)
    for number, line in enumerate(content.splitlines(), 1):
        yield number, re.sub(r"\{[{%#].*?[}%#]\}|<[^>]+>", " ", line)


def _python_texts(content: str) -> Iterator[tuple[int, str]]:
    strings = getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)
    for token in tokenize.generate_tokens(io.StringIO(content).readline):
        if token.type in (tokenize.STRING, tokenize.COMMENT, strings):
            for offset, line in enumerate(token.string.splitlines()):
                yield token.start[0] + offset, re.sub(r"`[^`]+`", "", line)


def bound_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield (line number, name) for every variable, argument, alias, function and class that code binds."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.lineno, node.name
        elif isinstance(node, ast.alias) and node.asname:
            yield node.lineno, node.asname


def findings(path: Path, rules: Rules) -> Iterator[Finding]:
    """Yield every phrase and name of a file that should be written differently."""
    content = path.read_text(encoding="utf-8")
    place = path.relative_to(ROOT)
    for number, text in texts(path, content):
        for pattern, better in rules.phrases:
            for match in pattern.finditer(text):
                yield Finding(place, number, match[0], better)
    if path.suffix == ".py" and place.parts[0] in NAMES_IN:
        for number, name in bound_names(ast.parse(content)):
            bare = name.strip("_").lower()
            if bare in rules.banned and not rules.allows(place.as_posix(), bare):
                yield Finding(place, number, name, "name the noun of its thing")


def files(places: list[str]) -> Iterator[Path]:
    """Yield every file under these places that people read."""
    for place in places:
        path = (ROOT / place).resolve()
        inside = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in inside:
            if file.suffix in (".py", ".md", ".html", ".txt", ".toml", ".js") and not set(file.parts) & set(GENERATED):
                yield file


def main(arguments: list[str]) -> int:
    """Print every finding; return 1 when there is one."""
    rules = Rules.load()
    count = 0
    for path in files(arguments or list(READ)):
        for finding in findings(path, rules):
            sys.stdout.write(f"{finding}\n")
            count += 1
    sys.stdout.write(f"{count} to write differently.\n" if count else "Prose: nothing to write differently.\n")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
