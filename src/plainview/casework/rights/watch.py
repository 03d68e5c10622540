"""What runs by the clock for people's requests: warn of deadlines, send letters that are owed, erase what is old.

A warning names no person: numbers of requests and their days, to those of the agency who may answer them.
"""

from __future__ import annotations

from datetime import timedelta

from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone

from plainview.casework.erasure.expunge import forget_pages
from plainview.casework.log.write import write_entry
from plainview.casework.mail import address
from plainview.casework.models import Agency, LogOpening, Member, SubjectAnswer, SubjectRequest
from plainview.casework.rights.letters import erase_photo, tell
from plainview.casework.rights.read import OPEN, days_left, is_overdue
from plainview.policy.permissions import Permission
from plainview.policy.rights import KEEP_DAYS, WARN_DAYS
from plainview.policy.roles import holds

_AGAIN = timedelta(days=7)
"""Between two warnings about one request: chosen, a letter a day is read by nobody."""


def watch_deadlines() -> dict[str, int]:
    """Write to the administrators of every agency with requests that are due within a week or overdue.

    Run daily; a request that becomes overdue is warned of at once, then weekly. The entry is written before the letter.

    Returns:
        Agency id -> how many of its requests it was warned of.

    Raises:
        OSError: the mail server or the outbox refused; the entry is then undone, and the next run sends it.
    """
    now = timezone.now()
    last = now.date() + timedelta(days=WARN_DAYS)
    pressing = SubjectRequest.objects.filter(state__in=OPEN, due_on__lte=last)
    warned = {}
    for agency in Agency.objects.filter(pk__in=pressing.values("agency")).order_by("pk"):
        with transaction.atomic():
            rows = list(pressing.filter(agency=agency).select_for_update().order_by("due_on", "pk"))
            if not any(_due_for_warning(row) for row in rows):
                continue
            SubjectRequest.objects.filter(pk__in=[row.pk for row in rows]).update(warned_at=now)
            overdue = sum(is_overdue(row) for row in rows)
            write_entry(
                "rights.deadline_warned",
                {"agency": agency.public_id, "requests": len(rows), "overdue": overdue},
                acting_member=None,
            )
            people = _answering(agency)
            if people:
                what = f"{overdue} overdue" if overdue else "the deadline is near"
                send_mail(f"Requests of people about themselves: {what}", _letter(rows), None, people)
        warned[agency.public_id] = len(rows)
    return warned


def _due_for_warning(row: SubjectRequest) -> bool:
    if row.warned_at is None or row.warned_at <= timezone.now() - _AGAIN:
        return True
    return is_overdue(row) and row.warned_at.date() <= row.due_on  # the last one came before it was overdue


def _answering(agency: Agency) -> list[str]:
    members = Member.objects.filter(agency=agency, is_active=True).order_by("email")
    return [row.email for row in members if holds(row.roles, Permission.RIGHTS_ANSWER)]


def _letter(rows: list[SubjectRequest]) -> str:
    lines = [f"{row.public_id}: {_words(row)}" for row in rows]
    return (
        "People have asked what you hold about them, and the law gives you a time to answer:\n\n"
        + "\n".join(lines)
        + f"\n\nSign in: {address()}/rights-requests/\n"
    )


def _words(row: SubjectRequest) -> str:
    left = days_left(row)
    return f"OVERDUE by {-left} day(s), since {row.due_on}" if left < 0 else f"{left} day(s) left, until {row.due_on}"


def send_owed() -> int:
    """Send the letters to people that could not be sent; return how many are still owed."""
    rows = SubjectRequest.objects.exclude(tell="").select_related("agency").order_by("pk")
    return sum(not tell(row) for row in rows)


def erase_old() -> list[str]:
    """Erase name, contact and answer of requests whose time of complaint is over; return their ids."""
    before = timezone.now() - timedelta(days=KEEP_DAYS)
    rows = SubjectRequest.objects.filter(closed_at__lte=before, erased_at=None).select_related("agency")
    erased = []
    for row in rows.order_by("pk"):
        with transaction.atomic():
            SubjectAnswer.objects.filter(request=row).delete()
            row.findings.all().delete()
            erase_photo(row)
            LogOpening.objects.filter(entry_id=row.entry).delete()
            row.sealed, row.confirmed_how, row.reason, row.extended_why = b"", "", "", ""
            row.tell, row.erased_at = "", timezone.now()
            row.save()
            write_entry("rights.erased", {"request": row.public_id, "agency": row.agency.public_id}, acting_member=None)
        erased.append(row.public_id)
    if erased:
        forget_pages()
    return erased
