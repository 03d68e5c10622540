"""The commands of approvals and of urgent searches."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plainview.casework.probes.approvals import approvals_waiting, decide_approval, request_approval, urgent_waiting
from plainview.casework.search.lapse import view_evidence
from plainview.casework.search.urgent import authorise_urgent, sweep
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, Reason, answer, moment, print_json, print_rows, say
from plainview.cli.start import open_workspace
from plainview.policy.wording import counted
from plainview.recognition.decode import read_file
from plainview.storage.base import digest_of


def approval_request(
    image: Path,
    case: Annotated[str, typer.Option(help="Number of an open case.")],
    purpose: Annotated[str, typer.Option(help="What the search should find out.")],
    acting: As,
    json: Json = False,
) -> None:
    """Ask your supervisors to approve one search with this picture in this case."""
    member = acting_member(acting)
    asked = request_approval(case, purpose, digest_of(read_file(image)), acting_member=member)
    answer(
        f"Approval requested: {asked.public_id}. A supervisor can decide until {moment(asked.expires_at)}.",
        json=json,
        approval=asked.public_id,
        state="waiting",
        expires=asked.expires_at.isoformat(timespec="seconds"),
    )


def approval_list(acting: As, json: Json = False) -> None:
    """List the requests that are waiting for a supervisor."""
    member = acting_member(acting)
    rows = [
        {
            "approval": approval.public_id,
            "case": approval.case.number,
            "member": approval.member.email,
            "purpose": approval.purpose,
            "requested_at": approval.requested_at.isoformat(timespec="seconds"),
        }
        for approval in approvals_waiting(member)
    ]
    print_rows(
        "approvals", ("Request", "Case", "Member", "Purpose", "Requested"), rows, "No request is waiting.", json=json
    )


def approval_grant(approval: str, acting: As, reason: Reason = "", json: Json = False) -> None:
    """Approve a colleague's request."""
    member = acting_member(acting)
    approved = decide_approval(approval, grant=True, reason=reason, acting_member=member)
    answer(
        f"{approved.public_id} is approved until {moment(approved.expires_at)}, for one search.",
        json=json,
        approval=approved.public_id,
        state="granted",
        expires=approved.expires_at.isoformat(timespec="seconds"),
    )


def approval_deny(approval: str, reason: Reason, acting: As, json: Json = False) -> None:
    """Deny a colleague's request, with the reason."""
    member = acting_member(acting)
    denied = decide_approval(approval, grant=False, reason=reason, acting_member=member)
    answer(f"{denied.public_id} is denied.", json=json, approval=denied.public_id, state="denied")


def urgent_list(acting: As, json: Json = False) -> None:
    """List the urgent searches that are waiting to be authorised, the next to be erased first."""
    member = acting_member(acting)
    rows = [
        {
            "search": search.public_id,
            "case": search.case.number,
            "member": search.member.email,
            "reason": search.urgent_reason,
            "authorise_by": f"{search.authorise_by:%Y-%m-%d %H:%M} UTC",
        }
        for search in urgent_waiting(member)
    ]
    print_rows(
        "searches", ("Search", "Case", "Member", "Reason", "Authorise by"), rows, "No search is waiting.", json=json
    )


def urgent_authorise(search: str, reason: Reason, acting: As, json: Json = False) -> None:
    """Authorise a colleague's urgent search."""
    member = acting_member(acting)
    authorised = authorise_urgent(search, reason=reason, acting_member=member)
    answer(f"{authorised.public_id} is authorised.", json=json, search=authorised.public_id, state="authorised")


def urgent_evidence(search: str, acting: As, json: Json = False) -> None:
    """Open the sealed evidence of an urgent search that nobody authorised in time; the view is recorded."""
    member = acting_member(acting)
    lapsed, evidence = view_evidence(search, acting_member=member)
    shown = {
        "search": lapsed.search.public_id,
        "member": lapsed.search.member.email,
        "requested_at": lapsed.search.requested_at.isoformat(timespec="seconds"),
        "evidence_until": lapsed.until.isoformat(timespec="seconds"),
        **evidence,
    }
    if json:
        print_json(shown)
        return
    for name in ("search", "member", "requested_at", "evidence_until", "case", "gallery", "purpose", "urgent_reason"):
        say(f"{name.replace('_', ' '):15} {shown[name]}")
    say(f"{'probe':15} {evidence['probe']['name']}, SHA-256 {evidence['probe']['sha256']}")
    heads = ("Rank", "Score", "Adjusted", "Reference")
    print_rows("list", heads, evidence["list"], "The list is empty.", json=False)


def urgent_sweep(json: Json = False) -> None:
    """Erase every urgent search that was not authorised in time; every search does this too."""
    open_workspace()
    erased = sweep()
    answer(
        f"{counted(len(erased), 'search', 'searches')} erased{': ' + ', '.join(erased) if erased else ''}.",
        json=json,
        erased=erased,
    )
