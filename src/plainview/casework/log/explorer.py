"""Reads the log for people: the entries of the member's own agency, an entry with its proof, the member's own record.

Owns who sees which entry. It must never show a sealed value of an entry, only its commitment, except to the member who
wrote it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet

from plainview.audit import proofs
from plainview.audit.merkle import inclusion_proof_by
from plainview.audit.record import SYSTEM, Entry, Opening, parse_line
from plainview.casework.log.read import beginning, frontier_at, leaf_at, tree
from plainview.casework.models import Case, Flag, LogEntry, LogOpening, Member, Search, Verification
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission

_CHUNK = 200  # rows read at once while looking for entries that may be shown
_RECENT = 300  # newest entries whose actions are offered as a filter


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter of entries; an empty field does not limit.

    `about`: values of an entry's public facts, such as the ids of a case's searches; one of them is enough. `before`:
    only entries with smaller numbers.
    """

    action: str = ""
    about: tuple[str | int, ...] = ()
    member: str = ""
    since: date | None = None
    until: date | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry with the name of its actor: a member of the agency, the system, or the other agency of a shared search."""

    entry: Entry
    who: str


def entries(member: Member, wanted: Wanted, *, limit: int = 50) -> tuple[list[Shown], int | None]:
    """Return entries of the member's agency and of the system, newest first, and the number to continue from, if any."""
    names = _names(member)
    shown: list[Shown] = []
    for entry in _entries(wanted):
        if not _may_see(entry, member, names) or (wanted.action and entry.action != wanted.action):
            continue
        if len(shown) == limit:
            return shown, shown[-1].entry.seq
        shown.append(_shown(entry, names))
    return shown, None


def _entries(wanted: Wanted) -> Iterator[Entry]:
    rows = LogEntry.objects.order_by("-seq")
    if wanted.since:
        rows = rows.filter(at__gte=wanted.since.isoformat())
    if wanted.until:
        rows = rows.filter(at__lt=(wanted.until + timedelta(days=1)).isoformat())
    begins = beginning(wanted.action) if wanted.action else b""
    names = f'"{wanted.member}"'.encode() if wanted.member else b""
    about = [f':"{value}"' if isinstance(value, str) else f'"case":{value}' for value in wanted.about]
    texts = [text.encode() for text in about]
    last = wanted.before
    while chunk := list(_below(rows, last).values_list("seq", "canonical")[:_CHUNK]):
        last = chunk[-1][0]
        for _, stored in chunk:
            line = bytes(stored)  # looked through here: SQLite's INSTR takes many times as long
            if line.startswith(begins) and names in line and (not texts or any(text in line for text in texts)):
                yield _parsed(line)


# The same bytes are the same entry: a page of the log shows mostly what the page before it showed.
_parsed = lru_cache(maxsize=2048)(parse_line)


def _below(rows: QuerySet[LogEntry], last: int | None) -> QuerySet[LogEntry]:
    return rows if last is None else rows.filter(seq__lt=last)


def _names(member: Member) -> dict[str, str]:
    return {colleague.public_id: colleague.name for colleague in Member.objects.filter(agency=member.agency)}


def _shown(entry: Entry, names: dict[str, str]) -> Shown:
    other = "the system" if entry.actor == SYSTEM else "the other agency"
    return Shown(entry, names.get(entry.actor, other))


def _may_see(entry: Entry, member: Member, names: dict[str, str]) -> bool:
    own, subject = member.agency.public_id, entry.subject
    if "for_agency" in subject:  # both agencies may read the public part
        return own in (subject.get("agency"), subject["for_agency"])
    return entry.actor in names or (entry.actor == SYSTEM and subject.get("agency", own) == own)


def actions_seen(member: Member) -> list[str]:
    """Return the actions among the newest entries, by name."""
    names, rows = _names(member), LogEntry.objects.order_by("-seq").values_list("canonical", flat=True)
    parsed = (_parsed(bytes(line)) for line in rows[:_RECENT])
    return sorted({entry.action for entry in parsed if _may_see(entry, member, names)})


_MOST_ABOUT = 40  # searches of one case that a filter follows


