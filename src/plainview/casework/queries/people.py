"""Finding the acting member."""

from __future__ import annotations

from plainview.casework.models import Member
from plainview.policy.decision import Refused


def member_by_email(email: str) -> Member:
    """Return the member with this address.

    Raises:
        Refused: member.unknown.
    """
    member = Member.objects.select_related("agency").filter(email=email.strip().lower()).first()
    if member is None:
        raise Refused(
            "member.unknown",
            "Refused",
            f"Nobody with the address {email!r} is a member here.",
            "Check --as EMAIL, or ask your agency administrator.",
        )
    return member
