"""The `plainview` command: finds the workspace, runs a command, turns every error into one line and an exit code.

Exit codes: 0 done, 1 refused or failed (the reason and the next step on stderr), 2 usage, 130 interrupted. It must load
nothing of a feature before its command runs.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from io import TextIOWrapper

from plainview.cli import lifeline
from plainview.cli.hints import typed
from plainview.cli.tree import tree

_DEBUG = "PLAINVIEW_DEBUG"
_SERVER = "PLAINVIEW_SERVE"  # casework.workspace.folder.SERVE_ENV
_INTERRUPTED = 130  # as Typer and every shell report Ctrl-C


def main() -> None:
    """Run the command line."""
    if sys.argv[-1] == lifeline.OPTION:
        lifeline.hold()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may not support every character
    by_server = _SERVER in os.environ  # `plainview serve` sets it for what it starts
    try:
        tree().main(args=_workspace_first(sys.argv[1:]), prog_name="plainview")
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            sys.stderr.write("Interrupted. What was acknowledged is kept; run the same command again to finish.\n")
        raise
    except Exception as error:
        if os.environ.get(_DEBUG):
            raise
        if by_server:
            import_module("plainview.cli.errors").log(error)
            sys.exit(1)
        why, next_step = import_module("plainview.cli.errors").explain(error)
        sys.stderr.write(typed(f"{why} {next_step}".strip()) + "\n")
        sys.exit(1)
    finally:
        _flush()


def _flush() -> None:
    """Write what is left; exit silently if the reader of our output, such as `head`, has stopped reading."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _workspace_first(arguments: list[str]) -> list[str]:
    """Move --workspace DIR to the front, so that it may be anywhere on the line."""
    for i, word in enumerate(arguments):
        if word == "--":
            break
        if word == "--workspace" and i + 1 < len(arguments):
            return [word, arguments[i + 1], *arguments[:i], *arguments[i + 2 :]]
        if word.startswith("--workspace="):
            return [word, *arguments[:i], *arguments[i + 1 :]]
    return arguments


if __name__ == "__main__":
    main()
