"""The commands for requests of people about themselves: rights list, show, confirm, search, decide, answer, refuse, extend."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plainview.casework import find
from plainview.casework.models import SubjectFinding, SubjectRequest
from plainview.casework.rights.answers import answer_request
from plainview.casework.rights.checks import confirm, extend, refuse, view_request
from plainview.casework.rights.read import (
    OPEN,
    answer_pdf,
    days_left,
    findings_of,
    has_photo,
    is_overdue,
    requests_of,
)
from plainview.casework.rights.search import decide, search_person
from plainview.casework.workspace.services import services
from plainview.cli.acting import acting_member
from plainview.cli.common import As, Json, print_json, print_rows, say
from plainview.policy.rights import GROUNDS
from plainview.policy.wording import day
from plainview.storage.output import write_file

Request = Annotated[str, typer.Argument(help="Id of the request.")]


def _request_json(request: SubjectRequest) -> dict[str, Any]:
    waits = request.state in OPEN
    return {
        "request": request.public_id,
        "wishes": request.wishes,
        "state": request.state,
        "due_on": request.due_on.isoformat(),
        "days_left": days_left(request) if waits else None,
        "overdue": is_overdue(request),
        "outcome": request.outcome,
    }


def _face(finding: SubjectFinding) -> dict[str, Any]:
    # Where a face comes from is shown once it is the person's: until then the answer does not need it.
    theirs = bool(finding.is_person) or finding.is_named
    return {
        "face": finding.pk,
        "reference": finding.reference.public_id if theirs else None,
        "gallery": finding.reference.gallery.name if theirs else None,
        "named": finding.is_named,
        "source": finding.reference.source_link if theirs else None,
        "is_person": finding.is_person,
        "outcome": finding.outcome,
        "rule": finding.rule,
        "entry": finding.entry,
    }


def _words(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(_words(part) for part in value) or "-"
    if isinstance(value, dict):
        return ", ".join(f"{name} {part}" for name, part in value.items())
    return {True: "yes", False: "no", None: "-", "": "-"}.get(value, str(value))  # type: ignore[call-overload,no-any-return]


_HEADS = ("Face", "Reference", "Gallery", "Named", "Source", "The person", "Outcome", "Rule", "Entry")


def rights_list(acting: As, json: Json = False) -> None:
    """List the requests to your agency, those with the nearest deadline first."""
    member = acting_member(acting)
    heads = ("Request", "Asks for", "State", "Due on", "Days left", "Overdue", "Outcome")
    rows = [_request_json(request) for request in requests_of(member)]
    print_rows("requests", heads, rows, "No request yet.", json=json)


def rights_show(
    request: Request,
    acting: As,
    pdf: Annotated[Path | None, typer.Option(help="Write the letter of the answer into this new file.")] = None,
    json: Json = False,
) -> None:
    """Show a request with the faces found for it; the view is recorded."""
    member = acting_member(acting)
    seen = view_request(request, acting_member=member)
    request_record, filing = seen.request, seen.filing
    request_json = _request_json(request_record) | {
        "name": filing.name,
        "email": filing.email,
        "post": filing.post,
        "about": filing.about,
        "references_named": list(filing.named),
        "photo": has_photo(request_record),
        "identity_checked": request_record.confirmed_how,
        "extended_because": request_record.extended_why,
        "ground": request_record.ground,
        "reason": request_record.reason,
        "searched": request_record.searched,
    }
    faces = [_face(finding) for finding in seen.faces]
    letter = answer_pdf(request_record) if seen.answers else None
    if pdf is not None and letter is not None:
        write_file(pdf, letter)
    if json:
        print_json(request_json | {"faces": faces})
        return
    for label, value in request_json.items():
        say(f"{label.replace('_', ' '):18} {_words(value)}")
    print_rows("faces", _HEADS, faces, "No face was found for this request.", json=False)


def rights_confirm(
    request: Request,
    how: Annotated[str, typer.Option(help="How identity was checked, in words; never a document's number.")],
    acting: As,
    json: Json = False,
) -> None:
    """Confirm the identity of the person."""
    member = acting_member(acting)
    confirmed = confirm(request, how, acting_member=member)
    _said(
        confirmed,
        f"Request {confirmed.public_id}: identity confirmed. A colleague runs `plainview rights search`.",
        json=json,
    )


def rights_search(
    request: Request,
    acting: As,
    json: Json = False,
) -> None:
    """Compare the person's photograph with every gallery, and look up the references that they named."""
    member = acting_member(acting)
    try:
        faces = [_face(finding) for finding in search_person(request, acting_member=member)]
    finally:
        services().close()
    print_rows("faces", _HEADS, faces, "No face was found.", json=json)


