"""Daily work on people's requests: warn of deadlines, erase old requests.

Owns the warning to the members who may answer. It must never name a person: only request numbers and deadlines.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from plainview.casework.erasure.expunge import forget_pages
from plainview.casework.log.write import write_entry
from plainview.casework.mail import address
from plainview.casework.mail.letters import forget_letters, write_letters
from plainview.casework.models import Agency, LogOpening, Member, SubjectAnswer, SubjectRequest
from plainview.casework.rights.letters import erase_photo
from plainview.casework.rights.read import OPEN, days_left, is_overdue
from plainview.policy.permissions import Permission
from plainview.policy.rights import KEEP_DAYS, WARN_DAYS
from plainview.policy.roles import holds
from plainview.policy.wording import counted, day

_AGAIN = timedelta(days=7)
"""Between two warnings about one request: chosen, because nobody reads a daily e-mail."""


def watch_deadlines() -> dict[str, int]:
    """Write to the administrators of every agency with requests that are due within a week or overdue.

    Run daily. A request that becomes overdue brings a warning at once, then weekly. The log comes before the e-mail.

    Returns:
        Agency id -> the number of requests in its warning.
    """
    now = timezone.now()
    last = now.date() + timedelta(days=WARN_DAYS)
    pressing = SubjectRequest.objects.filter(state__in=OPEN, due_on__lte=last)
    warned = {}
    for agency in Agency.objects.filter(pk__in=pressing.values("agency")).order_by("pk"):
        with transaction.atomic():
            rows = list(pressing.filter(agency=agency).select_for_update().order_by("due_on", "pk"))
            if not any(_due_for_warning(request) for request in rows):
                continue
            SubjectRequest.objects.filter(pk__in=[request.pk for request in rows]).update(warned_at=now)
            overdue = sum(is_overdue(request) for request in rows)
            write_entry(
                "rights.deadline_warned",
                {"agency": agency.public_id, "requests": len(rows), "overdue": overdue},
                acting_member=None,
            )
            state = f"{overdue} overdue" if overdue else "due soon"
            write_letters(
                "rights.deadline",
                _answering(agency),
                f"Requests of people about themselves: {state}",
                _letter(rows),
                about=agency.public_id,
            )
        warned[agency.public_id] = len(rows)
    return warned


def _due_for_warning(request: SubjectRequest) -> bool:
    now = timezone.now()
    # A warning whose time lies ahead was sent by a clock that was wrong.
    if request.warned_at is None or not now - _AGAIN < request.warned_at <= now:
        return True
    return (
        is_overdue(request) and request.warned_at.date() <= request.due_on
    )  # the last warning came before it was overdue


def _answering(agency: Agency) -> list[str]:
    members = Member.objects.filter(agency=agency, is_active=True).order_by("email")
    return [member.email for member in members if holds(member.roles, Permission.RIGHTS_ANSWER)]


def _letter(rows: list[SubjectRequest]) -> str:
    lines = [f"{request.public_id}: {_words(request)}" for request in rows]
    return (
        "These requests of people about themselves have a legal deadline:\n\n"
        + "\n".join(lines)
        + f"\n\nSign in: {address()}/rights-requests/\n"
    )


def _words(request: SubjectRequest) -> str:
    left = days_left(request)
    if left < 0:
        return f"OVERDUE by {counted(-left, 'day')}, since {day(request.due_on)}"
    return f"{counted(left, 'day')} left, until {day(request.due_on)}"


def erase_old() -> list[str]:
    """Erase name, contact and answer of requests whose time for complaints is over; return their ids."""
    before = timezone.now() - timedelta(days=KEEP_DAYS)
    rows = SubjectRequest.objects.filter(closed_at__lte=before, erased_at=None).select_related("agency")
    erased = []
    for request in rows.order_by("pk"):
        with transaction.atomic():
            SubjectAnswer.objects.filter(request=request).delete()
            request.findings.all().delete()
            erase_photo(request)
            forget_letters(request.public_id)
            LogOpening.objects.filter(entry_id=request.entry).delete()
            request.sealed, request.confirmed_how, request.reason, request.extended_why = b"", "", "", ""
            request.tell, request.erased_at = "", timezone.now()
            request.save()
            write_entry(
                "rights.erased",
                {"request": request.public_id, "agency": request.agency.public_id},
                acting_member=None,
                rows=[request],
            )
        erased.append(request.public_id)
    if erased:
        forget_pages()
    return erased
