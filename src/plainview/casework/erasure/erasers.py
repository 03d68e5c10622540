"""Everything that an expunged reference leaves behind in a workspace, and who erases it: one list.

Owns `ERASERS`. Whoever keeps something made from a reference (an alert's state, a cached list, a snapshot on the disk)
adds an eraser; whoever keeps stored files adds their table to queries/blobs.py, so that nothing they need is removed. Both
are listed by name, never registered on import: the process that erases may not have imported the module.

An eraser runs inside the transaction, before the row itself is blanked, and leaves nothing for later but pictures: a
removal outside the database is noted in `PendingErasure` and done by `erase_pending` after the commit, so that a
process that is killed in between loses nothing but time.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.db.models import Q, QuerySet

from plainview.audit.durable import try_locked
from plainview.casework.erasure.read import picture_needed
from plainview.casework.models import (
    DisclosurePackage,
    NearDuplicate,
    PendingErasure,
    ProficiencyItem,
    Reference,
)
from plainview.casework.pictures import forget_pictures
from plainview.casework.workspace.services import services

BACKUP_LOCK, SNAPSHOT = ".backup.lock", ".backup-"
"""Names in the workspace: the file that a running backup holds, and how its copy of the database begins."""

Eraser = Callable[[Reference], None]


def near_duplicates(reference: Reference) -> None:
    """The pairs of nearly the same pictures that name it, and the names of files that were like it."""
    NearDuplicate.objects.filter(Q(reference=reference) | Q(near=reference)).delete()


def run_lists(reference: Reference) -> None:
    """The file's name in the list of what an enrolment could not use: an earlier run may have failed at it."""
    runs = type(reference.enrolment).objects.filter(gallery_id=reference.gallery_id).exclude(failed=[])
    for run in runs.iterator(20):
        # The row stays, with its code and whatever else it owns, under no name.
        kept = [row | {"path": "", "why": ""} if row.get("path") == reference.file_name else row for row in run.failed]
        if kept != run.failed:
            run.failed = kept
            run.save(update_fields=["failed"])


def proficiency_items(reference: Reference) -> None:
    """The face of it that was a probe with a known answer."""
    rows = ProficiencyItem.objects.filter(probe_reference=reference)
    rows.update(probe_blob="", probe_box=[], probe_points=[])


def disclosure_packages(reference: Reference) -> None:
    """The kept packages of searches in its gallery: each holds every template that was compared."""
    drop_packages(DisclosurePackage.objects.filter(search__gallery_id=reference.gallery_id))


def drop_packages(rows: QuerySet[DisclosurePackage]) -> None:
    """Drop kept packages in the running transaction; their hash stays in the log, and each can be made anew."""
    for row in rows.exclude(blob="").select_for_update():
        PendingErasure.objects.get_or_create(blob=row.blob)
        row.blob = ""
        row.save(update_fields=["blob"])


def picture(reference: Reference) -> None:
    """Its file, once no record needs it. Crops are made when they are shown and never kept."""
    PendingErasure.objects.get_or_create(blob=reference.blob)


ERASERS: tuple[Eraser, ...] = (near_duplicates, run_lists, proficiency_items, disclosure_packages, picture)
"""In the order in which they run."""


def pictures_go(digests: set[str]) -> None:
    """Note in the running transaction that these stored files go after it, where no record needs them any more.

    A process that is killed in between leaves the note, and the next start does it.
    """
    rows = [PendingErasure(blob=digest) for digest in sorted(digests - {""})]
    PendingErasure.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    transaction.on_commit(_gone)


def _gone() -> None:
    erase_pending()
    forget_pictures()


def erase_snapshots() -> None:
    """Remove copies of the database that a backup left when it was killed; one that is being made now removes its own."""
    root = services().workspace.root
    with try_locked(root / BACKUP_LOCK) as nobody_backs_up:
        if nobody_backs_up:
            for path in root.glob(f"{SNAPSHOT}*"):
                path.unlink(missing_ok=True)


def erase_pending() -> int:
    """Remove the pictures whose turn has come and that nobody needs; return how many there were.

    Each under the database's write lock, under which enrolment looks whether its pictures are still there.

    Raises:
        StorageError: one could not be removed; it stays noted.
    """
    erased = 0
    for row in PendingErasure.objects.order_by("pk"):
        with transaction.atomic():
            if row.delete()[0] and not picture_needed(row.blob):
                erased += services().blobs.delete(row.blob)
    return erased
