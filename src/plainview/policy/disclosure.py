"""The rules of disclosure and of exoneration reviews, on plain values.

Owns whose pictures a disclosure shows, and what a review needs. The whole candidate list is always disclosed, with its
scores and templates: only pictures of third parties may be shown coarsely.
"""

from __future__ import annotations

from collections.abc import Collection

from plainview.policy.agency import PICTURES
from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.permissions import Permission
from plainview.policy.wording import counted

EXONERATION = "exoneration review"
"""The one purpose of a review; nothing else may use it, and a review may use no other."""

WHOLE, COARSE, ERASED = "whole", "coarse", "erased"
"""How a candidate's picture is in a disclosure."""

MAX_PACKAGE_BYTES = 1 << 30
"""Largest package that is made and kept by the server: it is held in memory; a larger one is made by the command."""


def pictures_chosen(chosen: str, policy: str, reason: str) -> Decision:
    """Allow as many pictures as policy says, or more; fewer only for a reason, which is part of the package."""
    if chosen not in PICTURES:
        return Refused(
            "disclosure.pictures",
            "Nothing disclosed",
            f"There is no choice of pictures {chosen!r}.",
            f"Choose one of: {', '.join(PICTURES)}.",
        )
    if PICTURES.index(chosen) > PICTURES.index(policy) and not reason.strip():
        return Refused(
            "disclosure.reason",
            "Nothing disclosed",
            f"Your agency's policy shows {_SHOWN[policy]}, and you chose {_SHOWN[chosen]}.",
            "State the reason for showing fewer. It will be part of the package.",
        )
    return Allow()


_SHOWN = {
    "all": "every candidate's picture",
    "examined": "the pictures of examined candidates",
    "none": "no candidate's picture",
}


def shown_as(pictures: str, rank: int, examined: Collection[int], *, erased: bool) -> str:
    """Return how the picture of the candidate of this rank is disclosed: `WHOLE`, `COARSE` or `ERASED`.

    Args:
        pictures: a word of `PICTURES`.
        rank: of the candidate.
        examined: ranks that have been examined.
        erased: the reference was erased since; nothing of it is left.
    """
    if erased:
        return ERASED
    return WHOLE if pictures == "all" or (pictures == "examined" and rank in examined) else COARSE


def disclosed_pictures(pictures: str) -> str:
    """Return in words whose pictures are shown, and in what form the others are."""
    rest = "" if pictures == "all" else "; the others are shown so coarsely that nobody can be recognised"
    return f"{_SHOWN[pictures].capitalize()}{rest}"


def package_size(references: int, dimension: int) -> Decision:
    """Allow a package that a server can hold in memory besides its other work."""
    if references * dimension * 4 > MAX_PACKAGE_BYTES:
        return Refused(
            "disclosure.large",
            "Nothing disclosed",
            f"The gallery has {counted(references, 'template')}, too many for a package made on a page.",
            "Ask the platform operator to make the package on the server.",
            act=Permission.DISCLOSURE_MAKE,
        )
    return Allow()


def review_of(purpose: str, has_review: bool) -> Decision:
    """Allow the purpose of an exoneration review together with a request for one, or neither."""
    is_review = " ".join(purpose.split()).lower() == EXONERATION
    if is_review and not has_review:
        return Refused(
            "search.review_missing",
            "Search refused",
            "An exoneration review needs an accepted request.",
            "Have a supervisor record the request and accept it, then search as part of that review.",
            act=Permission.EXONERATION_READ,
        )
    if has_review and not is_review:
        return Refused(
            "search.review_purpose",
            "Search refused",
            "An exoneration review is searched only for its own purpose.",
            f"State the purpose {EXONERATION!r}.",
        )
    return Allow()
