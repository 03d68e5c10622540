"""Reading who may see which search: a person's live grants, and a search's grants, packages and downloads.

Owns what "live" means: not revoked, and not past its last day. It must never let a grant that is not live be told apart
from one that does not exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from plainview.casework import find
from plainview.casework.disclosure.contents import result_of
from plainview.casework.examination.read import verdicts
from plainview.casework.models import (
    Candidate,
    DisclosureGrant,
    DisclosurePackage,
    Examination,
    ExonerationReview,
    Member,
    Search,
)
from plainview.policy.agency import PICTURES
from plainview.policy.decision import Allow, Refused
from plainview.policy.examination import POTENTIAL, verified
from plainview.policy.permissions import Permission
from plainview.policy.roles import holds


def live(rows: QuerySet[DisclosureGrant], today: date | None = None) -> QuerySet[DisclosureGrant]:
    """Return those of the grants that are live today."""
    return rows.filter(revoked_at=None, ends_on__gte=today or timezone.now().date())


def grants_to(member: Member) -> list[DisclosureGrant]:
    """Return the grants to this person that are live, newest first, without those to erased searches."""
    rows = live(DisclosureGrant.objects.filter(agency=member.agency, email=member.email))
    rows = rows.filter(search__erased_at=None).select_related("search__case", "search__gallery")
    return list(rows.order_by("-pk"))


def grant_of(search_id: str, member: Member) -> DisclosureGrant:
    """Return the member's live grant to a search.

    Raises:
        Refused: disclosure.unknown, if nothing was disclosed, even if the search exists.
    """
    return find.disclosure(search_id, member, among=live(DisclosureGrant.objects.order_by("-pk")))


def grants_of(search: Search) -> list[DisclosureGrant]:
    """Return all grants to a search, newest first."""
    return list(
        DisclosureGrant.objects.filter(search=search).select_related("granted_by", "revoked_by").order_by("-pk")
    )


def packages_of(search: Search) -> list[DisclosurePackage]:
    """Return the packages of a search with their downloads, newest first."""
    rows = DisclosurePackage.objects.filter(search=search).select_related("asked_by")
    return list(rows.prefetch_related("downloads__member").order_by("-pk"))


def packages_open_to(grant: DisclosureGrant) -> list[DisclosurePackage]:
    """Return the packages that a grant opens: those that are stored and show no more pictures than the grant allows."""
    enough = PICTURES[PICTURES.index(grant.pictures) :]
    rows = DisclosurePackage.objects.filter(~Q(blob=""), search=grant.search, pictures__in=enough)
    return list(rows.order_by("-pk"))


def package_open_to(public_id: str, member: Member) -> DisclosurePackage:
    """Return a package that a live grant of the member opens.

    Raises:
        Refused: package.unknown.
    """
    for grant in grants_to(member):
        for package in packages_open_to(grant):
            if package.public_id == public_id.strip():
                return package
    raise Refused(
        "package.unknown",
        "Not found",
        "This package does not exist.",
        "Choose a package from the list.",
        act=Permission.DISCLOSURE_READ,
    )


def reviews_of(member: Member) -> list[ExonerationReview]:
    """Return every review of the member's agency: open ones first, then the newest."""
    rows = ExonerationReview.objects.filter(search__case__agency=member.agency)
    rows = rows.select_related("search__case", "asked_by").prefetch_related("searches")
    return sorted(rows.order_by("-pk"), key=lambda review: review.answered_at is not None or review.accepted is False)


def searches_of(review: ExonerationReview) -> list[Search]:
    """Return the searches that answer a review, in order, without erased ones."""
    rows = Search.objects.filter(review=review, erased_at=None, answered_at__isnull=False)
    return list(rows.select_related("gallery", "member", "case").order_by("pk"))


def state_of(review: ExonerationReview) -> str:
    """Return the status of a review, in words."""
    if review.answered_at is not None:
        return "answered"
    if review.accepted is None:
        return "waiting for a decision"
    if not review.accepted:
        return "declined"
    return "waiting for examination and an answer" if searches_of(review) else "waiting for a search"


def knows_rank(review: ExonerationReview, member: Member) -> bool:
    """Say whether the member may see which candidate is charged: who decides may, and everyone once it is answered."""
    return review.answered_at is not None or holds(member.roles, Permission.EXONERATION_DECIDE)


