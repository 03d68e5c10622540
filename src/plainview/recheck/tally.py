"""Counting the log: what each agency did in each month, from nothing but the public part of the entries.

Owns which entry counts as what. It reads the table of the workspace and a copy of the log alike, so that the register
and its check count by one hand; audit/standalone.py counts the searches by another. It names no person, case or search
in what it returns; of those that are not answered yet it keeps the id, to know their month when they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

COUNTED = frozenset(
    {
        "agency.opened",
        "search.requested",
        "search.answered",
        "search.erased",
        "search.refused",
        "lead.released",
        "outcome.reported",
        "flag.decided",
        "shared.authorised",
        "rights.received",
        "rights.answered",
        "rights.refused",
        "rights.search_requested",
        "reference.expunged",
        "register.attested",
        "register.exported",
        "register.published",
    }
)
"""Actions of entries that are counted; all others are passed over unread."""

SEARCH, WITHOUT, URGENT, ERASED, LEAD = "search:", "without", "urgent", "erased", "lead"
PROGRAM = "program"
SENT, RECEIVED = "requests_made", "requests_received"
REFUSED, OUTCOME, FLAG, WRONG = "refused:", "outcome:", "flag:", "wrong"
RIGHTS, GONE = "rights:", "gone:"
"""Names of counts; those that end in a colon are followed by the offence, the rule or the outcome."""


class Stated(NamedTuple):
    """The public part of an entry, as far as it is counted."""

    seq: int
    at: str
    action: str
    subject: Mapping[str, Any]


@dataclass
class Tally:
    """Counts of the entries before `size`.

    Attributes:
        counts: agency -> month -> name of a count -> how many.
        opened: agency -> the day on which it was first opened.
        open: search -> [agency, month, "urgent" or ""], of those that are not answered yet and of urgent ones.
        outcomes: lead -> its newest outcome.
        attested: entry -> its subject, of attestations.
        published: SHA-256 of a register -> subject of the entry that records its publication.
    """

    size: int = 0
    counts: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    opened: dict[str, str] = field(default_factory=dict)
    open: dict[str, list[str]] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)
    attested: dict[str, dict[str, Any]] = field(default_factory=dict)
    published: dict[str, dict[str, Any]] = field(default_factory=dict)

    def month(self, agency: str, month: str) -> dict[str, int]:
        """The counts of one agency's month."""
        return self.counts.setdefault(agency, {}).setdefault(month, {})

    def total(self, agency: str, prefix: str) -> int:
        """How many there were of a kind, in all months."""
        months = self.counts.get(agency, {}).values()
        return sum(n for month in months for name, n in month.items() if name.startswith(prefix))

    def by_offence(self, agency: str) -> dict[str, dict[str, int]]:
        """Month -> offence -> searches."""
        return {
            month: {name.removeprefix(SEARCH): n for name, n in names.items() if name.startswith(SEARCH)}
            for month, names in self.counts.get(agency, {}).items()
        }

    def add(self, entry: Stated) -> None:
        """Count one entry; the next in order."""
        self.size = entry.seq + 1
        about, month = entry.subject, entry.at[:7]
        agency, search = str(about.get("agency")), str(about.get("search"))
        if entry.action == "agency.opened":
            self.opened.setdefault(agency, entry.at[:10])  # one that was suspended may be opened again
        elif entry.action == "search.requested":
            self._count(agency, month, f"{SEARCH}{about.get('offence')}")
            self.open[search] = [agency, month, URGENT if about.get("urgent") else ""]
            if about.get("urgent"):
                self._count(agency, month, URGENT)
            if about.get("via") == "api":
                self._count(agency, month, PROGRAM)
        elif entry.action == "search.answered" and search in self.open:
            asked_by, asked_in, urgent = self.open[search]
            if about.get("candidates") == 0:
                self._count(asked_by, asked_in, WITHOUT)
            if not urgent:
                del self.open[search]  # only an urgent one may still be erased
        elif entry.action == "search.erased" and search in self.open:
            asked_by, asked_in, _ = self.open.pop(search)
            if "run" not in about:  # by a rule of retention it goes long after somebody authorised it
                self._count(asked_by, asked_in, ERASED)
        elif entry.action == "search.refused":
            self._count(agency, month, f"{REFUSED}{about.get('rule')}")
        elif entry.action == "lead.released":
            self._count(agency, month, LEAD)
        elif entry.action == "outcome.reported":
            self._outcome(agency, month, str(about.get("lead")), str(about.get("outcome")))
        elif entry.action == "flag.decided":
            self._count(agency, month, f"{FLAG}{about.get('rule')}:{about.get('outcome')}")
        elif entry.action == "shared.authorised":
            self._count(agency, month, RECEIVED)  # the one that is to search
            self._count(str(about.get("for_agency")), month, SENT)
        elif entry.action == "rights.received":
            self._count(agency, month, f"{RIGHTS}received")
        elif entry.action == "rights.answered":
            self._count(agency, month, f"{RIGHTS}{about.get('outcome')}")
        elif entry.action == "rights.refused":
            self._count(agency, month, f"{RIGHTS}refused")
        elif entry.action == "rights.search_requested":
            self._count(agency, month, f"{RIGHTS}searches")
        elif entry.action == "reference.expunged":
            self._count(agency, month, f"{GONE}{'by a rule' if 'run' in about else 'by a member'}")
        elif entry.action == "register.attested":
            self.attested[str(entry.seq)] = dict(about)
        elif entry.action in ("register.exported", "register.published"):
            self.published[str(about.get("sha256"))] = dict(about)

    def _count(self, agency: str, month: str, name: str, step: int = 1) -> None:
        counts = self.month(agency, month)
        counts[name] = counts.get(name, 0) + step

    def _outcome(self, agency: str, month: str, lead: str, outcome: str) -> None:
        """A later report takes the place of an earlier one; that somebody was the wrong person stays counted."""
        if lead in self.outcomes:
            self._count(agency, month, f"{OUTCOME}{self.outcomes[lead]}", -1)
        self.outcomes[lead] = outcome
        self._count(agency, month, f"{OUTCOME}{outcome}")
        if outcome == "wrong person":
            self._count(agency, month, WRONG)


def months_between(first: str, last: str) -> list[str]:
    """Every month from the first to the last, "2026-03" each; empty when the last is before the first."""
    year, month = int(first[:4]), int(first[5:7])
    months = []
    while (name := f"{year:04d}-{month:02d}") <= last:
        months.append(name)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return months
