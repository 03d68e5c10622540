"""The commands of an agency's policy: show, file, check, change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plainview.casework.people.read import binding, history, policy_text
from plainview.casework.proposals.make import propose
from plainview.casework.search.dry_run import dry_run
from plainview.casework.workspace.folder import current
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, Reason, print_json, print_rows, print_table, sample_notice, say, warn
from plainview.cli.proposals import proposed
from plainview.policy.agency import parse
from plainview.policy.decision import Refused
from plainview.policy.proposals import Kind
from plainview.policy.table import table
from plainview.policy.wording import counted


def policy_show(
    acting: As,
    json: Json = False,
    file: Annotated[bool, typer.Option("--file", help="Print the policy file, for editing.")] = False,
) -> None:
    """Print the rules that bind your agency, in plain words."""
    member = acting_member(acting)
    version, policy = binding(member.agency)
    text, missing = policy_text(member.agency)
    if file:
        typer.echo(text, nl=False)
        return
    rows = table(policy)
    if json:
        print_json(
            {
                "agency": member.agency.name,
                "version": version.number,
                "undecided": missing,
                "rules": [{"rule": rule.rule_id, "of": rule.of, "says": rule.says} for rule in rows],
            }
        )
        return
    print_table(
        ("Rule", "Applies to", "In plain words"),
        [(rule.rule_id, rule.of, rule.says) for rule in rows],
        title=f"{member.agency.name}: policy, version {version.number}",
        caption=sample_notice(current()),
    )
    if missing:
        warn(
            "The policy was stored before these fields existed. Their strictest values hold until an administrator "
            "decides:",
            style="yellow",
        )
        for name, value in missing.items():
            warn(f"  {name} = {value}")
        warn("Command: plainview policy show --file > policy.toml, edit it, then plainview policy set policy.toml")


def purposes(acting: As, json: Json = False) -> None:
    """List the purposes of your agency's policy, and whether a search may state another one."""
    member = acting_member(acting)
    _, policy = binding(member.agency)
    if json:
        print_json({"purposes": list(policy.purposes), "others": policy.unlisted_purposes})
        return
    for purpose in policy.purposes:
        say(purpose)
    if policy.unlisted_purposes:
        say("Or write whom or what the search should find, and in what event.")


def policy_history(acting: As, json: Json = False) -> None:
    """List every version: who changed it, when and why."""
    member = acting_member(acting)
    rows = [
        {
            "version": version.number,
            "changed_at": version.changed_at.isoformat(timespec="seconds"),
            "changed_by": version.changed_by.email if version.changed_by else "-",
            "approved_by": version.approved_by.email if version.approved_by else "-",
            "why": version.why,
        }
        for version in history(member)
    ]
    print_rows("versions", ("Version", "Changed", "By", "Approved by", "Reason"), rows, "No version.", json=json)


def policy_set(file: Path, reason: Reason, acting: As, json: Json = False) -> None:
    """Propose a file as the policy of your agency; try it first with `policy dry-run`."""
    member = acting_member(acting)
    proposed(propose(Kind.POLICY, {"text": _text(file)}, reason=reason, acting_member=member), json=json)


def policy_dry_run(
    file: Path,
    acting: As,
    days: Annotated[int, typer.Option(min=1, max=3660, help="Days to look back.")] = 90,
    json: Json = False,
) -> None:
    """Show which searches of the last days a policy would have refused; nothing changes."""
    member = acting_member(acting)
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
    say(
        f"Of {counted(result.searches, 'search', 'searches')} in {counted(days, 'day')} this policy would have refused {result.refused}."
    )
    if result.examples:
        print_table(("Search", "Rule", "Why"), list(result.examples))


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Refused(
            "policy.file", "Policy refused", f"{file} cannot be read as UTF-8 text.", "Name a readable file."
        ) from None
