"""The commands of searching for another agency: agreements between two, and the requests under them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from plainview.casework.agreements.read import Shown as ShownAgreement
from plainview.casework.agreements.read import agreements
from plainview.casework.probes.photographs import add_photograph, choose_face
from plainview.casework.probes.preparations import prepare, save
from plainview.casework.sharing.agree import Proposal, accept, propose, propose_version, withdraw
from plainview.casework.sharing.ends import decline, refuse_authorisation, take_back
from plainview.casework.sharing.read import Shown as ShownRequest
from plainview.casework.sharing.read import candidates_given, requests, shown
from plainview.casework.sharing.requests import Wish, authorise_request, make_request, take, view_request
from plainview.casework.sharing.search import answer_request, report_shared_outcome, search_shared
from plainview.casework.workspace.services import services
from plainview.cli.acting import acting_member
from plainview.cli.common import Also, As, Json, day_option, print_json, print_rows, say
from plainview.policy.agency import DEFAULT_LIST
from plainview.policy.search import ORIGINS
from plainview.policy.sharing import DEFAULT_ANSWER_DAYS, GIVES, LEAD
from plainview.policy.wording import counted
from plainview.recognition.decode import read_file

Reason = Annotated[str, typer.Option(help="The reason, in a sentence; the other agency reads it.")]
Galleries = Annotated[list[str], typer.Option("--gallery", help="One of your galleries; repeat for more.")]
Begins = Annotated[date | None, day_option("--from", help="First day, UTC; by default today.")]
Ends = Annotated[date, day_option("--until", help="Last day, UTC.")]
Offences = Annotated[list[str] | None, typer.Option("--offence", help="Only for this offence; repeat for more.")]
Purposes = Annotated[list[str] | None, typer.Option("--purpose", help="Only for this purpose; repeat for more.")]
Askers = Annotated[list[str] | None, typer.Option("--asker", help="Address of a member who may ask; repeat for more.")]
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
    new_agreement = propose(agency, terms, acting_member=member)
    _said(
        new_agreement.public_id,
        "agreement",
        f"Agreement {new_agreement.public_id} is proposed; it takes effect when {agency} accepts it.",
        json,
    )


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
    changed = propose_version(agreement, terms, acting_member=member)
    _said(
        changed.public_id,
        "agreement",
        "The new version is proposed; the current one stays in force until it is accepted.",
        json,
    )


def agreement_accept(
    agreement: str,
    version: Annotated[int, typer.Option(help="Number of the version that you read.")],
    acting: As,
    json: Json = False,
) -> None:
    """Accept the newest version of an agreement."""
    member = acting_member(acting)
    accepted = accept(agreement, version, acting_member=member)
    _said(accepted.public_id, "agreement", f"Agreement {accepted.public_id} is in force in version {version}.", json)


def agreement_withdraw(agreement: str, reason: Reason, acting: As, json: Json = False) -> None:
    """End an agreement at once, with every open request under it."""
    member = acting_member(acting)
    withdrawn = withdraw(agreement, reason=reason, acting_member=member)
    _said(
        withdrawn.public_id,
        "agreement",
        f"Agreement {withdrawn.public_id} is withdrawn; no search runs under it.",
        json,
    )


def agreement_list(acting: As, json: Json = False) -> None:
    """List the agreements of your agency, the newest first."""
    member = acting_member(acting)
    rows = [_agreement(agreement) for agreement in agreements(member)]
    heads = (
        "Agreement",
        "State",
        "Searching agency",
        "Asking agency",
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
    purpose: Annotated[str, typer.Option(help="What the search should find out.")],
    authority: Annotated[str, typer.Option(help="Law, warrant or order that permits the request.")],
    top: Annotated[int, typer.Option(help="Length of the candidate list, 2 to 50.")] = DEFAULT_LIST,
    face: Annotated[int | None, typer.Option(help="Number of the face in the picture; 1 is the largest.")] = None,
    origin: Annotated[str, typer.Option(help=f"Origin of the probe: {', '.join(ORIGINS)}.")] = "",
    edit: Annotated[list[str] | None, typer.Option(help="Edit of the probe, as in `search`.")] = None,
    also: Also = None,
    json: Json = False,
) -> None:
    """Ask another agency for a search; one of your supervisors authorises it before it is sent."""
    member = acting_member(acting)
    try:
        draft = prepare(case, image.name, read_file(image), edits=edit or (), acting_member=member)
        changes: dict[str, Any] = {"origin": origin} | ({"face": face} if face else {})
        save(draft.public_id, changes, acting_member=member)
        for path in also or ():
            added = add_photograph(draft.public_id, path.name, read_file(path), acting_member=member)
            if added.face is None:
                choose_face(draft.public_id, added.number, 1, acting_member=member)
        wish = Wish(agreement, gallery, purpose, authority, top)
        new_request = make_request(draft.public_id, wish, acting_member=member)
    finally:
        services().close()
    _said(
        new_request.public_id,
        "request",
        f"Request {new_request.public_id} is waiting for a supervisor of your agency.",
        json,
    )


def request_authorise(
    request: str,
    acting: As,
    reason: Annotated[str, typer.Option(help="The reason; it is kept.")] = "",
    json: Json = False,
) -> None:
    """Authorise a colleague's request; it reaches the other agency at once."""
    member = acting_member(acting)
    authorised = authorise_request(request, reason=reason, acting_member=member)
    _said(authorised.public_id, "request", f"Request {authorised.public_id} has reached the other agency.", json)


