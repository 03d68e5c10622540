"""Reviewing a candidate list: candidates set aside with a reason, or none of them, and both taken back.

Owns their fields on the API. A review is no examination, and its acts are casework.triage's.
"""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Body
from pydantic import Field

from plainview.api.common import In, Out, Short, Text, member_of
from plainview.casework import find
from plainview.casework.triage.aside import none_of_these, set_aside, take_back, take_none_back
from plainview.casework.triage.read import review_of
from plainview.policy.triage import REASONS


class AsideIn(In):
    """Why a candidate is set aside."""

    reason: Short = Field(description=f"One of: {', '.join(REASONS.values())}.")


class NoneIn(In):
    """A conclusion about the whole list."""

    statement: Text = Field(description="Why nobody of the list is the person.")
    seen: list[int] = Field(max_length=200, description="Ranks of the candidates that you have seen.")


class AsideOut(Out):
    """A candidate that was set aside."""

    rank: int
    reason: str


class ReviewOut(Out):
    """Your own review of a candidate list."""

    search: str
    aside: list[AsideOut]
    examined: list[int] = Field(description="Ranks of the candidates that you examined.")
    none_of_these: str | None = Field(description="Your statement that nobody of the list is the person.")


def _review(search_id: str, request: HttpRequest) -> ReviewOut:
    member = member_of(request)
    review = review_of(find.viewable_search(search_id, member), member)
    return ReviewOut(
        search=search_id,
        aside=[AsideOut(rank=rank, reason=reason) for rank, reason in sorted(review.aside.items())],
        examined=sorted(review.examined),
        none_of_these=review.none.statement if review.none else None,
    )


def review_show(request: HttpRequest, id: str) -> ReviewOut:  # noqa: A002  the name in the path
    """Return your own review of a candidate list."""
    return _review(id, request)


def candidate_set_aside(request: HttpRequest, id: str, rank: int, why: Body[AsideIn]) -> ReviewOut:  # noqa: A002
    """Set a candidate aside after a quick look: a review, not an examination."""
    set_aside(id, rank, why.reason, acting_member=member_of(request))
    return _review(id, request)


def candidate_take_back(request: HttpRequest, id: str, rank: int) -> ReviewOut:  # noqa: A002
    """Take back that a candidate was set aside; the first decision stays on record."""
    take_back(id, rank, acting_member=member_of(request))
    return _review(id, request)


def none_state(request: HttpRequest, id: str, conclusion: Body[NoneIn]) -> ReviewOut:  # noqa: A002
    """Conclude that nobody of a list is the person; a candidate that you have not seen refuses it."""
    none_of_these(id, conclusion.statement, conclusion.seen, acting_member=member_of(request))
    return _review(id, request)


def none_take_back(request: HttpRequest, id: str) -> ReviewOut:  # noqa: A002
    """Take back the conclusion about a whole list."""
    take_none_back(id, acting_member=member_of(request))
    return _review(id, request)
