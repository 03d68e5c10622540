"""Letters to members of two agencies about agreements and requests: one sentence and a link, no more.

Owns which letters are due. It must never name a person, a case or a face in one.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from plainview.casework.log.write import write_entry
from plainview.casework.mail import address
from plainview.casework.mail.letters import write_letters
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
    """Put the letters that are due into the outbox; return how many."""
    due = SharedNotice.objects.filter(sent_at=None, given_up_at=None, due_at__lte=timezone.now())
    return sum(map(_sent, list(due.select_related("member", "request", "agreement").order_by("pk")[:_AT_ONCE])))


def _sent(notice: SharedNotice) -> bool:
    about = notice.request or notice.agreement
    assert about is not None  # noqa: S101  a constraint of the table
    there = f"shared/{notice.request.public_id}/" if notice.request else "shared/"
    with transaction.atomic():
        if not SharedNotice.objects.filter(pk=notice.pk, sent_at=None).update(sent_at=timezone.now(), tries=1):
            return False
        write_letters(
            "shared.notice",
            [notice.member.email],
            "Plainview: searches for other agencies",
            f"{notice.says} Sign in to see it:\n\n{address()}/{there}\n\nFor confidentiality, this letter contains no details.\n",
            about=about.public_id,
        )
        write_entry(
            "shared.notice_sent",
            {"about": about.public_id, "to": notice.member.public_id, "tries": 1},
            acting_member=None,
        )
    return True