def about_of(text: str, member: Member) -> tuple[str | int, ...]:
    """Return the values by which entries about a case, by its number, or about one id are found."""
    case = Case.objects.filter(agency=member.agency, number=text).first()
    if case is None:
        return (text,)
    searches = Search.objects.filter(case=case).order_by("-pk").values_list("public_id", flat=True)
    return (case.pk, *searches[:_MOST_ABOUT])


def people_of(member: Member) -> list[tuple[str, str]]:
    """Return (id in the log, name) of the agency's members, by name."""
    return sorted(_names(member).items(), key=lambda person: person[1])


def entry_numbered(number: int, member: Member) -> Shown:
    """Return an entry of the member's agency or of the system.

    Raises:
        Refused: entry.unknown.
    """
    canonical = LogEntry.objects.filter(seq=number).values_list("canonical", flat=True).first()
    entry, names = parse_line(bytes(canonical)) if canonical is not None else None, _names(member)
    if entry is None or not _may_see(entry, member, names):
        raise Refused(
            "entry.unknown",
            "Not found",
            f"Your agency's part of the log has no entry {number}.",
            "Choose an entry from the list of entries.",
            act=Permission.AUDIT_READ,
        )
    return _shown(entry, names)


def proof_of(entry: Entry, size: int) -> dict[str, Any] | None:
    """Return the inclusion proof of an entry in the log of `size` entries, as in `audit.proofs`; None beyond its end."""
    if entry.seq >= size:
        return None
    return proofs.inclusion(services().origin, tree(), entry.seq, entry.canonical, size)


def entry_proof(number: int, size: int) -> list[bytes]:
    """Return the steps that prove that an entry is in the log of `size` entries (RFC 9162, 2.1.3).

    Raises:
        ValueError: the log of that size has no such entry.
    """
    return inclusion_proof_by(number, size, leaf_at, frontier_at)


@dataclass(frozen=True, slots=True)
class Own:
    """An entry by or about a member; `opened`: its sealed values, only for the member who wrote it."""

    entry: Entry
    by_me: bool
    opened: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that the log and the other tables have about one member.

    Attributes:
        entries: newest first.
        counts: action -> number of entries.
        searches: the member's own, newest first; an erased search no longer has a purpose.
        flags: decided flags about the member. Only the auditor sees undecided ones.

    Entries about a verification are included once the member has answered it: they name the examination.
    """

    entries: list[Own]
    counts: dict[str, int]
    searches: list[Search]
    flags: list[Flag]

    def of(self, *actions: str) -> list[Own]:
        """Return the entries of these actions."""
        return [own for own in self.entries if own.entry.action in actions]


def record_of(member: Member) -> Record:
    """Return everything about the acting member."""
    blind = set(Verification.objects.filter(verifier=member, answered_at=None).values_list("public_id", flat=True))
    mine = [
        entry
        for entry in _entries(Wanted(member=member.public_id))
        if _concerns(entry, member) and str(entry.subject.get("verification")) not in blind
    ]
    opened: dict[int, dict[str, Any]] = {}
    written = [entry.seq for entry in mine if entry.actor == member.public_id]
    for opening in _openings(written):
        opening_json = services().openings.open(
            bytes(opening.sealed), f"opening:{opening.entry_id}:{opening.name}".encode()
        )
        opened.setdefault(opening.entry_id, {})[opening.name] = Opening.from_json(opening_json).value
    return Record(
        [Own(entry, entry.actor == member.public_id, opened.get(entry.seq, {})) for entry in mine],
        dict(sorted(Counter(entry.action for entry in mine).items())),
        list(Search.objects.filter(member=member).select_related("case", "gallery").order_by("-pk")),
        list(Flag.objects.filter(member=member).exclude(outcome="").order_by("-pk")),
    )


def _openings(numbers: list[int]) -> Iterator[LogOpening]:
    for start in range(0, len(numbers), _CHUNK):
        yield from LogOpening.objects.filter(entry_id__in=numbers[start : start + _CHUNK])


def _concerns(entry: Entry, member: Member) -> bool:
    return entry.actor == member.public_id or member.public_id in map(str, entry.subject.values())
