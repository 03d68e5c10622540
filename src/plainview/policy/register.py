"""The rules of the public register: who may attest that no search was run, and for which months.

Pure functions on plain values, as in rules.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from plainview.policy.decision import Allow, Decision, Refused

_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
_OFFICE = re.compile(r"[^\W\d_][\w .,'’()/&-]{1,79}")
_NOT_ATTESTED = "Nothing attested"


def months_fit(first: str, last: str, *, opened: str, until: str) -> Decision:
    """Allow months that exist, are over, and in which the agency was open. Months are written "2026-03"."""
    wrong = [month for month in (first, last) if not _MONTH.fullmatch(month)]
    if wrong or first > last:
        why = f"{wrong[0]!r} is not a month." if wrong else "The last month is before the first."
        return Refused("attest.months", _NOT_ATTESTED, why, "Write months as 2026-03.")
    if last > until:
        return Refused(
            "attest.not_over",
            _NOT_ATTESTED,
            "Only a month that is over can be attested.",
            f"Attest months up to {until}. {last} can be attested once it has ended.",
        )
    if first < opened:
        return Refused(
            "attest.before_opening", _NOT_ATTESTED, f"The agency was opened in {opened}.", f"Begin with {opened}."
        )
    return Allow()


def office_named(office: str, people: Iterable[str]) -> Decision:
    """Allow the name of an office that contains no name of the agency's people: the register names nobody."""
    if not _OFFICE.fullmatch(office.strip()):
        return Refused(
            "attest.office",
            _NOT_ATTESTED,
            "The attesting office is not named.",
            "Name the office, for example Chief of Police.",
        )
    if any(name and name.casefold() in office.casefold() for name in people):
        return Refused(
            "attest.office_is_person",
            _NOT_ATTESTED,
            "The office is named after a person, and the register names nobody.",
            "Name the office itself, for example Chief of Police.",
        )
    return Allow()


def unused(searched: bool, attested: bool) -> Decision:
    """Allow months without a search that have not been attested before."""
    if searched:
        return Refused(
            "attest.searched",
            _NOT_ATTESTED,
            "The log contains a search by the agency in these months.",
            "Attest only months without a search.",
        )
    if attested:
        return Refused(
            "attest.twice", _NOT_ATTESTED, "One of these months has already been attested.", "Attest the other months."
        )
    return Allow()
