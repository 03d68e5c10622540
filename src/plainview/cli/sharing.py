"""The commands of searching for another agency: agreements between two, and the requests under them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from plainview.casework.agreements.read import Shown as ShownAgreement
from plainview.casework.agreements.read import agreements
from plainview.casework.probes.preparations import prepare, save
from plainview.casework.sharing.agree import Proposal, accept, propose, propose_version, withdraw
from plainview.casework.sharing.ends import decline, refuse_authorisation, take_back
from plainview.casework.sharing.read import Shown as ShownRequest
from plainview.casework.sharing.read import candidates_given, requests, shown
from plainview.casework.sharing.requests import Wish, authorise_request, make_request, take, view_request
from plainview.casework.sharing.search import answer_request, report_shared_outcome, search_shared
from plainview.casework.workspace.services import services
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, day_option, print_json, print_rows, say
from plainview.policy.agency import DEFAULT_LIST
from plainview.policy.search import ORIGINS
from plainview.policy.sharing import DEFAULT_ANSWER_DAYS, GIVES, LEAD
from plainview.recognition.decode import read_file

Reason = Annotated[str, typer.Option(help="Why, in words; the other agency reads it.")]
Galleries = Annotated[
    list[str], typer.Option("--gallery", help="A gallery of yours; name the option again for another.")
]
Begins = Annotated[date | None, day_option("--from", help="First day, UTC; today if not named.")]
Ends = Annotated[date, day_option("--until", help="Last day, UTC.")]
Offences = Annotated[list[str] | None, typer.Option("--offence", help="Only for this offence; may be repeated.")]
Purposes = Annotated[list[str] | None, typer.Option("--purpose", help="Only for this purpose; may be repeated.")]
Askers = Annotated[list[str] | None, typer.Option("--asker", help="Address of a member who may ask; may be repeated.")]
Gives = Annotated[str, typer.Option(help=f"What the other agency gets: {' or '.join(GIVES)}.")]
Days = Annotated[int, typer.Option("--answer-days", help="Days until a request expires.")]


def agreement_propose(
    agency: Annotated[str, typer.Argument(help="Name of the agency that may ask yours.")],
    gallery: Galleries,
    until: Ends,
    acting: As,
    begins: Begins = None,
    offence: Offences = None,
    purpose: Purposes = None,
    asker: Askers = None,
    gives: Gives = LEAD,
    days: Days = DEFAULT_ANSWER_DAYS,
    json: Json = False,
) -> None:
    """Offer to search galleries of yours for another agency; nothing is binding until it accepts."""
    member = acting_member(acting)
    terms = _proposal(gallery, begins, until, offence, purpose, asker, gives, days)
    made = propose(agency, terms, acting_member=member)
    _said(made.public_id, "agreement", f"Agreement {made.public_id} waits until {agency} accepts it.", json)


def agreement_change(
    agreement: str,
    gallery: Galleries,
    until: Ends,
    acting: As,
    begins: Begins = None,
    offence: Offences = None,
    purpose: Purposes = None,
    asker: Askers = None,
    gives: Gives = LEAD,
    days: Days = DEFAULT_ANSWER_DAYS,
    json: Json = False,
) -> None:
    """Propose a new version of an agreement; the current one stays in force until the other agency accepts."""
    member = acting_member(acting)
    terms = _proposal(gallery, begins, until, offence, purpose, asker, gives, days)
    made = propose_version(agreement, terms, acting_member=member)
    _said(made.public_id, "agreement", "The new version waits to be accepted; the older one binds.", json)


def agreement_accept(
    agreement: str,
    version: Annotated[int, typer.Option(help="Number of the version that you read.")],
    acting: As,
    json: Json = False,
) -> None:
    """Accept the newest version of an agreement."""
    member = acting_member(acting)
    made = accept(agreement, version, acting_member=member)
    _said(made.public_id, "agreement", f"Agreement {made.public_id} is in force in version {version}.", json)


def agreement_withdraw(agreement: str, reason: Reason, acting: As, json: Json = False) -> None:
    """End an agreement at once, with every open request under it."""
    member = acting_member(acting)
    made = withdraw(agreement, reason=reason, acting_member=member)
    _said(made.public_id, "agreement", f"Agreement {made.public_id} is withdrawn; nothing runs.", json)


def agreement_list(acting: As, json: Json = False) -> None:
    """List the agreements of your agency, the newest first."""
    member = acting_member(acting)
    rows = [_agreement(row) for row in agreements(member)]
    heads = (
        "Agreement",
        "State",
        "Searches",
        "Asks",
        "Version",
        "To accept",
        "Galleries",
        "From",
        "Until",
        "Offences",
        "Purposes",
        "Gives",
        "Days",
    )
    print_rows("agreements", heads, rows, "No agreement yet.", json=json)


def request_make(
    image: Path,
    acting: As,
    agreement: Annotated[str, typer.Option(help="Id of the agreement under which you ask.")],
    gallery: Annotated[str, typer.Option(help="A gallery that it names.")],
    case: Annotated[str, typer.Option(help="Number of an open case of your agency.")],
    purpose: Annotated[str, typer.Option(help="What the search is to find out.")],
    authority: Annotated[str, typer.Option(help="Law, warrant or order by which you ask.")],
    top: Annotated[int, typer.Option(help="Length of the candidate list, 2 to 50.")] = DEFAULT_LIST,
    face: Annotated[int | None, typer.Option(help="Which face of the picture, from 1, the largest.")] = None,
    origin: Annotated[str, typer.Option(help=f"Where the probe comes from: {', '.join(ORIGINS)}.")] = "",
    edit: Annotated[list[str] | None, typer.Option(help="Edit of the probe, as in `search`.")] = None,
    json: Json = False,
) -> None:
    """Ask another agency for a search; one of your supervisors authorises it before it is sent."""
    member = acting_member(acting)
    try:
        draft = prepare(case, image.name, read_file(image), edits=edit or (), acting_member=member)
        changes: dict[str, Any] = {"origin": origin} | ({"face": face} if face else {})
        save(draft.public_id, changes, acting_member=member)
        wish = Wish(agreement, gallery, purpose, authority, top)
        made = make_request(draft.public_id, wish, acting_member=member)
    finally:
        services().close()
    _said(made.public_id, "request", f"Request {made.public_id} waits for a supervisor of your agency.", json)


def request_authorise(
    request: str,
    acting: As,
    reason: Annotated[str, typer.Option(help="The reason; it is kept.")] = "",
    json: Json = False,
) -> None:
    """Authorise a colleague's request; it reaches the other agency at once."""
    member = acting_member(acting)
    made = authorise_request(request, reason=reason, acting_member=member)
    _said(made.public_id, "request", f"Request {made.public_id} has reached the other agency.", json)


