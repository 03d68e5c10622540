"""Enrolment that is asked for in a page and done by the worker: uploads, or a folder of the server.

Owns the uploads while they wait, sealed in the store, and the pictures that could not be enrolled until they are
erased. The enrolment itself is `casework.actions.enrol`; it may be interrupted at any moment and goes on.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from django.db import transaction
from django.utils import timezone

from plainview.casework import find
from plainview.casework.enrolment import incoming
from plainview.casework.enrolment.enrol import EnrolmentResult, begin, enrol
from plainview.casework.enrolment.manifest import Item, read_items, rows_of
from plainview.casework.erasure.holds import lock_holds, require_free
from plainview.casework.erasure.read import held_gallery, needed
from plainview.casework.galleries.read import allowed_folders
from plainview.casework.jobs import ask, beat
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Enrolment, Gallery, Job, Member
from plainview.casework.workspace.services import services
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.recognition.decode import read_file
from plainview.recognition.errors import BadMedia

KIND = "enrolment"

FAILURE_DAYS = 7
"""Days for which a picture that could not be enrolled is kept for its administrator to look at: chosen, a week."""

_SHOWN = frozenset({"no_face", "face_too_small"})  # codes of pictures that could be decoded
_MOST_SHOWN = 500  # failures of which the picture is kept


def ask_files(
    gallery_pk: int, uploads: Iterable[tuple[str, BinaryIO]], *, source_url: str = "", acting_member: Member
) -> Job:
    """Take uploads into the store and ask for their enrolment; the caller enqueues the job.

    Args:
        gallery_pk: a gallery of the member's agency.
        uploads: file name and open file; ZIP files are opened, a manifest among them is read.
        source_url: link to where the pictures came from, where no manifest says it.
        acting_member: who enrols.

    Raises:
        Refused: no permission, gallery unknown or expired, too much, a bad archive or manifest, or nothing in it.
    """
    with acting("gallery.enrol", Permission.GALLERY_ENROL, acting_member):
        gallery = _current(gallery_pk, acting_member)
    stored: list[dict[str, Any]] = []
    try:
        manifest = _store(uploads, stored)
        files = [row | _told(row["name"], manifest, source_url) for row in stored]
        if not files:
            raise Refused(
                "enrol.nothing",
                "Nothing enrolled",
                "The upload contains no picture.",
                "Choose pictures, or a ZIP file of pictures.",
            )
        with transaction.atomic():
            return _ask(gallery, acting_member, len(files), files=files, source_url=source_url)
    except BaseException:
        _drop({row["blob"] for row in stored})
        raise


def _store(uploads: Iterable[tuple[str, BinaryIO]], stored: list[dict[str, Any]]) -> dict[str, Item]:
    manifest: dict[str, Item] = {}
    for name, data in incoming.files(uploads):
        if name.lower().endswith(incoming.MANIFESTS):
            manifest |= rows_of(name, data)
        else:
            stored.append({"name": name, "blob": services().blobs.put(data)})
    return manifest


def _told(name: str, manifest: dict[str, Item], source_url: str) -> dict[str, str]:
    row = manifest.get(name)
    if row is None:
        return {"source_url": source_url}
    captured = row.captured_on.isoformat() if row.captured_on else ""
    return {"source_url": row.source_url or source_url, "page_url": row.page_url, "captured_on": captured}


def ask_folder(gallery_pk: int, folder: str, inside: str = "", *, acting_member: Member) -> Job:
    """Ask for the enrolment of a folder of the server that the operator has allowed in workspace.toml.

    Raises:
        Refused: no permission, gallery unknown or expired, folder not allowed, or nothing in it.
    """
    with acting("gallery.enrol", Permission.GALLERY_ENROL, acting_member):
        gallery = _current(gallery_pk, acting_member)
        root, path = Path(folder), (Path(folder) / inside.strip().strip("/")).resolve()
        if folder not in allowed_folders() or not path.is_relative_to(root.resolve()) or not path.exists():
            raise Refused(
                "enrol.folder",
                "Nothing enrolled",
                "This folder is not allowed, or does not exist.",
                "Ask the operator to add the folder to enrol_folders in workspace.toml.",
            )
        total = len(_within(path, root))
        return _ask(gallery, acting_member, total, folder=f"{root}\n{path}")


def _current(pk: int, member: Member) -> Gallery:
    gallery = find.gallery_by_key(pk, member)
    rules.require(rules.gallery_current(gallery.name, gallery.expires_on, timezone.now().date()))
    return gallery


def _ask(gallery: Gallery, member: Member, total: int, **asked: Any) -> Job:
    folder = asked.get("folder", "").rpartition("\n")[2]
    run = begin(gallery, member, kind="folder" if folder else "upload", name=folder, **asked)
    return ask(KIND, run.pk, total=total, acting_member=member)


def _within(path: Path, root: Path) -> list[Item]:
    """What the folder names; a link or a manifest's row that leads out of the allowed folder is left out."""
    return [item for item in read_items(path) if item.path.resolve().is_relative_to(root.resolve())]


