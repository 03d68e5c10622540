"""Starts Django on the workspace, for the commands that use the database.

It must never open a workspace of another operating-system user.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Collection

import django
from django.apps import apps

from plainview.casework.log.channel import command_line, enter
from plainview.casework.workspace.folder import Workspace, current


def start_django() -> None:
    """Start Django on the current workspace, once; without a workspace, with settings that need none.

    Raises:
        Refused: the workspace is damaged, or it belongs to another operating-system user.
    """
    if apps.ready:
        return
    workspace = current()
    if workspace.root.exists():
        workspace.require_owner()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plainview.site.settings")
    django.setup()
    gc.freeze()  # a whole collection looks at every object of every module again: more than 1 % of an enrolment


def open_workspace(*, without: Collection[str] = ()) -> Workspace:
    """Check that the workspace exists and is this operating-system user's, start Django on it, and check the rest.

    Args:
        without: keys that are not looked at, as one of them is about to be replaced.

    Raises:
        Refused: there is no workspace, it is damaged, it belongs to another operating-system user, or to another
            version of Plainview, or has keys that are not its own.
    """
    workspace = current()
    workspace.settings()
    workspace.require_owner()
    enter(command_line())
    start_django()
    from plainview.casework.upkeep.opening import open_checked

    open_checked(without)
    return workspace
