"""The commands of proposals: acts that need two people, and the way of the operator and the head."""

from __future__ import annotations

from typing import Annotated

import typer

from plainview.casework import find
from plainview.casework.models import Proposal
from plainview.casework.proposals.decide import Decided, approve, reject
from plainview.casework.proposals.head import ask_head, decide_as_head, rescue
from plainview.casework.proposals.read import is_open, proposals, shown
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, Reason, answer, moment, print_json, print_rows, print_table, say, say_code
from plainview.cli.start import open_workspace
from plainview.policy.proposals import table


def proposed(proposal: Proposal, *, json: bool) -> None:
    """Print that a proposal was made, and what happens next."""
    if json:
        print_json(_fields(proposal))
        return
    say(f"{proposal.power.name} proposed: {proposal.public_id}. Nothing has changed yet.")
    say(f"Until {moment(proposal.expires_at)} a supervisor or another administrator can approve it:")
    say(f"plainview proposal approve {proposal.public_id}")


def _fields(proposal: Proposal) -> dict[str, object]:
    return {
        "proposal": proposal.public_id,
        "kind": proposal.kind,
        "state": "open" if is_open(proposal) else "expired" if proposal.state == "open" else proposal.state,
        "concerns": proposal.concerns.email if proposal.concerns else None,
        "proposed_by": proposal.proposed_by.email if proposal.proposed_by else None,
        "decided_by": proposal.decided_by.email if proposal.decided_by else None,
        "expires": proposal.expires_at.isoformat(timespec="seconds"),
    }


def proposal_table(json: Json = False) -> None:
    """Print which acts need two people, who proposes and who approves them."""
    rows = [
        {
            "act": act.act,
            "proposed_by": ", ".join(act.proposed_by),
            "approved_by": ", ".join(act.approved_by),
            "then": act.then,
        }
        for act in table()
    ]
    print_rows("acts", ("Act", "Proposed by", "Approved by", "Then"), rows, "No act.", json=json)


def proposal_list(acting: As, json: Json = False) -> None:
    """List the proposals of your agency, newest first."""
    rows = [_fields(proposal) for proposal in proposals(acting_member(acting))]
    heads = ("Proposal", "About", "Status", "Member", "Proposed by", "Decided by", "Expires")
    print_rows("proposals", heads, rows, "No proposal.", json=json)


def proposal_show(proposal: str, acting: As, json: Json = False) -> None:
    """Show what a proposal would change."""
    stored = find.proposal(proposal, acting_member(acting))
    change = shown(stored)
    if json:
        print_json(
            {
                **_fields(stored),
                "reason": stored.reason,
                "facts": dict(change.facts),
                "difference": list(change.difference),
            }
        )
        return
    facts = [*change.facts, ("Reason", stored.reason), ("Then", stored.power.does)]
    print_table(("", stored.power.name), facts)
    for line in change.difference:
        typer.echo(line)


def proposal_approve(proposal: str, acting: As, json: Json = False) -> None:
    """Approve another member's proposal; it is carried out at once."""
    _decided(approve(proposal, acting_member=acting_member(acting)), json=json)


def proposal_reject(proposal: str, reason: Reason, acting: As, json: Json = False) -> None:
    """Reject another member's proposal, or withdraw your own."""
    decided = reject(proposal, reason=reason, acting_member=acting_member(acting))
    answer(
        f"Proposal {decided.proposal.public_id} is {decided.proposal.state}.", json=json, **_fields(decided.proposal)
    )


def _decided(decided: Decided, *, json: bool) -> None:
    proposal = decided.proposal
    email = proposal.concerns.email if proposal.concerns else proposal.wanted.get("email")
    if json:
        print_json({**_fields(proposal), **({"email": email, "code": decided.code} if decided.code else {})})
        return
    say(f"{proposal.power.name} approved: {proposal.public_id}. {proposal.power.does}")
    if decided.code:
        say_code(f"Give this code to {email} in person, and to nobody else:", decided.code)


def proposal_ask_head(
    proposal: Annotated[str, typer.Argument(help="A proposal that no member may approve.")], json: Json = False
) -> None:
    """Ask an agency's head, as the operator, to decide on a proposal that no member may approve."""
    open_workspace()
    stored, code = ask_head(proposal)
    _code_for_head(stored, code, json=json)


def proposal_rescue(
    email: Annotated[str, typer.Argument(help="A member who cannot sign in, and whom no other member can help.")],
    reason: Reason,
    json: Json = False,
) -> None:
    """Propose, as the operator, to reset the sign-in of an agency's only administrator."""
    open_workspace()
    stored, code = rescue(email, reason=reason)
    if code:
        _code_for_head(stored, code, json=json)
    else:
        proposed(stored, json=json)


def _code_for_head(proposal: Proposal, code: str, *, json: bool) -> None:
    if json:
        print_json({**_fields(proposal), "code": code})
        return
    say(f"{proposal.power.name}: {proposal.public_id}. {proposal.power.does}")
    say(f"Give this code to the head, {proposal.agency.head_name}, in person, and to nobody else:")
    typer.echo(code)
    say("The head decides with `plainview proposal accept CODE`. The head was also sent a letter, without the code.")


def proposal_accept(code: str, json: Json = False) -> None:
    """Approve a proposal as the head of the agency, with the code that the operator handed over."""
    open_workspace()
    _decided(decide_as_head(code), json=json)
