"""Letters about proposals: to those who may approve, to the member concerned, to the auditors, to the proposer.

Owns who gets which letter. It must never put a code or the new values into one: other people may read somebody's e-mail.
"""

from __future__ import annotations

from plainview.casework.mail import address
from plainview.casework.mail.letters import write_letters
from plainview.casework.models import Member, Proposal
from plainview.casework.proposals.read import able, approvers
from plainview.policy.permissions import Permission
from plainview.policy.proposals import PROPOSAL_DAYS
from plainview.policy.roles import Role
from plainview.policy.wording import counted

LETTER = "proposal"
_OPERATOR = "the platform operator"


def auditors(proposal: Proposal) -> list[Member]:
    """Return the active auditors of the proposal's agency."""
    return [member for member in able(proposal.agency, Permission.PROPOSAL_READ) if Role.AUDITOR.value in member.roles]


def tell_proposed(proposal: Proposal) -> None:
    """Write about a new proposal, in the running transaction."""
    proposer = _name(proposal.proposed_by) or _OPERATOR
    about = f"{proposal.power.name}, proposed by {proposer}."
    where = f"Proposal {proposal.public_id}: {address()}/proposals/{proposal.public_id}/\n"
    _write(
        proposal,
        approvers(proposal),
        "A proposal waits for a second person",
        f"{about}\nYou may approve or reject it within {counted(PROPOSAL_DAYS, 'day')}. {where}",
    )
    _write(proposal, auditors(proposal), "A proposal was made", f"{about}\nNothing has changed yet. {where}")
    if proposal.concerns is not None:
        _write(
            proposal,
            [proposal.concerns],
            f"{proposal.power.name} proposed, about you",
            f"{about}\nNothing has changed yet: another person decides. If you did not ask for this and do not know "
            f"why it was proposed, tell an auditor of your agency now. Proposal {proposal.public_id}.\n",
        )


def tell_decided(proposal: Proposal, how: str) -> None:
    """Write about a decision; `how` is "approved by …", "rejected by …" or "withdrawn by …"."""
    proposer = _name(proposal.proposed_by) or _OPERATOR
    text = (
        f"{proposal.power.name}, proposed by {proposer}: {how}.\n"
        f"Proposal {proposal.public_id}: {address()}/proposals/{proposal.public_id}/\n"
    )
    people = [*auditors(proposal)]
    if proposal.proposed_by is not None:
        people.append(proposal.proposed_by)
    _write(proposal, people, "A proposal was decided", text)
    if proposal.concerns is not None:
        _write(
            proposal,
            [proposal.concerns],
            f"{proposal.power.name}, about you: decided",
            f"{proposal.power.name}, proposed by {proposer}: {how}.\nIf this is wrong, tell an auditor of your agency "
            f"now. Proposal {proposal.public_id}.\n",
        )


def tell_head(proposal: Proposal) -> None:
    """Write to the head that the operator asks for their decision; the code is handed over in person."""
    _write_to(
        proposal,
        [proposal.agency.head_email],
        "Your decision is asked for",
        f"{proposal.power.name} in {proposal.agency.name}. No member of the agency may approve it, so the platform "
        f"operator asks you. The operator gives you a code; the person who enters it decides for you.\n"
        f"If you know nothing of this, ask the operator and an auditor of your agency. Proposal {proposal.public_id}.\n",
    )


def _write(proposal: Proposal, people: list[Member], subject: str, text: str) -> None:
    _write_to(proposal, [member.email for member in people if member.is_active], subject, text)


def _write_to(proposal: Proposal, addresses: list[str], subject: str, text: str) -> None:
    write_letters(LETTER, [address for address in addresses if address], subject, text, about=proposal.public_id)


def _name(member: Member | None) -> str:
    return member.name if member is not None else ""
