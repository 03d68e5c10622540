"""The exoneration review that a search answers, and who may run that search."""

from __future__ import annotations

from plainview.casework import find
from plainview.casework.models import Case, ExonerationReview, Member
from plainview.policy.decision import Refused


def review_to_search(public_id: str, case: Case | None, member: Member) -> ExonerationReview:
    """The review that a search of this member under this case may answer.

    Raises:
        Refused: as `open_review`; or review.aware, when the member knows who is charged.
    """
    row = open_review(public_id, case, member)
    if member.pk in (row.asked_by_id, row.decided_by_id):
        raise Refused(
            "review.aware",
            "Search refused",
            "You entered or decided this review, and know who is charged.",
            "Let an examiner search it who was not told.",
        )
    return row


def open_review(public_id: str, case: Case | None, member: Member) -> ExonerationReview:
    """The accepted review of this case that is not answered.

    Raises:
        Refused: review.unknown, when there is none of this case; or review.not_open.
    """
    row = find.review(public_id, member)
    if case is None or row.search.case_id != case.pk:
        raise Refused(
            "review.unknown",
            "Search refused",
            "The review is of another case.",
            "Name the case of the review.",
        )
    if not row.accepted or row.answered_at is not None:
        raise Refused(
            "review.not_open",
            "Search refused",
            "The review is not accepted, or is answered already.",
            "A supervisor accepts a request before it is searched.",
        )
    return row
