"""The commands of approvals and of urgent searches."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plainview.cli.common import As, Json, acting_member, console, open_workspace, print_rows
from plainview.cli.policy import Note

approval_app = typer.Typer(help="A supervisor's approval before a search.", no_args_is_help=True)


urgent_app = typer.Typer(help="Urgent searches: authorised in time, or erased.", no_args_is_help=True)


@approval_app.command("request")
def approval_request(
    image: Path,
    case: Annotated[str, typer.Option(help="Number of an open case.")],
    purpose: Annotated[str, typer.Option(help="What the search is to find out.")],
    acting: As,
) -> None:
    """Ask your supervisors to approve a search with this very picture under this case."""
    member = acting_member(acting)
    from plainview.casework.probes.approvals import request_approval
    from plainview.recognition.decode import read_file
    from plainview.storage.base import digest_of

    row = request_approval(case, purpose, digest_of(read_file(image)), acting_member=member)
    console.print(f"Request {row.public_id} waits for a supervisor until {row.expires_at:%Y-%m-%d %H:%M} UTC.")


@approval_app.command("list")
def approval_list(acting: As, json: Json = False) -> None:
    """List the requests that wait for a supervisor."""
    member = acting_member(acting)
    from plainview.casework.probes.approvals import approvals_waiting

    rows = [
        {
            "approval": row.public_id,
            "case": row.case.number,
            "member": row.member.email,
            "purpose": row.purpose,
            "requested_at": row.requested_at.isoformat(timespec="seconds"),
        }
        for row in approvals_waiting(member)
    ]
    print_rows("approvals", ("Request", "Case", "Member", "Purpose", "Asked"), rows, "Nothing waits.", json=json)


@approval_app.command("grant")
def approval_grant(approval: str, acting: As, note: Note = "") -> None:
    """Approve a colleague's request."""
    member = acting_member(acting)
    from plainview.casework.probes.approvals import decide_approval

    row = decide_approval(approval, grant=True, note=note, acting_member=member)
    console.print(f"{row.public_id} is approved until {row.expires_at:%Y-%m-%d %H:%M} UTC, for one search.")


@approval_app.command("deny")
def approval_deny(approval: str, note: Note, acting: As) -> None:
    """Deny a colleague's request, with the reason."""
    member = acting_member(acting)
    from plainview.casework.probes.approvals import decide_approval

    console.print(f"{decide_approval(approval, grant=False, note=note, acting_member=member).public_id} is denied.")


@urgent_app.command("list")
def urgent_list(acting: As, json: Json = False) -> None:
    """List urgent searches that wait to be authorised, the next to be erased first."""
    member = acting_member(acting)
    from plainview.casework.probes.approvals import urgent_waiting

    rows = [
        {
            "search": row.public_id,
            "case": row.case.number,
            "member": row.member.email,
            "reason": row.urgent_reason,
            "authorise_by": f"{row.authorise_by:%Y-%m-%d %H:%M} UTC",
        }
        for row in urgent_waiting(member)
    ]
    print_rows("searches", ("Search", "Case", "Member", "Reason", "Authorise by"), rows, "Nothing waits.", json=json)


@urgent_app.command("authorise")
def urgent_authorise(search: str, note: Note, acting: As) -> None:
    """Authorise a colleague's urgent search."""
    member = acting_member(acting)
    from plainview.casework.search.urgent import authorise_urgent

    console.print(f"{authorise_urgent(search, note=note, acting_member=member).public_id} is authorised.")


@urgent_app.command("sweep")
def urgent_sweep() -> None:
    """Erase every urgent search whose time has run out; every search does this too."""
    open_workspace()
    from plainview.casework.search.urgent import sweep

    erased = sweep()
    console.print(f"{len(erased)} searches erased{': ' + ', '.join(erased) if erased else ''}.")


def register(app: typer.Typer) -> None:
    """Add the command groups."""
    app.add_typer(approval_app, name="approval")
    app.add_typer(urgent_app, name="urgent")
