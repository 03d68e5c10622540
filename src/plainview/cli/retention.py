"""The commands of retention: rules, events, runs and their proofs. Holds are in cli.holds."""

from __future__ import annotations

import json as jsonlib
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from django.utils import timezone

from plainview.casework import find, jobs
from plainview.casework.models import RetentionRun
from plainview.casework.proposals import make
from plainview.casework.retention.outlook import ahead
from plainview.casework.retention.proof import proof_of_run
from plainview.casework.retention.read import (
    csv_of,
    items_of,
    rules_history,
    rules_of,
    rules_of_run,
    runs,
)
from plainview.casework.retention.read import events as recorded_events
from plainview.casework.retention.rules import import_order, record_event
from plainview.casework.retention.runs import approve_run, ask_run_again, propose_run, withdraw_run
from plainview.casework.retention.work import work_off
from plainview.casework.workspace.folder import current
from plainview.casework.workspace.services import services
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, Reason, answer, day_option, print_json, print_rows, sample_notice, say
from plainview.cli.progress import bar
from plainview.cli.proposals import proposed
from plainview.policy.decision import Refused
from plainview.policy.proposals import Kind
from plainview.policy.retention import BEGINNING, After
from plainview.storage.output import output, put

On = Annotated[date, day_option("--on", help="Day of the event.")]
Authority = Annotated[str, typer.Option(help="The court, the file or the letter.")]
References = Annotated[list[str] | None, typer.Option("--reference", help="Id of a reference; repeat for more.")]
CaseNumber = Annotated[str, typer.Option("--case", help="Number of the case.")]


def rules(acting: As, json: Json = False) -> None:
    """Print the retention rules of your agency as a file that you can edit."""
    member = acting_member(acting)
    version, recorded_events = rules_of(member.agency)
    if json:
        print_json(
            {
                "version": version.number if version else 0,
                "automatic": recorded_events.automatic,
                "rules": [{"id": rule.id, "says": rule.says} for rule in recorded_events.rules],
                "text": version.text if version else BEGINNING,
                "history": [
                    {
                        "version": past.number,
                        "by": past.changed_by.email,
                        "approved_by": past.approved_by.email if past.approved_by else None,
                        "why": past.why,
                    }
                    for past in rules_history(member)
                ],
            }
        )
        return
    sys.stdout.write(version.text if version else BEGINNING)


def set_rules(file: Path, reason: Reason, acting: As, json: Json = False) -> None:
    """Propose a file as the retention rules of your agency; this erases nothing."""
    member = acting_member(acting)
    proposed(make.propose(Kind.RETENTION, {"text": _text(file)}, reason=reason, acting_member=member), json=json)


def upcoming(acting: As, json: Json = False) -> None:
    """Count what is due now and in the next 90 days."""
    member = acting_member(acting)
    outlook = ahead(member.agency, timezone.now().date())
    rows = [
        {
            "rule": rule.id,
            "place": place,
            "count": count,
            "first": first.isoformat(),
            "held": held_count,
            "says": rule.says,
        }
        for rule, place, count, first, held_count in outlook.rows
    ]
    nothing = "Nothing is due in the next 90 days."
    print_rows("upcoming", ("Rule", "Place", "Count", "First", "On hold", "Meaning"), rows, nothing, json=json)


def events(acting: As, json: Json = False) -> None:
    """List the recorded events: acquittals, dismissals, ends of consent, court orders."""
    member = acting_member(acting)
    rows = [
        {
            "event": event.kind,
            "on": event.happened_on.isoformat(),
            "of": f"case {event.case.number}" if event.case else f"reference {event.reference}",
            "authority": event.authority,
            "by": event.recorded_by.email,
        }
        for event in recorded_events(member)
    ]
    print_rows("events", ("Event", "Day", "Of", "Authority", "By"), rows, "No event is recorded.", json=json)


def _record(
    kind: After, on: date, authority: str, case: str, references: list[str] | None, who: str, *, json: bool
) -> None:
    member = acting_member(who)
    new = record_event(
        kind,
        happened_on=on,
        authority=authority,
        case=case,
        references=references or (),
        acting_member=member,
    )
    answer("Recorded." if new else "This was already recorded.", json=json, event=kind.value, on=on, new=new)


def acquittal(
    on: On, authority: Authority, acting: As, case: CaseNumber = "", reference: References = None, json: Json = False
) -> None:
    """Record an acquittal: of a case, of references that show the acquitted person, or of both."""
    _record(After.ACQUITTAL, on, authority, case, reference, acting, json=json)


def dismissal(
    on: On, authority: Authority, acting: As, case: CaseNumber = "", reference: References = None, json: Json = False
) -> None:
    """Record that a case was dismissed."""
    _record(After.DISMISSAL, on, authority, case, reference, acting, json=json)


def consent_end(on: On, authority: Authority, acting: As, reference: References = None, json: Json = False) -> None:
    """Record that a person no longer consents to these references."""
    _record(After.CONSENT_END, on, authority, "", reference, acting, json=json)


