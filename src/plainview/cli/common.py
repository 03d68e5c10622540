"""What the commands share: opening the workspace, printing tables and JSON, option types."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from plainview.casework.log.channel import command_line, enter
from plainview.casework.workspace.folder import Workspace, current
from plainview.cli.needs import running
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission

if TYPE_CHECKING:
    from plainview.casework.models import Member

TOKEN_ENV = "PLAINVIEW_TOKEN"  # noqa: S105  the variable's name

As = Annotated[str, typer.Option("--as", help="E-mail address of the acting member.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

console = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def open_workspace() -> Workspace:
    """Check that the workspace exists and is this operating-system user's, and start Django on it.

    Raises:
        Refused: there is no workspace, it is damaged, or it is somebody else's.
    """
    workspace = current()
    workspace.settings()
    workspace.require_owner()
    enter(command_line())
    start_django()
    return workspace


def acting_member(email: str) -> Member:
    """Open the workspace for a member who acts with the permission that the running command needs.

    Raises:
        Refused: as `open_workspace`; the member is unknown or may not; or on a served, non-sample workspace
            PLAINVIEW_TOKEN holds no current token of that member. All but the first are recorded.
    """
    workspace = open_workspace()
    from plainview.casework.find import member_by_email
    from plainview.casework.log.guard import permit, record_opened
    from plainview.casework.people.tokens import require_token

    need = running()
    if not isinstance(need, Permission):
        raise Refused("command.no_member", "Refused", "No member runs this command.", "Report it.")
    member = member_by_email(email)
    if member.is_sample and not workspace.is_sample:
        raise Refused(
            "member.sample",
            "Refused",
            "A sample member acts in a sample workspace only.",
            "Act as a real member.",
        )
    if workspace.is_served and not workspace.is_sample:
        require_token(os.environ.get(TOKEN_ENV, ""), acting_member=member)
    permit(need.value, need, member)
    record_opened(member, need.value, " ".join(sys.argv[1:]))
    return member


def start_django() -> None:
    """Start Django on the current workspace."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plainview.site.settings")
    django.setup()


def print_json(value: Any) -> None:
    """Print one JSON object on standard output, and nothing else."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def sample_notice(workspace: Workspace) -> str:
    """Return what marks a sample workspace wherever its results show; empty for a real one."""
    return "SAMPLE workspace: its agency and people are made up." if workspace.is_sample else ""


def print_rows(
    key: str,
    heads: Sequence[str],
    rows: Sequence[dict[str, Any]],
    nothing: str,
    *,
    json: bool,
    caption: str = "",
) -> None:
    """Print rows as one JSON object under `key`, or as a table for people; `nothing` when there is none."""
    if json:
        print_json({key: rows})
        return
    if not rows:
        console.print(nothing)
        return
    table = Table(caption=caption)
    for head in heads:
        table.add_column(head, overflow="fold")  # an address that is cut short is none
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    console.print(table)


def _cell(value: object) -> str:
    if value is None or value in ("", []):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
