"""Trials: a supervisor approves a named member for some days and some searches; nobody approves their own."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from plainview.casework.actions.guard import acting
from plainview.casework.actions.log import write_entry
from plainview.casework.models import Member, Trial
from plainview.casework.queries.people import colleague
from plainview.casework.queries.policy import binding
from plainview.policy import joining, rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission


def approve_trial(email: str, *, days: int, searches: int, acting_member: Member) -> Trial:
    """Approve the trial of a colleague, from today on.

    Raises:
        Refused: no permission, oneself, not on trial, a second trial, or longer than policy allows.
    """
    with acting("trial.approve", Permission.TRIAL_APPROVE, acting_member):
        member = colleague(email, acting_member)
        _, policy = binding(acting_member.agency)
        today = timezone.now().date()
        ends_on = today + timedelta(days=max(days, 0))
        rules.require(
            joining.another_person(acting_member.public_id, member.public_id, "Trial"),
            joining.trial_terms(today, ends_on, searches, policy),
        )
        if not member.on_trial or not member.is_active:
            raise Refused(
                "trial.not_on_trial", "Trial refused", f"{member.email} was not invited for a trial.",
                "A full member needs none.",
            )  # fmt: skip
        if Trial.objects.filter(member=member).exists():
            raise Refused(
                "trial.second", "Trial refused", f"{member.email} has had a trial.",
                "A trial happens once; an administrator can make them a full member.",
            )  # fmt: skip
        trial = Trial.objects.create(
            member=member, approved_by=acting_member, starts_on=today, ends_on=ends_on, search_limit=searches
        )
        write_entry(
            "trial.approved",
            {
                "trial": trial.public_id, "member": member.public_id, "starts_on": today.isoformat(),
                "ends_on": ends_on.isoformat(), "searches": searches,
            },
            acting_member=acting_member,
        )  # fmt: skip
    return trial
