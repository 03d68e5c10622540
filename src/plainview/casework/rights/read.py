"""Reading people's requests, always of the member's own agency, and what the agency holds about a person.

Owns what an answer says of searches. It must never mention one under an open case, a name, a case number or another
person's picture.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.db.models import Q
from django.utils import timezone

from plainview.casework.log.read import entries_of
from plainview.casework.models import (
    Agency,
    Candidate,
    CandidatePicture,
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
    """Return the agencies that accept requests, by name."""
    rows = Agency.objects.exclude(opened_at=None).filter(suspended_at=None)
    return list(rows.order_by("name"))


def requests_of(member: Member) -> list[SubjectRequest]:
    """Return the requests to the member's agency: open ones by deadline, then closed ones, newest first."""
    rows = SubjectRequest.objects.filter(agency=member.agency)
    waiting = rows.filter(state__in=OPEN).order_by("due_on", "pk")
    return [*waiting, *rows.exclude(state__in=OPEN).order_by("-closed_at", "-pk")]


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open request and the days left until its deadline; `pressing`: a week or less."""

    request: SubjectRequest
    left: int
    pressing: bool


def requests_to_answer(member: Member) -> list[Waiting]:
    """Return the open requests to the member's agency, nearest deadline first."""
    rows = SubjectRequest.objects.filter(agency=member.agency, state__in=OPEN).order_by("due_on", "pk")
    return [Waiting(request, days_left(request), is_pressing(request)) for request in rows]


def seal_filing(filing: Filing, public_id: str) -> bytes:
    """Seal what a person wrote; only the request with this id can open it."""
    filing_json = {
        "name": filing.name,
        "email": filing.email,
        "post": filing.post,
        "about": filing.about,
        "named": list(filing.named),
    }
    return services().rights.seal(json.dumps(filing_json).encode(), f"request:{public_id}".encode())


def filing_of(request: SubjectRequest) -> Filing:
    """Return what the person wrote; empty texts once it is erased."""
    wishes = tuple(request.wishes)
    if not request.sealed:
        return Filing(wishes, "", "", "", "", ())
    stored = json.loads(services().rights.open(bytes(request.sealed), f"request:{request.public_id}".encode()))
    return replace(Filing(wishes, **stored), named=tuple(stored["named"]))


def photo_of(request: SubjectRequest) -> bytes | None:
    """Return the photograph as it was sent, or None if none was sent or it was erased."""
    sealed = SubjectPhoto.objects.filter(request=request).values_list("sealed", flat=True).first()
    if sealed is None:
        return None
    return services().rights.open(bytes(sealed), f"photo:{request.public_id}".encode())


def has_photo(request: SubjectRequest) -> bool:
    """Return True while the photograph is stored."""
    return SubjectPhoto.objects.filter(request=request).exists()


def answer_pdf(request: SubjectRequest) -> bytes | None:
    """Return the letter of answer; None before it is written and after it is erased."""
    answer = getattr(request, "answer", None)
    if answer is None:
        return None
    return services().rights.open(bytes(answer.sealed), f"answer:{request.public_id}".encode())


def findings_of(request: SubjectRequest, *, of_person: bool = False) -> list[SubjectFinding]:
    """Return the faces of a request: those that the person named first, then the others in random order."""
    findings = SubjectFinding.objects.filter(request=request).select_related(
        "reference__gallery", "reference__enrolment"
    )
    if of_person:
        findings = findings.filter(is_person=True)
    return sorted(
        findings,
        key=lambda finding: (not finding.is_named, finding.pk),
    )


def named_references(request: SubjectRequest, named: Sequence[str]) -> list[Reference]:
    """Return the agency's references that a person named, by id or by the link of the picture or its page."""
    if not named:
        return []
    rows = Reference.objects.filter(gallery__agency=request.agency_id).exclude(template=b"")
    rows = rows.filter(Q(public_id__in=named) | Q(source_url__in=named) | Q(page_url__in=named))
    return list(rows.order_by("pk")[:200])


@dataclass(frozen=True, slots=True)
class ListedSearch:
    """What the letter says of a search that listed a picture of the person.

    Attributes:
        on: the day. offence: category of the case. gallery: its name. alert: an alert raised it.
        lead: the person's picture led to a lead. disclosed: the search was disclosed to a defence.
        for_agency: name of the agency that requested the search, "" for the one that answers.
    """

    on: date
    offence: str
    gallery: str
    alert: bool
    lead: bool
    disclosed: bool
    for_agency: str = ""


def searches_listing(references: Iterable[Reference]) -> tuple[list[ListedSearch], int]:
    """Return the searches under closed cases that listed these references, oldest first; and the number under open ones.

    A candidate with several pictures lists each of them.
    """
    own = list(references)
    shown = Q(reference__in=own) | Q(pk__in=CandidatePicture.objects.filter(reference__in=own).values("candidate"))
    rows = Candidate.objects.filter(shown, search__erased_at=None)
    by_search: dict[int, list[Candidate]] = {}
    for candidate in rows.select_related(*_OF_SEARCH).order_by("search_id", "rank"):
        by_search.setdefault(candidate.search_id, []).append(candidate)
    leads = set(
        Lead.objects.filter(examination__candidate__in=rows).values_list("examination__candidate__search_id", flat=True)
    )
    closed = {key: candidates[0].search for key, candidates in by_search.items() if _is_over(candidates[0].search)}
    disclosed = (
        {str(entry.subject.get("search")) for entry in entries_of("disclosure.made", LogEntry.objects.all())}
        if closed
        else set()
    )
    listed = [
        ListedSearch(
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
    return listed, len(by_search) - len(listed)


_OF_SEARCH = (
    "search__case",
    "search__gallery",
    "search__shared_request__case",
    "search__shared_request__agreement__asker",
)


def _is_over(search: Search) -> bool:
    """Return True when its case is closed, and that of the agency it was made for, if any."""
    shared = search.shared_request
    return search.case.closed_at is not None and (shared is None or shared.case.closed_at is not None)


def decisions_about(request: SubjectRequest) -> list[int]:
    """Return the numbers of the entries that hold, sealed, which references show the person."""
    later = LogEntry.objects.filter(seq__gt=request.entry)
    decided = entries_of("rights.decided", later)
    return [entry.seq for entry in decided if entry.subject.get("request") == request.public_id]


def exports_of(references: Iterable[Reference]) -> list[tuple[int, date, str]]:
    """Return (entry, day, gallery) of every export that included one of these references."""
    since: dict[int, tuple[str, str]] = {}
    for reference in references:
        begun = reference.enrolment.started_at.isoformat()[:19]
        known = since.get(reference.gallery_id)
        since[reference.gallery_id] = (reference.gallery.name, min(begun, known[1]) if known else begun)
    exports = []
    for entry in entries_of("gallery.exported", LogEntry.objects.all()) if since else ():
        known_gallery = since.get(entry.subject.get("gallery"))  # type: ignore[arg-type]
        if known_gallery is not None and entry.time[:19] >= known_gallery[1]:
            exports.append((entry.seq, date.fromisoformat(entry.time[:10]), known_gallery[0]))
    return exports


def days_left(request: SubjectRequest) -> int:
    """Return the days until the deadline; negative once it has passed."""
    return (request.due_on - timezone.now().date()).days


def is_overdue(request: SubjectRequest) -> bool:
    """Return True when an open request should have been answered before today."""
    return request.state in OPEN and days_left(request) < 0


def is_pressing(request: SubjectRequest) -> bool:
    """Return True when an open request has to be answered within the week."""
    return request.state in OPEN and days_left(request) <= WARN_DAYS
