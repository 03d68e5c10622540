"""Reminding people of leads without an outcome.

Owns the reminder. It must never name a person or show a face.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from plainview.casework.leads.read import reminders_due
from plainview.casework.log.write import write_entry
from plainview.casework.mail.letters import write_letters
from plainview.casework.models import Lead, SharedLead
from plainview.policy.examination import OUTCOMES, REMIND_DAYS
from plainview.policy.wording import day


def remind_outcomes() -> list[str]:
    """Write to the members who examined, released or requested each lead without an outcome; return the leads' ids.

    Run daily; each lead gets one reminder in REMIND_DAYS. The log comes before the e-mail.
    """
    reminded = []
    for due_lead in reminders_due():
        with transaction.atomic():
            lead = Lead.objects.select_for_update().get(pk=due_lead.pk)
            if lead.reminded_at != due_lead.reminded_at:
                continue  # another worker was faster
            lead.reminded_at = timezone.now()
            lead.save(update_fields=["reminded_at"])
            shared_lead = SharedLead.objects.filter(lead=lead).select_related("request__member").first()
            concerned = (
                [shared_lead.request.member] if shared_lead else [due_lead.released_by, due_lead.examination.member]
            )
            people = {member.email for member in concerned if member.is_active}
            write_entry(
                "outcome.reminded",
                {"lead": lead.public_id, "agency": due_lead.released_by.agency.public_id, "letters": len(people)},
                acting_member=None,
            )
            where = f"Shared, then request {shared_lead.request.public_id}" if shared_lead else "Leads"
            subject = f"Outcome of lead {lead.public_id} missing"
            write_letters("outcome.reminder", sorted(people), subject, _letter(lead, where), about=lead.public_id)
        reminded.append(lead.public_id)
    return reminded


def _letter(lead: Lead, where: str) -> str:
    return (
        f"Lead {lead.public_id} was released on {day(lead.released_at)}. Its outcome has not been reported.\n\n"
        f"Sign in to Plainview, open {where}, and report one of: {', '.join(OUTCOMES)}.\n"
        "Leads to a wrong or cleared person matter most: the error rates are made from them.\n"
        f"You will get this reminder every {REMIND_DAYS} days until then.\n"
    )
