"""The commands of reports: report show, check, schedule, schedules, stop, send-due."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from plainview.cli.common import (
    As,
    Json,
    acting_member,
    console,
    err,
    open_workspace,
    print_json,
    print_rows,
    sample_notice,
)
from plainview.policy.decision import Refused
from plainview.policy.reporting import Period, default_period

if TYPE_CHECKING:
    from collections.abc import Mapping

report_app = typer.Typer(help="Reports of your agency's work, counted from the log.", no_args_is_help=True)

_DAY = "YYYY-MM-DD"


@report_app.command("show")
def report_show(
    acting: As,
    since: Annotated[str, typer.Option(help="First day; thirty days to the last one without it.", metavar=_DAY)] = "",
    until: Annotated[str, typer.Option(help="Last day; today without it.", metavar=_DAY)] = "",
    compare: Annotated[
        str, typer.Option(help="before (the equally long time before), none, or SINCE..UNTIL.")
    ] = "before",
    csv: Annotated[Path | None, typer.Option(help="Write it as CSV too.")] = None,
    pdf: Annotated[Path | None, typer.Option(help="Write it as PDF too.")] = None,
    json: Json = False,
) -> None:
    """Show a report of a period beside another one; --json is the file that `report check` reads."""
    member = acting_member(acting)
    from django.utils import timezone

    from plainview.casework.reports.make import make_report
    from plainview.casework.workspace.folder import current

    period = _period(since, until, timezone.now().date())
    out = {form: path for form, path in (("csv", csv), ("pdf", pdf)) if path is not None}
    for path in out.values():
        if path.exists():
            raise Refused("report.exists", "Nothing written", f"{path} exists.", "Name a new file.")
    made = make_report(period, _compared(compare, period), list(out), acting_member=member)
    for form, path in out.items():
        with path.open("xb") as file:
            file.write(made.files[form])
    if json:
        print_json(made.told)
        return
    _print(made.told, sample_notice(current()))
    for path in out.values():
        console.print(f"Written: {path}", soft_wrap=True)
    console.print(f"Entry {made.entry} of the log holds SHA-256 {made.sha256}.", soft_wrap=True)


def _period(since: str, until: str, today: date) -> Period:
    last = _day(until) if until else today
    return Period(_day(since) if since else default_period(last).since, last)


def _compared(words: str, period: Period) -> Period | None:
    if words == "none":
        return None
    if words == "before":
        return period.before()
    first, separator, last = words.partition("..")
    if not separator:
        raise Refused(
            "report.compare",
            "No report made",
            f"{words!r} is no period to compare with.",
            "Write before, none, or two days as 2026-01-01..2026-01-31.",
        )
    return Period(_day(first), _day(last))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Refused("report.day", "No report made", f"{text!r} is no day.", f"Write it as {_DAY}.") from None


def _print(told: Mapping[str, Any], sample: str) -> None:
    from plainview.casework.reports.sections import sections

    for difference in told["differences"]:
        err.print(f"The records and the log do not agree: {difference}", soft_wrap=True)
    compared = f", compared with {_days(told['before'])}" if told["before"] else ""
    console.print(
        f"Report of {told['agency']['name']}, {_days(told['period'])}{compared}", soft_wrap=True, markup=False
    )
    for section in sections(told):
        console.print(f"\n{section.title}", style="bold", markup=False)
        if section.note:
            console.print(section.note, markup=False)
        # A chart's many rows: on a terminal those in which something happened.
        rows = [row for row in section.rows if not section.chart_only or any(row[1:])]
        if not rows:
            console.print("None.")
            continue
        table = Table()
        for head in section.heads:
            table.add_column(head, overflow="fold")
        for row in rows:
            table.add_row(*("–" if cell is None else escape(str(cell)) for cell in row))
        console.print(table)
    if told["due"]["trials"]["trials"]:
        console.print(f"\n{told['due']['trials']['text']}", markup=False)
    if sample:
        console.print(sample)
    console.print(f"\nCounted from {told['size']} entries of the log:\n{told['checkpoint']}", markup=False)


def _days(period: Mapping[str, str]) -> str:
    return f"{period['since']} to {period['until']}"


@report_app.command("check")
def report_check(
    file: Annotated[Path, typer.Argument(help="The report's JSON file.")],
    log: Annotated[Path, typer.Option(help="A copy of the log.")],
    key: Annotated[str | None, typer.Option(help="The log's key line that you trust.")] = None,
    json: Json = False,
) -> None:
    """Count a report's numbers again from a copy of the log; needs no workspace. Exit 1 when anything differs."""
    from plainview.recheck.report import check_report

    found = check_report(file, log, vkey=key)
    if json:
        print_json(
            {
                "ok": not found.problems,
                "numbers": found.numbers,
                "entry": found.entry,
                "problems": found.problems,
            }
        )
    elif not found.problems:
        held = (
            "the copy ends before the entry that holds it: take a newer one to check the rest"
            if found.entry is None
            else f"entry {found.entry} holds its SHA-256"
        )
        console.print(f"All {found.numbers} numbers are those of the log; {held}.", soft_wrap=True)
    else:
        for problem in found.problems:
            err.print(problem, soft_wrap=True, markup=False)
    if found.problems:
        raise typer.Exit(1)


@report_app.command("schedule")
def report_schedule(
    acting: As,
    every: Annotated[str, typer.Option(help="weekly or monthly.")],
    to: Annotated[list[str], typer.Option(help="Address of a member who may read reports; may be repeated.")],
    json: Json = False,
) -> None:
    """Have a report sent as PDF by e-mail after each week or month."""
    member = acting_member(acting)
    from plainview.casework.reports.schedules import schedule_report

    made = schedule_report(every, to, acting_member=member)
    if json:
        print_json({"schedule": made.public_id, "every": made.every, "to": to})
    else:
        console.print(f"Schedule {made.public_id}: {made.every}, to {', '.join(to)}.", soft_wrap=True)


@report_app.command("schedules")
def report_schedules(acting: As, json: Json = False) -> None:
    """List the reports that are sent by the clock."""
    member = acting_member(acting)
    from plainview.casework.reports.read import schedules

    rows = [
        {
            "schedule": row.public_id,
            "every": row.every,
            "to": [to.email for to in row.recipients.all()],
            "made_by": row.made_by.email,
            "sent_until": row.sent_until.isoformat(),
        }
        for row in schedules(member)
    ]
    print_rows(
        "schedules",
        ("Schedule", "Every", "To", "Made by", "Sent until"),
        rows,
        "No report is sent.",
        json=json,
    )


@report_app.command("stop")
def report_stop(schedule: str, acting: As) -> None:
    """Send a report by the clock no more."""
    member = acting_member(acting)
    from plainview.casework.reports.schedules import stop_schedule

    stop_schedule(schedule, acting_member=member)
    console.print(f"Schedule {schedule} is stopped.")


@report_app.command("send-due")
def report_send_due(json: Json = False) -> None:
    """Send the reports that are owed; the worker does it every day."""
    open_workspace()
    from plainview.casework.reports.schedules import send_due

    rows = [{"schedule": schedule, **period.to_dict()} for schedule, period in send_due()]
    print_rows("sent", ("Schedule", "From", "Until"), rows, "No report is owed.", json=json)


def register(app: typer.Typer) -> None:
    """Add the command group."""
    app.add_typer(report_app, name="report")
