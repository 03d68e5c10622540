"""The candidates of a search: the recorded list, its pictures, and what a score means here.

Owns when a view is an entry of the log. Opening the page is one. Sorting or filtering the open list, in the same
session and within VIEW_LASTS of opening it, belongs to that view and adds no entry; later, or in another session, it
does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import cv2
import numpy as np
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from plainview.casework import find
from plainview.casework.log.write import Receipt
from plainview.casework.models import Candidate, Member, Search
from plainview.casework.pictures import face_jpeg, jpeg, probe_jpeg, whole_jpeg
from plainview.casework.probes.read import draft_of
from plainview.casework.search.candidates import answered, candidates_of
from plainview.casework.search.meaning import ORDINARY_ONCE_IN, Meaning, cautions, meanings, nothing_stands_out
from plainview.casework.search.run import view_candidates
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.recognition.edits import read, says
from plainview.scores.cautions import Caution
from plainview.scores.scoring import COSINE
from plainview.tables.dates import apart
from plainview.web.views.common import member_of, picture

VIEW_LASTS = timedelta(minutes=30)
"""How long an opened list counts as open: as long as a session may be idle."""

SORTS = {
    "rank": "as ranked",
    "captured": "newest picture first",
    "quality": "best quality first",
}
FILTERS = {
    "all": "all candidates",
    "clear": "without a caution",
    "dated": "with a capture date",
    "linked": "with a source link",
}
_SEEN = "plainview_lists_seen"
_LISTS = 20  # lists of a session whose opening is remembered


@dataclass(frozen=True, slots=True)
class ShownCandidate:
    """One candidate as the page shows it."""

    candidate: Candidate
    meaning: Meaning
    cautions: list[Caution]
    years: str | None
    erased: bool

    @property
    def ordinary(self) -> bool:
        """True when strangers score this high in most searches."""
        return self.meaning.rate is not None and self.meaning.rate.once_in < ORDINARY_ONCE_IN


@require_GET
def search(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show the list, or why there is none."""
    member = member_of(request)
    search = find.viewable_search(public_id, member)
    if search.erased_at is not None:
        return render(request, "candidates/erased.html", {"search": search}, status=410)
    if search.answered_at is None:
        return render(request, "candidates/unanswered.html", {"search": search})
    sort = request.GET.get("sort", "rank")
    only = request.GET.get("only", "all")
    receipt = _open_still(request, public_id) if {"sort", "only", "as"} & request.GET.keys() else None
    if receipt is None:
        answer = view_candidates(public_id, acting_member=member)
        search, candidates, receipt = answer.search, answer.candidates, answer.receipt
        _remember(request, public_id, receipt)
    else:
        search = answered(public_id, member)
        candidates = candidates_of(search)
    return render(request, "candidates/list.html", _context(request, member, search, candidates, receipt, sort, only))


def _context(
    request: HttpRequest,
    member: Member,
    search: Search,
    candidates: list[Candidate],
    receipt: Receipt,
    sort: str,
    only: str,
) -> dict[str, object]:
    warnings = cautions(search, candidates)
    meant = meanings(search, candidates)
    rows = [_shown(search, candidate, meaning, warnings) for candidate, meaning in zip(candidates, meant, strict=True)]
    shown = arranged(rows, sort, only)
    return {
        "search": search,
        "rows": shown,
        "total": len(rows),
        "receipt": receipt,
        "sort": sort,
        "only": only,
        "sorts": SORTS,
        "filters": FILTERS,
        "as_list": request.GET.get("as") == "list",
        "probe_cautions": [caution for caution in warnings if caution.rank is None],
        "adjusted": search.scorer != COSINE,
        "nothing": nothing_stands_out(meant),
        "edits": [says(edit) for edit in read(search.edits)],
        "draft": draft_of(search, member),
        "siblings": _siblings(search),
        "may_disclose": holds(member.roles, Permission.DISCLOSURE_GRANT),
        "may_examine": holds(member.roles, Permission.EXAMINATION_RECORD),
        "may_alert": holds(member.roles, Permission.ALERT_CREATE) and search.case.closed_at is None,
    }


