"""A second member decides on a proposal, and an approved one is carried out in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from plainview.audit.record import Value
from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member, Proposal
from plainview.casework.people.powers import two
from plainview.casework.proposals.acts import ACTS
from plainview.casework.proposals.tell import tell_decided
from plainview.policy import proposals, rules
from plainview.policy.permissions import Permission
from plainview.policy.proposals import APPROVED, REJECTED, WITHDRAWN, Kind
from plainview.policy.roles import holds


@dataclass(frozen=True, slots=True)
class Decided:
    """A decided proposal, and the code of an invitation or a reset: the approver hands it over, and nobody else sees it."""

    proposal: Proposal
    code: str = ""


def approve(public_id: str, *, acting_member: Member) -> Decided:
    """Approve another member's proposal, which is carried out at once.

    Raises:
        Refused: no permission, unknown, one's own or about oneself, closed or expired, its proposer may no longer make
            it, its basis has changed, or what the act itself refuses.
    """
    with acting("proposal.decide", Permission.PROPOSAL_DECIDE, acting_member):
        proposal = find.proposal(public_id, acting_member, lock=True)
        rules.require(
            proposals.still_open(proposal.state, proposal.expires_at, timezone.now()),
            proposals.may_approve(_id(proposal.proposed_by), _id(proposal.concerns), acting_member.public_id),
        )
        return Decided(proposal, carry_out(proposal, acting_member))


def carry_out(proposal: Proposal, acting_member: Member | None) -> str:
    """Carry out a proposal that the caller has locked and may approve; return its code, "" if it has none."""
    act = ACTS[Kind(proposal.kind)]
    rules.require(
        proposals.proposer_stands(stands=_stands(proposal)),
        proposals.unchanged(proposal.basis, act.check(proposal)),
    )
    _close(proposal, APPROVED, acting_member)
    write_entry(
        "proposal.approved",
        {**_public(proposal), **({} if acting_member else {"by_head": True})},
        acting_member=acting_member,
        rows=[proposal],
    )
    code = act.do(proposal, acting_member) or ""
    tell_decided(proposal, f"approved by {acting_member.name if acting_member else 'the head, asked by the operator'}")
    return code


def reject(public_id: str, *, reason: str, acting_member: Member) -> Decided:
    """Reject another member's proposal, or withdraw one's own.

    Raises:
        Refused: no permission, unknown, closed, or no reason.
    """
    with acting("proposal.decide", Permission.PROPOSAL_DECIDE, acting_member):
        proposal = find.proposal(public_id, acting_member, lock=True)
        rules.require(
            proposals.still_open(proposal.state, proposal.expires_at, timezone.now()), proposals.reason_given(reason)
        )
        own = proposal.proposed_by_id == acting_member.pk
        proposal.decision = reason.strip()
        _close(proposal, WITHDRAWN if own else REJECTED, acting_member)
        sealed = {"reason": proposal.decision}
        if own:
            write_entry("proposal.withdrawn", _public(proposal), sealed, acting_member=acting_member, rows=[proposal])
        else:
            write_entry("proposal.rejected", _public(proposal), sealed, acting_member=acting_member, rows=[proposal])
        tell_decided(proposal, f"{proposal.state} by {acting_member.name}")
    return Decided(proposal)


def _close(proposal: Proposal, state: str, member: Member | None) -> None:
    proposal.state, proposal.decided_by, proposal.decided_at = state, member, timezone.now()
    proposal.head_code_sha256 = ""
    proposal.save()


def _public(proposal: Proposal) -> dict[str, Value]:
    return {"agency": proposal.agency.public_id, "kind": proposal.kind, **two(proposal)}


def _id(member: Member | None) -> str | None:
    return member.public_id if member is not None else None


def _stands(proposal: Proposal) -> bool:
    """Say whether the proposer, if it was a member, could still make the proposal."""
    if proposal.proposed_by_id is None:
        return True
    proposer = Member.objects.get(pk=proposal.proposed_by_id)
    return proposer.is_active and proposer.locked_at is None and holds(proposer.roles, proposal.power.propose)
