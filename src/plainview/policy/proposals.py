"""Power needs four eyes: which acts one member proposes and another approves, and who these may be.

Owns the one table of such acts, and the rules of a proposal. It must never name an act that one person can do alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import GRANTS, Role
from plainview.policy.wording import counted

PROPOSAL_DAYS = 7
"""How long a proposal can be approved: chosen, as long as an invitation."""

OPEN, APPROVED, REJECTED, WITHDRAWN = "open", "approved", "rejected", "withdrawn"
"""Status of a proposal; an open one whose time is over has expired."""

POWERFUL = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUDITOR, Role.OUTSIDE_AUDITOR})
"""Roles that approve, administer or check: one person alone invites nobody to them."""


class Kind(StrEnum):
    """What a proposal is about."""

    ROLES = "roles"
    INVITATION = "invitation"
    RESET = "sign-in"
    RELEASE = "lock"
    LAST_AUDITOR = "last-auditor"
    POLICY = "policy"
    RETENTION = "retention"


@dataclass(frozen=True, slots=True)
class Power:
    """One act that needs two people.

    Attributes:
        name: the act as a noun, e.g. "Change of roles".
        does: what happens when the proposal is approved, in a sentence.
        propose, approve: permissions of the first and of the second person, who are never the same person, and never
            the person concerned.
    """

    name: str
    does: str
    propose: Permission
    approve: Permission = Permission.PROPOSAL_DECIDE


POWERS: Mapping[Kind, Power] = MappingProxyType(
    {
        Kind.ROLES: Power(
            "Change of roles",
            "The member has the new roles, or is no longer on trial, from the next act on.",
            Permission.MEMBER_ROLES,
        ),
        Kind.INVITATION: Power(
            "Invitation",
            "The person is invited as supervisor, administrator, auditor or outside auditor; the approver gives them the code.",
            Permission.MEMBER_INVITE,
        ),
        Kind.RESET: Power(
            "Reset of sign-in",
            "Password, second factors, sessions and tokens end; the approver gives the member a code to set up new ones.",
            Permission.MEMBER_RELEASE,
        ),
        Kind.RELEASE: Power(
            "Release of a lock",
            "The member can sign in again.",
            Permission.MEMBER_RELEASE,
        ),
        Kind.LAST_AUDITOR: Power(
            "End of the only auditor's account",
            "The account ends, with its sessions and tokens; until another auditor joins, nobody decides on flags.",
            Permission.MEMBER_DEACTIVATE,
        ),
        Kind.POLICY: Power(
            "Change of the policy",
            "The new text is the agency's policy from the next act on.",
            Permission.POLICY_CHANGE,
        ),
        Kind.RETENTION: Power(
            "Change of the retention rules",
            "The new text is the agency's retention rules; nothing is erased by the change itself.",
            Permission.RETENTION_SET,
        ),
    }
)
"""Kind -> the act, and who may propose and approve it."""


def roles_with(permission: Permission) -> list[str]:
    """Return the roles that have a permission, in their order."""
    return [role.value for role in Role if permission in GRANTS[role]]


def has_power(roles: Iterable[str]) -> bool:
    """Return whether one of the roles needs two people to be given."""
    return any(role.value in set(roles) for role in POWERFUL)


def one_may_invite(roles: Iterable[str]) -> Decision:
    """Allow an invitation by one person, to roles without power."""
    return _needs_two("Not invited", Kind.INVITATION) if has_power(roles) else Allow()


def one_may_end(*, is_only_auditor: bool) -> Decision:
    """Allow the end of an account by one person, unless it is the only auditor's."""
    return _needs_two("Nothing changed", Kind.LAST_AUDITOR) if is_only_auditor else Allow()


def _needs_two(refusal: str, kind: Kind) -> Refused:
    power = POWERS[kind]
    return Refused(
        "proposal.needed",
        refusal,
        f"This needs two people: {power.name.lower()}.",
        f"Propose it. A member with one of these roles approves it: {', '.join(roles_with(power.approve))}.",
    )


def reason_given(reason: str) -> Decision:
    """Allow a proposal or a rejection with a reason: the second person decides by it."""
    if not reason.strip():
        return Refused("proposal.reason", "Nothing changed", "The reason is missing.", "State the reason.")
    return Allow()