def request_refuse(request: str, reason: Reason, acting: As, json: Json = False) -> None:
    """Decide that a colleague's request is not sent."""
    member = acting_member(acting)
    made = refuse_authorisation(request, reason=reason, acting_member=member)
    _said(made.public_id, "request", f"Request {made.public_id} does not go out.", json)


def request_take_back(request: str, reason: Reason, acting: As, json: Json = False) -> None:
    """Withdraw a request of your agency; it is no longer searched or answered."""
    member = acting_member(acting)
    made = take_back(request, reason=reason, acting_member=member)
    _said(made.public_id, "request", f"Request {made.public_id} is taken back.", json)


def request_list(acting: As, json: Json = False) -> None:
    """List the requests that your agency made and received."""
    member = acting_member(acting)
    rows = [_request(row) for made in (False, True) for row in requests(member, asked_by_us=made)]
    heads = ("Request", "Side", "Other agency", "State", "Gallery", "Offence", "Until", "Result")
    print_rows("requests", heads, rows, "No request yet.", json=json)


def request_show(request: str, acting: As, json: Json = False) -> None:
    """Show a request with its answer; the view is recorded."""
    member = acting_member(acting)
    row = shown(view_request(request, acting_member=member), member)
    held = row.request
    told = _request(row) | {
        "case": held.case.number,
        "purpose": held.purpose,
        "authority": held.authority,
        "origin": held.origin,
        "quality": held.quality,
        "edits": held.edits,
        "closed_why": held.closed_why or None,
        "search": row.search.public_id if row.search else None,
        "candidates": [
            {
                "rank": one.candidate.rank,
                "score": float(one.candidate.score),
                "meaning": one.meaning.text,
                "reference_id": one.candidate.reference.public_id,
                "source_url": one.candidate.reference.source_url,
                "lead": one.lead.public_id if one.lead else None,
                "outcome": one.outcome or None,
            }
            for one in candidates_given(held)
        ],
    }
    if json:
        print_json(told)
        return
    for name, value in told.items():
        say(f"{name.replace('_', ' ')}: {value if value not in (None, []) else '-'}")
    say("A candidate is similar, not identified; a person decides.")