def request_refuse(request: str, reason: Reason, acting: As, json: Json = False) -> None:
    """Decide that a colleague's request is not sent."""
    member = acting_member(acting)
    refused = refuse_authorisation(request, reason=reason, acting_member=member)
    _said(refused.public_id, "request", f"Request {refused.public_id} is not sent.", json)


def request_take_back(request: str, reason: Reason, acting: As, json: Json = False) -> None:
    """Withdraw a request of your agency; it is no longer searched or answered."""
    member = acting_member(acting)
    withdrawn = take_back(request, reason=reason, acting_member=member)
    _said(withdrawn.public_id, "request", f"Request {withdrawn.public_id} is withdrawn.", json)


def request_list(acting: As, json: Json = False) -> None:
    """List the requests that your agency made and received."""
    member = acting_member(acting)
    rows = [_request(request) for is_ours in (False, True) for request in requests(member, asked_by_us=is_ours)]
    heads = ("Request", "Side", "Other agency", "State", "Gallery", "Offence", "Until", "Result")
    print_rows("requests", heads, rows, "No request yet.", json=json)


def request_show(request: str, acting: As, json: Json = False) -> None:
    """Show a request with its answer; the view is recorded."""
    member = acting_member(acting)
    request_view = shown(view_request(request, acting_member=member), member)
    record = request_view.request
    request_json = _request(request_view) | {
        "case": record.case.number,
        "purpose": record.purpose,
        "authority": record.authority,
        "origin": record.origin,
        "quality": record.quality,
        "edits": record.edits,
        "closed_why": record.closed_why or None,
        "search": request_view.search.public_id if request_view.search else None,
        "candidates": [
            {
                "rank": candidate.candidate.rank,
                "score": float(candidate.candidate.score),
                "meaning": candidate.meaning.text,
                "reference_id": candidate.candidate.reference.public_id,
                "source_url": candidate.candidate.reference.source_link,
                "lead": candidate.lead.public_id if candidate.lead else None,
                "outcome": candidate.outcome or None,
            }
            for candidate in candidates_given(record)
        ],
    }
    if json:
        print_json(request_json)
        return
    for name, value in request_json.items():
        say(f"{name.replace('_', ' ')}: {value if value not in (None, []) else '-'}")
    say("A candidate is similar, not identified; a person decides.")


def request_take(request: str, acting: As, json: Json = False) -> None:
    """Take another agency's request; this opens a case here that represents theirs."""
    member = acting_member(acting)
    taken = take(request, acting_member=member)
    _said(taken.public_id, "request", f"You have taken {taken.public_id}. Its case here has the same number.", json)


def request_decline(request: str, reason: Reason, acting: As, json: Json = False) -> None:
    """Decline another agency's request."""
    member = acting_member(acting)
    declined = decline(request, reason=reason, acting_member=member)
    _said(declined.public_id, "request", f"Request {declined.public_id} is declined.", json)


def request_search(request: str, acting: As, json: Json = False) -> None:
    """Run the search that another agency asked for, under the rules of both agencies."""
    member = acting_member(acting)
    try:
        search = search_shared(request, acting_member=member)
    finally:
        services().close()
    candidates = search.candidate_set.count()
    if json:
        print_json({"request": request, "search_id": search.public_id, "candidates": candidates})
        return
    say(
        f"Search {search.public_id}: {counted(candidates, 'candidate')}. See `plainview candidates {search.public_id}`."
    )


def request_answer(request: str, acting: As, json: Json = False) -> None:
    """Answer with what the agreement allows: released leads, the candidate list, or that nothing was found."""
    member = acting_member(acting)
    answered = answer_request(request, acting_member=member)
    if json:
        print_json({"request": answered.public_id, "result": answered.result})
        return
    say(f"Request {answered.public_id} is answered: {answered.result}.")


def request_outcome(
    request: str,
    lead: str,
    outcome: str,
    acting: As,
    reason: Annotated[str, typer.Option(help="Details.")] = "",
    json: Json = False,
) -> None:
    """Report the outcome of a lead that another agency gave you; it counts for both."""
    member = acting_member(acting)
    report_shared_outcome(request, lead, outcome, reason=reason, acting_member=member)
    _said(request, "request", f"Lead {lead}: {outcome}.", json)


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


def _agreement(agreement: ShownAgreement) -> dict[str, Any]:
    terms = agreement.version or agreement.proposed
    assert terms is not None  # noqa: S101  an agreement has a version from its first day
    return {
        "agreement": agreement.agreement.public_id,
        "state": agreement.state,
        "searches": agreement.agreement.holder.name,
        "asks": agreement.agreement.asker.name,
        "version": agreement.version.number if agreement.version else None,
        "to_accept": agreement.proposed.number if agreement.proposed else None,
        "galleries": [gallery.name for gallery in terms.galleries.all()],
        "from": terms.starts_on.isoformat(),
        "until": terms.ends_on.isoformat(),
        "offences": terms.offences,
        "purposes": terms.purposes,
        "gives": terms.gives,
        "answer_days": terms.answer_days,
    }


def _request(view: ShownRequest) -> dict[str, Any]:
    request = view.request
    other = request.agreement.holder if view.asked_by_us else request.agreement.asker
    return {
        "request": request.public_id,
        "side": "made" if view.asked_by_us else "received",
        "other_agency": other.name,
        "state": view.state,
        "gallery": request.gallery.name,
        "offence": request.case.offence,
        "until": request.expires_at.isoformat(timespec="minutes"),
        "result": request.result or None,
    }
