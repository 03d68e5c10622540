"""Reads the member's own drafts of searches, and which galleries the rules allow for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from plainview.casework.galleries.read import gallery_sizes
from plainview.casework.models import Approval, Gallery, Member, Preparation, Search
from plainview.casework.people.read import binding
from plainview.casework.workspace.prepared import Prepared
from plainview.policy.decision import Refused
from plainview.policy.search import offered


@dataclass(frozen=True, slots=True)
class Offer:
    """A gallery as step 2 shows it.

    Attributes:
        gallery: with its passport.
        size: number of references in it.
        refused: why it is not offered for this case; None if it is.
        search: the search with this draft in it, if any.
        favourite: whether the member has it at the top.
    """

    gallery: Gallery
    size: int
    refused: Refused | None
    search: Search | None
    favourite: bool


def drafts(member: Member) -> list[Preparation]:
    """Return the member's drafts that were not searched with yet, last changed first."""
    return list(_DRAFTS(member.pk))


def searches_of(draft: Preparation) -> list[Search]:
    """Return the searches made with a draft, in order of request."""
    return list(_SEARCHES(draft.pk))


def draft_of(search: Search, member: Member) -> Preparation | None:
    """Return the member's own draft of a search, while it exists."""
    draft: Preparation | None = _DRAFT_OF.first(search.pk, member.pk)
    return draft


_DRAFTS = Prepared(
    lambda member: (
        Preparation.objects.filter(member=member, discarded_at=None, used_at=None)
        .select_related("case")
        .order_by("-changed_at")
    ),
    int,
)
_SEARCHES = Prepared(
    lambda draft: Search.objects.filter(preparation=draft).select_related("gallery").order_by("pk"), int
)
_DRAFT_OF = Prepared(
    lambda search, member: Preparation.objects.filter(searches=search, member=member, discarded_at=None).order_by("pk")[
        :1
    ],
    int,
    int,
)


def approvals_of(draft: Preparation) -> list[Approval]:
    """Return the requests for approval of this probe under this case, newest first; `search` is set once used."""
    rows = Approval.objects.filter(case=draft.case, member=draft.member, probe_sha256=draft.blob)
    return list(rows.select_related("decided_by").prefetch_related("search_set").order_by("-pk"))


def approval_wanted(draft: Preparation) -> str:
    """Return as a sentence why a supervisor must approve this probe before a search; "" if no approval is needed."""
    _, policy = binding(draft.member.agency)
    if policy.needs_approval(draft.case.offence):
        return f"Your agency requires a supervisor's approval before a search for {draft.case.offence}."
    face = chosen_face(draft)
    if face is not None and face["quality"] < policy.quality_floor:
        return f"The face's quality is {face['quality']}, below your agency's minimum of {policy.quality_floor}."
    return ""


def further_pictures(draft: Preparation) -> int:
    """Return how many pictures a draft has beside its own: photographs, or stills of the same person in a video."""
    return draft.photographs.count() + len(draft.provenance.get("with", ()))


def chosen_face(draft: Preparation) -> dict[str, Any] | None:
    """Return the chosen face, as `preparations` measured it."""
    return draft.faces[draft.face - 1] if draft.face else None


def offers(draft: Preparation) -> list[Offer]:
    """Return every gallery of the agency: those that the rules allow, favourites first, then the others with the refusal."""
    today = timezone.now().date()
    searched = {search.gallery_id: search for search in searches_of(draft)}
    favourites = set(draft.member.favourites.values_list("gallery", flat=True))
    galleries = Gallery.objects.filter(agency=draft.member.agency).order_by("name")
    sizes = gallery_sizes(galleries)
    listed = []
    for gallery in galleries:
        answer = offered(gallery.name, gallery.expires_on, tuple(gallery.offences), draft.case.offence, today)
        refused = answer if isinstance(answer, Refused) else None
        listed.append(Offer(gallery, sizes[gallery.pk], refused, searched.get(gallery.pk), gallery.pk in favourites))
    return sorted(listed, key=lambda offer: (offer.refused is not None, not offer.favourite))
