"""The candidates of a search: the recorded list, its pictures, and what a score means here.

Owns when a view is an entry of the log. Opening the page is one. Sorting or filtering the list that is open, in the
same session and within VIEW_LASTS of opening it, belongs to that view and is none; later, or in another session, it is.
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
from plainview.web.views.common import member_of, picture

VIEW_LASTS = timedelta(minutes=30)
"""How long an opened list counts as open: as long as a session may idle."""

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
class Row:
    """One candidate as the page shows it."""

    candidate: Candidate
    meaning: Meaning
    cautions: list[Caution]
    years: float | None
    erased: bool

    @property
    def ordinary(self) -> bool:
        """True when strangers reach this score in most searches."""
        return self.meaning.rate is not None and self.meaning.rate.once_in < ORDINARY_ONCE_IN


@require_GET
def search(request: HttpRequest, public_id: str) -> HttpResponse:
    """The list, or why there is none."""
    member = member_of(request)
    found = find.viewable_search(public_id, member)
    if found.erased_at is not None:
        return render(request, "candidates/erased.html", {"search": found}, status=410)
    if found.answered_at is None:
        return render(request, "candidates/unanswered.html", {"search": found})
    sort = request.GET.get("sort", "rank")
    only = request.GET.get("only", "all")
    receipt = _open_still(request, public_id) if {"sort", "only", "as"} & request.GET.keys() else None
    if receipt is None:
        answer = view_candidates(public_id, acting_member=member)
        found, candidates, receipt = answer.search, answer.candidates, answer.receipt
        _remember(request, public_id, receipt)
    else:
        found = answered(public_id, member)
        candidates = candidates_of(found)
    return render(request, "candidates/list.html", _context(request, member, found, candidates, receipt, sort, only))


def _context(
    request: HttpRequest,
    member: Member,
    found: Search,
    candidates: list[Candidate],
    receipt: Receipt,
    sort: str,
    only: str,
) -> dict[str, object]:
    told = cautions(found, candidates)
    meant = meanings(found, candidates)
    rows = [_row(found, row, meaning, told) for row, meaning in zip(candidates, meant, strict=True)]
    shown = arranged(rows, sort, only)
    return {
        "search": found,
        "rows": shown,
        "total": len(rows),
        "receipt": receipt,
        "sort": sort,
        "only": only,
        "sorts": SORTS,
        "filters": FILTERS,
        "as_list": request.GET.get("as") == "list",
        "probe_cautions": [row for row in told if row.rank is None],
        "adjusted": found.scorer != COSINE,
        "nothing": nothing_stands_out(meant),
        "edits": [says(edit) for edit in read(found.edits)],
        "draft": draft_of(found, member),
        "siblings": _siblings(found),
        "may_disclose": holds(member.roles, Permission.DISCLOSURE_GRANT),
        "may_examine": holds(member.roles, Permission.EXAMINATION_RECORD),
        "may_alert": holds(member.roles, Permission.ALERT_CREATE) and found.case.closed_at is None,
    }


def _row(found: Search, row: Candidate, meaning: Meaning, told: list[Caution]) -> Row:
    captured, probe = row.reference.captured_on, found.captured_on
    years = abs((probe - captured).days) / 365.25 if probe and captured else None
    return Row(row, meaning, [c for c in told if c.rank == row.rank], years, not row.reference.template)


def arranged(rows: list[Row], sort: str, only: str) -> list[Row]:
    """The rows that are shown, in their order; an unknown word sorts and filters nothing."""
    keep = {
        "clear": lambda row: not row.cautions and not row.erased,
        "dated": lambda row: row.candidate.reference.captured_on is not None,
        "linked": lambda row: bool(row.candidate.reference.source_url),
    }.get(only)
    kept = [row for row in rows if keep is None or keep(row)]
    if sort == "captured":
        return sorted(kept, key=lambda row: -(row.candidate.reference.captured_on or date.min).toordinal())
    if sort == "quality":
        return sorted(kept, key=lambda row: -row.candidate.reference.quality)
    return kept


def _siblings(found: Search) -> list[Search]:
    """The searches made with the same prepared probe in other galleries, this one among them; [] when it is alone."""
    if found.preparation is None:
        return []
    rows = list(found.preparation.searches.select_related("gallery").order_by("pk"))
    return rows if len(rows) > 1 else []


def _remember(request: HttpRequest, public_id: str, receipt: Receipt) -> None:
    seen = {key: value for key, value in request.session.get(_SEEN, {}).items() if key != public_id}
    seen[public_id] = [timezone.now().isoformat(), receipt.entry, receipt.size, receipt.root]
    request.session[_SEEN] = dict(list(seen.items())[-_LISTS:])


def _open_still(request: HttpRequest, public_id: str) -> Receipt | None:
    held = request.session.get(_SEEN, {}).get(public_id)
    if held is None or timezone.now() - datetime.fromisoformat(held[0]) > VIEW_LASTS:
        return None
    return Receipt(*held[1:])


@require_GET
def search_probe(request: HttpRequest, public_id: str) -> HttpResponse:
    """The probe's face; with `whole` the picture as searched, with `original` as it came."""
    found = answered(public_id, member_of(request))
    if "original" in request.GET:
        return picture(whole_jpeg(found.probe_blob))
    if "whole" in request.GET:
        return picture(whole_jpeg(found.probe_blob, found.edits))
    return picture(probe_jpeg(found, _side(request)))


@require_GET
def candidate_face(request: HttpRequest, public_id: str, rank: int) -> HttpResponse:
    """The face of a candidate, at one scale with the probe."""
    row = find.candidate_of(answered(public_id, member_of(request)), rank)
    if not row.reference.template:
        return picture(_erased())
    return picture(face_jpeg(row.reference.blob, row.reference.box, _side(request)))


@require_GET
def candidate_whole(request: HttpRequest, public_id: str, rank: int) -> HttpResponse:
    """The whole picture of a candidate."""
    row = find.candidate_of(answered(public_id, member_of(request)), rank)
    return picture(whole_jpeg(row.reference.blob) if row.reference.template else _erased())


def _side(request: HttpRequest) -> int:
    text = request.GET.get("side", "320")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 320


def _erased() -> bytes:
    """What stands for an erased picture: grey, with the word."""
    plain = np.full((320, 320, 3), 128, np.uint8)
    cv2.putText(plain, "erased", (96, 170), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (255, 255, 255), 2, cv2.LINE_AA)
    return jpeg(plain)
