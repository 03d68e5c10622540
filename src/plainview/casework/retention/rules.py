"""Changing an agency's retention rules, and recording what happened outside that they count from.

Owns the versions, which all stay, and the import of a court's list, which is applied whole or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet
from django.utils import timezone

from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import (
    Case,
    Gallery,
    Member,
    Reference,
    RetentionEvent,
    RetentionVersion,
)
from plainview.casework.retention.court_orders import Bad, Ordered, read_order
from plainview.casework.retention.read import rules_of
from plainview.policy import retention, rules
from plainview.policy.decision import Refused
from plainview.policy.examination import explained
from plainview.policy.permissions import Permission
from plainview.policy.retention import BEGINNING, After

_NAMED = 20  # bad rows that a refusal names; it counts the others
_CHUNK = 500  # ids of references in one entry: an entry is at most 64 KiB


def set_rules(text: str, *, reason: str, acting_member: Member) -> RetentionVersion:
    """Make `text` the retention rules of the member's agency; nothing is erased by it.

    Raises:
        Refused: no permission, not valid, a gallery or case that the agency has not, no reason, or nothing changes.
    """
    with acting("retention.set", Permission.RETENTION_SET, acting_member):
        told = retention.parse(text)
        agency = acting_member.agency
        _places(told, acting_member)
        rules.require(explained(reason, "The reason"))
        newest, _ = rules_of(agency)
        if text == (newest.text if newest else BEGINNING):
            raise Refused(
                "retention.same", "Nothing changed", "These are already the rules.", "Nothing more is needed."
            )
        # The agency's row is not locked: the unique number makes the second of two changes fail.
        version = RetentionVersion.objects.create(
            agency=agency,
            number=newest.number + 1 if newest else 1,
            text=text,
            why=reason.strip(),
            changed_by=acting_member,
        )
        write_entry(
            "retention.changed",
            {
                "agency": agency.public_id,
                "number": version.number,
                "automatic": told.automatic,
                "rules": len(told.rules),
                "sha256": hashlib.sha256(text.encode()).hexdigest(),
            },
            {"why": version.why},
            acting_member=acting_member,
        )
    return version


def _places(told: retention.Rules, member: Member) -> None:
    held: tuple[tuple[str, set[str], QuerySet[Gallery] | QuerySet[Case], str], ...] = (
        ("gallery", {r.gallery for r in told.rules if r.gallery}, Gallery.objects.all(), "name"),
        ("case", {r.case for r in told.rules if r.case}, Case.objects.all(), "number"),
    )
    for kind, names, rows, column in held:
        known = set(rows.filter(agency=member.agency, **{f"{column}__in": names}).values_list(column, flat=True))
        if names - known:
            raise Refused(
                f"{kind}.unknown",
                "Rules refused",
                f"Your agency has no {kind} {sorted(names - known)[0]!r}.",
                "Correct the rule that names it.",
            )


def record_event(
    kind: After,
    *,
    happened_on: date,
    authority: str,
    case: str = "",
    references: Sequence[str] = (),
    acting_member: Member,
) -> int:
    """Record that something happened that a rule counts from; returns how many rows are new, none when told before.

    Args:
        kind: one of policy.retention.EVENTS.
        happened_on: the day of the verdict, the order or the letter.
        authority: the court, the file or the letter; kept, and sealed in the log.
        case: number of the case that ended, for an acquittal or a dismissal.
        references: ids of the references that show the person.
        acting_member: a supervisor or an administrator.

    Raises:
        Refused: no permission, unknown, not yet happened, no authority, or neither case nor reference.
    """
    with acting("retention.event", Permission.RETENTION_EVENT, acting_member):
        of_case = case.strip() and kind in (After.ACQUITTAL, After.DISMISSAL)
        rows = [find.reference(name, acting_member) for name in dict.fromkeys(references)]
        held = find.case(case, acting_member) if of_case else None
        if kind not in retention.EVENTS or (held is None and not rows) or (case.strip() and held is None):
            raise Refused(
                "retention.event_of_nothing",
                "Event not recorded",
                "An acquittal or dismissal needs a case or references; the end of consent or an order needs references.",
                "Name the case or the references.",
            )
        rules.require(retention.event_day(happened_on, timezone.now().date()))
        _authority(authority)
        return _record(kind, happened_on, authority, held, rows, acting_member)


def _record(
    kind: After,
    day: date,
    authority: str,
    case: Case | None,
    references: Sequence[Reference],
    member: Member,
    *,
    source: str = "",
) -> int:
    """Add the rows that are not there yet, with entries that name what they are about."""
    fresh: list[Reference] = []
    known = set(
        RetentionEvent.objects.filter(agency=member.agency, kind=kind, happened_on=day).values_list(
            "reference_id", flat=True
        )
    )
    for row in references:
        if row.pk not in known:
            known.add(row.pk)
            fresh.append(row)
    own = {"agency": member.agency, "kind": kind, "happened_on": day, "authority": authority.strip()}
    new_case = case is not None and not RetentionEvent.objects.filter(kind=kind, happened_on=day, case=case).exists()
    if new_case:
        RetentionEvent.objects.create(case=case, recorded_by=member, **own)
    RetentionEvent.objects.bulk_create(RetentionEvent(reference=row, recorded_by=member, **own) for row in fresh)
    for number, some in enumerate(_chunks(fresh) or ([[]] if new_case else [])):
        write_entry(
            "retention.event",
            {
                "agency": member.agency.public_id,
                "kind": kind.value,
                "happened_on": day.isoformat(),
                "references": [row.public_id for row in some],
                **({"case": case.pk} if new_case and case and not number else {}),
                **({"source_sha256": source} if source else {}),
            },
            {"authority": authority.strip()},
            acting_member=member,
        )
    return len(fresh) + new_case


def _chunks(rows: Sequence[Reference]) -> list[Sequence[Reference]]:
    return [rows[first : first + _CHUNK] for first in range(0, len(rows), _CHUNK)]


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a court's list: rows, references newly under the order, told before, and erased before."""

    rows: int
    new: int
    known: int
    erased: int


