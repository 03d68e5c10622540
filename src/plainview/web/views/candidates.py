"""The candidates of a search: the recorded list, and what a score means here.

Owns when a view is an entry of the log. Opening the page is one. Sorting or filtering the open list, in the same
session and within VIEW_LASTS of opening it, belongs to that view and adds no entry; later, or in another session, it
does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from plainview.casework import find
from plainview.casework.log.write import Receipt
from plainview.casework.models import Candidate, Examination, Member, Search
from plainview.casework.probes.read import draft_of, searches_of
from plainview.casework.search.candidates import (
    TEN,
    ShownPicture,
    answered,
    candidates_of,
    made_of,
    pictures_by_rank,
    span_of,
)
from plainview.casework.search.meaning import ORDINARY_ONCE_IN, Meaning, cautions, meanings
from plainview.casework.search.run import view_candidates
from plainview.casework.triage.read import Review, review_of
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds
from plainview.policy.triage import REASONS
from plainview.policy.wording import counted
from plainview.recognition.edits import read, says
from plainview.scores.calibration import in_words
from plainview.scores.cautions import Caution
from plainview.scores.scoring import COSINE
from plainview.tables.dates import apart
from plainview.web.views.common import member_of

VIEW_LASTS = timedelta(minutes=30)
"""How long an opened list counts as open: as long as a session may be idle."""

SORTS = {
    "rank": "as ranked",
    "captured": "newest picture first",
    "quality": "best quality first",
}
FILTERS = {
    "all": "all candidates",
    "open": "to review",
    "aside": "set aside",
    "clear": "without a caution",
    "dated": "with a capture date",
    "linked": "with a source link",
}
_SEEN = "plainview_lists_seen"
_LISTS = 20  # lists of a session whose opening is remembered


@dataclass(frozen=True, slots=True)
class ShownCandidate:
    """One candidate as the page shows it. `concluded`: this member concluded that nobody of its list is the person."""

    search: Search
    candidate: Candidate
    meaning: Meaning
    cautions: list[Caution]
    years: str | None
    erased: bool
    pictures: list[ShownPicture]
    span: str
    aside: str = ""
    examined: Examination | None = None
    concluded: bool = False

    @property
    def ordinary(self) -> bool:
        """True when strangers score this high in most searches."""
        return self.meaning.rate is not None and self.meaning.rate.once_in < ORDINARY_ONCE_IN

    @property
    def ten(self) -> int:
        """Which ten faces, one picture on a list, have this one; see list_pictures."""
        return (self.candidate.rank - 1) // TEN

    @property
    def place(self) -> int:
        """The place of this face among them, from 0."""
        return (self.candidate.rank - 1) % TEN

    @property
    def adjusted(self) -> bool:
        """True when another number than the cosine orders the list."""
        return self.search.scorer != COSINE

    @property
    def leading(self) -> str:
        """The number that orders the list, to three decimals."""
        return f"{self.candidate.adjusted if self.adjusted else self.candidate.score:.3f}"

    @property
    def short(self) -> str:
        """What the score means, in a few words."""
        rate = self.meaning.rate
        return "Rate unknown" if rate is None else "Ordinary" if self.ordinary else in_words(rate)

    @property
    def decided(self) -> bool:
        """True when this member has set it aside or examined it."""
        return bool(self.aside) or self.examined is not None


@dataclass(frozen=True, slots=True)
class Finding:
    """The headline of a list, and the sentence under it, said once."""

    title: str
    says: str = ""
    nobody: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """A part of the list under its heading."""

    title: str
    rows: list[ShownCandidate]
    says: str = ""


@require_GET
def search(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show the list, or why there is none; with `together`, the lists of every gallery of this probe as one."""
    member = member_of(request)
    search = find.viewable_search(public_id, member)
    if search.erased_at is not None:
        return render(request, "candidates/erased.html", {"search": search}, status=410)
    if search.answered_at is None:
        return render(request, "candidates/unanswered.html", {"search": search})
    lists = [search]
    if "together" in request.GET:
        lists += [
            other for other in _siblings(search) if other.pk != search.pk and other.answered_at and not other.erased_at
        ]
    opened = [_opened(request, other.public_id, member) for other in lists]
    return render(request, "candidates/list.html", _context(request, member, opened))


Opened = tuple[Search, list[Candidate], Receipt]


def _opened(request: HttpRequest, public_id: str, member: Member) -> Opened:
    """Open a list, which is an entry of the log, or continue a view of it that is."""
    receipt = _open_still(request, public_id) if {"sort", "only"} & request.GET.keys() else None
    if receipt is None:
        answer = view_candidates(public_id, acting_member=member)
        _remember(request, public_id, answer.receipt)
        return answer.search, answer.candidates, answer.receipt
    search = answered(public_id, member)
    return search, candidates_of(search), receipt


