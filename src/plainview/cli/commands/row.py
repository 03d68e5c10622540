"""A row of the table of commands: the command's name, who may run it, where it is, what it does."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from plainview.policy.permissions import Permission


class Need(Enum):
    """What is needed instead of a permission where no member acts."""

    NOTHING = "no workspace is opened"
    OWNER = "the workspace's owner: the platform operator"
    CODE = "the holder of an invitation's or a head's code"


class Command(NamedTuple):
    """One row.

    Attributes:
        name: as it is typed, e.g. "gallery create".
        who: the permission of the acting member, or the need in its place.
        where: module and function below plainview.cli, e.g. "galleries:gallery_create". The module is imported when
            the command runs, and no earlier.
        help: what it does, in a sentence: the first line of the function's docstring.
        example: a line that can be typed.
        early: True for a command that starts Django itself, once it has made or found the workspace.
    """

    name: str
    who: Permission | Need
    where: str
    help: str
    example: str
    early: bool = False

    @property
    def opens_workspace(self) -> bool:
        """True when Django has to be started before the command's module is imported."""
        return self.who is not Need.NOTHING and not self.early