def _shown(search: Search, candidate: Candidate, meaning: Meaning, warnings: list[Caution]) -> ShownCandidate:
    captured, probe = candidate.reference.captured_on, search.captured_on
    years = apart(probe, captured, candidate.reference.captured_precision or "day") if probe and captured else None
    about = [caution for caution in warnings if caution.rank == candidate.rank]
    return ShownCandidate(candidate, meaning, about, years, not candidate.reference.template)


def arranged(rows: list[ShownCandidate], sort: str, only: str) -> list[ShownCandidate]:
    """Return the candidates to show, in order; an unknown `sort` or `only` changes nothing."""
    keep = {
        "clear": lambda shown: not shown.cautions and not shown.erased,
        "dated": lambda shown: shown.candidate.reference.captured_on is not None,
        "linked": lambda shown: bool(shown.candidate.reference.source_link),
    }.get(only)
    selected = [shown for shown in rows if keep is None or keep(shown)]
    if sort == "captured":
        return sorted(selected, key=lambda shown: -(shown.candidate.reference.captured_on or date.min).toordinal())
    if sort == "quality":
        return sorted(selected, key=lambda shown: -shown.candidate.reference.quality)
    return selected


def _siblings(search: Search) -> list[Search]:
    """Return all searches with the same prepared probe, this one included; [] when there is no other."""
    if search.preparation is None:
        return []
    rows = list(search.preparation.searches.select_related("gallery").order_by("pk"))
    return rows if len(rows) > 1 else []


def _remember(request: HttpRequest, public_id: str, receipt: Receipt) -> None:
    seen = {key: value for key, value in request.session.get(_SEEN, {}).items() if key != public_id}
    seen[public_id] = [timezone.now().isoformat(), receipt.entry, receipt.size, receipt.root]
    request.session[_SEEN] = dict(list(seen.items())[-_LISTS:])


def _open_still(request: HttpRequest, public_id: str) -> Receipt | None:
    opened = request.session.get(_SEEN, {}).get(public_id)
    if opened is None or timezone.now() - datetime.fromisoformat(opened[0]) > VIEW_LASTS:
        return None
    return Receipt(*opened[1:])


@require_GET
def search_probe(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return the probe's face; with `whole` the picture as searched, with `original` as it came."""
    search = answered(public_id, member_of(request))
    if "original" in request.GET:
        return picture(whole_jpeg(search.probe_blob), lasting=True)
    if "whole" in request.GET:
        return picture(whole_jpeg(search.probe_blob, search.edits), lasting=True)
    return picture(probe_jpeg(search, _side(request)), lasting=True)


@require_GET
def candidate_face(request: HttpRequest, public_id: str, rank: int) -> HttpResponse:
    """Return the face of a candidate, at the same scale as the probe."""
    candidate = find.candidate_of(answered(public_id, member_of(request)), rank)
    if not candidate.reference.template:
        return picture(_erased())
    return picture(face_jpeg(candidate.reference.blob, candidate.reference.box, _side(request)), lasting=True)


@require_GET
def candidate_whole(request: HttpRequest, public_id: str, rank: int) -> HttpResponse:
    """Return the whole picture of a candidate."""
    candidate = find.candidate_of(answered(public_id, member_of(request)), rank)
    return picture(whole_jpeg(candidate.reference.blob) if candidate.reference.template else _erased())


def _side(request: HttpRequest) -> int:
    text = request.GET.get("side", "320")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 320


def _erased() -> bytes:
    """Return the placeholder of an erased picture: grey, with the word."""
    plain = np.full((320, 320, 3), 128, np.uint8)
    cv2.putText(plain, "erased", (96, 170), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (255, 255, 255), 2, cv2.LINE_AA)
    return jpeg(plain)
