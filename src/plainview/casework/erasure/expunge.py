"""Erasing a reference: its picture, its template and its source. Only the fact and the reason stay on record.

Owns the order: what was made from it (erasers), the reference, the gallery's ordered log and the audit entry in one
transaction; then the files, the expunge list and the database's journal. It must never leave an erasure half done: an
index removes the reference before it answers again, and `finish` completes an interrupted erasure at the next start.
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
from plainview.casework.erasure.read import held_reference, picture_needed
from plainview.casework.galleries.read import changes_after
from plainview.casework.galleries.subjects import log_changes
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import BarredPicture, Gallery, Member, Reference
from plainview.casework.models.rows import Recorded
from plainview.casework.pictures import forget_pictures
from plainview.casework.workspace.services import index_reached, services
from plainview.policy import rules
from plainview.policy.examination import explained
from plainview.policy.permissions import Permission

_JOURNAL_TRIES, _JOURNAL_PAUSE_S = 20, 0.1
"""A reader keeps SQLite's journal from being emptied; two seconds are longer than any ordinary read."""


@dataclass(frozen=True, slots=True)
class Expunged:
    """The result of an erasure.

    Attributes:
        reference: its id.
        picture_erased: False when another reference or search still needs the picture.
        entry: number of the log entry.
        journal_emptied: False when a long read kept the database's journal; `plainview doctor` empties it.
    """

    reference: str
    picture_erased: bool
    entry: int
    journal_emptied: bool


def expunge(reference_id: str, *, reason: str, acting_member: Member, never_again: bool = False) -> Expunged:
    """Erase a reference of the member's agency for good.

    Args:
        reference_id: its id.
        reason: the reason in words; stored sealed.
        acting_member: who erases.
        never_again: bar the same picture from being enrolled again, in any gallery.

    Raises:
        Refused: no permission, unknown or already erased, no reason in words, or on hold.
        StorageError: the picture could not be removed; `finish` removes it.
    """
    with acting("reference.expunge", Permission.REFERENCE_EXPUNGE, acting_member):
        reference = find.reference(reference_id, acting_member, lock=True)
        rules.require(explained(reason, "The reason"))
        erased, entry = erase_reference(reference, reason.strip(), never_again=never_again, acting_member=acting_member)
    finish(reference.gallery)
    return Expunged(reference.public_id, erased, entry, forget_pages())


def erase_reference(
    reference: Reference,
    reason: str,
    *,
    never_again: bool = False,
    cause: Mapping[str, Value] | None = None,
    acting_member: Member | None,
) -> tuple[bool, int]:
    """Erase a reference that the caller has locked, in the running transaction; call `finish` after the commit.

    Args:
        reference: with its gallery and enrolment.
        reason: stored sealed.
        never_again: as in `expunge`.
        cause: more public facts for the entry, such as the run and the rule.
        acting_member: who erases; None for a retention run, whose entries name the approver.

    Returns:
        Whether its picture is erased too, and the number of the entry.

    Raises:
        Refused: hold.in_force.
    """
    lock_holds(reference.gallery.agency)
    require_free(held_reference(reference), f"Reference {reference.public_id}")
    blob = reference.blob
    picture_mark = mark(blob)
    changed = blank(reference)
    if never_again:
        BarredPicture.objects.get_or_create(mark=picture_mark)
    needed = picture_needed(blob)
    receipt = write_entry(
        ACTION,
        {
            "agency": reference.gallery.agency.public_id,
            "gallery": reference.gallery_id,
            "reference": reference.public_id,
            "change": reference.gallery.log_head,
            "picture_erased": not needed,
            "picture_mark": picture_mark,
            "never_again": never_again,
            **(cause or {}),
        },
        {"reason": reason},
        acting_member=acting_member,
        rows=changed,
    )
    return not needed, receipt.entry


def view_reference(reference_id: str, *, acting_member: Member) -> Reference:
    """Return a reference to a member who may erase it, and log the view.

    Raises:
        Refused: no permission or unknown.
    """
    with acting("reference.view", Permission.REFERENCE_EXPUNGE, acting_member):
        reference = find.reference(reference_id, acting_member)
        write_entry(
            "reference.viewed",
            {"agency": acting_member.agency.public_id, "reference": reference.public_id},
            acting_member=acting_member,
        )
    return reference


def blank(reference: Reference) -> list[Recorded]:
    """Erase all content of a reference in the running transaction; return the changed rows; call `finish` after it."""
    for eraser in ERASERS:
        eraser(reference)
    gallery = reference.gallery
    Gallery.objects.filter(pk=gallery.pk).update(log_head=F("log_head"))  # takes the row's lock
    gallery.refresh_from_db(fields=["log_head"])
    reference.template, reference.picture_hash, reference.blob = b"", b"", f"expunged {reference.public_id}"
    reference.other_template = reference.other_pack = None
    reference.file_name = reference.source_url = reference.page_url = ""
    reference.captured_precision, reference.face_file = None, ""
    reference.box, reference.points, reference.quality_detail, reference.quality, reference.captured_on = (
        [],
        [],
        {},
        0,
        None,
    )
    reference.provenance = {}
    reference.save()
    subjects = [] if reference.subject_id is None else [reference.subject_id]
    return [reference, *log_changes(gallery, [(reference, False)], subjects)[1]]


def finish(*galleries: Gallery) -> int:
    """Complete erasures, this one and interrupted ones, after the transaction; return the number of pictures removed.

    Args:
        galleries: those whose indexes have to remove something.

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
    """Delete pictures that nothing needs, after their records were erased.

    Raises:
        StorageError: one could not be removed.
    """
    for digest in dict.fromkeys(pictures):
        if not picture_needed(digest):
            services().blobs.delete(digest)
    finish(gallery)
    forget_pages()


def forget_pages() -> bool:
    """Empty SQLite's journal, which still contains the erased data; return True when it is empty."""
    if connection.vendor != "sqlite":
        return True
    for _ in range(_JOURNAL_TRIES):
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            result = cursor.fetchone()
        if result is None or result[0] == 0:
            return True
        time.sleep(_JOURNAL_PAUSE_S)
    return False
