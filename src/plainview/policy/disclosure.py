"""The rules of disclosure and of exoneration reviews, on plain values.

Owns whose picture a disclosure shows, and what a review needs. The whole candidate list is always disclosed, with its
scores and templates: only pictures of third parties may be shown coarsely.
"""

from __future__ import annotations

from collections.abc import Collection

from plainview.policy.agency import PICTURES
from plainview.policy.decision import Allow, Decision, Refused

EXONERATION = "exoneration review"
"""The one purpose of a review; nothing else may use it, and a review may use no other."""

WHOLE, COARSE, ERASED = "whole", "coarse", "erased"
"""How a candidate's picture is in a disclosure."""

MAX_PACKAGE_BYTES = 1 << 30
"""Largest package that is made and kept by the server: it is held in memory; a larger one is made by the command."""


def pictures_chosen(chosen: str, policy: str, reason: str) -> Decision:
    """A disclosure shows as many pictures as policy says, or more; fewer only for a reason that is said in it."""
    if chosen not in PICTURES:
        return Refused(
            "disclosure.pictures",
            "Nothing disclosed",
            f"There is no choice {chosen!r}.",
            f"Choose one of: {', '.join(PICTURES)}.",
        )
    if PICTURES.index(chosen) > PICTURES.index(policy) and not reason.strip():
        return Refused(
            "disclosure.reason",
            "Nothing disclosed",
            f"Your agency's policy shows {_SHOWN[policy]}, and you chose {_SHOWN[chosen]}.",
            "State the reason; it stands in the package.",
        )
    return Allow()


_SHOWN = {
    "all": "every candidate's picture",
    "examined": "the pictures of examined candidates",
    "none": "no candidate's picture",
}


def shown_as(pictures: str, rank: int, examined: Collection[int], *, erased: bool) -> str:
    """How the picture of the candidate of this rank is disclosed: `WHOLE`, `COARSE` or `ERASED`.

    Args:
        pictures: a word of `PICTURES`.
        rank: of the candidate.
        examined: ranks that somebody has examined.
        erased: the reference was erased since; nothing of it is left.
    """
    if erased:
        return ERASED
    return WHOLE if pictures == "all" or (pictures == "examined" and rank in examined) else COARSE


def disclosed_pictures(pictures: str) -> str:
    """In words: whose pictures are shown, and in what form the others are."""
    rest = "" if pictures == "all" else "; the others so coarsely that nobody is recognised by them"
    return f"{_SHOWN[pictures].capitalize()}{rest}"


def package_size(references: int, dimension: int) -> Decision:
    """The package can be held in memory by a server that does other things too."""
    if references * dimension * 4 > MAX_PACKAGE_BYTES:
        return Refused(
            "disclosure.large",
            "Nothing disclosed",
            f"The gallery has {references:,} templates: too much for a page.",
            "The operator's machine makes it: `plainview disclose SEARCH --out FILE`.",
        )
    return Allow()


def review_of(purpose: str, has_review: bool) -> Decision:
    """The purpose of an exoneration review and the request for one come together, or not at all."""
    is_review = " ".join(purpose.split()).lower() == EXONERATION
    if is_review and not has_review:
        return Refused(
            "search.review_missing",
            "Search refused",
            "An exoneration review needs a request for it.",
            "A supervisor enters the request and accepts it; then search from its page, or with --review.",
        )
    if has_review and not is_review:
        return Refused(
            "search.review_purpose",
            "Search refused",
            "An exoneration review is searched for its own purpose only.",
            f"State the purpose {EXONERATION!r}.",
        )
    return Allow()
