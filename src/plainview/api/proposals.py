"""Acts that need two people: what was proposed, and the second person's decision.

Owns their fields on the API. What is proposed elsewhere (roles, policy, rules) is answered here as a proposal: nothing
has changed until another member approves it.
"""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Body
from pydantic import Field

from plainview.api.common import Because, Cut, Moment, Out, member_of, slice_of
from plainview.casework import find
from plainview.casework.models import Proposal
from plainview.casework.proposals import read
from plainview.casework.proposals.decide import Decided, approve, reject
from plainview.policy.proposals import OPEN, Kind


class FactOut(Out):
    """One fact of what a proposal would change."""

    name: str
    value: str


class ProposalOut(Out):
    """A proposal: what would change, who asks for it, and who may decide."""

    id: str
    kind: str = Field(description=f"One of: {', '.join(Kind)}.")
    name: str
    does: str = Field(description="What happens when it is approved.")
    state: str = Field(description="open, approved, rejected, withdrawn or expired")
    proposed_by: str | None = Field(description="E-mail address; null for the operator.")
    proposed_at: Moment
    expires_at: Moment
    reason: str
    about: str | None = Field(description="E-mail address of the member whom it concerns.")
    facts: list[FactOut]
    difference: list[str] = Field(description="Lines of a policy or of rules that would change.")
    approvers: list[str] = Field(description="E-mail addresses of the members who may approve it.")
    decision: str


class ProposalsOut(Out):
    """A part of the list of proposals."""

    items: list[ProposalOut]
    next: str | None


class DecidedOut(Out):
    """A decided proposal."""

    proposal: ProposalOut
    code: str = Field(description="Of an invitation or a reset, to be handed to the person; it is shown here only.")


def shown(proposal: Proposal) -> ProposalOut:
    """Return a proposal as the API shows it."""
    waits, content = read.is_open(proposal), read.shown(proposal)
    return ProposalOut(
        id=proposal.public_id,
        kind=proposal.kind,
        name=proposal.power.name,
        does=proposal.power.does,
        state="expired" if proposal.state == OPEN and not waits else proposal.state,
        proposed_by=proposal.proposed_by.email if proposal.proposed_by else None,
        proposed_at=proposal.proposed_at,
        expires_at=proposal.expires_at,
        reason=proposal.reason,
        about=proposal.concerns.email if proposal.concerns else None,
        facts=[FactOut(name=name, value=value) for name, value in content.facts],
        difference=list(content.difference),
        approvers=[member.email for member in read.approvers(proposal)] if waits else [],
        decision=proposal.decision,
    )


def _decided(decided: Decided) -> DecidedOut:
    return DecidedOut(proposal=shown(decided.proposal), code=decided.code)


def proposal_list(request: HttpRequest, page: Cut) -> object:
    """List the agency's proposals, the newest first."""
    return slice_of(read.proposals(member_of(request)), page, shown)


def proposal_show(request: HttpRequest, id: str) -> ProposalOut:  # noqa: A002  the name in the path
    """Return a proposal with what it would change."""
    return shown(find.proposal(id, member_of(request)))


def proposal_approve(request: HttpRequest, id: str) -> DecidedOut:  # noqa: A002
    """Approve another member's proposal; it is carried out at once."""
    return _decided(approve(id, acting_member=member_of(request)))


def proposal_reject(request: HttpRequest, id: str, because: Body[Because]) -> DecidedOut:  # noqa: A002
    """Reject another member's proposal, or withdraw your own."""
    return _decided(reject(id, reason=because.reason, acting_member=member_of(request)))
