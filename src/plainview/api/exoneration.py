"""Exoneration reviews: a search is asked for again, decided on, searched and answered: who else is on the lists."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Body
from pydantic import Field

from plainview.api import probes
from plainview.api.common import Cut, In, Moment, Out, Short, Text, member_of, slice_of
from plainview.casework.disclosure import read, reviews
from plainview.casework.models import ExonerationReview, Member


class ReviewIn(In):
    """A request for a review."""

    requester: Short = Field(max_length=200)
    body: Short = Field(max_length=200, description="On whose behalf: the defence of somebody, a court, a commission.")
    reason: Text = Field(description="Why the first search may be wrong.")
    charged_rank: int | None = Field(
        default=None, ge=1, le=9_999, description="Rank of the person charged; its examiner does not see it."
    )


class ReviewDecision(In):
    """A supervisor's decision on a request."""

    accept: bool
    reason: Text = Field(default="", description="Needed to decline.")


class ExonerationOut(Out):
    """A review."""

    id: str
    search: str
    state: str
    requester: str
    body: str
    reason: str
    charged_rank: int | None = Field(description="Null also for those who may not know it yet, and in a list.")
    asked_at: Moment
    accepted: bool | None
    decided_because: str
    searches: list[str] = Field(description="Ids of the searches that answer it.")
    answer: dict[str, Any] | None = Field(description="Null until it is answered, and in a list.")


class ExonerationsOut(Out):
    """A part of the list of reviews."""

    items: list[ExonerationOut]
    next: str | None


def _listed(review: ExonerationReview) -> ExonerationOut:
    """Return a review without what its lists hold: only who opens it, which is an entry, reads that."""
    return _review(review, knows=False)


def _shown(review: ExonerationReview, member: Member) -> ExonerationOut:
    return _review(review, knows=read.knows_rank(review, member))


def _review(review: ExonerationReview, *, knows: bool) -> ExonerationOut:
    return ExonerationOut(
        id=review.public_id,
        search=review.search.public_id,
        state=read.state_of(review),
        requester=review.requester,
        body=review.body,
        reason=review.why,
        charged_rank=review.charged_rank if knows else None,
        asked_at=review.asked_at,
        accepted=review.accepted,
        decided_because=review.note,
        searches=[search.public_id for search in read.searches_of(review)],
        answer=review.answer if knows else None,
    )


def exoneration_list(request: HttpRequest, page: Cut) -> object:
    """List the agency's reviews, open ones first, then the newest; without their answers."""
    member = member_of(request)
    return slice_of(read.reviews_of(member), page, _listed)


def exoneration_show(request: HttpRequest, id: str) -> ExonerationOut:  # noqa: A002  the name in the path
    """Return a review, with its answer once there is one; the view is an entry of the log."""
    member = member_of(request)
    return _shown(reviews.view_review(id, acting_member=member), member)


def exoneration_ask(request: HttpRequest, id: str, wanted: Body[ReviewIn]) -> ExonerationOut:  # noqa: A002
    """Ask for a review of a search of your agency."""
    member = member_of(request)
    review = reviews.ask_review(
        id, wanted.requester, wanted.body, wanted.reason, charged_rank=wanted.charged_rank, acting_member=member
    )
    return _shown(review, member)


def exoneration_decide(request: HttpRequest, id: str, decision: Body[ReviewDecision]) -> ExonerationOut:  # noqa: A002
    """Accept a request, so that it can be searched, or decline it with a reason."""
    member = member_of(request)
    review = reviews.decide_review(id, accept=decision.accept, reason=decision.reason, acting_member=member)
    return _shown(review, member)


def exoneration_prepare(request: HttpRequest, id: str) -> probes.ProbeOut:  # noqa: A002
    """Begin the search of a review: a probe with the photograph and the edits of the first search."""
    return probes.shown(reviews.prepare_review(id, acting_member=member_of(request)))


def exoneration_answer(request: HttpRequest, id: str) -> ExonerationOut:  # noqa: A002
    """Answer a review with who else is on the lists."""
    member = member_of(request)
    return _shown(reviews.answer_review(id, acting_member=member), member)
