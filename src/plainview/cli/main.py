"""The `plainview` command: finds the workspace, runs a command, turns every error into one line and an exit code.

Exit codes: 0 done, 1 refused or failed (one line why and what next on stderr), 2 usage.
"""

from __future__ import annotations

import errno
import os
import sys

import typer

from plainview import __version__
from plainview.audit.logfile import LogFolderError
from plainview.audit.record import ClockWentBack
from plainview.casework.workspace.folder import ENV
from plainview.cli import (
    alerts,
    approvals,
    audit,
    backup,
    canaries,
    cases,
    demo,
    disclosure,
    enrolment,
    evaluate,
    examination,
    exoneration,
    faces,
    feeds,
    galleries,
    leads,
    misuse,
    models,
    needs,
    next_steps,
    people,
    policy,
    register,
    reports,
    retention,
    rights,
    search,
    serve,
    setup,
    sharing,
    videos,
    worker,
)
from plainview.cli.bench import enrol as bench
from plainview.cli.bench import serve as bench_serve
from plainview.cli.bench import video as bench_video
from plainview.evaluation.dataset import DatasetError
from plainview.policy.decision import Refused
from plainview.recognition.errors import BadMedia, PackError
from plainview.recognition.sandbox import DecoderUnavailable
from plainview.storage.base import StorageError

app = typer.Typer(
    name="plainview",
    help="Face search for investigations that can account for every search it runs. "
    "Every command takes --workspace DIR (or PLAINVIEW_HOME; default ./plainview-data).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for module in (
    setup,
    models,
    faces,
    galleries,
    canaries,
    enrolment,
    feeds,
    cases,
    search,
    videos,
    alerts,
    examination,
    leads,
    sharing,
    people,
    policy,
    approvals,
    misuse,
    retention,
    disclosure,
    register,
    reports,
    rights,
    exoneration,
    serve,
    worker,
    backup,
    audit,
    demo,
    bench,
    bench_serve,
    bench_video,
    evaluate,
):
    module.register(app)


@app.callback()
def root(
    workspace: str = typer.Option(None, "--workspace", help="Folder of the workspace; anywhere on the line."),
) -> None:
    """Set the workspace for the command that follows."""
    if workspace:
        os.environ[ENV] = workspace


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


needs.guard(app)


def main() -> None:
    """Run the command line."""
    # Imported here: Django's errors only exist for commands that use the database.
    from django.db import DatabaseError

    try:
        app(args=_workspace_first(sys.argv[1:]))
    except Refused as error:
        _stop(f"{error.what} [{error.rule_id}]: {error.why}", next_steps.of_refusal(error))
    except BadMedia as error:
        _stop(f"Picture refused [{error.code}]: {error.why}", error.next_step)
    except PackError as error:
        _stop(error.why, next_steps.of_pack(error))
    except (LogFolderError, StorageError, DecoderUnavailable, DatasetError) as error:
        _stop(error.why, error.next_step)
    except ClockWentBack as error:
        _stop(str(error), "")
    except DatabaseError as error:
        _stop(*_database(str(error)))
    except OSError as error:
        if error.errno not in _DISK:
            raise
        _stop(*_DISK[error.errno])
    except KeyboardInterrupt:
        _stop("Interrupted.", "What was acknowledged is kept; run the same command again to finish.")


_DISK = {
    errno.ENOSPC: (
        "The disk is full.",
        "Free some space, then run the same command again; what was acknowledged is kept.",
    ),
    errno.EDQUOT: ("The quota of the disk is used up.", "Enlarge it, then run the same command again."),
    errno.EROFS: ("The disk is mounted read-only.", "Mount it for writing, then run the same command again."),
}
"""What the operating system says about a disk, in words: why, and what next."""


def _database(text: str) -> tuple[str, str]:
    """Why, and what next, for what the database says; a transaction that failed has changed nothing."""
    if "full" in text:
        return _DISK[errno.ENOSPC]
    if "readonly" in text or "unable to open" in text:
        return (
            "The database may not be written to: its disk or folder is read-only.",
            "Nothing was written. Check how the disk is mounted and who owns the workspace.",
        )
    return f"The database cannot be used: {text}.", "Nothing was written. Run `plainview doctor`."


def _stop(why: str, next_step: str) -> None:
    sys.stderr.write(f"{why} {next_step}".strip() + "\n")
    sys.exit(1)


def _workspace_first(arguments: list[str]) -> list[str]:
    """Move --workspace DIR to the front, so that it may stand anywhere on the line."""
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