def rights_decide(
    request: Request,
    acting: As,
    person: Annotated[
        list[int] | None, typer.Option(help="Number of a face that shows the person; repeat for more.")
    ] = None,
    other: Annotated[
        list[int] | None, typer.Option(help="Number of a face that shows another person; repeat for more.")
    ] = None,
    rest: Annotated[bool, typer.Option("--rest-other", help="All undecided references show other people.")] = False,
    json: Json = False,
) -> None:
    """Record for each face whether it is the person's, after looking at it."""
    member = acting_member(acting)
    persons, others = list(person or []), list(other or [])
    if rest:
        undecided = [
            finding for finding in findings_of(find.rights_request(request, member)) if finding.is_person is None
        ]
        others += [finding.pk for finding in undecided if finding.pk not in persons]
    faces = [_face(finding) for finding in decide(request, persons, list(dict.fromkeys(others)), acting_member=member)]
    print_rows("faces", _HEADS, faces, "There is nothing to decide.", json=json)


def rights_answer(
    request: Request,
    acting: As,
    erase: Annotated[list[str] | None, typer.Option(help="Reference to erase; repeat for more.")] = None,
    erase_all: Annotated[bool, typer.Option("--erase-all", help="Erase every reference of the person.")] = False,
    reason: Annotated[
        str, typer.Option(help="Why a reference is kept although the person asked for its erasure; they read it.")
    ] = "",
    json: Json = False,
) -> None:
    """Answer a request: erase the chosen references, write the letter, and erase the photograph."""
    member = acting_member(acting)
    chosen = set(erase or [])
    if erase_all:
        findings = findings_of(find.rights_request(request, member), of_person=True)
        chosen |= {finding.reference.public_id for finding in findings}
    answered = answer_request(request, erase=chosen, reason=reason, acting_member=member)
    _said(answered, f"Request {answered.public_id}: {answered.outcome}. The letter is on its page.", json=json)


def rights_refuse(
    request: Request,
    ground: Annotated[str, typer.Option(help=f"One of: {', '.join(GROUNDS)}.")],
    reason: Annotated[str, typer.Option(help="The reason, in a sentence that the person reads.")],
    acting: As,
    json: Json = False,
) -> None:
    """Refuse a request; the letter states the ground, the reason and the remedy."""
    member = acting_member(acting)
    refused = refuse(request, ground, reason, acting_member=member)
    _said(
        refused, f"Request {refused.public_id} is refused. The letter says why and what the person can do.", json=json
    )


def rights_extend(
    request: Request,
    days: Annotated[int, typer.Option(help="Additional days.")],
    reason: Annotated[str, typer.Option(help="The reason, in a sentence that the person reads.")],
    acting: As,
    json: Json = False,
) -> None:
    """Extend the deadline once, with a reason."""
    member = acting_member(acting)
    extended = extend(request, days, reason, acting_member=member)
    _said(extended, f"Request {extended.public_id} is now due on {day(extended.due_on)}.", json=json)


def _said(request: SubjectRequest, words: str, *, json: bool) -> None:
    if json:
        print_json(_request_json(request))
    else:
        say(words)
