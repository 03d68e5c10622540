"""Exoneration reviews: requested by the defence or a reviewing body, decided, searched in the same five steps, answered.

Owns the steps from the request to the answer, which goes to the requester as a disclosure. It must never treat the
search differently: it is an ordinary one with its own purpose.
"""

from __future__ import annotations

from django.utils import timezone

from plainview.audit.record import Value
from plainview.casework import find
from plainview.casework.disclosure.grants import open_also
from plainview.casework.disclosure.make import disclosable
from plainview.casework.disclosure.read import compared, grant_of, grants_to, knows_rank, searches_of, waits_for
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Candidate, ExonerationReview, Member, Preparation, Search
from plainview.casework.probes.preparations import prepare
from plainview.casework.search.reviewed import open_review, review_to_search
from plainview.casework.workspace.services import services
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.examination import explained
from plainview.policy.permissions import Permission
from plainview.policy.roles import Role

_MAX_NAME = 200  # characters, as the columns


def ask_review(
    search_id: str,
    requester: str,
    body: str,
    reason: str,
    *,
    charged_rank: int | None = None,
    acting_member: Member,
) -> ExonerationReview:
    """Ask for a review of a search.

    Args:
        search_id: a search that is disclosed to the acting member, or of their agency.
        requester: the person who asks.
        body: whom they act for: a defence, a court, a commission.
        reason: what the review should look at.
        charged_rank: the rank of the person charged in the list, None when they are not in it.
        acting_member: the defence, or a supervisor who enters a written request.

    Raises:
        Refused: no permission, unknown search, a field is empty, no such rank, or another review is open.
    """
    requester, body = " ".join(requester.split()), " ".join(body.split())
    with acting("exoneration.ask", Permission.EXONERATION_ASK, acting_member):
        search = reviewable(search_id, acting_member)
        if not requester or not body or max(len(requester), len(body)) > _MAX_NAME:
            raise Refused(
                "review.incomplete",
                "Review not requested",
                "The name of the person who asks, or of their office, is missing.",
                "State both.",
            )
        rules.require(explained(reason, "What should be looked at"))
        if charged_rank is not None and not Candidate.objects.filter(search=search, rank=charged_rank).exists():
            raise Refused(
                "review.rank",
                "Review not requested",
                f"The list has no rank {charged_rank}.",
                "Leave the rank empty if the person charged is not in the list.",
            )
        if ExonerationReview.objects.filter(search=search, answered_at=None).exclude(accepted=False).exists():
            raise Refused(
                "review.waits",
                "Review not requested",
                "A review of this search is already open.",
                "Wait for its answer.",
                act=Permission.EXONERATION_READ,
            )
        review = ExonerationReview.objects.create(
            search=search,
            asked_by=acting_member,
            requester=requester,
            body=body,
            why=reason.strip(),
            charged_rank=charged_rank,
        )
        write_entry(
            "exoneration.asked",
            {
                "agency": search.case.agency.public_id,
                "search": search.public_id,
                "review": review.public_id,
                "by_the_defence": Role.DEFENCE.value in acting_member.roles,
            },
            {"requester": requester, "body": body, "why": review.why},
            acting_member=acting_member,
        )
    return review


def reviewable(search_id: str, member: Member) -> Search:
    """Return a search that the member may have reviewed: one disclosed to them, or of their agency.

    Raises:
        Refused: disclosure.unknown, search.unknown or disclosure.nothing.
    """
    if Role.DEFENCE.value in member.roles:
        return grant_of(search_id, member).search
    return disclosable(search_id, member)


