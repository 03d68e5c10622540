"""Exporting the member's own record; the export is an entry too."""

from __future__ import annotations

from typing import Any

from plainview.casework.log.explorer import record_of
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member
from plainview.policy.permissions import Permission


def export_record(*, acting_member: Member) -> dict[str, Any]:
    """Return everything that the workspace has about the acting member, as plain values for JSON.

    Raises:
        Refused: no permission.
    """
    with acting("record.export", Permission.SESSION_OWN, acting_member):
        record = record_of(acting_member)
        write_entry(
            "record.exported",
            {"agency": acting_member.agency.public_id, "entries": len(record.entries)},
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
                "course": training.course,
                "hours": training.hours,
                "completed_on": training.completed_on.isoformat(),
                "expires_on": training.expires_on.isoformat(),
            }
            for training in acting_member.trainings.order_by("pk")
        ],
        "searches": [
            {
                "search": search.public_id,
                "case": search.case.number,
                "gallery": search.gallery.name,
                "purpose": search.purpose,
                "requested_at": search.requested_at.isoformat(),
                "request_entry": search.request_entry,
                "erased_at": search.erased_at and search.erased_at.isoformat(),
            }
            for search in record.searches
        ],
        "flags_decided": [
            {
                "flag": flag.public_id,
                "rule": flag.rule,
                "outcome": flag.outcome,
                "note": flag.note,
                "decided_at": flag.decided_at and flag.decided_at.isoformat(),
            }
            for flag in record.flags
        ],
        "entries": [
            {"canonical": own.entry.canonical.decode(), "by_me": own.by_me, "opened": own.opened}
            for own in record.entries
        ],
    }
