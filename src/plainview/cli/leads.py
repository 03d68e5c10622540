"""The commands of leads: release, withhold, sheet, evidence, outcome, list."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from plainview.casework.examination.read import leads
from plainview.casework.leads.decide import record_evidence, release, report_outcome, withhold
from plainview.casework.leads.sheet import make_sheet
from plainview.casework.workspace.folder import current
from plainview.casework.workspace.services import services
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, answer, print_json, print_rows, sample_notice, say
from plainview.cli.forms import Form, read_form, words_of
from plainview.policy.examination import CONTRADICTIONS, OUTCOMES, STATEMENT
from plainview.storage.output import output, put


def lead_release(
    examination: str,
    form: Form,
    acting: As,
    override: Annotated[str, typer.Option(help="Why it is released although verifiers disagreed.")] = "",
    json: Json = False,
) -> None:
    """Release an examined and verified candidate as a lead."""
    member = acting_member(acting)
    answers = words_of(read_form(form, set(CONTRADICTIONS)))
    lead = release(examination, contradictions=answers, override=override, acting_member=member)
    if json:
        print_json({"lead": lead.public_id, "statement": STATEMENT})
        return
    say(f"Lead {lead.public_id}. {STATEMENT}")
    say("Locked for line-ups until independent evidence is on record (`plainview lead evidence`).")


def lead_withhold(
    examination: str,
    acting: As,
    reason: Annotated[str, typer.Option(help="Why it is not released.")],
    json: Json = False,
) -> None:
    """Decide that an examined candidate is not released."""
    member = acting_member(acting)
    withhold(examination, reason, acting_member=member)
    answer(
        f"Examination {examination} is not released; the reason is on record.",
        json=json,
        examination=examination,
        state="withheld",
    )


def lead_sheet(
    lead: str, out: Annotated[Path, typer.Option(help="A new file, .pdf.")], acting: As, json: Json = False
) -> None:
    """Write the sheet of a lead: an accessible PDF with the whole list and the receipt of the log."""
    member = acting_member(acting)
    try:
        with output(out) as file:
            sheet = make_sheet(lead, deliver=partial(put, file), acting_member=member)
    finally:
        services().close()
    answer(
        f"{out}: {len(sheet.pdf):,} bytes, sha256 {sheet.sha256} (it is in the log).",
        json=json,
        file=out,
        bytes=len(sheet.pdf),
        sha256=sheet.sha256,
    )


def lead_evidence(lead: str, text: str, acting: As, json: Json = False) -> None:
    """Record evidence that is independent of the candidate list; only then may a witness be shown the person."""
    member = acting_member(acting)
    recorded = record_evidence(lead, text, acting_member=member)
    answer(f"Lead {recorded.public_id}: evidence is on record.", json=json, lead=recorded.public_id, line_up="open")


def lead_outcome(
    lead: str,
    outcome: Annotated[str, typer.Argument(help=f"One of: {', '.join(OUTCOMES)}.")],
    acting: As,
    reason: Annotated[str, typer.Option(help="Details.")] = "",
    json: Json = False,
) -> None:
    """Report the outcome of a lead."""
    member = acting_member(acting)
    reported = report_outcome(lead, outcome, reason=reason, acting_member=member)
    answer(f"Lead {lead}: {reported.outcome}.", json=json, lead=lead, outcome=reported.outcome)


def lead_list(acting: As, json: Json = False) -> None:
    """List the leads of your agency and their outcomes."""
    member = acting_member(acting)
    rows = [
        {
            "lead": lead.public_id,
            "case": lead.examination.candidate.search.case.number,
            "search": lead.examination.candidate.search.public_id,
            "rank": lead.examination.candidate.rank,
            "released_at": lead.released_at.isoformat(timespec="seconds"),
            "line_up": "open" if lead.evidence_at else "locked",
            "outcome": max(lead.outcomes.all(), key=lambda o: o.pk).outcome if lead.outcomes.all() else None,
        }
        for lead in leads(member)
    ]
    print_rows(
        "leads",
        ("Lead", "Case", "Search", "Rank", "Released", "Line-up", "Outcome"),
        rows,
        "No lead yet.",
        json=json,
        caption=sample_notice(current()),
    )
