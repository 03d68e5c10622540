"""Where no member of an agency may decide: the platform operator and the agency's head do, together.

Owns this way alone. The operator asks, the head decides by entering a code; the log has both. It must never be open while
a member could decide.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from plainview.casework.find import member_by_email
from plainview.casework.log.write import write_entry
from plainview.casework.models import Proposal
from plainview.casework.people.tokens import digest, new_code
from plainview.casework.proposals.decide import Decided, carry_out
from plainview.casework.proposals.make import write_proposal
from plainview.casework.proposals.read import able, approvers, is_open
from plainview.casework.proposals.tell import tell_head
from plainview.policy import proposals, rules
from plainview.policy.decision import Refused
from plainview.policy.proposals import POWERS, Kind


def ask_head(public_id: str) -> tuple[Proposal, str]:
    """Ask the head to decide on a proposal that no member may approve; return the code to hand over to the head.

    Raises:
        Refused: unknown, closed, or a member may approve it.
    """
    with transaction.atomic():
        proposal = Proposal.objects.select_for_update(of=("self",)).filter(public_id=public_id.strip()).first()
        if proposal is None:
            raise Refused(
                "proposal.unknown",
                "Not found",
                f"There is no proposal {public_id!r}.",
                "Ask the member who proposed it for its id.",
            )
        rules.require(proposals.still_open(proposal.state, proposal.expires_at, timezone.now()))
        rules.require(proposals.head_may_decide(member.email for member in approvers(proposal)))
        return proposal, _ask(proposal)


def rescue(email: str, *, reason: str) -> tuple[Proposal, str]:
    """Propose, as the operator, to reset the sign-in of a member for whom no other member may propose it.

    Returns:
        The proposal, and the code for the head; no code if a supervisor may approve the proposal.

    Raises:
        Refused: unknown, not active, no reason, or another member may propose it.
    """
    with transaction.atomic():
        member = member_by_email(email)
        others = able(member.agency, POWERS[Kind.RESET].propose, but=(member.pk,))
        rules.require(proposals.head_may_decide(other.email for other in others))
        proposal = write_proposal(Kind.RESET, member.agency, {}, reason, member, by=None)
        return proposal, "" if approvers(proposal) else _ask(proposal)


def _ask(proposal: Proposal) -> str:
    code = new_code()
    proposal.head_code_sha256 = digest(code)
    proposal.save(update_fields=["head_code_sha256"])
    write_entry(
        "proposal.head_asked",
        {"agency": proposal.agency.public_id, "proposal": proposal.public_id},
        acting_member=None,
        rows=[proposal],
    )
    tell_head(proposal)
    return code


def decide_as_head(code: str) -> Decided:
    """Approve a proposal as the head of the agency, who has the code.

    Raises:
        Refused: proposal.code, a member may approve it now, or as `decide.approve`.
    """
    with transaction.atomic():
        rows = Proposal.objects.select_for_update(of=("self",)).select_related("agency", "concerns", "proposed_by")
        proposal = rows.filter(head_code_sha256=digest(code)).first()
        rules.require(proposals.head_code(valid=proposal is not None and is_open(proposal)))
        assert proposal is not None  # noqa: S101  require() raises otherwise
        rules.require(
            proposals.head_may_decide(member.email for member in approvers(proposal)),
            rules.agency_open(proposal.agency.is_open),
        )
        return Decided(proposal, carry_out(proposal, None))
