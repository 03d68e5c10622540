"""Erasing a reference: its picture, its template, where it came from. What stays is that something was erased, and why.

Owns the order: the rows, the gallery's ordered log and the audit entry in one transaction, then the picture, then the
pages of the database's journal. An index that catches up removes it; none can answer before.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.db.models import F

from plainview.casework.actions.guard import acting
from plainview.casework.actions.indexed import index_reached
from plainview.casework.actions.log import write_entry
from plainview.casework.models import Gallery, GalleryChange, Member, ProficiencyItem, Reference
from plainview.casework.queries.blobs import picture_needed
from plainview.casework.queries.galleries import changes_after
from plainview.casework.queries.pictures import forget_pictures
from plainview.casework.services import services
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.examination import explained
from plainview.policy.permissions import Permission


@dataclass(frozen=True, slots=True)
class Expunged:
    """What was erased: the reference, the picture's file (False when another reference still needs it), the entry."""

    reference: str
    picture_erased: bool
    entry: int


def expunge(reference_id: str, *, reason: str, acting_member: Member) -> Expunged:
    """Erase a reference of the member's agency for good.

    Raises:
        Refused: no permission, unknown or erased already, or no reason in words.
        StorageError: the picture could not be removed; run it again with the same id.
    """
    with acting("reference.expunge", Permission.REFERENCE_EXPUNGE, acting_member):
        rows = Reference.objects.select_for_update().select_related("gallery")
        row = rows.filter(public_id=reference_id.strip(), gallery__agency=acting_member.agency).first()
        if row is None or not row.template:
            raise Refused(
                "reference.unknown", "Nothing erased", f"Your agency has no reference {reference_id!r}.",
                "It may have been erased already; the log knows.",
            )  # fmt: skip
        rules.require(explained(reason, "The reason"))
        blob, gallery = row.blob, row.gallery
        Gallery.objects.filter(pk=gallery.pk).update(log_head=F("log_head") + 1)
        gallery.refresh_from_db(fields=["log_head"])
        GalleryChange.objects.create(gallery=gallery, seq=gallery.log_head, is_add=False, reference=row)
        row.template, row.blob = b"", f"expunged {row.public_id}"
        row.file_name = row.source_url = row.page_url = ""
        row.box, row.points, row.quality_detail, row.quality, row.captured_on = [], [], {}, 0, None
        row.save()
        ProficiencyItem.objects.filter(probe_reference=row).update(
            probe_blob="", probe_box=[], probe_points=[]
        )
        shared = picture_needed(blob)
        receipt = write_entry(
            "reference.expunged",
            {
                "agency": acting_member.agency.public_id, "gallery": gallery.pk, "reference": row.public_id,
                "change": gallery.log_head, "picture_erased": not shared,
            },
            {"reason": reason.strip()},
            acting_member=acting_member,
        )  # fmt: skip
    if not shared:
        services().blobs.delete(blob)
    with index_reached():
        services().forget(gallery.pk, changes_after(gallery.pk), gallery.index_adapter)
    forget_pictures()
    _forget_pages()
    return Expunged(row.public_id, not shared, receipt.entry)


def _forget_pages() -> None:
    """Let SQLite write its journal back and empty it: it still holds the rows as they were."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
