"""What may be a subject's number, and how many pictures may have one.

Owns the limits. A subject is a person by the number that the source gives them; no rule here looks at a face.
"""

from __future__ import annotations

from collections.abc import Iterable

from plainview.policy.decision import Allow, Decision, Refused
from plainview.policy.examination import NOT, POTENTIAL
from plainview.policy.permissions import Permission
from plainview.policy.wording import counted

LONGEST = 100
"""Characters of a number: chosen, twice the longest in use (a booking number with its agency's code has about 40; the
numbers of EBTS 11.2 have 10 to 20: SID 2.015, UCN 2.014, ICN 10.005)."""

MOST_PICTURES = 500
"""Pictures under one number: chosen, ten times the longest booking histories; more is a column that names no person."""


SUBJECT_RULES = (
    ("subject.number", "gallery", f"A subject's number has 1 to {LONGEST} printable characters."),
    ("subject.too_many", "gallery", f"One subject has at most {MOST_PICTURES} pictures."),
    (
        "subject.examined_apart",
        "gallery",
        "People whom an examiner told apart for one probe are not made one subject.",
    ),
)
"""The rules of this file for the rulebook: id, what it is about, what it says."""


def usable_number(number: str) -> Decision:
    """Allow a number of 1 to `LONGEST` printable characters."""
    if not number:
        return _bad("The subject's number is empty.")
    if len(number) > LONGEST:
        return _bad(f"The subject's number has {len(number):,} characters; {LONGEST} are the most.")
    if not number.isprintable():
        return _bad("The subject's number has characters that cannot be printed.")
    return Allow()


def few_enough(pictures: int) -> Decision:
    """Allow up to `MOST_PICTURES` pictures under one number; more is taken for a wrong column."""
    if pictures <= MOST_PICTURES:
        return Allow()
    return Refused(
        "subject.too_many",
        "Pictures refused",
        f"One number would have {counted(pictures, 'picture')}; {MOST_PICTURES} are the most of one person.",
        "Check that the column has the source's number of the person, and not a place, a sex or a date.",
        act=Permission.GALLERY_ENROL,
    )


def not_told_apart(first: Iterable[tuple[int, str]], other: Iterable[tuple[int, str]]) -> Decision:
    """Allow joining two people unless an examiner found only one of them to be a potential candidate for a probe.

    Args:
        first, other: (probe's search, conclusion) of each examination of the pictures of each.
    """
    opposite = {POTENTIAL: NOT, NOT: POTENTIAL}
    others = set(other)
    if any((search, opposite.get(conclusion)) in others for search, conclusion in first):
        return Refused(
            "subject.examined_apart",
            "Nothing changed",
            "An examiner found one of the two to be a potential candidate, and the other not, for the same probe.",
            "Ask for another examination, or change single pictures.",
        )
    return Allow()


def _bad(why: str) -> Refused:
    return Refused(
        "subject.number",
        "Number refused",
        why,
        f"Use the number that the source gives the person, 1 to {LONGEST} characters, never a name.",
        act=Permission.GALLERY_ENROL,
    )
