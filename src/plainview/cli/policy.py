"""The commands of an agency's policy: show, file, check, change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from plainview.casework.workspace.folder import current
from plainview.cli.common import (
    As,
    Json,
    acting_member,
    console,
    print_json,
    print_rows,
    sample_notice,
)
from plainview.policy.decision import Refused

policy_app = typer.Typer(help="The rules that bind an agency.", no_args_is_help=True)

Note = Annotated[str, typer.Option(help="The reason; it is kept.")]


@policy_app.command("show")
def policy_show(
    acting: As,
    json: Json = False,
    file: Annotated[bool, typer.Option("--file", help="Print the file, to be edited.")] = False,
) -> None:
    """Print the very rules that bind your agency, in plain words."""
    member = acting_member(acting)
    from plainview.casework.people.read import binding
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
    from plainview.casework.people.read import history

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
    from plainview.casework.people.policy import change_policy

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
    from plainview.casework.search.dry_run import dry_run
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


def register(app: typer.Typer) -> None:
    """Add the command groups."""
    app.add_typer(policy_app, name="policy")
