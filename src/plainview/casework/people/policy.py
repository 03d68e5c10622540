"""Changing an agency's policy by two members; every version stays, with its author, approver, time and reason.

Owns the versions. It must never change the policy without an approved proposal: `casework.proposals` calls it.
"""

from __future__ import annotations

import hashlib

from plainview.casework.log.write import write_entry
from plainview.casework.models import Member, PolicyVersion, Proposal
from plainview.casework.people.powers import Basis, two
from plainview.casework.people.read import newest_version
from plainview.policy.agency import parse
from plainview.policy.decision import Refused


def check_policy(proposal: Proposal) -> Basis:
    """Return the number of the policy in force.

    Raises:
        Refused: the new text is not valid, or it is the policy in force.
    """
    parse(_text(proposal))
    newest = newest_version(proposal.agency)
    if newest.text == _text(proposal):
        raise Refused("policy.same", "Nothing changed", "This is already the policy.", "Nothing more is needed.")
    return {"number": newest.number}


def change_policy(proposal: Proposal, acting_member: Member | None) -> None:
    """Make the proposed text the agency's policy from the next act on."""
    # The agency's row is not locked: SQLite or the unique number makes the second of two changes fail.
    version = PolicyVersion.objects.create(
        agency=proposal.agency,
        number=newest_version(proposal.agency).number + 1,
        text=_text(proposal),
        why=proposal.reason,
        changed_by=proposal.proposed_by,
        approved_by=acting_member,
    )
    write_entry(
        "policy.changed",
        {
            "agency": proposal.agency.public_id,
            "number": version.number,
            "sha256": hashlib.sha256(version.text.encode()).hexdigest(),
            **two(proposal),
        },
        {"why": version.why},
        acting_member=acting_member,
        rows=[version],
    )


def _text(proposal: Proposal) -> str:
    return str(proposal.wanted["text"])
