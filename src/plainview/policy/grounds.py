"""Grounds on which nobody is searched for, whatever an agency's own list says; each is refused by its name.

Owns the words by which such a ground is recognised. It looks for a ground that is stated as the offence or the
purpose; "robbery at a demonstration" is a robbery.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ground:
    """One ground that is never accepted: its name in plain words, and how texts state it."""

    name: str
    pattern: re.Pattern[str]


def _ground(name: str, pattern: str) -> Ground:
    return Ground(name, re.compile(pattern, re.IGNORECASE))


_AT = r"\b(attend\w*|presence|present|participat\w*|tak(?:e|ing) part|took part|who (?:was|were|is|are))\b.{0,40}"

REFUSED_GROUNDS = (
    _ground(
        "attendance at a lawful assembly",
        rf"\b(lawful|peaceful)\s+(assembly|protest|demonstration|march|rally)\b|{_AT}\b(assembly|protest|demonstration"
        r"|rally|march|vigil|picket)\b|^\W*(assembly|protest(ers?|ing)?|demonstrators?)\W*$",
    ),
    _ground(
        "worship",
        rf"^\W*(religious\s+)?worship(pers?|ping)?\W*$|{_AT}\b(worship|mosque|church|synagogue|temple|religious service)\b",
    ),
    _ground(
        "journalism",
        r"^\W*(journalism|journalists?|reporters?)\W*$|\bjournalis\w+(?:['’]s)?\W+(sources?|work|activit\w+)\b"
        r"|\b(sources?|informants?) of (a|the) (journalist|reporter|newspaper)\b",
    ),
    _ground(
        "immigration status alone",
        r"^\W*(civil\s+)?immigration(\s+(status|enforcement|check|control))?(\s+(alone|only|check))?\W*$"
        r"|\bimmigration status (alone|only)\b|\b(check|verify|find out|establish)\w* .{0,30}\bimmigration status\b",
    ),
    _ground(
        "private curiosity",
        r"\bcuriosity\b|\bcurious\b|^\W*(personal|private)\s+(use|interest|reasons?|matter)\W*$"
        r"|\bjust (looking|checking|trying)\b|\bmy (ex|girlfriend|boyfriend|wife|husband|neighbou?r|date|friend)\b",
    ),
)
"""Source: issue of this rulebook; State and city laws that name such grounds, e.g. Washington RCW 43.386.080."""


def refused_ground(text: str) -> Ground | None:
    """Return the ground that `text` states, or None."""
    plain = " ".join(text.split())
    return next((ground for ground in REFUSED_GROUNDS if ground.pattern.search(plain)), None)
