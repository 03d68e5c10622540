"""Placing and ending holds, and the check that every eraser makes in its own transaction.

Owns the lock that puts an agency's holds and erasures in sequence, so that nothing is erased while a hold is being
placed on it. A hold must never end by a date: only a person ends it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.utils import timezone

from plainview.audit.record import Value
from plainview.casework import find
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Agency, Hold, Member
from plainview.policy import retention, rules
from plainview.policy.decision import Refused
from plainview.policy.examination import explained
from plainview.policy.permissions import Permission
from plainview.policy.wording import day


def lock_holds(agency: Agency) -> None:
    """Keep all holds of the agency unchanged until the running transaction ends."""
    Agency.objects.select_for_update().get(pk=agency.pk)


def require_free(holds: Iterable[Hold], subject: str) -> None:
    """Refuse an erasure if there are holds; call it after `lock_holds`, in the transaction that erases.

    Raises:
        Refused: hold.in_force.
    """
    rules.require(retention.free(tuple(hold.public_id for hold in holds), subject))


def place_hold(
    *,
    reason: str,
    authority: str,
    case: str = "",
    search: str = "",
    reference: str = "",
    gallery: str = "",
    review_on: date | None = None,
    acting_member: Member,
) -> Hold:
    """Keep an item from being erased until the hold is ended; it may already have other holds.

    Args:
        reason: the reason, in a sentence.
        authority: the court, the office or the letter that requires it.
        case, search, reference, gallery: number, id, id or name; exactly one of them.
        review_on: the day to check whether the hold is still needed; it does not end by itself.
        acting_member: a supervisor or an administrator.

    Raises:
        Refused: no permission, not exactly one item, unknown or erased, or incomplete.
    """
    with acting("hold.place", Permission.HOLD_PLACE, acting_member):
        lock_holds(acting_member.agency)
        on = _subject({"case": case, "search": search, "reference": reference, "gallery": gallery}, acting_member)
        now = timezone.now()
        rules.require(retention.hold_complete(reason, authority), retention.hold_review(review_on, now.date()))
        hold = Hold.objects.create(
            agency=acting_member.agency,
            reason=reason.strip(),
            authority=authority.strip(),
            placed_by=acting_member,
            placed_at=now,
            review_on=review_on,
            **on,
        )
        write_entry(
            "hold.placed",
            {
                "agency": acting_member.agency.public_id,
                "hold": hold.public_id,
                **_public(hold),
                "review_on": review_on.isoformat() if review_on else None,
            },
            {"reason": hold.reason, "authority": hold.authority},
            acting_member=acting_member,
        )
    return hold


def end_hold(public_id: str, *, reason: str, acting_member: Member) -> Hold:
    """End one hold; others on the same item stay in force.

    Raises:
        Refused: no permission, unknown, already ended, or no reason in words.
    """
    with acting("hold.end", Permission.HOLD_END, acting_member):
        lock_holds(acting_member.agency)
        hold = find.hold(public_id, acting_member, lock=True)
        if hold.ended_at is not None:
            raise Refused(
                "hold.ended",
                "Nothing changed",
                f"Hold {hold.public_id} ended on {day(hold.ended_at)}.",
                "Check which holds are in force.",
                act=Permission.RETENTION_READ,
            )
        rules.require(explained(reason, "The reason"))
        hold.ended_by, hold.ended_at, hold.end_reason = acting_member, timezone.now(), reason.strip()
        hold.save(update_fields=["ended_by", "ended_at", "end_reason"])
        write_entry(
            "hold.ended",
            {"agency": acting_member.agency.public_id, "hold": hold.public_id, **_public(hold)},
            {"reason": hold.end_reason},
            acting_member=acting_member,
        )
    return hold


def _subject(named: dict[str, str], member: Member) -> dict[str, Any]:
    names = {kind: name.strip() for kind, name in named.items() if name.strip()}
    if len(names) != 1:
        raise Refused(
            "hold.on_one_thing",
            "Hold refused",
            "A hold is on exactly one case, search, reference or gallery.",
            "Name exactly one. Place a separate hold on anything else.",
        )
    ((kind, name),) = names.items()
    if kind == "case":
        return {"case": find.case(name, member)}
    if kind == "gallery":
        return {"gallery": find.gallery(name, member)}
    if kind == "reference":
        return {"reference": find.reference(name, member)}
    search = find.search(name, member)
    if search.erased_at is not None:
        raise Refused(
            "search.unknown",
            "Not found",
            "This search was erased.",
            "No hold is needed: the log still contains its entries.",
        )
    return {"search": search}


def _public(hold: Hold) -> dict[str, Value]:
    """Return the item of a hold as other entries name it, without naming a person."""
    if hold.case_id is not None:
        return {"case": hold.case_id}
    if hold.gallery_id is not None:
        return {"gallery": hold.gallery_id}
    if hold.search is not None:
        return {"search": hold.search.public_id}
    assert hold.reference is not None  # noqa: S101  the table's constraint requires one of the four
    return {"reference": hold.reference.public_id}
