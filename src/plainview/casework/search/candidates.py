"""Reads a recorded candidate list; search.run.view_candidates records who saw it."""

from __future__ import annotations

from plainview.casework import find
from plainview.casework.log.commit import require_whole
from plainview.casework.models import Candidate, Member, Search
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission


def answered(public_id: str, member: Member) -> Search:
    """Return a search of the member's agency that has an answer.

    Raises:
        Refused: search.unknown, search.sealed, or search.no_answer if it was not answered or was erased.
    """
    search = find.viewable_search(public_id, member)
    if search.answered_at is None or search.erased_at is not None:
        raise Refused(
            "search.no_answer",
            "Nothing shown",
            "The search was erased." if search.erased_at else "The search was not answered.",
            "Run a new search if the case still needs one.",
            act=Permission.SEARCH_RUN,
        )
    return search


def candidates_of(search: Search) -> list[Candidate]:
    """Return the whole list of a search, by rank, each candidate with its reference."""
    rows = list(Candidate.objects.filter(search=search).select_related("reference").order_by("rank"))
    require_whole(Candidate, search.pk, len(rows))
    return rows
