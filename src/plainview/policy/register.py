"""The rules of the public register: who may state that a time passed without any use, and of which time.

Pure functions on plain values, as in rules.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from plainview.policy.decision import Allow, Decision, Refused

_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
_OFFICE = re.compile(r"[^\W\d_][\w .,'’()/&-]{1,79}")
_WHAT = "Nothing attested"


def months_fit(first: str, last: str, *, opened: str, until: str) -> Decision:
    """The months exist, are over, and the agency was open in them. All are "2026-03"."""
    wrong = [month for month in (first, last) if not _MONTH.fullmatch(month)]
    if wrong or first > last:
        why = f"{wrong[0]!r} is no month." if wrong else "The last month is before the first."
        return Refused("attest.months", _WHAT, why, "Write months as 2026-03.")
    if last > until:
        return Refused(
            "attest.not_over",
            _WHAT,
            "Only a month that is over can be attested.",
            f"The last one is {until}; come back when {last} has ended.",
        )
    if first < opened:
        return Refused("attest.before_opening", _WHAT, f"The agency was opened in {opened}.", f"Begin with {opened}.")
    return Allow()


def office_named(office: str, people: Iterable[str]) -> Decision:
    """It is the name of an office, and of none of the agency's people: the register names nobody."""
    if not _OFFICE.fullmatch(office.strip()):
        return Refused(
            "attest.office",
            _WHAT,
            "It does not say which office attests it.",
            'Name it, as "Chief of Police".',
        )
    if any(name and name.casefold() in office.casefold() for name in people):
        return Refused(
            "attest.office_is_person",
            _WHAT,
            "That is a person's name, and the register names nobody.",
            'Name the office, as "Chief of Police".',
        )
    return Allow()


def unused(searched: bool, attested: bool) -> Decision:
    """There was no search in that time, and nobody attested it before."""
    if searched:
        return Refused(
            "attest.searched",
            _WHAT,
            "The log holds a search of the agency in these months.",
            "Attest the months without any.",
        )
    if attested:
        return Refused("attest.twice", _WHAT, "One of these months is attested already.", "Attest the others.")
    return Allow()