def decide_review(review_id: str, *, accept: bool, reason: str, acting_member: Member) -> ExonerationReview:
    """Accept a request, so that it can be searched, or decline it with a reason.

    Raises:
        Refused: no permission, unknown, already decided, or declined without a reason in words.
    """
    with acting("exoneration.decide", Permission.EXONERATION_DECIDE, acting_member):
        review = find.review(review_id, acting_member)
        if review.accepted is not None:
            raise Refused(
                "review.decided", "Nothing changed", "This request has already been decided.", "Nothing more is needed."
            )
        if not accept:
            rules.require(explained(reason, "The reason"))
        review.accepted, review.decided_by, review.decided_at = accept, acting_member, timezone.now()
        review.note = reason.strip()
        review.save(update_fields=["accepted", "decided_by", "decided_at", "note"])
        write_entry(
            "exoneration.decided",
            {
                "agency": acting_member.agency.public_id,
                "search": review.search.public_id,
                "review": review.public_id,
                "accepted": accept,
            },
            {"note": review.note} if review.note else {},
            acting_member=acting_member,
        )
    return review


def view_review(review_id: str, *, acting_member: Member) -> ExonerationReview:
    """Show a review to a member of its agency; the view is an entry.

    The entry names the searches once the page shows who is on their lists, or which candidate is charged: from then on the
    reader is not their blind second.

    Raises:
        Refused: no permission, or unknown.
    """
    with acting("exoneration.view", Permission.EXONERATION_READ, acting_member):
        review = find.review(review_id, acting_member)
        named: dict[str, Value] = {}
        if knows_rank(review, acting_member):
            named["searches"] = [review.search.public_id, *(search.public_id for search in searches_of(review))]
        write_entry(
            "exoneration.viewed",
            {
                "agency": acting_member.agency.public_id,
                "review": review.public_id,
                "answered": review.answered_at is not None,
                **named,
            },
            acting_member=acting_member,
        )
    return review


def prepare_review(
    review_id: str, *, photograph: tuple[str, bytes] | None = None, acting_member: Member
) -> Preparation:
    """Create a draft for the review's search: with the reviewed search's probe and edits, or with another photograph.

    Raises:
        Refused: no permission, unknown, not accepted, or answered.
        BadMedia: the photograph cannot be used.
    """
    review = find.review(review_id, acting_member)
    case = review.search.case
    review_to_search(review_id, case, acting_member)
    first = review.search
    if photograph is not None:
        return prepare(case.number, *photograph, review=review, acting_member=acting_member)
    return prepare(
        case.number,
        first.probe_name,
        services().blobs.get(first.probe_blob),
        edits=first.edits,
        provenance=first.provenance,
        review=review,
        acting_member=acting_member,
    )


def answer_review(review_id: str, *, acting_member: Member) -> ExonerationReview:
    """Answer a review with who else is in the lists; open its searches to the defence that asked.

    Raises:
        Refused: no permission, unknown, not accepted, answered, not searched, or not yet examined and verified.
    """
    with acting("exoneration.answer", Permission.EXONERATION_DECIDE, acting_member):
        review = find.review(review_id, acting_member)
        open_review(review_id, review.search.case, acting_member)
        searches = searches_of(review)
        waits = waits_for(review) if searches else ["The search was not run."]
        if waits:
            raise Refused(
                "review.steps",
                "Review not answered",
                f"A step is missing: {' '.join(waits)}",
                "Complete the five steps that every search has. If nobody can verify, train another member.",
                act=Permission.EXONERATION_READ,
            )
        review.answer, review.answered_by, review.answered_at = compared(review), acting_member, timezone.now()
        review.save(update_fields=["answer", "answered_by", "answered_at"])
        for grant in grants_to(review.asked_by):
            if grant.search_id == review.search_id:
                for search in searches:
                    open_also(grant, search, acting_member=acting_member)
        write_entry(
            "exoneration.answered",
            {
                "agency": acting_member.agency.public_id,
                "search": review.search.public_id,
                "review": review.public_id,
                "searches": [search.public_id for search in searches],
                **{name: len(review.answer[name]) for name in ("in_both", "only_before", "only_now")},
            },
            acting_member=acting_member,
        )
    return review