def not_waiting(waiting: str) -> Decision:
    """Allow a proposal that does not repeat an open one, whose id is `waiting`, "" if there is none."""
    if waiting:
        return Refused(
            "proposal.waiting",
            "Not proposed",
            f"Proposal {waiting} is the same and is still open.",
            "Ask another member to approve that one.",
            act=Permission.PROPOSAL_DECIDE,
        )
    return Allow()


def still_open(state: str, expires_at: datetime, now: datetime) -> Decision:
    """Allow a decision about a proposal that nobody has decided, within its time."""
    if state == OPEN and now < expires_at:
        return Allow()
    return Refused(
        "proposal.closed",
        "Nothing changed",
        "This proposal expired." if state == OPEN else f"This proposal is {state}.",
        f"Propose it again; a proposal is open for {counted(PROPOSAL_DAYS, 'day')}.",
    )


def may_approve(proposer: str | None, concerned: str | None, approver: str) -> Decision:
    """Allow the approval by a third person; ids of members, None where no member proposed or is concerned."""
    if approver == proposer:
        return Refused(
            "proposal.own",
            "Not approved",
            "You proposed this.",
            "Ask another administrator or a supervisor.",
        )
    if approver == concerned:
        return Refused(
            "proposal.concerned",
            "Not approved",
            "This proposal is about you.",
            "Ask another administrator or a supervisor.",
        )
    return Allow()


def proposer_stands(*, stands: bool) -> Decision:
    """Allow a proposal whose proposer could still make it."""
    if not stands:
        return Refused(
            "proposal.proposer",
            "Not approved",
            "The member who proposed this may no longer propose it.",
            "Reject it. Another member can propose it again.",
        )
    return Allow()


def unchanged(before: Mapping[str, object], now: Mapping[str, object]) -> Decision:
    """Allow a proposal if what it was based on is the same as when it was made."""
    if dict(before) != dict(now):
        return Refused(
            "proposal.stale",
            "Not approved",
            "What this proposal is based on has changed since it was made.",
            "Reject it, and propose it again from the present state.",
        )
    return Allow()


def head_may_decide(others: Iterable[str]) -> Decision:
    """Allow the operator and the head to decide, where no member of the agency may; `others` are those who may."""
    able = sorted(others)
    if able:
        return Refused(
            "proposal.others",
            "Head not asked",
            f"Members of the agency may do this: {', '.join(able)}.",
            "Ask one of them. The operator and the head decide only where no member can.",
        )
    return Allow()


def head_code(*, valid: bool) -> Decision:
    """Allow a head's code that exists, is unused, and whose proposal is open."""
    if not valid:
        return Refused(
            "proposal.code",
            "Nothing changed",
            "This code is unknown, used or expired.",
            "Ask the operator for a new code.",
        )
    return Allow()


@dataclass(frozen=True, slots=True)
class Line:
    """The table for people: an act, who proposes it, who approves it, what happens then."""

    act: str
    proposed_by: tuple[str, ...]
    approved_by: tuple[str, ...]
    then: str


def table() -> list[Line]:
    """Return the table of acts that need two people."""
    return [
        Line(power.name, tuple(roles_with(power.propose)), tuple(roles_with(power.approve)), power.does)
        for power in POWERS.values()
    ]


RULES = [
    (
        "proposal.needed",
        "two people",
        "These acts are proposed by one member and approved by another: "
        + "; ".join(power.name.lower() for power in POWERS.values())
        + ". An invitation needs two people for the roles "
        + ", ".join(role.value for role in Role if role in POWERFUL)
        + ".",
    ),
    ("proposal.reason", "two people", "A proposal and a rejection state a reason."),
    ("proposal.waiting", "two people", "The same proposal is not made twice while it is open."),
    ("proposal.closed", "two people", f"A proposal is approved within {counted(PROPOSAL_DAYS, 'day')}, once."),
    ("proposal.own", "two people", "Nobody approves their own proposal."),
    ("proposal.concerned", "two people", "Nobody approves a proposal about themselves."),
    ("proposal.proposer", "two people", "A proposal lapses when its proposer may no longer make it."),
    ("proposal.stale", "two people", "A proposal lapses when what it is based on has changed."),
    (
        "proposal.others",
        "two people",
        "The operator and the head decide together, and only where no member of the agency can.",
    ),
    ("proposal.code", "two people", "The head's code for a proposal works once, while the proposal is open."),
]
"""Rule, what it is about, what it says: rows of the rulebook (policy.table)."""
