"""The commands of reports: report show, schedule, schedules, stop, send-due."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from django.utils import timezone

from plainview.casework.reports.make import make_report
from plainview.casework.reports.read import schedules
from plainview.casework.reports.schedules import schedule_report, send_due, stop_schedule
from plainview.casework.reports.sections import sections
from plainview.casework.workspace.folder import current
from plainview.cli.acting import acting_member
from plainview.cli.common import (
    As,
    Json,
    answer,
    day_option,
    parse_day,
    print_json,
    print_rows,
    print_table,
    sample_notice,
    say,
    warn,
)
from plainview.cli.start import open_workspace
from plainview.policy.decision import Refused
from plainview.policy.reporting import Period, default_period
from plainview.storage.output import output, put


def report_show(
    acting: As,
    since: Annotated[date | None, day_option(help="First day; by default the period has 30 days.")] = None,
    until: Annotated[date | None, day_option(help="Last day; by default today.")] = None,
    compare: Annotated[
        str, typer.Option(help="before (the equally long period before it), none, or SINCE..UNTIL.")
    ] = "before",
    csv: Annotated[Path | None, typer.Option(help="Also write it as CSV.")] = None,
    pdf: Annotated[Path | None, typer.Option(help="Also write it as PDF.")] = None,
    json: Json = False,
) -> None:
    """Show a report of a period compared with another; --json prints the file that `report check` reads."""
    member = acting_member(acting)
    period = _period(since, until, timezone.now().date())
    out = {form: path for form, path in (("csv", csv), ("pdf", pdf)) if path is not None}
    with ExitStack() as opened:
        files = {form: opened.enter_context(output(path)) for form, path in out.items()}

        def deliver(written: Mapping[str, bytes]) -> None:
            for form, file in files.items():
                put(file, written[form])

        report = make_report(period, _compared(compare, period), list(out), deliver=deliver, acting_member=member)
    if json:
        print_json(report.report)
        return
    _print(report.report, sample_notice(current()))
    for path in out.values():
        say(f"Written: {path}")
    say(f"Entry {report.entry} of the log contains SHA-256 {report.sha256}.")


def _period(since: date | None, until: date | None, today: date) -> Period:
    last = until or today
    return Period(since or default_period(last).since, last)


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
            f"{words!r} is not a period.",
            "Choose before, none, or two days such as 2026-01-01..2026-01-31.",
        )
    return Period(parse_day(first), parse_day(last))


def _print(report: Mapping[str, Any], sample: str) -> None:
    for difference in report["differences"]:
        warn(f"The records and the log do not agree: {difference}")
    compared = f", compared with {_days(report['before'])}" if report["before"] else ""
    say(f"Report of {report['agency']['name']}, {_days(report['period'])}{compared}")
    for section in sections(report):
        say(f"\n{section.title}", style="bold")
        if section.note:
            say(section.note)
        # A chart has many rows: a terminal shows those in which something happened.
        rows = [line for line in section.rows if not section.chart_only or any(line[1:])]
        if not rows:
            say("None.")
            continue
        print_table(section.heads, [["–" if cell is None else cell for cell in line] for line in rows])
    if report["due"]["trials"]["trials"]:
        say(f"\n{report['due']['trials']['text']}")
    if sample:
        say(sample)
    say(f"\nCounted from {report['size']} entries of the log:\n{report['checkpoint']}")


def _days(period: Mapping[str, str]) -> str:
    return f"{period['since']} to {period['until']}"


def report_schedule(
    acting: As,
    every: Annotated[str, typer.Option(help="weekly or monthly.")],
    to: Annotated[list[str], typer.Option(help="Address of a member who may read reports; repeat for more.")],
    json: Json = False,
) -> None:
    """Schedule a report that is e-mailed as a PDF after each week or month."""
    member = acting_member(acting)
    schedule = schedule_report(every, to, acting_member=member)
    if json:
        print_json({"schedule": schedule.public_id, "every": schedule.every, "to": to})
    else:
        say(f"Schedule {schedule.public_id}: {schedule.every}, to {', '.join(to)}.")


def report_schedules(acting: As, json: Json = False) -> None:
    """List the scheduled reports."""
    member = acting_member(acting)
    rows = [
        {
            "schedule": schedule.public_id,
            "every": schedule.every,
            "to": [to.email for to in schedule.recipients.all()],
            "made_by": schedule.made_by.email,
            "sent_until": schedule.sent_until.isoformat(),
        }
        for schedule in schedules(member)
    ]
    print_rows(
        "schedules",
        ("Schedule", "Every", "To", "Scheduled by", "Sent until"),
        rows,
        "No report is scheduled.",
        json=json,
    )


def report_stop(schedule: str, acting: As, json: Json = False) -> None:
    """Stop a scheduled report."""
    member = acting_member(acting)
    stop_schedule(schedule, acting_member=member)
    answer(f"Schedule {schedule} is stopped.", json=json, schedule=schedule, state="stopped")


def report_send_due(json: Json = False) -> None:
    """Send the reports that are due; the worker does this every day."""
    open_workspace()
    rows = [{"schedule": schedule, **period.to_dict()} for schedule, period in send_due()]
    print_rows("sent", ("Schedule", "From", "Until"), rows, "No report is due.", json=json)
