"""Reading requests of data subjects: always those of the member's own agency; and what the agency holds about a person.

Owns what an answer may tell of searches: none under an open case, no name, no case number, nobody else's picture.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.db.models import Q
from django.utils import timezone

from plainview.audit.record import Entry, parse_line
from plainview.casework.log.explorer import Position
from plainview.casework.models import (
    Agency,
    Candidate,
    Lead,
    LogEntry,
    Member,
    Reference,
    Search,
    SubjectRequest,
)
from plainview.casework.models.subjects import CONFIRMED, RECEIVED, SubjectFinding, SubjectPhoto
from plainview.casework.workspace.services import services
from plainview.policy.rights import WARN_DAYS, Filing

OPEN = (RECEIVED, CONFIRMED)


def open_agencies() -> list[Agency]:
    """The agencies of which anybody may ask, by name."""
    rows = Agency.objects.exclude(opened_at=None).filter(suspended_at=None)
    return list(rows.order_by("name"))


def requests_of(member: Member) -> list[SubjectRequest]:
    """The requests to the member's agency: open ones by their deadline, then the closed ones, newest first."""
    rows = SubjectRequest.objects.filter(agency=member.agency)
    waiting = rows.filter(state__in=OPEN).order_by("due_on", "pk")
    return [*waiting, *rows.exclude(state__in=OPEN).order_by("-closed_at", "-pk")]


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open request with the days that are left for it; `pressing`: a week or less."""

    row: SubjectRequest
    left: int
    pressing: bool


def requests_to_answer(member: Member) -> list[Waiting]:
    """The open requests to the member's agency, those with the nearest deadline first."""
    rows = SubjectRequest.objects.filter(agency=member.agency, state__in=OPEN).order_by("due_on", "pk")
    return [Waiting(row, days_left(row), is_pressing(row)) for row in rows]


def seal_filing(filing: Filing, public_id: str) -> bytes:
    """Seal what a person wrote, for its place alone."""
    told = {
        "name": filing.name,
        "email": filing.email,
        "post": filing.post,
        "about": filing.about,
        "named": list(filing.named),
    }
    return services().rights.seal(json.dumps(told).encode(), f"request:{public_id}".encode())


def filing_of(row: SubjectRequest) -> Filing:
    """What the person wrote; empty texts once it was erased."""
    wishes = tuple(row.wishes)
    if not row.sealed:
        return Filing(wishes, "", "", "", "", ())
    told = json.loads(services().rights.open(bytes(row.sealed), f"request:{row.public_id}".encode()))
    return replace(Filing(wishes, **told), named=tuple(told["named"]))


def photo_of(row: SubjectRequest) -> bytes | None:
    """The photograph as it was sent, None when there is none (any more)."""
    sealed = SubjectPhoto.objects.filter(request=row).values_list("sealed", flat=True).first()
    if sealed is None:
        return None
    return services().rights.open(bytes(sealed), f"photo:{row.public_id}".encode())


def has_photo(row: SubjectRequest) -> bool:
    """True while the photograph is kept."""
    return SubjectPhoto.objects.filter(request=row).exists()


def answer_pdf(row: SubjectRequest) -> bytes | None:
    """The letter of the answer, None before there is one and after it was erased."""
    answer = getattr(row, "answer", None)
    if answer is None:
        return None
    return services().rights.open(bytes(answer.sealed), f"answer:{row.public_id}".encode())


def findings_of(row: SubjectRequest, *, of_person: bool = False) -> list[SubjectFinding]:
    """The faces of a request, those that the person named first, then by gallery and rank."""
    found = SubjectFinding.objects.filter(request=row).select_related("reference__gallery", "reference__enrolment")
    if of_person:
        found = found.filter(is_person=True)
    return sorted(found, key=lambda one: (not one.is_named, one.reference.gallery_id, one.rank or 0, one.pk))


def named_references(row: SubjectRequest, named: Sequence[str]) -> list[Reference]:
    """The references of the agency that a person named by their ids or by where the pictures were published."""
    if not named:
        return []
    rows = Reference.objects.filter(gallery__agency=row.agency_id).exclude(template=b"")
    rows = rows.filter(Q(public_id__in=named) | Q(source_url__in=named) | Q(page_url__in=named))
    return list(rows.order_by("pk")[:200])


