"""Erasing a reference: its picture, its template, where it came from. What stays is that something was erased, and why.

Owns the order: the rows, the gallery's ordered log and the audit entry in one transaction, then the picture, then the
pages of the database's journal. An index that catches up removes it; none can answer before.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.db.models import F

from plainview.casework.actions.guard import acting
from plainview.casework.actions.log import write_entry
from plainview.casework.models import Gallery, GalleryChange, Member, ProficiencyItem, Reference
from plainview.casework.queries.blobs import picture_needed
from plainview.casework.queries.galleries import reference_numbered
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
        blank(row)
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
    forget(blob)
    return Expunged(row.public_id, not shared, receipt.entry)


def blank(row: Reference) -> None:
    """Erase what a reference's row holds and take it out of its gallery, in the running transaction.

    Its gallery's `log_head` is then the number of the row of the log that takes it out; `forget` comes after.
    """
    gallery = row.gallery
    Gallery.objects.filter(pk=gallery.pk).update(log_head=F("log_head") + 1)
    gallery.refresh_from_db(fields=["log_head"])
    GalleryChange.objects.create(gallery=gallery, seq=gallery.log_head, is_add=False, reference=row)
    row.template, row.blob = b"", f"expunged {row.public_id}"
    row.file_name = row.source_url = row.page_url = ""
    row.box, row.points, row.quality_detail, row.quality, row.captured_on = [], [], {}, 0, None
    row.save()
    ProficiencyItem.objects.filter(probe_reference=row).update(probe_blob="", probe_box=[], probe_points=[])


def forget(*pictures: str) -> None:
    """Delete pictures that nothing needs any more, after their rows were erased for good.

    Raises:
        StorageError: one could not be removed.
    """
    for digest in dict.fromkeys(pictures):
        if not picture_needed(digest):
            services().blobs.delete(digest)
    forget_pictures()
    _forget_pages()


def view_reference(reference_id: str, *, acting_member: Member) -> Reference:
    """Show one reference to who may erase it; the view is an entry.

    Raises:
        Refused: no permission or unknown.
    """
    with acting("reference.view", Permission.REFERENCE_EXPUNGE, acting_member):
        row = reference_numbered(reference_id, acting_member)
        write_entry(
            "reference.viewed",
            {"agency": acting_member.agency.public_id, "reference": row.public_id},
            acting_member=acting_member,
        )
    return row


def _forget_pages() -> None:
    """Let SQLite write its journal back and empty it: it still holds the rows as they were."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
