"""Opening a workspace: its tables are those of this Plainview, its keys are its own, its log is published.

Owns the order of these checks, which every process passes before its first act. It must never let a command, a page or a
worker begin on a workspace that fails one.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

from plainview import __version__
from plainview.audit.logfile import LogFolderError
from plainview.casework.log.rotation import finish_key_change, finish_rotation
from plainview.casework.log.state import require_keys
from plainview.casework.log.write import publish
from plainview.casework.models import WorkspaceState
from plainview.casework.workspace.folder import read_only
from plainview.casework.workspace.schema import CASEWORK, applied, known, newest
from plainview.casework.workspace.services import services
from plainview.policy.decision import OperatorAct, Refused


def open_checked(without: Collection[str] = ()) -> None:
    """Check the current workspace, and mend what a crash left between a commit and its publication.

    Args:
        without: keys that are not looked at, as one of them is about to be replaced.

    Raises:
        Refused: workspace.older, workspace.newer, workspace.database, workspace.key_missing or workspace.key_wrong.
    """
    require_schema()
    if read_only(services().workspace.root):
        require_keys(without)
        return
    finish_rotation()
    finish_key_change(services().workspace)
    require_keys(without)
    with suppress(LogFolderError):  # every act raises it, and verification says what is wrong
        publish()


def require_not_newer() -> None:
    """Refuse tables of a newer Plainview, whether they are in use or were just unpacked from its backup.

    Raises:
        Refused: workspace.newer.
    """
    needed, present = known(), applied()
    if any(app == CASEWORK for app, _ in present - needed):
        version = WorkspaceState.objects.values_list("version", flat=True).first() or "a later version"
        raise Refused(
            "workspace.newer",
            "Workspace not opened",
            f"Plainview {version} made this workspace (schema {newest(present)}); this is Plainview {__version__}, "
            f"which knows schema {newest(needed)}.",
            f"Install Plainview {version} or a later one. Nothing was read or written.",
        )


def require_schema() -> None:
    """Refuse a workspace whose tables were made by an older or newer Plainview.

    Raises:
        Refused: workspace.older, workspace.newer or workspace.database.
    """
    needed, present = known(), applied()
    if not present:
        raise Refused(
            "workspace.database",
            "Workspace not usable",
            f"{services().workspace.database} has no tables of Plainview.",
            "Restore the database from your backup.",
        )
    require_not_newer()
    if needed - present:
        raise Refused(
            "workspace.older",
            "Workspace not opened",
            f"An older Plainview made this workspace (schema {newest(present)}); this is Plainview {__version__}, "
            f"which needs schema {newest(needed)}.",
            "Stop its server and worker, then upgrade the workspace. Nothing was read or written.",
            act=OperatorAct.UPGRADE,
        )
