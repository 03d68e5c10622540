"""The commands of items with known answers, and of members' figures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plainview.casework.proficiency.items import add_item, retire_item
from plainview.casework.proficiency.read import Figures, everybodys_figures, items, own_figures
from plainview.casework.workspace.folder import current
from plainview.casework.workspace.services import services
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, Reason, answer, print_json, print_rows, sample_notice, say
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds


def add(
    probe: Annotated[str, typer.Argument(help="A reference's id, or a picture file.")],
    reference: Annotated[str, typer.Argument(help="Id of the reference that is shown as the candidate.")],
    basis: Annotated[str, typer.Option(help="Why these pictures may be used for this: consent, or a law.")],
    acting: As,
    same: Annotated[bool, typer.Option("--same/--other", help="Known, from records, to be one person or two.")],
    json: Json = False,
) -> None:
    """Add a probe and a face that are known, from records, to be one person's or two people's."""
    member = acting_member(acting)
    named: str | Path = Path(probe) if Path(probe).is_file() else probe
    try:
        item = add_item(named, reference, is_mated=same, basis=basis, acting_member=member)
    finally:
        services().close()
    if json:
        print_json({"item": item.public_id, "same_person": item.is_mated})
        return
    say(f"Item {item.public_id} is added. It is assigned among ordinary tasks, and never to you.")


def list_items(acting: As, json: Json = False) -> None:
    """List the items of your agency, and how often each was assigned and answered."""
    member = acting_member(acting)
    rows = [
        {
            "item": listed.item.public_id,
            "same_person": listed.item.is_mated,
            "gallery": listed.item.reference.gallery.name,
            "added_by": listed.item.added_by.email,
            "added_at": listed.item.added_at.isoformat(timespec="seconds"),
            "given": listed.assigned,
            "answered": listed.answered,
            "retired": listed.item.retired_at is not None,
        }
        for listed in items(member)
    ]
    heads = ("Item", "Same person", "Gallery", "Added by", "Added", "Assigned", "Answered", "Retired")
    print_rows("items", heads, rows, "No item yet.", json=json, caption=sample_notice(current()))


def retire(item: str, reason: Reason, acting: As, json: Json = False) -> None:
    """Stop assigning an item; its answers stay in the figures."""
    member = acting_member(acting)
    retired = retire_item(item, reason=reason, acting_member=member)
    answer(f"Item {retired.public_id} is retired.", json=json, item=retired.public_id, state="retired")


def results(acting: As, json: Json = False) -> None:
    """Show your own figures up to last Monday; a supervisor sees everyone's, up to now."""
    member = acting_member(acting)
    everybody = holds(member.roles, Permission.PROFICIENCY_REPORT)
    everyone = everybodys_figures(member) if everybody else [own_figures(member)]
    rows = [_figures_json(figures, json=json) for figures in everyone]
    heads = (
        "Member",
        "Verified",
        "Median s",
        "Agreed",
        "Upheld",
        "Known: found",
        "missed",
        "told apart",
        "mistaken",
        "undecided",
    )
    print_rows("figures", heads, rows, "No member has verified yet.", json=json, caption=sample_notice(current()))


def _figures_json(figures: Figures, *, json: bool) -> dict[str, Any]:
    shares = {
        "agreed": figures.agreed,
        "upheld": figures.upheld,
        "found": figures.known.found,
        "missed": figures.known.missed,
        "told_apart": figures.known.told_apart,
        "mistaken": figures.known.mistaken,
        "undecided": figures.known.undecided,
    }
    return {
        "member": figures.member.email,
        "verified": figures.verified,
        "median_seconds": figures.seconds,
        **{
            name: {"count": share.count, "of": share.of, "rate": share.rate} if json else share.text
            for name, share in shares.items()
        },
    }
