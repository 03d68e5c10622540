"""Commands of `plainview` in this process. Their tree is built once: Typer builds it anew for each call, in a quarter of a second."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import click
import typer
from click.testing import CliRunner, Result

from plainview.cli import main as cli

__all__ = ["Result", "invoke"]


@functools.cache
def _tree() -> click.Command:
    return typer.main.get_command(cli.app)


def invoke(words: Sequence[str], **options: Any) -> Result:
    """Run one command line; a refusal is its `exception`, as with Typer's own runner."""
    return CliRunner().invoke(_tree(), list(words), **options)
