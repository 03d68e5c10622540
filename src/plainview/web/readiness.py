"""What a draft still lacks for a search, said where it is filled in, before the button is pressed.

Owns the words. It decides nothing: the search checks every rule again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from plainview.casework.models import Preparation
from plainview.casework.people.read import binding
from plainview.casework.probes.read import Offer, approval_wanted, approvals_of, chosen_face, further_pictures
from plainview.policy.agency import MIN_LIST
from plainview.policy.wording import counted


@dataclass(frozen=True, slots=True)
class Need:
    """One requirement: the field that fills it, its short name, whether it is met, and the sentence."""

    field: str
    label: str
    met: bool
    says: str


def ticked(draft: Preparation, offers: Collection[Offer]) -> set[str]:
    """Return the galleries that the page ticks: the saved ones, or the only one there is."""
    open_ones = [offer.gallery.name for offer in offers if offer.refused is None and offer.search is None]
    if not draft.galleries and len(open_ones) == 1:
        return set(open_ones)
    return set(draft.galleries)


def needs(draft: Preparation, offers: Collection[Offer], *, urgent: bool = False) -> list[Need]:
    """Return every requirement of a search with this draft, in the order of the page."""
    _, policy = binding(draft.member.agency)
    face = chosen_face(draft)
    chosen = [offer for offer in offers if offer.gallery.name in ticked(draft, offers) and offer.refused is None]
    rows = [
        Need("face", "face", face is not None, _face(draft, face)),
        *_photographs(draft),
        Need(
            "origin",
            "origin",
            bool(draft.origin) or not policy.origin_required,
            f"Origin: {draft.origin}"
            if draft.origin
            else "State the origin of the photograph"
            if policy.origin_required
            else "Origin: not stated",
        ),
        Need("purpose", "purpose", bool(draft.purpose), draft.purpose or "State the purpose of the search"),
        Need(
            "galleries",
            "gallery",
            bool(chosen),
            f"{', '.join(offer.gallery.name for offer in chosen[:2])}{f' and {len(chosen) - 2} more' if len(chosen) > 2 else ''}, "
            f"{counted(sum(offer.size for offer in chosen), 'reference')}"
            if chosen
            else "Choose at least one gallery",
        ),
    ]
    if not MIN_LIST <= draft.top <= policy.list_max:
        rows.append(Need("top", "length", False, f"A list has {MIN_LIST} to {policy.list_max} candidates"))
    if urgent and not draft.urgent_reason:
        rows.append(Need("id_urgent", "reason for urgency", False, "State why the search cannot wait for a supervisor"))
    wanted = approval_wanted(draft)
    if wanted and not draft.urgent_reason:
        granted = any(approval.granted and not approval.search_set.all() for approval in approvals_of(draft))
        rows.append(Need("approval-title", "approval", granted, "A supervisor has approved it" if granted else wanted))
        if draft.photographs.exists():
            rows.append(
                Need("photographs", "one photograph", False, "An approval is for one photograph: remove the others")
            )
        elif further_pictures(draft):
            rows.append(
                Need(
                    "approval-title",
                    "one frame",
                    False,
                    "An approval is for one frame: open the still again and use it alone",
                )
            )
    elif not wanted:
        rows.append(Need("approval-title", "approval", True, "No approval needed"))
    return rows


def _photographs(draft: Preparation) -> list[Need]:
    """Return what the further photographs lack, or that they are searched together."""
    photographs = list(draft.photographs.order_by("number"))
    lacking = [
        Need(
            "photographs", f"face of photograph {other.number}", False, f"Choose the face of photograph {other.number}"
        )
        for other in photographs
        if other.face is None
    ]
    if lacking or not photographs:
        return lacking
    more = counted(len(photographs), "more photograph")
    return [Need("photographs", "photographs", True, f"{more} of the same person")]


def _face(draft: Preparation, face: dict[str, object] | None) -> str:
    if face is None:
        return (
            "Choose the face to search with"
            if draft.faces
            else "No face was found: draw it by hand, or edit the picture"
        )
    box = face["box"]
    assert isinstance(box, list)  # noqa: S101  as preparations writes it
    return f"Face {draft.face}, {box[2]:.0f} pixels wide, quality {face['quality']} of 100"
