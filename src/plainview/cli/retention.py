"""The commands of retention: rules, events, runs and their proofs. The commands of holds lie beside, in cli.holds."""

from __future__ import annotations

import json as jsonlib
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress

from plainview.casework.workspace.folder import current
from plainview.cli import holds
from plainview.cli.common import As, Json, acting_member, console, err, print_json, print_rows, sample_notice
from plainview.policy.decision import Refused
from plainview.policy.retention import BEGINNING, After

if TYPE_CHECKING:
    from plainview.casework.models import RetentionRun

retention_app = typer.Typer(help="How long what is held is held.", no_args_is_help=True)
event_app = typer.Typer(help="What happened outside and rules count from.", no_args_is_help=True)
order_app = typer.Typer(help="A court's list of references to erase.", no_args_is_help=True)
event_app.add_typer(order_app, name="court-order")
retention_app.add_typer(event_app, name="event")

On = Annotated[datetime, typer.Option("--on", formats=["%Y-%m-%d"], help="The day, YYYY-MM-DD.")]
Authority = Annotated[str, typer.Option(help="The court, the file or the letter.")]
References = Annotated[list[str] | None, typer.Option("--reference", help="Id; may be repeated.")]
CaseNumber = Annotated[str, typer.Option("--case", help="Number of the case.")]


@retention_app.command("rules")
def rules(acting: As, json: Json = False) -> None:
    """Print the rules that bind your agency, as the file in which they can be changed."""
    member = acting_member(acting)
    from plainview.casework.retention.read import rules_history, rules_of

    version, told = rules_of(member.agency)
    if json:
        print_json(
            {
                "version": version.number if version else 0,
                "automatic": told.automatic,
                "rules": [{"id": rule.id, "says": rule.says} for rule in told.rules],
                "text": version.text if version else BEGINNING,
                "history": [
                    {"version": row.number, "by": row.changed_by.email, "why": row.why} for row in rules_history(member)
                ],
            }
        )
        return
    sys.stdout.write(version.text if version else BEGINNING)


@retention_app.command("set")
def set_rules(
    file: Path, why: Annotated[str, typer.Option(help="Why, in a sentence; it is kept.")], acting: As
) -> None:
    """Make a file the rules of your agency; nothing is erased by it."""
    member = acting_member(acting)
    from plainview.casework.retention import rules as retention_rules

    version = retention_rules.set_rules(_text(file), why=why, acting_member=member)
    console.print(f"Version {version.number} of the retention rules binds from now on.")


@retention_app.command("upcoming")
def upcoming(acting: As, json: Json = False) -> None:
    """Count what is due now and in the next 90 days."""
    member = acting_member(acting)
    from django.utils import timezone

    from plainview.casework.retention.read import ahead

    found = ahead(member.agency, timezone.now().date())
    rows = [
        {
            "rule": rule.id,
            "place": place,
            "count": count,
            "first": first.isoformat(),
            "held": kept,
            "says": rule.says,
        }
        for rule, place, count, first, kept in found.rows
    ]
    nothing = "Nothing is due in the next 90 days."
    print_rows("upcoming", ("Rule", "Place", "How many", "First", "Held", "Says"), rows, nothing, json=json)


@retention_app.command("events")
def events(acting: As, json: Json = False) -> None:
    """List what was told: acquittals, dismissals, ends of consent, court orders."""
    member = acting_member(acting)
    from plainview.casework.retention.read import events as told

    rows = [
        {
            "event": row.kind,
            "on": row.happened_on.isoformat(),
            "of": f"case {row.case.number}" if row.case else f"reference {row.reference}",
            "authority": row.authority,
            "by": row.recorded_by.email,
        }
        for row in told(member)
    ]
    print_rows("events", ("Event", "Day", "Of", "Authority", "By"), rows, "Nothing was told.", json=json)


