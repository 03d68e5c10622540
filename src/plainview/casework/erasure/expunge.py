"""Erasing a reference: its picture, its template, where it came from. What stays is that something was erased, and why.

Owns the order: what was made from it (erasers), the row, the gallery's ordered log and the audit entry in one
transaction; then the files, the expunge list and the pages of the database's journal. An index that catches up removes
it; none can answer before. What is cut short after the transaction is done by `finish`, at the next start.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection
from django.db.models import F

from plainview.audit.record import Value
from plainview.casework import find
from plainview.casework.erasure.erasers import ERASERS, erase_pending, erase_snapshots
from plainview.casework.erasure.expunged import ACTION, bring_level, mark
from plainview.casework.erasure.holds import lock_holds, require_free
from plainview.casework.erasure.read import held, picture_needed
from plainview.casework.galleries.read import changes_after
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import BarredPicture, Gallery, GalleryChange, Member, Reference
from plainview.casework.pictures import forget_pictures
from plainview.casework.workspace.services import index_reached, services
from plainview.policy import rules
from plainview.policy.examination import explained
from plainview.policy.permissions import Permission

_JOURNAL_TRIES, _JOURNAL_PAUSE_S = 20, 0.1
"""A reader that is in the middle of something keeps SQLite's journal from being emptied; two seconds outlast it."""


@dataclass(frozen=True, slots=True)
class Expunged:
    """What was erased.

    Attributes:
        reference: its id.
        picture_erased: False when another reference or search still needs the picture.
        entry: number of the log's entry.
        journal_emptied: False when a long reader kept the database's journal: `plainview doctor` empties it.
    """

    reference: str
    picture_erased: bool
    entry: int
    journal_emptied: bool


def expunge(reference_id: str, *, reason: str, acting_member: Member, never_again: bool = False) -> Expunged:
    """Erase a reference of the member's agency for good.

    Args:
        reference_id: its id.
        reason: why, in words; it is kept, sealed.
        acting_member: who erases.
        never_again: the very same picture must not be enrolled again, in any gallery.

    Raises:
        Refused: no permission, unknown or erased already, no reason in words, or a hold keeps it.
        StorageError: the picture could not be removed; `finish` removes it.
    """
    with acting("reference.expunge", Permission.REFERENCE_EXPUNGE, acting_member):
        row = find.reference(reference_id, acting_member, lock=True)
        rules.require(explained(reason, "The reason"))
        erased, entry = erase_reference(row, reason.strip(), never_again=never_again, acting_member=acting_member)
    finish(row.gallery)
    return Expunged(row.public_id, erased, entry, forget_pages())


def erase_reference(
    row: Reference,
    reason: str,
    *,
    never_again: bool = False,
    cause: Mapping[str, Value] | None = None,
    acting_member: Member | None,
) -> tuple[bool, int]:
    """Erase a reference, locked by the caller, in the running transaction; `finish` comes after the commit.

    Args:
        row: with its gallery and enrolment.
        reason: kept, sealed.
        never_again: as in `expunge`.
        cause: what else the entry says publicly, such as the run and the rule.
        acting_member: who erases; None for a run, whose entries say who approved it.

    Returns:
        Whether its picture goes too, and the number of the entry.

    Raises:
        Refused: hold.in_force.
    """
    lock_holds(row.gallery.agency)
    require_free(held(row), f"Reference {row.public_id}")
    blob = row.blob
    picture_mark = mark(blob)
    blank(row)
    if never_again:
        BarredPicture.objects.get_or_create(mark=picture_mark)
    needed = picture_needed(blob)
    receipt = write_entry(
        ACTION,
        {
            "agency": row.gallery.agency.public_id,
            "gallery": row.gallery_id,
            "reference": row.public_id,
            "change": row.gallery.log_head,
            "picture_erased": not needed,
            "picture_mark": picture_mark,
            "never_again": never_again,
            **(cause or {}),
        },
        {"reason": reason},
        acting_member=acting_member,
    )
    return not needed, receipt.entry


def view_reference(reference_id: str, *, acting_member: Member) -> Reference:
    """Show one reference to who may erase it; the view is an entry.

    Raises:
        Refused: no permission or unknown.
    """
    with acting("reference.view", Permission.REFERENCE_EXPUNGE, acting_member):
        row = find.reference(reference_id, acting_member)
        write_entry(
            "reference.viewed",
            {"agency": acting_member.agency.public_id, "reference": row.public_id},
            acting_member=acting_member,
        )
    return row


def blank(row: Reference) -> None:
    """Erase everything of a reference inside the running transaction; `finish` comes after it."""
    for eraser in ERASERS:
        eraser(row)
    gallery = row.gallery
    Gallery.objects.filter(pk=gallery.pk).update(log_head=F("log_head") + 1)
    gallery.refresh_from_db(fields=["log_head"])
    GalleryChange.objects.create(gallery=gallery, seq=gallery.log_head, is_add=False, reference=row)
    row.template, row.picture_hash, row.blob = b"", b"", f"expunged {row.public_id}"
    row.file_name = row.source_url = row.page_url = ""
    row.box, row.points, row.quality_detail, row.quality, row.captured_on = [], [], {}, 0, None
    row.provenance = {}
    row.save()


def finish(*galleries: Gallery) -> int:
    """Do after the transaction what an expunge, this one or one that was cut short, left; return pictures removed.

    Args:
        galleries: those whose indexes have to forget something.

    Raises:
        Refused: index.unreachable.
        StorageError, OSError: something could not be removed; call it again.
    """
    erased = erase_pending()
    for gallery in galleries:
        with index_reached():
            services().forget(gallery.pk, changes_after(gallery.pk), gallery.index_adapter)
    erase_snapshots()
    forget_pictures()
    bring_level()
    return erased


def forget(gallery: Gallery, *pictures: str) -> None:
    """Delete pictures that nothing needs any more, after their rows were erased for good.

    Raises:
        StorageError: one could not be removed.
    """
    for digest in dict.fromkeys(pictures):
        if not picture_needed(digest):
            services().blobs.delete(digest)
    finish(gallery)
    forget_pages()


def forget_pages() -> bool:
    """Let SQLite write its journal back and empty it: it still holds the rows as they were. True when it is empty."""
    if connection.vendor != "sqlite":
        return True
    for _ in range(_JOURNAL_TRIES):
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            row = cursor.fetchone()
        if row is None or row[0] == 0:
            return True
        time.sleep(_JOURNAL_PAUSE_S)
    return False
