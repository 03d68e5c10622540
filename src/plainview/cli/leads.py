"""The commands of leads: form, release, withhold, sheet, evidence, outcome, list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plainview.casework.workspace.folder import current
from plainview.cli.common import As, Json, acting_member, console, print_json, print_rows, sample_notice
from plainview.cli.examination import Form, _form, _words
from plainview.policy.decision import Refused
from plainview.policy.examination import CONTRADICTIONS, OUTCOMES, STATEMENT

lead_app = typer.Typer(help="Leads: released by a supervisor, and what came of them.", no_args_is_help=True)


@lead_app.command("form")
def lead_form() -> None:
    """Print an empty form of the contradictions that a supervisor answers."""
    typer.echo("\n".join(["# say what was checked and what it showed", *(f'"{name}" = ""' for name in CONTRADICTIONS)]))


@lead_app.command("release")
def lead_release(
    examination: str,
    form: Form,
    acting: As,
    override: Annotated[str, typer.Option(help="Why it is released although verifiers disagreed.")] = "",
    json: Json = False,
) -> None:
    """Release an examined and verified candidate as a lead."""
    member = acting_member(acting)
    from plainview.casework.leads.decide import release

    answers = _words(_form(form, set(CONTRADICTIONS)))
    lead = release(examination, contradictions=answers, override=override, acting_member=member)
    if json:
        print_json({"lead": lead.public_id, "statement": STATEMENT})
        return
    console.print(f"Lead {lead.public_id}. {STATEMENT}")
    console.print("Locked for line-ups until independent evidence is on record (`plainview lead evidence`).")


@lead_app.command("withhold")
def lead_withhold(
    examination: str, acting: As, reason: Annotated[str, typer.Option(help="Why it is not released.")]
) -> None:
    """Decide that an examined candidate is not released."""
    member = acting_member(acting)
    from plainview.casework.leads.decide import withhold

    withhold(examination, reason, acting_member=member)
    console.print(f"Examination {examination} is not released; the reason is on record.")


@lead_app.command("sheet")
def lead_sheet(lead: str, out: Annotated[Path, typer.Option(help="A new file, .pdf.")], acting: As) -> None:
    """Write the sheet of a lead: an accessible PDF with the whole list and the receipt of the log."""
    member = acting_member(acting)
    from plainview.casework.leads.sheet import make_sheet
    from plainview.casework.workspace.services import services

    if out.exists():
        raise Refused("lead.file", "Nothing written", f"{out} exists.", "Name a new file.")
    try:
        made = make_sheet(lead, acting_member=member)
    finally:
        services().close()
    out.write_bytes(made.pdf)
    console.print(f"{out}: {len(made.pdf):,} bytes, sha256 {made.sha256} (it is in the log).", soft_wrap=True)


@lead_app.command("evidence")
def lead_evidence(lead: str, text: str, acting: As) -> None:
    """Record evidence that does not rest on the candidate list; only then may a witness be shown the person."""
    member = acting_member(acting)
    from plainview.casework.leads.decide import record_evidence

    console.print(f"Lead {record_evidence(lead, text, acting_member=member).public_id}: evidence is on record.")


@lead_app.command("outcome")
def lead_outcome(
    lead: str,
    outcome: Annotated[str, typer.Argument(help=f"One of: {', '.join(OUTCOMES)}.")],
    acting: As,
    note: Annotated[str, typer.Option(help="More in words.")] = "",
) -> None:
    """Report what came of a lead."""
    member = acting_member(acting)
    from plainview.casework.leads.decide import report_outcome

    console.print(f"Lead {lead}: {report_outcome(lead, outcome, note=note, acting_member=member).outcome}.")


@lead_app.command("list")
def lead_list(acting: As, json: Json = False) -> None:
    """List the leads of your agency and what came of them."""
    member = acting_member(acting)
    from plainview.casework.examination.read import leads

    rows = [
        {
            "lead": row.public_id,
            "case": row.examination.candidate.search.case.number,
            "search": row.examination.candidate.search.public_id,
            "rank": row.examination.candidate.rank,
            "released_at": row.released_at.isoformat(timespec="seconds"),
            "line_up": "open" if row.evidence_at else "locked",
            "outcome": max(row.outcomes.all(), key=lambda o: o.pk).outcome if row.outcomes.all() else None,
        }
        for row in leads(member)
    ]
    print_rows(
        "leads",
        ("Lead", "Case", "Search", "Rank", "Released", "Line-up", "Outcome"),
        rows,
        "Nothing here.",
        json=json,
        caption=sample_notice(current()),
    )


def register(app: typer.Typer) -> None:
    """Add the command groups."""
    app.add_typer(lead_app, name="lead")
