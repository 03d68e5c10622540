"""Taking one's own record away; that it was taken is an entry too."""

from __future__ import annotations

from typing import Any

from plainview.casework.log.explorer import record_of
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member
from plainview.policy.permissions import Permission


def export_record(*, acting_member: Member) -> dict[str, Any]:
    """Return everything that is held about the acting member as plain values for JSON.

    Raises:
        Refused: no permission.
    """
    with acting("record.export", Permission.SESSION_OWN, acting_member):
        held = record_of(acting_member)
        write_entry(
            "record.exported",
            {"agency": acting_member.agency.public_id, "entries": len(held.entries)},
            acting_member=acting_member,
        )
    return {
        "format": "plainview-own-record-1",
        "member": {
            "id": acting_member.public_id,
            "name": acting_member.name,
            "email": acting_member.email,
            "agency": acting_member.agency.name,
            "roles": acting_member.roles,
        },
        "trainings": [
            {
                "course": row.course,
                "hours": row.hours,
                "completed_on": row.completed_on.isoformat(),
                "expires_on": row.expires_on.isoformat(),
            }
            for row in acting_member.trainings.order_by("pk")
        ],
        "searches": [
            {
                "search": row.public_id,
                "case": row.case.number,
                "gallery": row.gallery.name,
                "purpose": row.purpose,
                "requested_at": row.requested_at.isoformat(),
                "request_entry": row.request_entry,
                "erased_at": row.erased_at and row.erased_at.isoformat(),
            }
            for row in held.searches
        ],
        "flags_decided": [
            {
                "flag": row.public_id,
                "rule": row.rule,
                "outcome": row.outcome,
                "note": row.note,
                "decided_at": row.decided_at and row.decided_at.isoformat(),
            }
            for row in held.flags
        ],
        "entries": [
            {"canonical": row.entry.canonical.decode(), "by_me": row.by_me, "opened": row.opened}
            for row in held.entries
        ],
    }