def _record(kind: After, on: datetime, authority: str, case: str, references: list[str] | None, who: str) -> None:
    member = acting_member(who)
    from plainview.casework.retention.rules import record_event

    new = record_event(
        kind,
        happened_on=on.date(),
        authority=authority,
        case=case,
        references=references or (),
        acting_member=member,
    )
    console.print("Recorded." if new else "This was recorded before.")


@event_app.command("acquittal")
def acquittal(on: On, authority: Authority, acting: As, case: CaseNumber = "", reference: References = None) -> None:
    """Record an acquittal: of a case, of references that show the acquitted person, or of both."""
    _record(After.ACQUITTAL, on, authority, case, reference, acting)


@event_app.command("dismissal")
def dismissal(on: On, authority: Authority, acting: As, case: CaseNumber = "", reference: References = None) -> None:
    """Record that a case was dismissed."""
    _record(After.DISMISSAL, on, authority, case, reference, acting)


@event_app.command("consent-end")
def consent_end(on: On, authority: Authority, acting: As, reference: References = None) -> None:
    """Record that a person no longer consents to these references."""
    _record(After.CONSENT_END, on, authority, "", reference, acting)


@order_app.command("import")
def order_import(
    file: Path,
    acting: As,
    authority: Annotated[str, typer.Option(help="The court and the order, for rows that name none.")] = "",
    json: Json = False,
) -> None:
    """Import a CSV list: reference, source_url or provenance; ordered_on; authority. All of it, or nothing."""
    member = acting_member(acting)
    from plainview.casework.retention.rules import import_order

    try:
        data = file.read_bytes()
    except OSError as error:
        raise _unreadable(file, error) from None
    done = import_order(data, authority=authority, acting_member=member)
    if json:
        print_json({"rows": done.rows, "new": done.new, "known": done.known, "erased_before": done.erased})
        return
    console.print(
        f"Rows: {done.rows}. References newly under an order: {done.new}; told before: {done.known}; "
        f"erased before: {done.erased}. Nothing was erased now: propose a run.",
        soft_wrap=True,
    )


@retention_app.command("propose")
def propose(acting: As, json: Json = False) -> None:
    """List what is due and what is held back; another member approves the list. Nothing is erased."""
    member = acting_member(acting)
    from plainview.casework.retention.runs import propose_run

    _print_run(propose_run(acting_member=member), json=json)


@retention_app.command("list")
def run_list(acting: As, json: Json = False) -> None:
    """List the runs of your agency."""
    member = acting_member(acting)
    from plainview.casework.retention.read import runs

    rows = [
        {
            "run": row.public_id,
            "state": row.state,
            "day": row.day.isoformat(),
            "proposed_by": row.proposed_by.email if row.proposed_by else "the clock",
            "approved_by": row.approved_by.email if row.approved_by else None,
        }
        for row in runs(member)
    ]
    heads = ("Run", "State", "Day", "Proposed by", "Approved by")
    print_rows("runs", heads, rows, "No run yet.", json=json, caption=sample_notice(current()))


@retention_app.command("show")
def show(
    run: str,
    acting: As,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the list as CSV.")] = False,
    json: Json = False,
) -> None:
    """Show a run with its list: what, why, by which rule, and what is held back by which hold."""
    member = acting_member(acting)
    from plainview.casework import find
    from plainview.casework.retention.read import csv_of

    found = find.retention_run(run, member)
    if as_csv:
        sys.stdout.write(csv_of(found))
    else:
        _print_run(found, json=json)


@retention_app.command("approve")
def approve(
    run: str, note: Annotated[str, typer.Option(help="What you looked at, in a sentence.")], acting: As
) -> None:
    """Approve a colleague's list as it stands; the worker then erases it, or `plainview retention run`."""
    member = acting_member(acting)
    from plainview.casework.retention.runs import approve_run

    found, _ = approve_run(run, note=note, acting_member=member)
    console.print(
        f"Run {found.public_id} is approved. The worker takes it up; or: plainview retention run {found.public_id}",
        soft_wrap=True,
    )