def order_import(
    file: Path,
    acting: As,
    authority: Annotated[str, typer.Option(help="The court and the order, for rows that name none.")] = "",
    json: Json = False,
) -> None:
    """Import a list (CSV, Excel): reference, source_url or provenance; ordered_on; authority. All of it, or nothing."""
    member = acting_member(acting)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise _unreadable(file, error) from None
    done = import_order(data, file.name, authority=authority, acting_member=member)
    if json:
        print_json(
            {"rows": done.rows, "new": done.new, "known": done.known, "erased_before": done.erased, "read_as": done.how}
        )
        return
    for sentence in done.how:
        say(sentence)
    say(
        f"Rows: {done.rows}. References newly under an order: {done.new}; known before: {done.known}; "
        f"erased before: {done.erased}. Nothing was erased now: propose a run.",
    )


def propose(acting: As, json: Json = False) -> None:
    """Propose a run: a list of what is due and what a hold keeps. Another member approves it; nothing is erased yet."""
    member = acting_member(acting)
    _print_run(propose_run(acting_member=member), json=json)


def run_list(acting: As, json: Json = False) -> None:
    """List the runs of your agency."""
    member = acting_member(acting)
    rows = [
        {
            "run": run.public_id,
            "state": run.state,
            "day": run.day.isoformat(),
            "proposed_by": run.proposed_by.email if run.proposed_by else "the clock",
            "approved_by": run.approved_by.email if run.approved_by else None,
        }
        for run in runs(member)
    ]
    heads = ("Run", "State", "Day", "Proposed by", "Approved by")
    print_rows("runs", heads, rows, "No run yet.", json=json, caption=sample_notice(current()))


def show(
    run: str,
    acting: As,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the list as CSV.")] = False,
    json: Json = False,
) -> None:
    """Show a run with its list: each item, its rule, and the hold that keeps it."""
    member = acting_member(acting)
    run_record = find.retention_run(run, member)
    if as_csv:
        sys.stdout.write(csv_of(run_record))
    else:
        _print_run(run_record, json=json)


def approve(
    run: str,
    reason: Annotated[str, typer.Option(help="What you looked at, in a sentence.")],
    acting: As,
    json: Json = False,
) -> None:
    """Approve a colleague's list unchanged; the worker then erases it, or `plainview retention run` does."""
    member = acting_member(acting)
    approved, _ = approve_run(run, reason=reason, acting_member=member)
    answer(
        f"Run {approved.public_id} is approved. The worker erases its list, or run: plainview retention run {approved.public_id}",
        json=json,
        run=approved.public_id,
        state=approved.state,
    )


def withdraw(
    run: str, reason: Annotated[str, typer.Option(help="The reason, in a sentence.")], acting: As, json: Json = False
) -> None:
    """Withdraw a proposed run; nothing has been erased."""
    member = acting_member(acting)
    withdrawn = withdraw_run(run, reason=reason, acting_member=member)
    answer(f"Run {withdrawn.public_id} is withdrawn.", json=json, run=withdrawn.public_id, state=withdrawn.state)


def run_now(run: str, acting: As, json: Json = False) -> None:
    """Erase everything on an approved list now; if interrupted, run it again."""
    member = acting_member(acting)
    run_record, job = ask_run_again(run, acting_member=member)
    with bar("Erasing", job.total or 0) as erasing:
        try:
            jobs.run(job.pk, lambda job_now: work_off(job_now, erasing.reach))
        finally:
            services().close()
    job.refresh_from_db()
    if job.state != job.State.DONE:
        raise Refused("retention.stopped", "Run not finished", job.note or f"The run is {job.state}.", "Run it again.")
    _print_run(find.retention_run(run_record.public_id, member), json=json)


def proof(run: str, out: Annotated[Path, typer.Option(help="A new file.")], acting: As, json: Json = False) -> None:
    """Write the proof of a finished run: its list, its entries, and that the log contains them."""
    member = acting_member(acting)
    with output(out) as file:
        proof_of_run(
            run,
            deliver=lambda proven: put(file, (jsonlib.dumps(proven, indent=1) + "\n").encode()),
            acting_member=member,
        )
    answer(f"{out}. Anyone can check it: plainview retention check-proof {out}", json=json, run=run, file=out)


def _print_run(run: RetentionRun, *, json: bool) -> None:
    says = {name: rule.says for name, rule in rules_of_run(run).items()}
    rows: list[dict[str, Any]] = [
        {
            "what": item.what,
            "id": item.subject,
            "of": item.place,
            "rule": item.rule,
            "due": item.due_on.isoformat(),
            "state": item.state,
            "held_by": item.held_by,
        }
        for item in items_of(run)
    ]
    if json:
        print_json(
            {
                "run": run.public_id,
                "state": run.state,
                "day": run.day.isoformat(),
                "list_sha256": run.digest,
                "items": rows,
                "rules": says,
                "note": run.note,
            }
        )
        return
    print_rows("items", ("Kind", "Id", "Of", "Rule", "Due", "State", "Hold"), rows, "The list is empty.", json=False)
    say(f"Run {run.public_id} of {run.day} is {run.state}; list {run.digest}.")


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, error) from None


def _unreadable(file: Path, error: Exception) -> Refused:
    why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
    return Refused("retention.unreadable", "Nothing done", f"{file} cannot be read: {why}.", "Name a readable file.")
