"""Every command of the documents can be typed: it exists, its options exist, and the required ones are there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools.docs.commands import fault, unknown

ROOT = Path(__file__).parents[3]
DOCUMENTS = [
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
]
_BLOCK = re.compile(r"^```(?:sh|bash)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_IN_TEXT = re.compile(r"`(plainview [^`]+)`", re.DOTALL)


def _typed(text: str) -> Iterator[str]:
    """Yield the command lines of the blocks of a document, each on one line."""
    for block in _BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            if line.removeprefix("! ").startswith("plainview "):
                yield line.removeprefix("! ")


def _words(line: str) -> list[str]:
    """Return the words after `plainview`, up to a comment, a pipe or a redirection."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|>&;")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if set(word) <= set("|>&;"):
            break
        words.append(word)
    return words[1:]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_line_of_a_document_can_be_typed(path: Path) -> None:
    lines = list(_typed(path.read_text("utf-8")))
    assert [(line, why) for line in lines if (why := fault(_words(line)))] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_that_a_document_mentions_exists(path: Path) -> None:
    mentioned = [" ".join(line.split()) for line in _IN_TEXT.findall(path.read_text("utf-8"))]
    assert [(line, why) for line in mentioned if (why := unknown(_words(line)))] == []


def test_the_documents_have_many_commands() -> None:
    assert sum(len(list(_typed(path.read_text("utf-8")))) for path in DOCUMENTS) > 120


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("plainview search probe.jpg --gallery custody", "--as"),
        ("plainview case open 1 --offence robbery --as x --colour red", "--colour"),
        ("plainview case opn 1", "opn"),
        ("plainview doctor extra", "extra"),
        ("plainview case", "needs one of its commands"),
    ],
)
def test_a_line_that_cannot_be_typed_is_noticed(line: str, why: str) -> None:
    assert why in fault(_words(line))
