"""Commands that are printed for people to type next: they name the workspace that was named on this line.

Owns the words that are put in. It must never change what is not a command of Plainview.
"""

from __future__ import annotations

import re
import shlex
from functools import cache

from plainview.cli.commands import COMMANDS

_named: list[str] = []  # the folder of --workspace on this line, if any


def name_workspace(folder: str) -> None:
    """Let the commands that are printed from now on name this workspace."""
    _named[:] = [folder] if folder else []


def typed(text: str) -> str:
    """Return a text whose commands work as they are printed: with the option that this line had."""
    if not _named or "plainview " not in text:
        return text
    option = f"plainview --workspace {shlex.quote(_named[0])} "
    return _command().sub(lambda _: option, text)


@cache
def _command() -> re.Pattern[str]:
    words = sorted({name.partition(" ")[0] for name in COMMANDS} - {"init", "demo"})
    return re.compile(rf"(?<![\w/.-])plainview (?=(?:{'|'.join(words)})\b)")
