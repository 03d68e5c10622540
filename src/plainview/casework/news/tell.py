"""Telling a member: a row for the page, and a letter at a time that suits them. In the transaction of the act.

Owns the letter, which says only that there is something. It must never say what.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from plainview.casework.mail import address
from plainview.casework.mail.letters import pending_about, write_letters
from plainview.casework.models import AlertPreference, Member, News
from plainview.policy.alerts import next_moment
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds

LETTER = "news.letter"
"""The kind of these letters in the outbox."""


def tell(kind: str, about: str, people: Iterable[Member], *, at: datetime | None = None, letter: bool = True) -> None:
    """Tell these members, once each, that something happened.

    Args:
        kind: a key of `KINDS` (casework.news.read).
        about: the public id of the record.
        people: the members; the same one may be named twice.
        at: from when on they see it, for a task that appears later; None for now.
        letter: whether a letter is sent too; without one if the act writes its own.
    """
    now = timezone.now()
    due = max(at, now) if at else now
    members = list({member.pk: member for member in people if member.is_active}.values())
    News.objects.bulk_create(News(member=member, kind=kind, about=about, due_at=due) for member in members)
    if letter:
        for member in members:
            _letter(member, due)


def supervisors(member: Member) -> list[Member]:
    """Return the active members of this member's agency who release leads, without the member."""
    rows = Member.objects.filter(agency=member.agency, is_active=True).exclude(pk=member.pk)
    return [other for other in rows.select_related("agency") if holds(other.roles, Permission.LEAD_RELEASE)]


def mark_seen(member: Member) -> None:
    """Record that the member has seen everything that they were told so far."""
    now = timezone.now()
    News.objects.filter(member=member, seen_at=None, due_at__lte=now).update(seen_at=now)


def _letter(member: Member, due: datetime) -> None:
    """Write one letter, unless one is still waiting: several things make one letter."""
    if pending_about(LETTER, member.public_id):
        return
    how = AlertPreference.objects.filter(member=member).first() or AlertPreference(member=member)
    write_letters(
        LETTER,
        [member.email],
        "Plainview: something is waiting for you",
        f"There is something new for you in Plainview. Sign in to see it:\n\n{address()}/news/\n\n"
        "For confidentiality, this letter contains no details. You can change your notifications on the same page.\n",
        about=member.public_id,
        due_at=next_moment(
            due,
            digest_hours=how.digest_hours,
            quiet_from=how.quiet_from,
            quiet_until=how.quiet_until,
            zone=how.time_zone,
        ),
    )