def _context(request: HttpRequest, member: Member, opened: list[Opened]) -> dict[str, object]:
    search, _, receipt = opened[0]
    sort, only = request.GET.get("sort", "rank"), request.GET.get("only", "all")
    review = review_of(search, member)
    rows: list[ShownCandidate] = []
    warnings: list[Caution] = []
    done = 0
    for listed, candidates, _ in opened:
        mine = review if listed.pk == search.pk else review_of(listed, member)
        shown, about = shown_list(listed, candidates, mine)
        rows += shown
        done += mine.done([candidate.rank for candidate in candidates])
        warnings += [caution for caution in about if caution.rank is None and caution not in warnings]
    if len(opened) > 1:  # numbers of two galleries do not compare; how rare each is in its own gallery does
        rows.sort(key=lambda candidate: -(candidate.meaning.rate.once_in if candidate.meaning.rate else 0.0))
    return {
        "search": search,
        "lists": [listed for listed, _, _ in opened],
        "together": len(opened) > 1,
        "finding": finding(rows, together=len(opened) > 1),
        "bands": bands(arranged(rows, sort, only)),
        "total": len(rows),
        "shown": len(arranged(rows, sort, only)),
        "done": done,
        "review": review,
        "receipt": receipt,
        "sort": sort,
        "only": only,
        "sorts": SORTS,
        "filters": FILTERS,
        "reasons": REASONS,
        "probe_cautions": warnings,
        "adjusted": search.scorer != COSINE,
        "edits": [says(edit) for edit in read(search.edits)],
        "frames": (frames := list(search.frames.order_by("number"))),
        "together_words": made_of(frames),
        "draft": draft_of(search, member),
        "siblings": _siblings(search),
        "may_disclose": holds(member.roles, Permission.DISCLOSURE_GRANT),
        "may_examine": holds(member.roles, Permission.EXAMINATION_RECORD),
        "may_alert": holds(member.roles, Permission.ALERT_CREATE) and search.case.closed_at is None,
    }


def shown_list(
    search: Search, candidates: list[Candidate], review: Review
) -> tuple[list[ShownCandidate], list[Caution]]:
    """Return the candidates as the page shows them, and every caution about the list."""
    warnings = cautions(search, candidates)
    meant = meanings(search, candidates)
    pictures = pictures_by_rank(candidates)
    rows = [
        _shown(search, candidate, meaning, warnings, review, pictures[candidate.rank])
        for candidate, meaning in zip(candidates, meant, strict=True)
    ]
    return rows, warnings


def finding(rows: list[ShownCandidate], *, together: bool = False) -> Finding:
    """Return what a list comes to, in a headline; nobody is a finding too. `together`: of several galleries."""
    if not rows:
        return Finding("No candidate")
    rate = rows[0].meaning.rate
    if rate is None:
        return Finding(f"{counted(len(rows), 'candidate')}, similar and not identified", rows[0].meaning.text)
    above = sum(1 for shown in rows if not shown.ordinary and shown.meaning.rate is not None)
    if not above:
        return Finding(
            "Nobody stands out",
            f"{rows[0].meaning.text} The person may not be in {'these galleries' if together else 'the gallery'}. "
            "You do not have to choose anyone.",
            nobody=True,
        )
    title = "One candidate stands out" if above == 1 else f"{above} candidates stand out"
    note = "It is still not an identification: relatives and people who look alike score high too."
    of = f" of {rows[0].search.gallery.name}" if together else ""
    return Finding(title, f"Candidate {rows[0].candidate.rank}{of}: {rows[0].meaning.text} {note}")


def bands(rows: list[ShownCandidate]) -> list[Band]:
    """Return the rows in two parts: above what strangers reach, and within it."""
    above = [shown for shown in rows if not shown.ordinary]
    within = [shown for shown in rows if shown.ordinary]
    parts = []
    if above or not within:
        parts.append(Band("Above the ordinary range" if within or above else "Candidates", above))
    if within:
        parts.append(Band("Ordinary range", within, "Almost any stranger scores this high here."))
    return parts


def _shown(
    search: Search,
    candidate: Candidate,
    meaning: Meaning,
    warnings: list[Caution],
    review: Review,
    pictures: list[ShownPicture],
) -> ShownCandidate:
    captured, probe = candidate.reference.captured_on, search.captured_on
    years = apart(probe, captured, candidate.reference.captured_precision or "day") if probe and captured else None
    return ShownCandidate(
        search,
        candidate,
        meaning,
        [caution for caution in warnings if caution.rank == candidate.rank],
        years,
        not any(shown.reference.template for shown in pictures),
        pictures,
        span_of(pictures),
        review.aside.get(candidate.rank, ""),
        review.examined.get(candidate.rank),
        review.none is not None,
    )


def arranged(rows: list[ShownCandidate], sort: str, only: str) -> list[ShownCandidate]:
    """Return the candidates to show, in order; an unknown `sort` or `only` changes nothing."""
    keep = {
        "open": lambda shown: not shown.decided,
        "aside": lambda shown: bool(shown.aside),
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
    rows = searches_of(search.preparation)
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


def open_list(request: HttpRequest, search: Search, member: Member) -> None:
    """Open a list, which is an entry of the log, unless it was opened in this session: one of its pictures is shown."""
    if search.public_id not in request.session.get(_SEEN, {}):
        _remember(request, search.public_id, view_candidates(search.public_id, acting_member=member).receipt)
