"""Changing an agency's retention rules by two members, and recording the outside events that they count from.

Owns the versions and the import of a court's list. It must never drop a version, nor apply a list in part.
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
    Agency,
    Case,
    Gallery,
    Member,
    Proposal,
    Reference,
    RetentionEvent,
    RetentionVersion,
)
from plainview.casework.people.powers import Basis, two
from plainview.casework.retention.court_orders import Bad, Ordered, read_order
from plainview.casework.retention.read import rules_of
from plainview.policy import retention, rules
from plainview.policy.decision import Refused
from plainview.policy.examination import explained
from plainview.policy.permissions import Permission
from plainview.policy.retention import BEGINNING, After

_NAMED = 20  # bad rows that a refusal names; the others are counted
_CHUNK = 500  # ids of references in one entry, which holds at most 64 KiB


def check_rules(proposal: Proposal) -> Basis:
    """Return the number of the rules in force, 0 for those of a new agency.

    Raises:
        Refused: not valid, a gallery or case that the agency does not have, no reason, or no change.
    """
    text = str(proposal.wanted["text"])
    _places(retention.parse(text), proposal.agency)
    rules.require(explained(proposal.reason, "The reason"))
    newest, _ = rules_of(proposal.agency)
    if text == (newest.text if newest else BEGINNING):
        raise Refused("retention.same", "Nothing changed", "These are already the rules.", "Nothing more is needed.")
    return {"number": newest.number if newest else 0}


def set_rules(proposal: Proposal, acting_member: Member | None) -> None:
    """Make the proposed text the retention rules of the agency; erase nothing."""
    text, (newest, _) = str(proposal.wanted["text"]), rules_of(proposal.agency)
    parsed = retention.parse(text)
    author = proposal.proposed_by
    assert author is not None  # noqa: S101  the operator proposes no rules
    # The agency is not locked: the unique number makes the second of two changes fail.
    version = RetentionVersion.objects.create(
        agency=proposal.agency,
        number=newest.number + 1 if newest else 1,
        text=text,
        why=proposal.reason,
        changed_by=author,
        approved_by=acting_member,
    )
    write_entry(
        "retention.changed",
        {
            "agency": proposal.agency.public_id,
            "number": version.number,
            "automatic": parsed.automatic,
            "rules": len(parsed.rules),
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
            **two(proposal),
        },
        {"why": version.why},
        acting_member=acting_member,
    )


def _places(parsed: retention.Rules, agency: Agency) -> None:
    kinds: tuple[tuple[str, set[str], QuerySet[Gallery] | QuerySet[Case], str], ...] = (
        ("gallery", {r.gallery for r in parsed.rules if r.gallery}, Gallery.objects.all(), "name"),
        ("case", {r.case for r in parsed.rules if r.case}, Case.objects.all(), "number"),
    )
    for kind, names, rows, column in kinds:
        known = set(rows.filter(agency=agency, **{f"{column}__in": names}).values_list(column, flat=True))
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
    """Record an event that a rule counts from; return how many records are new, 0 when all were recorded before.

    Args:
        kind: one of policy.retention.EVENTS.
        happened_on: the day of the verdict, the order or the letter.
        authority: the court, the file or the letter; stored, and sealed in the log.
        case: number of the case that ended, for an acquittal or a dismissal.
        references: ids of the references that show the person.
        acting_member: a supervisor or an administrator.

    Raises:
        Refused: no permission, unknown, a day in the future, no authority, or neither case nor reference.
    """
    with acting("retention.event", Permission.RETENTION_EVENT, acting_member):
        of_case = case.strip() and kind in (After.ACQUITTAL, After.DISMISSAL)
        rows = [find.reference(name, acting_member) for name in dict.fromkeys(references)]
        ended_case = find.case(case, acting_member) if of_case else None
        if kind not in retention.EVENTS or (ended_case is None and not rows) or (case.strip() and ended_case is None):
            raise Refused(
                "retention.event_of_nothing",
                "Event not recorded",
                "An acquittal or dismissal needs a case or references; the end of consent or an order needs references.",
                "Name the case or the references.",
            )
        rules.require(retention.event_day(happened_on, timezone.now().date()))
        _authority(authority)
        return _record(kind, happened_on, authority, ended_case, rows, acting_member)


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
    """Add the records that do not exist yet, with log entries that name their references and case."""
    fresh: list[Reference] = []
    known = set(
        RetentionEvent.objects.filter(agency=member.agency, kind=kind, happened_on=day).values_list(
            "reference_id", flat=True
        )
    )
    for reference in references:
        if reference.pk not in known:
            known.add(reference.pk)
            fresh.append(reference)
    own = {"agency": member.agency, "kind": kind, "happened_on": day, "authority": authority.strip()}
    new_case = case is not None and not RetentionEvent.objects.filter(kind=kind, happened_on=day, case=case).exists()
    if new_case:
        RetentionEvent.objects.create(case=case, recorded_by=member, **own)
    RetentionEvent.objects.bulk_create(
        RetentionEvent(reference=reference, recorded_by=member, **own) for reference in fresh
    )
    for number, some in enumerate(_chunks(fresh) or ([[]] if new_case else [])):
        write_entry(
            "retention.event",
            {
                "agency": member.agency.public_id,
                "kind": kind.value,
                "happened_on": day.isoformat(),
                "references": [reference.public_id for reference in some],
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
    """The outcome of an import: rows, references newly under the order, recorded before, and erased before; how it was read."""

    rows: int
    new: int
    known: int
    erased: int
    how: tuple[str, ...] = ()


def import_order(data: bytes, name: str = "order.csv", *, authority: str = "", acting_member: Member) -> Imported:
    """Record a court's list of references to erase; a second import of the same list changes nothing.

    Args:
        data: the file, see `retention.court_orders`.
        name: its name.
        authority: the court and the order, for rows that name none.
        acting_member: a supervisor or an administrator.

    Raises:
        Refused: no permission, or a row is bad or names no reference; then nothing of the file is recorded.
    """
    with acting("retention.event", Permission.RETENTION_EVENT, acting_member):
        ordered, bad, how = read_order(data, name)
        by_order: dict[tuple[date, str], dict[int, Reference]] = {}
        erased = 0
        today = timezone.now().date()
        for order in ordered:
            words = order.authority or authority.strip()
            rows, why = _named(order, acting_member)
            if not words:
                why = "it names no authority, and neither does the import"
            elif order.ordered_on > today:
                why = "ordered_on is in the future"
            if why:
                bad.append(Bad(order.line, why))
                continue
            living = [reference for reference in rows if reference.template]
            erased += len(rows) - len(living)
            by_order.setdefault((order.ordered_on, words), {}).update({reference.pk: reference for reference in living})
        if bad:
            raise _bad_rows(bad)
        named = sum(map(len, by_order.values()))
        source = hashlib.sha256(data).hexdigest()
        new = sum(
            _record(After.COURT_ORDER, day, words, None, list(rows.values()), acting_member, source=source)
            for (day, words), rows in by_order.items()
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
            {"read_as": " ".join(how)} if how else {},
            acting_member=acting_member,
        )
    return Imported(len(ordered), new, named - new, erased, how)


def _named(order: Ordered, member: Member) -> tuple[list[Reference], str]:
    """Return the references that a row names, erased ones too, and the reason when there are none."""
    rows = Reference.objects.filter(gallery__agency=member.agency).only("public_id", "template", "gallery_id")
    if order.by == "reference":
        named = list(rows.filter(public_id=order.name))
    elif order.by == "source_url":
        named = list(rows.filter(source_url=order.name))
    else:
        name, _, value = order.name.partition("=")
        named = list(rows.filter(**{f"provenance__{name}": value}))
    return named, "" if named else f"your agency has no reference with {order.by} {order.name[:80]!r}"


def _bad_rows(bad: Iterable[Bad]) -> Refused:
    rows = sorted(bad, key=lambda bad_row: bad_row.line)
    lines = "; ".join(f"line {bad_row.line}: {bad_row.why}" for bad_row in rows[:_NAMED])
    more = f"; and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    return Refused(
        "retention.bad_rows",
        "Nothing imported",
        f"{lines}{more}.",
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
