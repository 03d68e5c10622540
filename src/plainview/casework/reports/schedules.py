"""Scheduled reports: set up and stopped by a supervisor or administrator, sent daily by the worker.

Owns that log entry, mark of what was sent and e-mail are written in one transaction. It must never send a complete
week or month twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.mail import address
from plainview.casework.mail.letters import write_letters
from plainview.casework.models import Member, ReportSchedule
from plainview.casework.reports.make import build, record, written
from plainview.policy import reporting, rules
from plainview.policy.permissions import Permission
from plainview.policy.reporting import Period
from plainview.policy.roles import holds

_FORMS = ("pdf", "json")


def schedule_report(every: str, emails: Sequence[str], *, acting_member: Member) -> ReportSchedule:
    """Schedule a report for the end of each week or month, beginning with the current one.

    Args:
        every: "weekly" or "monthly".
        emails: addresses of members of the agency who may read reports.
        acting_member: who schedules it.

    Raises:
        Refused: no permission, unknown interval, no recipient, or a recipient who may not read it.
    """
    with acting("report.schedule", Permission.REPORT_SCHEDULE, acting_member):
        people = [find.colleague(email, acting_member) for email in dict.fromkeys(emails)]
        rules.require(
            reporting.rhythm_known(every),
            reporting.recipients_fit([(member.email, _may_read(member)) for member in people]),
        )
        schedule = ReportSchedule.objects.create(
            agency=acting_member.agency,
            every=every,
            made_by=acting_member,
            sent_until=timezone.now().date() - timedelta(days=1),
        )
        schedule.recipients.set(people)
        write_entry(
            "report.scheduled",
            {
                "agency": acting_member.agency.public_id,
                "schedule": schedule.public_id,
                "every": every,
                "recipients": sorted(member.public_id for member in people),
            },
            acting_member=acting_member,
        )
    return schedule


def stop_schedule(public_id: str, *, acting_member: Member) -> ReportSchedule:
    """Stop sending a report.

    Raises:
        Refused: no permission, or unknown.
    """
    with acting("report.stop", Permission.REPORT_SCHEDULE, acting_member):
        schedule = find.schedule(public_id, acting_member)
        schedule.stopped_at = timezone.now()
        schedule.save(update_fields=["stopped_at"])
        write_entry(
            "report.stopped",
            {"agency": acting_member.agency.public_id, "schedule": schedule.public_id},
            acting_member=acting_member,
        )
    return schedule


def send_due() -> list[tuple[str, Period]]:
    """Send every report that is due; return (schedule, period) of each. Run daily; a second run sends nothing.

    Recipients who have left or may no longer read reports are left out.
    """
    rows = ReportSchedule.objects.filter(stopped_at=None, agency__suspended_at=None).select_related("agency")
    sent = []
    for schedule in rows.order_by("pk"):
        _not_ahead(schedule, timezone.now().date())
        for period in reporting.owed(schedule.every, schedule.sent_until, timezone.now().date()):
            if _send(schedule, period):
                sent.append((schedule.public_id, period))
    return sent


def _not_ahead(schedule: ReportSchedule, today: date) -> None:
    """Begin again with the running period, if reports of later ones were sent by a clock that was wrong."""
    if schedule.sent_until >= today:
        long_ago = today - timedelta(days=93)
        schedule.sent_until = reporting.owed(schedule.every, long_ago, today)[-1].until
        schedule.save(update_fields=["sent_until"])


def _send(schedule: ReportSchedule, period: Period) -> bool:
    """Send one report; return False when another worker was faster or the schedule was stopped meanwhile."""
    people = [member for member in schedule.recipients.order_by("pk") if _may_read(member)]
    report_json = build(schedule.agency, period, period.before(), readers=people)  # one report for all of them
    files = written(report_json, _FORMS)
    with transaction.atomic():
        locked_schedule = ReportSchedule.objects.select_for_update().get(pk=schedule.pk)
        if locked_schedule.stopped_at is not None or locked_schedule.sent_until >= period.until:
            return False
        locked_schedule.sent_until = period.until
        locked_schedule.save(update_fields=["sent_until"])
        record(report_json, files, acting_member=None, sent={"schedule": schedule.public_id, "letters": len(people)})
        if people:
            _letter(schedule, period, [member.email for member in people], files)
    return True


def _may_read(member: Member) -> bool:
    return member.is_active and holds(member.roles, Permission.REPORT_READ)


def _letter(schedule: ReportSchedule, period: Period, to: list[str], files: dict[str, bytes]) -> None:
    write_letters(
        "report.scheduled",
        to,
        f"Plainview: {schedule.every} report, {period}",
        f"The {schedule.every} report of {schedule.agency.name} for {period} is attached, as PDF to read and as JSON to check.\n\n"
        "Anyone with a copy of the log can count its figures again: plainview report check FILE.json --log COPY.\n"
        f"A supervisor or administrator can stop these e-mails: {address()}/reports/\n",
        about=schedule.public_id,
        files={f"report-{period.since}-{period.until}.{form}": data for form, data in files.items()},
    )
