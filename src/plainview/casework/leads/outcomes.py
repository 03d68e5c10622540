"""Reminding the people of a lead that nobody has said what came of it. A letter names no face and no person."""

from __future__ import annotations

from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone

from plainview.casework.leads.read import reminders_due
from plainview.casework.log.write import write_entry
from plainview.casework.models import Lead, SharedLead
from plainview.policy.examination import OUTCOMES, REMIND_DAYS


def remind_outcomes() -> list[str]:
    """Write to who examined and who released each lead without an outcome, or asked for it; return the leads' ids.

    Run daily; a lead is reminded of once in REMIND_DAYS. The entry is written before the letter goes.

    Raises:
        OSError: the mail server or the outbox refused; the entry is then undone, and the next run sends it.
    """
    reminded = []
    for row in reminders_due():
        with transaction.atomic():
            lead = Lead.objects.select_for_update().get(pk=row.pk)
            if lead.reminded_at != row.reminded_at:
                continue  # another worker was faster
            lead.reminded_at = timezone.now()
            lead.save(update_fields=["reminded_at"])
            given = SharedLead.objects.filter(lead=lead).select_related("request__member").first()
            concerned = [given.request.member] if given else [row.released_by, row.examination.member]
            people = {member.email for member in concerned if member.is_active}
            write_entry(
                "outcome.reminded",
                {"lead": lead.public_id, "agency": row.released_by.agency.public_id, "letters": len(people)},
                acting_member=None,
            )
            if people:
                where = f"Shared, then request {given.request.public_id}" if given else "Leads"
                send_mail(f"What came of lead {lead.public_id}?", _letter(lead, where), None, sorted(people))
        reminded.append(lead.public_id)
    return reminded


def _letter(lead: Lead, where: str) -> str:
    return (
        f"Lead {lead.public_id} was released on {lead.released_at:%Y-%m-%d}, and nobody has said what came of it.\n\n"
        f"Sign in to Plainview, open {where}, and report one of: {', '.join(OUTCOMES)}.\n"
        f"Wrong persons and cleared ones count most: they are what the error rates are made from.\n"
        f"This letter comes again in {REMIND_DAYS} days until then.\n"
    )
