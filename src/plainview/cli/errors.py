"""The reason and the next step of an error, for the command line. Loaded only once something has failed."""

from __future__ import annotations

import errno
import logging

from django.db import DatabaseError

from plainview.audit.logfile import LogFolderError
from plainview.cli import next_steps
from plainview.cli.commit import full
from plainview.evaluation.dataset import DatasetError
from plainview.policy.decision import Refused
from plainview.recognition.errors import BadMedia, PackError
from plainview.recognition.sandbox import DecoderUnavailable
from plainview.storage.base import StorageError

DEBUG_ENV = "PLAINVIEW_DEBUG"

_SYSTEM = {
    errno.ENOSPC: (
        "The disk is full.",
        "Free some space, then run the same command again; what was acknowledged is kept.",
    ),
    errno.EDQUOT: ("The quota of the disk is used up.", "Enlarge it, then run the same command again."),
    errno.EROFS: ("The disk is mounted read-only.", "Mount it for writing, then run the same command again."),
    errno.ENOENT: ("There is no file {file}.", "Check the name and the folder, then run the same command again."),
    errno.EEXIST: ("{file} already exists.", "Name a new one."),
    errno.ENOTDIR: ("{file} is not a folder.", "Name a folder."),
    errno.EISDIR: ("{file} is a folder.", "Name a file."),
    errno.EACCES: ("You may not open {file}.", "Check who owns it and its permissions."),
    errno.EPERM: ("You may not open {file}.", "Check who owns it and its permissions."),
    errno.EADDRINUSE: ("The address is in use by another program.", "Name another --port, or stop that program."),
}
"""Error of the operating system -> the reason and the next step."""


def explain(error: Exception) -> tuple[str, str]:
    """Return why something failed, and what to do next."""
    match error:
        case Refused():
            return f"{error.what} [{error.rule_id}]: {error.why}", next_steps.of_refusal(error)
        case BadMedia():
            return f"Picture refused [{error.code}]: {error.why}", error.next_step
        case PackError():
            return error.why, next_steps.of_pack(error)
        case LogFolderError() | StorageError() | DecoderUnavailable() | DatasetError():
            return error.why, error.next_step
        case DatabaseError():
            return _database(str(error))
        case OSError():
            return _system(error)
    return (
        f"Something went wrong: {type(error).__name__}: {error}",
        f"Report it to the project with what {DEBUG_ENV}=1 prints and your version, {full()}.",
    )


def log(error: Exception) -> None:
    """Write a failure of a process that the server started as a line of the server's log: of a refusal the rule, no words."""
    known = {"rule": error.rule_id} if isinstance(error, Refused) else {}
    logging.getLogger("plainview.cli").error("command failed", exc_info=error, extra={"known": known})


def _system(error: OSError) -> tuple[str, str]:
    if error.errno in _SYSTEM and (error.filename is not None or "{file}" not in _SYSTEM[error.errno][0]):
        why, next_step = _SYSTEM[error.errno]
        return why.format(file=error.filename), next_step
    where = f" ({error.filename})" if error.filename is not None else ""
    return f"The operating system refused: {error.strerror or error}{where}.", "Fix that and run the command again."


def _database(text: str) -> tuple[str, str]:
    """Return the reason and the next step for an error of the database; a failed transaction has changed nothing."""
    if "full" in text:
        return _SYSTEM[errno.ENOSPC]
    if "readonly" in text or "unable to open" in text:
        return (
            "The database may not be written to: its disk or folder is read-only.",
            "Nothing was written. Check how the disk is mounted and who owns the workspace.",
        )
    return f"The database cannot be used: {text}.", "Nothing was written. Run `plainview doctor`."
