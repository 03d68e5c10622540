"""Letters to members of two agencies about agreements and requests: one sentence and a link, no more.

Owns which letters are due and when a letter is tried again. It must never name a person, a case or a face in one.
"""

from __future__ import annotations

import smtplib
from collections.abc import Iterable
from datetime import timedelta

from django.core.mail import send_mail
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from plainview.casework.alerts.notices import TRIES
from plainview.casework.log.write import write_entry
from plainview.casework.mail import address
from plainview.casework.models import Agency, Agreement, Member, SharedNotice, SharedRequest
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds

_AT_ONCE = 50  # letters per run, so that a run ends


def able(agency: Agency, permission: Permission) -> list[Member]:
    """Return the active members of an agency who have a permission."""
    rows = Member.objects.filter(agency=agency, is_active=True).order_by("pk")
    return [member for member in rows if holds(member.roles, permission)]


def owe(members: Iterable[Member], says: str, about: SharedRequest | Agreement) -> None:
    """Record in the running transaction that a letter with this sentence is due to these members."""
    key = "request" if isinstance(about, SharedRequest) else "agreement"
    now = timezone.now()
    SharedNotice.objects.bulk_create(
        SharedNotice(member=member, says=says, due_at=now, **{key: about}) for member in dict.fromkeys(members)
    )


def send_due() -> int:
    """Send the letters that are due; return how many were sent. A letter that fails is tried later, then given up."""
    due = SharedNotice.objects.filter(sent_at=None, given_up_at=None, due_at__lte=timezone.now())
    return sum(map(_sent, list(due.select_related("member", "request", "agreement").order_by("pk")[:_AT_ONCE])))


def _sent(notice: SharedNotice) -> bool:
    """Claim the letter, send it, record the outcome. Because it is claimed first, a crash may send twice but never skips."""
    later = timezone.now() + timedelta(minutes=2**notice.tries)
    taken = SharedNotice.objects.filter(pk=notice.pk, sent_at=None, tries=notice.tries)
    if not taken.update(tries=F("tries") + 1, due_at=later):
        return False
    there = f"shared/{notice.request.public_id}/" if notice.request else "shared/"
    try:
        send_mail(
            "Plainview: searches for other agencies",
            f"{notice.says} Sign in to see it:\n\n{address()}/{there}\n\nFor confidentiality, this letter contains no details.\n",
            None,
            [notice.member.email],
        )
    except (OSError, smtplib.SMTPException):
        if notice.tries + 1 >= TRIES:
            _note(notice, "shared.notice_given_up", "given_up_at")
        return False
    _note(notice, "shared.notice_sent", "sent_at")
    return True


def _note(notice: SharedNotice, action: str, field: str) -> None:
    about = notice.request or notice.agreement
    assert about is not None  # noqa: S101  a constraint of the table
    with transaction.atomic():
        SharedNotice.objects.filter(pk=notice.pk).update(**{field: timezone.now()})
        write_entry(
            action,
            {"about": about.public_id, "to": notice.member.public_id, "tries": notice.tries + 1},
            acting_member=None,
        )