def run_enrolment(job: Job) -> str:
    """Do the work of an enrolment job, from wherever it was interrupted.

    Raises:
        Cancelled, Refused: it stopped; what was enrolled until then is kept.
    """
    run = Enrolment.objects.select_related("gallery", "member__agency").get(pk=job.subject)
    seen = 0

    def progress(_: EnrolmentResult) -> None:
        nonlocal seen
        seen += 1
        beat(job, seen, job.total)

    if run.finished_at is None:
        enrol(run.gallery.name, _items(run), acting_member=run.member, progress=progress, run=run, read=_read)
        run.refresh_from_db()
    _keep_failures(run)
    return f"{run.images:,} pictures enrolled, {run.duplicates:,} held already, {len(run.failed):,} not usable."


def _items(run: Enrolment) -> list[Item]:
    if run.folder:
        root, path = run.folder.split("\n", 1)
        return _within(Path(path), Path(root))
    return [
        Item(
            Path(row["blob"]),
            row["name"],
            row.get("source_url") or f"urn:plainview:upload:{run.pk}:{quote(row['name'])}",
            row.get("page_url", ""),
            date.fromisoformat(row["captured_on"]) if row.get("captured_on") else None,
        )
        for row in run.files
    ]


def _read(item: Item) -> bytes:
    # An upload's path is the digest under which it waits in the store.
    return item.read() if item.path.is_absolute() else services().blobs.get(str(item.path))


def close_abandoned() -> int:
    """End every run whose job ended before it: cancelled, refused or failed. Uploads that wait are let go."""
    ended = Job.objects.filter(kind=KIND, finished_at__isnull=False).values("subject")
    runs = list(Enrolment.objects.filter(finished_at=None, pk__in=ended).select_related("member__agency"))
    for run in runs:
        waiting = {row["blob"] for row in run.files}
        with transaction.atomic():
            run.images = run.reference_set.values("blob").distinct().count()
            run.files, run.finished_at = [], timezone.now()
            run.save(update_fields=["images", "files", "finished_at"])
            write_entry(
                "enrolment.stopped",
                {
                    "agency": run.member.agency.public_id,
                    "enrolment": run.pk,
                    "gallery": run.gallery_id,
                    "images": run.images,
                },
                acting_member=None,
            )
        _drop(waiting)
    return len(runs)


def _keep_failures(run: Enrolment) -> None:
    """Let go of the uploads, but for pictures that a person may want to see because they could not be enrolled."""
    waiting = {row["name"]: row["blob"] for row in run.files}
    root = Path(run.folder.split("\n", 1)[1]) if run.folder else None
    for row in [row for row in run.failed if row["code"] in _SHOWN][:_MOST_SHOWN]:
        blob = _kept(root / row["path"]) if root else waiting.get(row["path"], "")
        if blob:
            row["blob"] = blob
    kept = any(row.get("blob") for row in run.failed)
    run.files = []
    run.failures_until = timezone.now() + timedelta(days=FAILURE_DAYS) if kept else None
    run.save(update_fields=["files", "failed", "failures_until"])
    _drop(set(waiting.values()))


def _kept(path: Path) -> str:
    try:
        return services().blobs.put(read_file(path))
    except BadMedia:
        return ""


def erase_failures(gallery_pk: int, number: int, *, acting_member: Member) -> Enrolment:
    """Erase the pictures that an enrolment could not use, before their week is over.

    Raises:
        Refused: no permission, unknown, or a hold on the gallery keeps them.
    """
    with acting("gallery.enrol", Permission.GALLERY_ENROL, acting_member):
        run = find.enrolment(gallery_pk, number, acting_member)
        lock_holds(acting_member.agency)
        require_free(held_gallery(run.gallery), f"Gallery {run.gallery.name}")
        blobs = _forget(run)
    _drop(blobs)
    return run


def sweep_failures() -> int:
    """Erase what was kept of failures whose week is over, unless a hold keeps it; return of how many enrolments."""
    swept = 0
    due = Enrolment.objects.filter(failures_until__lte=timezone.now())
    for run in list(due.select_related("gallery__agency", "member__agency")):
        with transaction.atomic():
            lock_holds(run.gallery.agency)
            if held_gallery(run.gallery):
                continue
            blobs = _forget(run)
        _drop(blobs)
        swept += 1
    return swept


def _forget(run: Enrolment) -> set[str]:
    blobs = {row.pop("blob") for row in run.failed if row.get("blob")}
    run.failures_until = None
    run.save(update_fields=["failed", "failures_until"])
    write_entry(
        "enrolment.failures_erased",
        {
            "agency": run.member.agency.public_id,
            "enrolment": run.pk,
            "gallery": run.gallery_id,
            "pictures": len(blobs),
        },
        acting_member=None,
    )
    return blobs


def _drop(blobs: set[str]) -> None:
    for digest in blobs - needed(blobs):
        services().blobs.delete(digest)
