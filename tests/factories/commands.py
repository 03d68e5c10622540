"""Commands of `plainview` in this process."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import click
from click.testing import CliRunner, Result

from plainview.cli.tree import tree

__all__ = ["Result", "invoke"]


@functools.cache
def _tree() -> click.Command:
    """The tree; a command is made once, not for each call."""
    return tree()


def invoke(words: Sequence[str], **options: Any) -> Result:
    """Run one command line; a refusal is its `exception`, as with Typer's own runner."""
    return CliRunner().invoke(_tree(), list(words), **options)
