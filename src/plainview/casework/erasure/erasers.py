"""The one list of erasers: what is made from a reference, and the function that erases it.

Owns `ERASERS`. Code that stores something made from a reference (an alert's state, a cached list, a snapshot on disk)
adds an eraser here; code that stores files adds its table to `_KEEPERS` in `erasure.read`, so that its files are not
removed. Neither may be registered on import: the process that erases may not have imported the module.

An eraser runs inside the transaction, before the reference itself is blanked. Only pictures are left for later:
`PendingErasure` records them and `erase_pending` removes them after the commit, so that a process that is killed in
between loses nothing but time.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.db.models import Q, QuerySet

from plainview.audit.durable import try_locked
from plainview.casework.erasure.read import picture_needed
from plainview.casework.models import (
    ApiAnswer,
    DisclosurePackage,
    Member,
    NearDuplicate,
    PendingErasure,
    ProficiencyItem,
    Reference,
)
from plainview.casework.pictures import forget_pictures
from plainview.casework.workspace.services import services

BACKUP_LOCK, SNAPSHOT = ".backup.lock", ".backup-"
"""Names in the workspace: the file that a running backup locks, and the prefix of its copy of the database."""

Eraser = Callable[[Reference], None]


def near_duplicates(reference: Reference) -> None:
    """Erase the pairs of near-duplicates that include it, with the names of the similar files."""
    NearDuplicate.objects.filter(Q(reference=reference) | Q(near=reference)).delete()


def run_lists(reference: Reference) -> None:
    """Erase its file name from the lists of failures: an earlier enrolment may have failed on it."""
    runs = type(reference.enrolment).objects.filter(gallery_id=reference.gallery_id).exclude(failed=[])
    for run in runs.iterator(20):
        # The failure stays in the list, without its file name.
        failures = [
            failure | {"path": "", "why": ""} if failure.get("path") == reference.file_name else failure
            for failure in run.failed
        ]
        if failures != run.failed:
            run.failed = failures
            run.save(update_fields=["failed"])


def proficiency_items(reference: Reference) -> None:
    """Erase its face where it is a probe with a known answer."""
    rows = ProficiencyItem.objects.filter(probe_reference=reference)
    rows.update(probe_blob="", probe_box=[], probe_points=[])


def disclosure_packages(reference: Reference) -> None:
    """Erase the stored packages of searches in its gallery: each contains every compared template."""
    drop_packages(DisclosurePackage.objects.filter(search__gallery_id=reference.gallery_id))


def drop_packages(rows: QuerySet[DisclosurePackage]) -> None:
    """Erase stored packages in the running transaction; their hashes stay in the log, and each can be made again."""
    for package in rows.exclude(blob="").select_for_update():
        PendingErasure.objects.get_or_create(blob=package.blob)
        package.blob = ""
        package.save(update_fields=["blob"])


def stored_answers(reference: Reference) -> None:
    """Erase the stored answers of the API, as any of them may name it."""
    answers_go()


def answers_go(members: QuerySet[Member] | None = None) -> None:
    """Erase the bodies of the stored answers to API requests in the running transaction: any may name what is erased.

    Which one does is not known without opening them all. Their keys stay: a request that is sent again is refused, and
    nothing is done twice.

    Args:
        members: the only ones who saw what is erased, so that the answers of others stay; everybody if None.
    """
    answers = ApiAnswer.objects.exclude(sealed=b"")
    if members is not None:
        answers = answers.filter(token__member__in=members)
    answers.update(sealed=b"")


def picture(reference: Reference) -> None:
    """Erase its file and the one with its face in the sizes of lists, once no record needs them."""
    for digest in {reference.blob, reference.face_file or reference.blob}:
        PendingErasure.objects.get_or_create(blob=digest)


ERASERS: tuple[Eraser, ...] = (
    near_duplicates,
    run_lists,
    proficiency_items,
    disclosure_packages,
    stored_answers,
    picture,
)
"""In the order in which they run."""


def pictures_go(digests: set[str]) -> None:
    """Record in the running transaction that these stored files are removed after it, unless a record needs them.

    If the process is killed in between, the next start removes them.
    """
    rows = [PendingErasure(blob=digest) for digest in sorted(digests - {""})]
    PendingErasure.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    transaction.on_commit(_gone)


def _gone() -> None:
    erase_pending()
    forget_pictures()


def erase_snapshots() -> None:
    """Remove copies of the database left by a backup that was killed; a running backup removes its own."""
    root = services().workspace.root
    with try_locked(root / BACKUP_LOCK) as nobody_backs_up:
        if nobody_backs_up:
            for path in root.glob(f"{SNAPSHOT}*"):
                path.unlink(missing_ok=True)


def erase_pending() -> int:
    """Remove the recorded pictures that nothing needs; return how many there were.

    Each is removed under the database's write lock, under which enrolment checks that its pictures still exist.

    Raises:
        StorageError: one could not be removed; it stays recorded.
    """
    erased = 0
    for pending in PendingErasure.objects.order_by("pk"):
        with transaction.atomic():
            if pending.delete()[0] and not picture_needed(pending.blob):
                erased += services().blobs.delete(pending.blob)
    return erased