def request_take(request: str, acting: As, json: Json = False) -> None:
    """Take another agency's request; this opens a case here that represents theirs."""
    member = acting_member(acting)
    made = take(request, acting_member=member)
    _said(made.public_id, "request", f"You have taken {made.public_id}; its case here has this number.", json)


def request_decline(request: str, reason: Reason, acting: As, json: Json = False) -> None:
    """Decline another agency's request."""
    member = acting_member(acting)
    made = decline(request, reason=reason, acting_member=member)
    _said(made.public_id, "request", f"Request {made.public_id} is declined.", json)


def request_search(request: str, acting: As, json: Json = False) -> None:
    """Run the search that another agency asked for, under the rules of both agencies."""
    member = acting_member(acting)
    try:
        made = search_shared(request, acting_member=member)
    finally:
        services().close()
    found = made.candidate_set.count()
    if json:
        print_json({"request": request, "search_id": made.public_id, "candidates": found})
        return
    say(f"Search {made.public_id}: {found} candidates. See `plainview candidates {made.public_id}`.")


def request_answer(request: str, acting: As, json: Json = False) -> None:
    """Answer with what the agreement allows: released leads, the candidate list, or that nothing was found."""
    member = acting_member(acting)
    made = answer_request(request, acting_member=member)
    if json:
        print_json({"request": made.public_id, "result": made.result})
        return
    say(f"Request {made.public_id} is answered: {made.result}.")


def request_outcome(
    request: str,
    lead: str,
    outcome: str,
    acting: As,
    reason: Annotated[str, typer.Option(help="More in words.")] = "",
    json: Json = False,
) -> None:
    """Report the outcome of a lead that another agency gave you; it counts for both."""
    member = acting_member(acting)
    report_shared_outcome(request, lead, outcome, reason=reason, acting_member=member)
    _said(request, "request", f"Reported of lead {lead}: {outcome}.", json)


def _proposal(
    galleries: list[str],
    begins: date | None,
    until: date,
    offences: list[str] | None,
    purposes: list[str] | None,
    askers: list[str] | None,
    gives: str,
    days: int,
) -> Proposal:
    first = begins or datetime.now(UTC).date()
    return Proposal(galleries, first, until, offences or (), purposes or (), askers or (), gives, days)


def _said(public_id: str, kind: str, text: str, json: bool) -> None:
    if json:
        print_json({kind: public_id})
    else:
        say(text)


def _agreement(row: ShownAgreement) -> dict[str, Any]:
    held = row.version or row.proposed
    assert held is not None  # noqa: S101  an agreement has a version from its first day
    return {
        "agreement": row.agreement.public_id,
        "state": row.state,
        "searches": row.agreement.holder.name,
        "asks": row.agreement.asker.name,
        "version": row.version.number if row.version else None,
        "to_accept": row.proposed.number if row.proposed else None,
        "galleries": [gallery.name for gallery in held.galleries.all()],
        "from": held.starts_on.isoformat(),
        "until": held.ends_on.isoformat(),
        "offences": held.offences,
        "purposes": held.purposes,
        "gives": held.gives,
        "answer_days": held.answer_days,
    }


def _request(row: ShownRequest) -> dict[str, Any]:
    held = row.request
    other = held.agreement.holder if row.asked_by_us else held.agreement.asker
    return {
        "request": held.public_id,
        "side": "made" if row.asked_by_us else "received",
        "other_agency": other.name,
        "state": row.state,
        "gallery": held.gallery.name,
        "offence": held.case.offence,
        "until": held.expires_at.isoformat(timespec="minutes"),
        "result": held.result or None,
    }
