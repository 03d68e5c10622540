"""Standing orders for reports: made and stopped by a supervisor or administrator, sent by the clock.

Owns that each complete week or month is sent once: the entry and the mark of what was sent are one transaction with the
letter, which goes last.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.mail import address
from plainview.casework.models import Member, ReportSchedule
from plainview.casework.reports.make import build, record, written
from plainview.policy import reporting, rules
from plainview.policy.permissions import Permission
from plainview.policy.reporting import Period
from plainview.policy.roles import holds

_TYPES = {"pdf": "application/pdf", "json": "application/json"}


def schedule_report(every: str, emails: Sequence[str], *, acting_member: Member) -> ReportSchedule:
    """Have a report sent after each week or month, the running one first.

    Args:
        every: "weekly" or "monthly".
        emails: addresses of members of the agency who may read reports.
        acting_member: who orders it.

    Raises:
        Refused: no permission, no such rhythm, nobody to send it to, or somebody who may not read it.
    """
    with acting("report.schedule", Permission.REPORT_SCHEDULE, acting_member):
        people = [find.colleague(email, acting_member) for email in dict.fromkeys(emails)]
        rules.require(
            reporting.rhythm_known(every),
            reporting.recipients_fit([(row.email, _may_read(row)) for row in people]),
        )
        made = ReportSchedule.objects.create(
            agency=acting_member.agency,
            every=every,
            made_by=acting_member,
            sent_until=timezone.now().date() - timedelta(days=1),
        )
        made.recipients.set(people)
        write_entry(
            "report.scheduled",
            {
                "agency": acting_member.agency.public_id,
                "schedule": made.public_id,
                "every": every,
                "recipients": sorted(row.public_id for row in people),
            },
            acting_member=acting_member,
        )
    return made


def stop_schedule(public_id: str, *, acting_member: Member) -> ReportSchedule:
    """Send this report no more.

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
    """Send every report that is owed; return (schedule, period) of each. Run daily; a second run sends nothing.

    A recipient who has left, or may not read reports any more, is left out. The entry is written before the letter.

    Raises:
        OSError: the mail server or the outbox refused a letter; its entry is then undone, and the next run sends it.
            The others were sent.
    """
    sent, trouble = [], None
    rows = ReportSchedule.objects.filter(stopped_at=None, agency__suspended_at=None).select_related("agency")
    for schedule in rows.order_by("pk"):
        for period in reporting.owed(schedule.every, schedule.sent_until, timezone.now().date()):
            try:
                if _send(schedule, period):
                    sent.append((schedule.public_id, period))
            except OSError as error:  # a mail server's refusals are of this kind too
                trouble = error
                break
    if trouble is not None:
        raise trouble
    return sent


def _send(schedule: ReportSchedule, period: Period) -> bool:
    """Send one report; False when another worker was faster, or the order was stopped meanwhile."""
    people = [row for row in schedule.recipients.order_by("pk") if _may_read(row)]
    told = build(schedule.agency, period, period.before(), readers=people)  # one report for all of them
    files = written(told, _TYPES)
    with transaction.atomic():
        held = ReportSchedule.objects.select_for_update().get(pk=schedule.pk)
        if held.stopped_at is not None or held.sent_until >= period.until:
            return False
        held.sent_until = period.until
        held.save(update_fields=["sent_until"])
        record(told, files, acting_member=None, sent={"schedule": schedule.public_id, "letters": len(people)})
        if people:
            _letter(schedule, period, [row.email for row in people], files)
    return True


def _may_read(member: Member) -> bool:
    return member.is_active and holds(member.roles, Permission.REPORT_READ)


def _letter(schedule: ReportSchedule, period: Period, to: list[str], files: dict[str, bytes]) -> None:
    letter = EmailMessage(
        f"Plainview: {schedule.every} report, {period}",
        f"The {schedule.every} report of {schedule.agency.name} for {period} is attached: to read as PDF, to check as JSON.\n\n"
        "With a copy of the log anyone can count its numbers again: plainview report check FILE.json --log COPY.\n"
        f"A supervisor or administrator can stop this letter: {address()}/reports/\n",
        None,
        to,
    )
    for form, data in files.items():
        letter.attach(f"report-{period.since}-{period.until}.{form}", data, _TYPES[form])
    letter.send()