@dataclass(frozen=True, slots=True)
class Told:
    """A search that listed a picture of the person, as far as it is told.

    Attributes:
        on: the day. offence: category of the case. gallery: its name. alert: an alert raised it.
        lead: a lead came of the person's picture. disclosed: the search was disclosed to a defence.
        for_agency: name of the agency that asked for it, "" for the one that answers.
    """

    on: date
    offence: str
    gallery: str
    alert: bool
    lead: bool
    disclosed: bool
    for_agency: str = ""


def searches_told(references: Iterable[Reference]) -> tuple[list[Told], int]:
    """The searches under closed cases that listed one of these references, oldest first; and how many under open ones."""
    rows = Candidate.objects.filter(reference__in=list(references), search__erased_at=None)
    by_search: dict[int, list[Candidate]] = {}
    for row in rows.select_related(*_OF_SEARCH).order_by("search_id", "rank"):
        by_search.setdefault(row.search_id, []).append(row)
    leads = set(
        Lead.objects.filter(examination__candidate__in=rows).values_list("examination__candidate__search_id", flat=True)
    )
    closed = {key: held[0].search for key, held in by_search.items() if _is_over(held[0].search)}
    disclosed = {str(entry.subject.get("search")) for entry in _entries("disclosure.made")} if closed else set()
    told = [
        Told(
            search.requested_at.date(),
            search.case.offence,
            search.gallery.name,
            search.alert_id is not None,
            key in leads,
            search.public_id in disclosed,
            search.shared_request.agreement.asker.name if search.shared_request else "",
        )
        for key, search in closed.items()
    ]
    return told, len(by_search) - len(told)


_OF_SEARCH = (
    "search__case",
    "search__gallery",
    "search__shared_request__case",
    "search__shared_request__agreement__asker",
)


def _is_over(search: Search) -> bool:
    """True when nobody investigates with it any more: for another agency, when its own case is closed too."""
    shared = search.shared_request
    return search.case.closed_at is not None and (shared is None or shared.case.closed_at is not None)


def decisions_about(row: SubjectRequest) -> list[int]:
    """Numbers of the entries that hold, sealed, whose face each reference is."""
    named = Position(f'"request":"{row.public_id}"'.encode())
    rows = LogEntry.objects.filter(seq__gt=row.entry).alias(named=named).filter(named__gt=0).order_by("seq")
    entries = [parse_line(bytes(one)) for one in rows.values_list("canonical", flat=True)]
    return [entry.seq for entry in entries if entry.action == "rights.decided"]


def exports_of(references: Iterable[Reference]) -> list[tuple[int, date, str]]:
    """(entry, day, gallery) of every export that took one of these references along."""
    since: dict[int, tuple[str, str]] = {}
    for row in references:
        begun = row.enrolment.started_at.isoformat()[:19]
        known = since.get(row.gallery_id)
        since[row.gallery_id] = (row.gallery.name, min(begun, known[1]) if known else begun)
    found = []
    for entry in _entries("gallery.exported") if since else ():
        held = since.get(entry.subject.get("gallery"))  # type: ignore[arg-type]
        if held is not None and entry.at[:19] >= held[1]:
            found.append((entry.seq, date.fromisoformat(entry.at[:10]), held[0]))
    return found


def _entries(action: str) -> list[Entry]:
    rows = LogEntry.objects.alias(found=Position(f'"action":"{action}"'.encode())).filter(found__gt=0)
    entries = [parse_line(bytes(row)) for row in rows.order_by("seq").values_list("canonical", flat=True)]
    return [entry for entry in entries if entry.action == action]


def days_left(row: SubjectRequest) -> int:
    """Days until the deadline; negative once it has passed."""
    return (row.due_on - timezone.now().date()).days


def is_overdue(row: SubjectRequest) -> bool:
    """True when an open request should have been answered before today."""
    return row.state in OPEN and days_left(row) < 0


def is_pressing(row: SubjectRequest) -> bool:
    """True when an open request has to be answered within the week."""
    return row.state in OPEN and days_left(row) <= WARN_DAYS
