"""Reads the exoneration review that a search answers, and decides who may run that search."""

from __future__ import annotations

from plainview.casework import find
from plainview.casework.models import Case, ExonerationReview, Member
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission


def review_to_search(public_id: str, case: Case | None, member: Member) -> ExonerationReview:
    """Return the review that a search of this member under this case may answer.

    Raises:
        Refused: as `open_review`; or review.aware, if the member knows who is charged.
    """
    review = open_review(public_id, case, member)
    if member.pk in (review.asked_by_id, review.decided_by_id):
        raise Refused(
            "review.aware",
            "Search refused",
            "You recorded or decided this review and know who is charged.",
            "Ask an examiner who does not know to run the search.",
        )
    return review


def open_review(public_id: str, case: Case | None, member: Member) -> ExonerationReview:
    """Return the accepted review of this case that is not answered yet.

    Raises:
        Refused: review.unknown, review.other_case or review.not_open.
    """
    review = find.review(public_id, member)
    if case is None or review.search.case_id != case.pk:
        raise Refused(
            "review.other_case",
            "Search refused",
            "The review belongs to another case.",
            "Name the case of the review.",
            act=Permission.EXONERATION_READ,
        )
    if not review.accepted or review.answered_at is not None:
        raise Refused(
            "review.not_open",
            "Search refused",
            "The review is not accepted, or has already been answered.",
            "Ask a supervisor to accept the request before the search.",
            act=Permission.EXONERATION_DECIDE,
        )
    return review
