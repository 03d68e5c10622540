"""Reads the review of a candidate list: what a member set aside, examined, or concluded, and everyone's for the record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from plainview.casework.models import Candidate, Examination, Member, NoneOfThese, Search, SetAside
from plainview.casework.workspace.prepared import Prepared
from plainview.policy.examination import POTENTIAL
from plainview.policy.triage import REVIEW


@dataclass(frozen=True, slots=True)
class Review:
    """A member's work on one list: rank -> reason, rank -> examination, and the conclusion about all of it."""

    aside: dict[int, str] = field(default_factory=dict)
    examined: dict[int, Examination] = field(default_factory=dict)
    none: NoneOfThese | None = None

    def done(self, ranks: Iterable[int]) -> int:
        """Return how many of these ranks are decided."""
        every = list(ranks)
        if self.none is not None:
            return len(every)
        return sum(1 for rank in every if rank in self.aside or rank in self.examined)


def review_of(search: Search, member: Member) -> Review:
    """Return what this member has done with a list."""
    return Review(
        {decision.candidate.rank: decision.reason for decision in _ASIDE(search.pk, member.pk)},
        {examination.candidate.rank: examination for examination in _EXAMINED(search.pk, member.pk)},
        _NONE.first(search.pk, member.pk),
    )


_ASIDE = Prepared(
    lambda search, member: SetAside.objects.filter(
        candidate__search=search, member=member, undone_at=None
    ).select_related("candidate"),
    int,
    int,
)
_EXAMINED = Prepared(
    lambda search, member: Examination.objects.filter(candidate__search=search, member=member).select_related(
        "candidate"
    ),
    int,
    int,
)
_NONE = Prepared(
    lambda search, member: NoneOfThese.objects.filter(search=search, member=member, undone_at=None).order_by("pk")[:1],
    int,
    int,
)


def progress(searches: Sequence[Search], member: Member) -> list[tuple[Search, int, int]]:
    """Return (search, candidates decided, candidates) of each search that this member has not finished reviewing."""
    keys = [search.pk for search in searches]
    concluded = set(
        NoneOfThese.objects.filter(search__in=keys, member=member, undone_at=None).values_list("search_id", flat=True)
    )
    ranks = Candidate.objects.filter(search__in=keys).values_list("search_id", "pk")
    aside = SetAside.objects.filter(candidate__search__in=keys, member=member, undone_at=None)
    examined = Examination.objects.filter(candidate__search__in=keys, member=member)
    decided = {*aside.values_list("candidate_id", flat=True), *examined.values_list("candidate_id", flat=True)}
    handed = set(examined.filter(conclusion=POTENTIAL).values_list("candidate__search_id", flat=True))
    total, done = Counter[int](), Counter[int]()
    for search, candidate in ranks:
        total[search] += 1
        done[search] += candidate in decided
    return [
        (search, done[search.pk], total[search.pk])
        for search in searches
        if search.pk not in concluded and search.pk not in handed and done[search.pk] < total[search.pk]
    ]


def reviews(search: Search) -> dict[str, Any]:
    """Return every decision of review about a list, those that were taken back included, for the record and the defence."""
    aside = SetAside.objects.filter(candidate__search=search).select_related("candidate", "member").order_by("pk")
    none = NoneOfThese.objects.filter(search=search).select_related("member").order_by("pk")
    return {
        "is": REVIEW,
        "set_aside": [
            {
                "rank": decision.candidate.rank,
                "member": decision.member.public_id,
                "reason": decision.reason,
                "at": decision.at.isoformat(),
                "entry": decision.entry,
                "taken_back_at": decision.undone_at.isoformat() if decision.undone_at else None,
                "taken_back_entry": decision.undo_entry,
            }
            for decision in aside
        ],
        "none_of_these": [
            {
                "member": decision.member.public_id,
                "candidates": decision.count,
                "statement": decision.statement,
                "at": decision.at.isoformat(),
                "entry": decision.entry,
                "taken_back_at": decision.undone_at.isoformat() if decision.undone_at else None,
                "taken_back_entry": decision.undo_entry,
            }
            for decision in none
        ],
    }
