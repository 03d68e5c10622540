"""One member proposes an act that needs two."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Agency, Member, Proposal
from plainview.casework.proposals.acts import ACTS
from plainview.casework.proposals.read import open_proposals
from plainview.casework.proposals.tell import tell_proposed
from plainview.policy import joining, proposals, rules
from plainview.policy.proposals import POWERS, PROPOSAL_DAYS, Kind


def propose_about(kind: Kind, email: str, *, reason: str, acting_member: Member, **wanted: Any) -> Proposal:
    """Propose an act about a colleague: roles (`roles`, `on_trial`), sign-in, lock, the only auditor's account.

    Raises:
        Refused: as `propose`; or the colleague is unknown, or the member themselves.
    """
    power = POWERS[kind]
    with acting(power.propose.value, power.propose, acting_member):
        colleague = find.colleague(email, acting_member)
        rules.require(joining.another_person(acting_member.public_id, colleague.public_id, power.name))
        return write_proposal(kind, acting_member.agency, wanted, reason, colleague, by=acting_member)


def propose(kind: Kind, wanted: dict[str, Any], *, reason: str, acting_member: Member) -> Proposal:
    """Propose an act that concerns no member: an invitation (`email`, `roles`, `on_trial`, `ends_on`), a policy or rules (`text`).

    Raises:
        Refused: no permission, no reason, the same proposal is open, or what the act itself refuses.
    """
    power = POWERS[kind]
    with acting(power.propose.value, power.propose, acting_member):
        return write_proposal(kind, acting_member.agency, wanted, reason, None, by=acting_member)


def write_proposal(
    kind: Kind, agency: Agency, wanted: dict[str, Any], reason: str, concerns: Member | None, *, by: Member | None
) -> Proposal:
    """Check, store and announce a proposal, in the running transaction; `by` is None for the operator."""
    now = timezone.now()
    proposal = Proposal(
        agency=agency,
        kind=kind.value,
        wanted={name: value.isoformat() if isinstance(value, date) else value for name, value in wanted.items()},
        basis={},
        reason=reason.strip(),
        concerns=concerns,
        proposed_by=by,
        proposed_at=now,
        expires_at=now + timedelta(days=PROPOSAL_DAYS),
    )
    proposal.basis = ACTS[kind].check(proposal)
    rules.require(proposals.reason_given(reason))
    same = open_proposals(agency).filter(kind=kind.value, concerns=concerns)
    waiting = next((other.public_id for other in same if other.wanted == proposal.wanted), "")
    rules.require(proposals.not_waiting(waiting))
    proposal.save()
    write_entry(
        "proposal.made",
        {
            "agency": agency.public_id,
            "proposal": proposal.public_id,
            "kind": kind.value,
            **({"member": concerns.public_id} if concerns else {}),
        },
        {"reason": proposal.reason},
        acting_member=by,
        rows=[proposal],
    )
    tell_proposed(proposal)
    return proposal