def waits_for(review: ExonerationReview) -> list[str]:
    """Return in sentences whom an answer waits for: an examiner, the blind second of a candidate, or a supervisor."""
    waits = []
    for search in searches_of(review):
        looked = Examination.objects.filter(candidate__search=search).select_related("candidate").order_by("pk")
        if not looked.exists() and Candidate.objects.filter(search=search).exists():
            waits.append(f"Search {search.public_id} waits for an examiner.")
        similar = looked.filter(conclusion=POTENTIAL)
        decided = {examination.candidate_id for examination in similar if not _missing(examination)}
        for examination in looked:
            missing = "" if examination.candidate_id in decided else _missing(examination)
            missing = _pending(examination) or missing
            if missing:
                waits.append(
                    f"Candidate {examination.candidate.rank} of search {search.public_id} waits for {missing}."
                )
    return waits


def _pending(examination: Examination) -> str:
    return "its verifier" if examination.verifications.filter(answered_at=None).exists() else ""


def _missing(examination: Examination) -> str:
    """Return who has to act on an examination before a review is answered; "" when nobody has to."""
    if examination.conclusion != POTENTIAL or hasattr(examination, "lead"):
        return ""
    answers = [word for _, word in verdicts(examination)]
    if not answers:
        return _pending(examination) or "a second person who is trained and has not seen the search"
    if hasattr(examination, "withheld") or isinstance(verified(examination.conclusion, answers, False), Allow):
        return ""
    return _pending(examination) or "a supervisor, because its verifiers disagreed with the examiner"


def compared(review: ExonerationReview) -> dict[str, Any]:
    """Return who else is in the lists: in both, in only one, and ranked above the person charged."""
    before = _references(review.search)
    charged = before[review.charged_rank - 1] if review.charged_rank else None
    searches = searches_of(review)
    lists = [_references(search) for search in searches]
    now = list(dict.fromkeys(name for names in lists for name in names))
    worked = _worked_on(review.search)
    answer: dict[str, Any] = {
        "reviewed_search": review.search.public_id,
        "gallery": review.search.gallery.name,
        "candidates_before": len(before),
        "charged": charged,
        "charged_rank_before": review.charged_rank,
        "ranked_above_before": before[: review.charged_rank - 1] if review.charged_rank else [],
        "searches": [_search(search, names, charged, worked) for search, names in zip(searches, lists, strict=True)],
        "in_both": [name for name in before if name in now],
        "only_before": [name for name in before if name not in now],
        "only_now": [name for name in now if name not in before],
    }
    return answer | {"says": in_words(answer)}


def _references(search: Search) -> list[str]:
    rows = Candidate.objects.filter(search=search).order_by("rank")
    return list(rows.values_list("reference__public_id", flat=True))


def _search(search: Search, names: Sequence[str], charged: str | None, worked: set[int]) -> dict[str, Any]:
    rank = names.index(charged) + 1 if charged in names else None
    result, put_forward = result_of(search)
    looked = set(Examination.objects.filter(candidate__search=search).values_list("member_id", flat=True))
    return {
        "search": search.public_id,
        "gallery": search.gallery.name,
        "candidates": len(names),
        "charged_rank": rank,
        "ranked_above": list(names[: rank - 1]) if rank else [],
        "result": result,
        "put_forward": put_forward,
        "another_person": not ({search.member_id} | looked) & worked,
    }


def _worked_on(search: Search) -> set[int]:
    rows = Examination.objects.filter(candidate__search=search)
    return {search.member_id, *rows.values_list("member_id", flat=True)}


def in_words(answer: dict[str, Any]) -> str:
    """Return the comparison in sentences."""
    charged = answer["charged"]
    if charged is None:
        said = ["The person charged is not in the first list, or no rank was stated."]
    else:
        first = f"rank {answer['charged_rank_before']} of {answer['candidates_before']}"
        said = [f"The person charged was {first}, with {_others(answer['charged_rank_before'] - 1)} above."]
    for search in answer["searches"]:
        if charged is not None:
            place = f"rank {search['charged_rank']} of {search['candidates']}, with {_others(len(search['ranked_above']))} above"
            gone = f"not in the list of {search['candidates']}"
            said.append(f"In the new search of {search['gallery']}: {place if search['charged_rank'] else gone}.")
        named = [name for name in search["put_forward"] if name != charged]
        if named:
            said.append(f"Put forward from it: {_others(len(named))}.")
    said.append(
        f"In both lists: {len(answer['in_both'])}; only in the first: {len(answer['only_before'])}; "
        f"only in the new one: {len(answer['only_now'])}."
    )
    return " ".join(said)


def _others(count: int) -> str:
    return "nobody" if not count else "1 other" if count == 1 else f"{count} others"


def reviews_about(search: Search) -> list[ExonerationReview]:
    """Return the reviews of a search, and the review that it answers."""
    rows = ExonerationReview.objects.filter(Q(search=search) | Q(searches=search)).distinct()
    return list(rows.order_by("pk"))
