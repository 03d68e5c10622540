"""Trials: a supervisor approves a named member for some days and some searches; nobody approves their own.

Owns also the weekly letter to the head of each agency with trials. It must never extend a trial.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.mail.letters import write_letters
from plainview.casework.models import Agency, Member, Trial
from plainview.casework.people.read import binding
from plainview.casework.people.trial_letter import REPORT_DAYS, report_of
from plainview.policy import joining, rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission


def approve_trial(email: str, *, days: int, searches: int, acting_member: Member) -> Trial:
    """Approve a colleague's trial, from today on.

    Raises:
        Refused: no permission, the member's own trial, not on trial, a second trial, or longer than policy allows.
    """
    with acting("trial.approve", Permission.TRIAL_APPROVE, acting_member):
        member = find.colleague(email, acting_member)
        _, policy = binding(acting_member.agency)
        today = timezone.now().date()
        ends_on = today + timedelta(days=max(days, 0))
        rules.require(
            joining.another_person(acting_member.public_id, member.public_id, "Trial"),
            joining.trial_terms(today, ends_on, searches, policy),
        )
        if not member.on_trial or not member.is_active:
            raise Refused(
                "trial.not_on_trial",
                "Trial refused",
                f"{member.email} was not invited for a trial.",
                "A full member needs no trial.",
            )
        if Trial.objects.filter(member=member).exists():
            raise Refused(
                "trial.second",
                "Trial refused",
                f"{member.email} has already had a trial.",
                "A trial can happen once. An administrator can make the person a full member.",
                act=Permission.MEMBER_ROLES,
            )
        trial = Trial.objects.create(
            member=member, approved_by=acting_member, starts_on=today, ends_on=ends_on, search_limit=searches
        )
        write_entry(
            "trial.approved",
            {
                "trial": trial.public_id,
                "member": member.public_id,
                "starts_on": today.isoformat(),
                "ends_on": ends_on.isoformat(),
                "searches": searches,
            },
            acting_member=acting_member,
        )
    return trial


def send_reports() -> list[str]:
    """Send the proof-of-value report to the head of every agency with trials whose last report is a week old.

    Runs daily; a second run in the same week sends nothing. The entry is written before the letter is sent.

    Returns:
        The names of the agencies to whose head a report was sent.
    """
    now, written = timezone.now(), []
    week = timedelta(days=REPORT_DAYS)
    due = (
        Agency.objects.exclude(trial_reported_at__gt=now - week, trial_reported_at__lte=now)
        .exclude(opened_at=None)
        .exclude(head_email="")
    )
    for agency in due.filter(member__trials__ends_on__gte=(now - week).date()).distinct():
        report = report_of(agency)
        text = report.text()
        with transaction.atomic():
            agency.trial_reported_at = now
            agency.save(update_fields=["trial_reported_at"])
            write_entry(
                "trial.reported",
                {
                    "agency": agency.public_id,
                    "since": report.since.isoformat(),
                    "until": report.until.isoformat(),
                    "trials": len(report.trials),
                    "sha256": hashlib.sha256(text.encode()).hexdigest(),
                },
                acting_member=None,
            )
            write_letters("trial.report", [agency.head_email], f"Trials of {agency.name}", text, about=agency.public_id)
        written.append(agency.name)
    return written
