"""Kind of a proposal -> what is checked and what is done: one row for each row of policy.proposals.POWERS.

Owns the table. It must never have a row whose change can be reached on another way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from plainview.casework.models import Member, Proposal
from plainview.casework.people import policy, powers
from plainview.casework.people.powers import Basis
from plainview.casework.retention import rules as retention
from plainview.policy.proposals import Kind


@dataclass(frozen=True, slots=True)
class Act:
    """One act.

    Attributes:
        check: raises what forbids it now, else returns what it is based on; called at the proposal and at the approval.
        do: carries it out in the running transaction; returns the code of an invitation or a reset, else None. The
            member is the approver, None for the operator and the head.
    """

    check: Callable[[Proposal], Basis]
    do: Callable[[Proposal, Member | None], str | None]


ACTS: Mapping[Kind, Act] = MappingProxyType(
    {
        Kind.ROLES: Act(powers.check_roles, powers.change_roles),
        Kind.INVITATION: Act(powers.check_invitation, powers.send_invitation),
        Kind.RESET: Act(powers.check_reset, powers.reset_sign_in),
        Kind.RELEASE: Act(powers.check_release, powers.release),
        Kind.LAST_AUDITOR: Act(powers.check_last_auditor, powers.end_last_auditor),
        Kind.POLICY: Act(policy.check_policy, policy.change_policy),
        Kind.RETENTION: Act(retention.check_rules, retention.set_rules),
    }
)
"""Kind -> its act."""
