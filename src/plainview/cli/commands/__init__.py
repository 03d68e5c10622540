"""The table of commands: for each its name, who may run it, and where it is. An auditor can read it.

Owns the default deny: a command without a row cannot exist, because the command line is built from the rows.
tests/integration/test_authorisation_matrix.py walks every row with every role.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

from plainview.cli.commands import (
    administrator,
    auditor,
    developer,
    examiner,
    keeping,
    operator,
    outsiders,
    proposals,
    supervisor,
)
from plainview.cli.commands.row import Command as Command
from plainview.cli.commands.row import Need as Need

_TABLES = {
    "Examiner": (examiner,),
    "Supervisor": (supervisor,),
    "Administrator": (administrator, proposals, keeping),
    "Auditor": (auditor,),
    "Defence and public": (outsiders,),
    "Operator": (operator,),
    "Developer": (developer,),
}
_ROWS = {title: [command for table in tables for command in table.ROWS] for title, tables in _TABLES.items()}

COMMANDS: Mapping[str, Command] = MappingProxyType(
    {command.name: command for rows in _ROWS.values() for command in rows}
)
"""Every command, by its whole name."""

GROUPS: Mapping[str, str] = MappingProxyType(
    {name: text for tables in _TABLES.values() for table in tables for name, text in table.GROUPS.items()}
)
"""Word, or words, that commands are grouped under -> what they are about."""

USERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {title: tuple(dict.fromkeys(command.name.partition(" ")[0] for command in rows)) for title, rows in _ROWS.items()}
)
"""Who uses them mostly -> entries of the first level. Who may run each is in its row."""

_running: ContextVar[Command] = ContextVar("command")


def running() -> Command:
    """Return the row of the running command."""
    return _running.get()


@contextmanager
def run_as(command: Command) -> Iterator[None]:
    """Make `row` the running command inside the block."""
    token = _running.set(command)
    try:
        yield
    finally:
        _running.reset(token)
