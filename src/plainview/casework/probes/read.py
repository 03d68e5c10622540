"""Reading drafts of searches: always the member's own; and which galleries the rules allow for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from plainview.casework.models import Approval, Gallery, Member, Preparation, Search
from plainview.casework.people.read import binding
from plainview.policy.decision import Refused
from plainview.policy.search import offered


@dataclass(frozen=True, slots=True)
class Offer:
    """One gallery as step 2 shows it.

    Attributes:
        gallery: with its passport.
        size: references in it.
        refused: why it is not offered for this case; None when it is.
        search: the search that this preparation has made in it, if any.
    """

    gallery: Gallery
    size: int
    refused: Refused | None
    search: Search | None


def drafts(member: Member) -> list[Preparation]:
    """The member's drafts that were not searched yet, the last changed first."""
    rows = Preparation.objects.filter(member=member, discarded_at=None, used_at=None)
    return list(rows.select_related("case").order_by("-changed_at"))


def searches_of(draft: Preparation) -> list[Search]:
    """The searches made with a draft, in the order in which they were asked for."""
    return list(Search.objects.filter(preparation=draft).select_related("gallery").order_by("pk"))


def draft_of(search: Search, member: Member) -> Preparation | None:
    """The member's own draft that a search was made with, while it is kept."""
    rows = Preparation.objects.filter(searches=search, member=member, discarded_at=None)
    return rows.first()


def approvals_of(draft: Preparation) -> list[Approval]:
    """What was asked of the supervisors about this probe under this case, newest first; `search` is set once used."""
    rows = Approval.objects.filter(case=draft.case, member=draft.member, probe_sha256=draft.blob)
    return list(rows.select_related("decided_by").prefetch_related("search_set").order_by("-pk"))


def approval_wanted(draft: Preparation) -> str:
    """Why a supervisor must approve this probe before it is searched, as a sentence; "" when none must."""
    _, policy = binding(draft.member.agency)
    if policy.needs_approval(draft.case.offence):
        return f"Your agency wants a supervisor's approval before a search for {draft.case.offence}."
    face = chosen_face(draft)
    if face is not None and face["quality"] < policy.quality_floor:
        return f"The face's quality is {face['quality']}, below your agency's floor of {policy.quality_floor}."
    return ""


def chosen_face(draft: Preparation) -> dict[str, Any] | None:
    """The face that was chosen, as `actions.preparations` measured it."""
    return draft.faces[draft.face - 1] if draft.face else None


def offers(draft: Preparation) -> list[Offer]:
    """Every gallery of the agency: those that the rules allow first, each with why not where they do not."""
    today = timezone.now().date()
    searched = {search.gallery_id: search for search in searches_of(draft)}
    counted = Gallery.objects.filter(agency=draft.member.agency).annotate(
        size=Count("reference", filter=~Q(reference__template=b""))
    )
    listed = []
    for gallery in counted.order_by("name"):
        answer = offered(gallery.name, gallery.expires_on, tuple(gallery.offences), draft.case.offence, today)
        refused = answer if isinstance(answer, Refused) else None
        listed.append(Offer(gallery, gallery.size, refused, searched.get(gallery.pk)))
    return sorted(listed, key=lambda offer: offer.refused is not None)
