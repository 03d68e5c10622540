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
from plainview.policy.agency import DEFAULT_LIST
from plainview.policy.rights import GROUNDS

Request = Annotated[str, typer.Argument(help="Number of the request.")]


def _row(row: SubjectRequest) -> dict[str, Any]:
    waits = row.state in OPEN
    return {
        "request": row.public_id,
        "wishes": row.wishes,
        "state": row.state,
        "due_on": row.due_on.isoformat(),
        "days_left": days_left(row) if waits else None,
        "overdue": is_overdue(row),
        "outcome": row.outcome,
    }


def _face(one: SubjectFinding) -> dict[str, Any]:
    return {
        "reference": one.reference.public_id,
        "gallery": one.reference.gallery.name,
        "named": one.is_named,
        "score": f"{one.score:.3f}" if one.score is not None else None,
        "source": one.reference.source_url,
        "is_person": one.is_person,
        "outcome": one.outcome,
        "rule": one.rule,
        "entry": one.entry,
    }


def _words(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(_words(one) for one in value) or "-"
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return {True: "yes", False: "no", None: "-", "": "-"}.get(value, str(value))  # type: ignore[call-overload,no-any-return]


_HEADS = ("Reference", "Gallery", "Named", "Score", "Source", "The person", "Outcome", "Rule", "Entry")


def rights_list(acting: As, json: Json = False) -> None:
    """List the requests to your agency, those with the nearest deadline first."""
    member = acting_member(acting)
    heads = ("Request", "Asks for", "State", "Due on", "Days left", "Overdue", "Outcome")
    rows = [_row(row) for row in requests_of(member)]
    print_rows("requests", heads, rows, "Nobody has asked yet.", json=json)


def rights_show(
    request: Request,
    acting: As,
    pdf: Annotated[Path | None, typer.Option(help="Write the letter of the answer into this new file.")] = None,
    json: Json = False,
) -> None:
    """Show a request with the faces found for it; the view is recorded."""
    member = acting_member(acting)
    seen = view_request(request, acting_member=member)
    row, filing = seen.request, seen.filing
    told = _row(row) | {
        "name": filing.name,
        "email": filing.email,
        "post": filing.post,
        "about": filing.about,
        "references_named": list(filing.named),
        "photo": has_photo(row),
        "identity_checked": row.confirmed_how,
        "extended_because": row.extended_why,
        "ground": row.ground,
        "reason": row.reason,
        "searched": row.searched,
    }
    faces = [_face(one) for one in seen.faces]
    letter = answer_pdf(row) if seen.answers else None
    if pdf is not None and letter is not None:
        with pdf.open("xb") as file:
            file.write(letter)
    if json:
        print_json(told | {"faces": faces})
        return
    for label, value in told.items():
        say(f"{label.replace('_', ' '):18} {_words(value)}")
    print_rows("faces", _HEADS, faces, "No face was found for it.", json=False)


def rights_confirm(
    request: Request,
    how: Annotated[str, typer.Option(help="How identity was checked, in words; never a document's number.")],
    acting: As,
    json: Json = False,
) -> None:
    """Confirm the identity of the person."""
    member = acting_member(acting)
    row = confirm(request, how, acting_member=member)
    _said(
        row,
        f"Request {row.public_id}: identity was checked. Go on with `plainview rights search`.",
        json=json,
    )


def rights_search(
    request: Request,
    acting: As,
    top: Annotated[int, typer.Option(help="How many faces of each gallery people look at.")] = DEFAULT_LIST,
    json: Json = False,
) -> None:
    """Compare the person's photograph with every gallery, and look up the references that they named."""
    member = acting_member(acting)
    try:
        faces = [_face(one) for one in search_person(request, top=top, acting_member=member)]
    finally:
        services().close()
    print_rows("faces", _HEADS, faces, "Nothing was found.", json=json)


def rights_decide(
    request: Request,
    acting: As,
    person: Annotated[list[str] | None, typer.Option(help="Reference that shows the person; may be repeated.")] = None,
    other: Annotated[list[str] | None, typer.Option(help="Reference that shows somebody else.")] = None,
    rest: Annotated[bool, typer.Option("--rest-other", help="All that are left show somebody else.")] = False,
    json: Json = False,
) -> None:
    """Record for each face whether it is the person's, after looking at it."""
    member = acting_member(acting)
    persons, others = list(person or []), list(other or [])
    if rest:
        undecided = [one for one in findings_of(find.rights_request(request, member)) if one.is_person is None]
        others += [one.reference.public_id for one in undecided if one.reference.public_id not in persons]
    faces = [_face(one) for one in decide(request, persons, list(dict.fromkeys(others)), acting_member=member)]
    print_rows("faces", _HEADS, faces, "Nothing to decide.", json=json)


def rights_answer(
    request: Request,
    acting: As,
    erase: Annotated[list[str] | None, typer.Option(help="Reference to erase; may be repeated.")] = None,
    erase_all: Annotated[bool, typer.Option("--erase-all", help="Erase every reference of the person.")] = False,
    reason: Annotated[str, typer.Option(help="Why what was asked to be erased is not; the person reads it.")] = "",
    json: Json = False,
) -> None:
    """Answer a request: erase the chosen references, write the letter, and erase the photograph."""
    member = acting_member(acting)
    chosen = set(erase or [])
    if erase_all:
        found = findings_of(find.rights_request(request, member), of_person=True)
        chosen |= {one.reference.public_id for one in found}
    row = answer_request(request, erase=chosen, reason=reason, acting_member=member)
    _said(row, f"Request {row.public_id}: {row.outcome}. The letter is on its page.", json=json)


def rights_refuse(
    request: Request,
    ground: Annotated[str, typer.Option(help=f"One of: {', '.join(GROUNDS)}.")],
    reason: Annotated[str, typer.Option(help="Why, in a sentence that the person reads.")],
    acting: As,
    json: Json = False,
) -> None:
    """Refuse a request; the letter states the ground, the reason and the remedy."""
    member = acting_member(acting)
    row = refuse(request, ground, reason, acting_member=member)
    _said(row, f"Request {row.public_id} is refused. The letter says why and what the person can do.", json=json)


def rights_extend(
    request: Request,
    days: Annotated[int, typer.Option(help="Days more.")],
    reason: Annotated[str, typer.Option(help="Why, in a sentence that the person reads.")],
    acting: As,
    json: Json = False,
) -> None:
    """Extend the deadline once, with a reason."""
    member = acting_member(acting)
    row = extend(request, days, reason, acting_member=member)
    _said(row, f"Request {row.public_id} is due on {row.due_on} now.", json=json)


def _said(row: SubjectRequest, words: str, *, json: bool) -> None:
    if json:
        print_json(_row(row))
    else:
        say(words)