@retention_app.command("withdraw")
def withdraw(run: str, reason: Annotated[str, typer.Option(help="Why, in a sentence.")], acting: As) -> None:
    """Give a proposed list up; nothing was erased by it."""
    member = acting_member(acting)
    from plainview.casework.retention.runs import withdraw_run

    console.print(f"Run {withdraw_run(run, reason=reason, acting_member=member).public_id} is withdrawn.")


@retention_app.command("run")
def run_now(run: str, acting: As, json: Json = False) -> None:
    """Erase what an approved list names, here and now; interrupted, it goes on when run again."""
    member = acting_member(acting)
    from plainview.casework import find, jobs
    from plainview.casework.retention.runs import ask_run_again
    from plainview.casework.retention.work import work_off
    from plainview.casework.workspace.services import services

    found, job = ask_run_again(run, acting_member=member)
    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("Erasing", total=job.total)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        try:
            jobs.run(job.pk, lambda held: work_off(held, progress))
        finally:
            services().close()
    job.refresh_from_db()
    if job.state != job.State.DONE:
        raise Refused("retention.stopped", "Not done", job.note or f"It is {job.state}.", "Run it again.")
    _print_run(find.retention_run(found.public_id, member), json=json)


@retention_app.command("proof")
def proof(run: str, out: Annotated[Path, typer.Option(help="A new file.")], acting: As) -> None:
    """Write the proof of a run that is done: its list, the entries, and that the log has them."""
    member = acting_member(acting)
    from plainview.casework.retention.proof import proof_of_run

    if out.exists():
        raise Refused("retention.file", "Nothing written", f"{out} exists.", "Name a new file.")
    out.write_text(jsonlib.dumps(proof_of_run(run, acting_member=member), indent=1) + "\n", "utf-8")
    console.print(f"{out}. Anyone can check it: plainview retention check-proof {out}", soft_wrap=True)


@retention_app.command("check-proof")
def check(
    file: Path,
    key: Annotated[str | None, typer.Option(help="The log's key line that you trust.")] = None,
    json: Json = False,
) -> None:
    """Check the proof of a run; needs no workspace. Exit 1 when anything is wrong."""
    from plainview.recheck.retention import NoProof, check_proof

    try:
        told = check_proof(_text(file), vkey=key)
    except NoProof as error:
        raise Refused("retention.proof", "Not proven", f"{error}.", "Ask for another.") from None
    if json:
        print_json({"ok": not told.problems, "run": told.run, "states": told.states, "problems": told.problems})
    else:
        for problem in told.problems:
            err.print(problem, soft_wrap=True)
        if not told.problems:
            states = ", ".join(f"{count} {state}" for state, count in sorted(told.states.items()))
            console.print(f"Proven: run {told.run} of {told.agency}: {states}.", soft_wrap=True)
    if told.problems:
        raise typer.Exit(1)


def _print_run(run: RetentionRun, *, json: bool) -> None:
    from plainview.casework.retention.read import items_of, rules_of_run

    says = {name: rule.says for name, rule in rules_of_run(run).items()}
    rows: list[dict[str, Any]] = [
        {
            "what": row.what,
            "id": row.subject,
            "of": row.place,
            "rule": row.rule,
            "due": row.due_on.isoformat(),
            "state": row.state,
            "held_by": row.held_by,
        }
        for row in items_of(run)
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
    print_rows("items", ("What", "Id", "Of", "Rule", "Due", "State", "Held by"), rows, "Nothing.", json=False)
    console.print(f"Run {run.public_id} of {run.day} is {run.state}; list {run.digest}.", soft_wrap=True)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, error) from None


def _unreadable(file: Path, error: Exception) -> Refused:
    why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
    return Refused("retention.unreadable", "Nothing done", f"{file} cannot be read: {why}.", "Name a file.")


def register(app: typer.Typer) -> None:
    """Add the command groups."""
    app.add_typer(retention_app, name="retention")
    holds.register(app)
