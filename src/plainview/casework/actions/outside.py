"""What an outsider opens: one entry for each page and command, whatever it shows."""

from __future__ import annotations

from django.db import transaction

from plainview.casework.actions.log import write_entry
from plainview.casework.models import Member
from plainview.policy.roles import OUTSIDERS


def is_outsider(member: Member) -> bool:
    """True for the defence and for an outside auditor."""
    return any(role.value in member.roles for role in OUTSIDERS)


def record_opened(member: Member, place: str, address: str) -> None:
    """Record that an outsider opens something.

    Args:
        member: whoever asks; nothing is recorded for a member who is no outsider.
        place: name of the page or of the command, a word of a fixed list.
        address: what exactly, sealed: it may name a case.
    """
    if not is_outsider(member):
        return
    with transaction.atomic():
        write_entry(
            "outsider.opened",
            {"agency": member.agency.public_id, "place": place},
            {"address": address[:500]},
            acting_member=member,
        )
