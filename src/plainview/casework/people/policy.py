"""Changing an agency's policy; every version stays, with its author, time and reason."""

from __future__ import annotations

import hashlib

from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member, PolicyVersion
from plainview.policy.agency import parse
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission


def change_policy(text: str, *, reason: str, acting_member: Member) -> PolicyVersion:
    """Make `text` the policy of the member's agency from the next act on.

    Raises:
        Refused: no permission, not valid, no reason, or no change.
    """
    with acting("policy.change", Permission.POLICY_CHANGE, acting_member):
        parse(text)
        if not reason.strip():
            raise Refused("policy.why", "Policy refused", "The reason is missing.", "State the reason.")
        # The agency's row is not locked: SQLite or the unique number makes the second of two changes fail.
        newest = PolicyVersion.objects.filter(agency=acting_member.agency).order_by("-number")[0]
        if newest.text == text:
            raise Refused("policy.same", "Nothing changed", "This is already the policy.", "Nothing more is needed.")
        version = PolicyVersion.objects.create(
            agency=acting_member.agency,
            number=newest.number + 1,
            text=text,
            why=reason.strip(),
            changed_by=acting_member,
        )
        write_entry(
            "policy.changed",
            {
                "agency": acting_member.agency.public_id,
                "number": version.number,
                "sha256": hashlib.sha256(text.encode()).hexdigest(),
            },
            {"why": version.why},
            acting_member=acting_member,
            rows=[version],
        )
    return version
