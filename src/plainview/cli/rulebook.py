"""The commands of the rulebook: policy, approval, urgent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from plainview.casework.workspace import current
from plainview.cli.common import (
    As,
    Json,
    acting_member,
    console,
    open_workspace,
    print_json,
    print_rows,
    sample_notice,
)
from plainview.policy.decision import Refused

policy_app = typer.Typer(help="The rules that bind an agency.", no_args_is_help=True)
approval_app = typer.Typer(help="A supervisor's approval before a search.", no_args_is_help=True)
urgent_app = typer.Typer(help="Urgent searches: authorised in time, or erased.", no_args_is_help=True)

Note = Annotated[str, typer.Option(help="The reason; it is kept.")]


@policy_app.command("show")
def policy_show(
    acting: As,
    json: Json = False,
    file: Annotated[bool, typer.Option("--file", help="Print the file, to be edited.")] = False,
) -> None:
    """Print the very rules that bind your agency, in plain words."""
    member = acting_member(acting)
    from plainview.casework.queries.policy import binding
    from plainview.policy.table import table

    version, policy = binding(member.agency)
    if file:
        typer.echo(version.text, nl=False)
        return
    rows = table(policy)
    if json:
        print_json(
            {
                "agency": member.agency.name,
                "version": version.number,
                "rules": [{"rule": row.rule_id, "of": row.of, "says": row.says} for row in rows],
            }
        )
        return
    shown = Table("Rule", "Of", "In plain words", title=f"{member.agency.name}: policy, version {version.number}")
    for row in rows:
        shown.add_row(row.rule_id, row.of, row.says)
    shown.caption = sample_notice(current())
    console.print(shown)


@policy_app.command("history")
def policy_history(acting: As, json: Json = False) -> None:
    """List every version: who changed it, when and why."""
    member = acting_member(acting)
    from plainview.casework.queries.policy import history

    rows = [
        {
            "version": row.number,
            "changed_at": row.changed_at.isoformat(timespec="seconds"),
            "changed_by": row.changed_by.email if row.changed_by else "-",
            "why": row.why,
        }
        for row in history(member)
    ]
    print_rows("versions", ("Version", "When", "Who", "Why"), rows, "No version.", json=json)


@policy_app.command("set")
def policy_set(file: Path, why: Annotated[str, typer.Option(help="Why it changes; it is kept.")], acting: As) -> None:
    """Make a file the policy of your agency; try it first with `policy dry-run`."""
    member = acting_member(acting)
    from plainview.casework.actions.policy import change_policy

    version = change_policy(_text(file), why=why, acting_member=member)
    console.print(f"Version {version.number} binds from now on.")


@policy_app.command("dry-run")
def policy_dry_run(
    file: Path,
    acting: As,
    days: Annotated[int, typer.Option(min=1, max=3660, help="How far back.")] = 90,
    json: Json = False,
) -> None:
    """Show which searches of the last days a policy would have refused; nothing changes."""
    member = acting_member(acting)
    from plainview.casework.queries.policy import dry_run
    from plainview.policy.agency import parse

    result = dry_run(parse(_text(file)), member, days=days)
    if json:
        print_json(
            {
                "since": result.since.isoformat(),
                "searches": result.searches,
                "refused": result.refused,
                "by_rule": dict(result.by_rule),
                "examples": [{"search": s, "rule": r, "why": w} for s, r, w in result.examples],
            }
        )
        return
    console.print(f"Of {result.searches} searches in {days} days it would have refused {result.refused}.")
    table = Table("Search", "Rule", "Why")
    for example in result.examples:
        table.add_row(*example)
    if result.examples:
        console.print(table)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Refused(
            "policy.file", "Policy refused", f"{file} cannot be read as UTF-8 text.", "Name a readable file."
        ) from None


@approval_app.command("request")
def approval_request(
    image: Path,
    case: Annotated[str, typer.Option(help="Number of an open case.")],
    purpose: Annotated[str, typer.Option(help="What the search is to find out.")],
    acting: As,
) -> None:
    """Ask your supervisors to approve a search with this very picture under this case."""
    member = acting_member(acting)
    from plainview.casework.actions.approvals import request_approval
    from plainview.recognition.decode import read_file
    from plainview.storage.base import digest_of

    row = request_approval(case, purpose, digest_of(read_file(image)), acting_member=member)
    console.print(f"Request {row.public_id} waits for a supervisor until {row.expires_at:%Y-%m-%d %H:%M} UTC.")


@approval_app.command("list")
def approval_list(acting: As, json: Json = False) -> None:
    """List the requests that wait for a supervisor."""
    member = acting_member(acting)
    from plainview.casework.queries.cases import approvals_waiting

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
    from plainview.casework.actions.approvals import decide_approval

    row = decide_approval(approval, grant=True, note=note, acting_member=member)
    console.print(f"{row.public_id} is approved until {row.expires_at:%Y-%m-%d %H:%M} UTC, for one search.")


@approval_app.command("deny")
def approval_deny(approval: str, note: Note, acting: As) -> None:
    """Deny a colleague's request, with the reason."""
    member = acting_member(acting)
    from plainview.casework.actions.approvals import decide_approval

    console.print(f"{decide_approval(approval, grant=False, note=note, acting_member=member).public_id} is denied.")


@urgent_app.command("list")
def urgent_list(acting: As, json: Json = False) -> None:
    """List urgent searches that wait to be authorised, the next to be erased first."""
    member = acting_member(acting)
    from plainview.casework.queries.cases import urgent_waiting

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
    from plainview.casework.actions.urgent import authorise_urgent

    console.print(f"{authorise_urgent(search, note=note, acting_member=member).public_id} is authorised.")


@urgent_app.command("sweep")
def urgent_sweep() -> None:
    """Erase every urgent search whose time has run out; every search does this too."""
    open_workspace()
    from plainview.casework.actions.urgent import sweep

    erased = sweep()
    console.print(f"{len(erased)} searches erased{': ' + ', '.join(erased) if erased else ''}.")


def register(app: typer.Typer) -> None:
    """Add the command groups."""
    app.add_typer(policy_app, name="policy")
    app.add_typer(approval_app, name="approval")
    app.add_typer(urgent_app, name="urgent")