def import_order(data: bytes, *, authority: str = "", acting_member: Member) -> Imported:
    """Record a court's list of references to erase; a second import of the same list changes nothing.

    Args:
        data: the CSV file, see casework.court_orders.
        authority: the court and the order, for rows that name none.
        acting_member: a supervisor or an administrator.

    Raises:
        Refused: no permission, or a row is not understood or names nothing; then nothing of the file is recorded.
    """
    with acting("retention.event", Permission.RETENTION_EVENT, acting_member):
        ordered, bad = read_order(data)
        found: dict[tuple[date, str], dict[int, Reference]] = {}
        erased = 0
        today = timezone.now().date()
        for row in ordered:
            words = row.authority or authority.strip()
            rows, why = _named(row, acting_member)
            if not words:
                why = "it names no authority, and the import names none either"
            elif row.ordered_on > today:
                why = "ordered_on has not come yet"
            if why:
                bad.append(Bad(row.line, why))
                continue
            living = [one for one in rows if one.template]
            erased += len(rows) - len(living)
            found.setdefault((row.ordered_on, words), {}).update({one.pk: one for one in living})
        if bad:
            raise _bad_rows(bad)
        named = sum(map(len, found.values()))
        source = hashlib.sha256(data).hexdigest()
        new = sum(
            _record(After.COURT_ORDER, day, words, None, list(rows.values()), acting_member, source=source)
            for (day, words), rows in found.items()
        )
        write_entry(
            "retention.order_imported",
            {
                "agency": acting_member.agency.public_id,
                "sha256": source,
                "rows": len(ordered),
                "new": new,
                "known": named - new,
                "erased_before": erased,
            },
            acting_member=acting_member,
        )
    return Imported(len(ordered), new, named - new, erased)


def _named(row: Ordered, member: Member) -> tuple[list[Reference], str]:
    """The references that a row names, erased ones too, or why there is none."""
    rows = Reference.objects.filter(gallery__agency=member.agency).only("public_id", "template", "gallery_id")
    if row.by == "reference":
        found = list(rows.filter(public_id=row.name))
    elif row.by == "source_url":
        found = list(rows.filter(source_url=row.name))
    else:
        name, _, value = row.name.partition("=")
        found = list(rows.filter(**{f"provenance__{name}": value}))
    return found, "" if found else f"your agency has no reference with {row.by} {row.name[:80]!r}"


def _bad_rows(bad: Iterable[Bad]) -> Refused:
    rows = sorted(bad, key=lambda row: row.line)
    told = "; ".join(f"line {row.line}: {row.why}" for row in rows[:_NAMED])
    more = f"; and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    return Refused(
        "retention.bad_rows",
        "Nothing imported",
        f"{told}{more}.",
        "No row of the file was recorded. Correct these rows and import the file again.",
    )


def _authority(text: str) -> None:
    if not text.strip():
        raise Refused(
            "retention.authority",
            "Event not recorded",
            "The authority is missing.",
            "Name the court, the file or the letter.",
        )
