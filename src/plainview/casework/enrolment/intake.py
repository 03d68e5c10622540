"""Enrolment that a page asks for and the worker does: uploads, or a folder of the server.

Owns the uploads while they wait, sealed in the store, and the pictures that could not be enrolled until they are
erased. The enrolment itself is `casework.enrolment.enrol`; an interrupted one continues.
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
from plainview.casework.enrolment.exchange_files import raising, stored_records
from plainview.casework.enrolment.manifest import Item, read_items, rows_of
from plainview.casework.erasure.holds import lock_holds, require_free
from plainview.casework.erasure.read import held_gallery, needed
from plainview.casework.galleries.nist import is_exchange
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
"""Days for which a picture that could not be enrolled is kept for an administrator to see: chosen, a week."""

_SHOWN = frozenset({"no_face", "face_too_small"})  # codes of pictures that could be decoded
_MOST_SHOWN = 500  # failures whose picture is kept


def ask_files(
    gallery_pk: int, uploads: Iterable[tuple[str, BinaryIO]], *, source_url: str = "", acting_member: Member
) -> Job:
    """Store uploads and create the job of their enrolment; the caller enqueues it.

    Args:
        gallery_pk: a gallery of the member's agency.
        uploads: file name and open file; ZIP files are opened, and a manifest is read.
        source_url: link to where the pictures came from, if no manifest says it.
        acting_member: the member who enrols.

    Raises:
        Refused: no permission, gallery unknown or expired, upload too large or empty, or a bad archive or manifest.
    """
    with acting("gallery.enrol", Permission.GALLERY_ENROL, acting_member):
        gallery = _current(gallery_pk, acting_member)
    stored: list[dict[str, Any]] = []
    try:
        manifest = _store(uploads, stored)
        files = [file | _stated(file["name"], manifest, source_url) for file in stored]
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
        _drop({file["blob"] for file in stored})
        raise


def _store(uploads: Iterable[tuple[str, BinaryIO]], stored: list[dict[str, Any]]) -> dict[str, Item]:
    manifest: dict[str, Item] = {}
    for name, data in incoming.files(uploads):
        if name.lower().endswith(incoming.MANIFESTS):
            manifest |= rows_of(name, data)
        elif is_exchange(data):
            stored.extend(stored_records(name, data))
        else:
            stored.append({"name": name, "blob": services().blobs.put(data)})
    return manifest


def _stated(name: str, manifest: dict[str, Item], source_url: str) -> dict[str, str]:
    item = manifest.get(name)
    if item is None:
        return {"source_url": source_url}
    captured = item.captured_on.isoformat() if item.captured_on else ""
    return {"source_url": item.source_url or source_url, "page_url": item.page_url, "captured_on": captured}


def ask_folder(gallery_pk: int, folder: str, inside: str = "", *, acting_member: Member) -> Job:
    """Create the job that enrols a folder of the server; the operator allows folders in workspace.toml.

    Raises:
        Refused: no permission, gallery unknown or expired, folder not allowed or empty.
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
    """Return the pictures of a folder, without links and manifest rows that lead out of the allowed folder."""
    return [item for item in read_items(path) if item.path.resolve().is_relative_to(root.resolve())]


def run_enrolment(job: Job) -> str:
    """Run an enrolment job, from where it was interrupted.

    Raises:
        Cancelled, Refused: the job stopped; pictures enrolled until then stay enrolled.
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
    return (
        f"{run.images:,} pictures enrolled, {run.duplicates:,} already in the gallery, {len(run.failed):,} not usable."
    )


def _items(run: Enrolment) -> list[Item]:
    if run.folder:
        root, path = run.folder.split("\n", 1)
        return _within(Path(path), Path(root))
    return [
        Item(
            Path(file["blob"]),
            file["name"],
            file.get("source_url") or f"urn:plainview:upload:{run.pk}:{quote(file['name'])}",
            file.get("page_url", ""),
            date.fromisoformat(file["captured_on"]) if file.get("captured_on") else None,
            file.get("provenance", {}),
            raising(*file["refused"]) if "refused" in file else None,
        )
        for file in run.files
    ]


def _read(item: Item) -> bytes:
    # An upload's path is its digest in the store.
    return item.read() if item.data is not None or item.path.is_absolute() else services().blobs.get(str(item.path))


def close_abandoned() -> int:
    """End every run whose job ended first (cancelled, refused, failed), and drop its uploads; return how many ended."""
    ended = Job.objects.filter(kind=KIND, finished_at__isnull=False).values("subject")
    runs = list(Enrolment.objects.filter(finished_at=None, pk__in=ended).select_related("member__agency"))
    for run in runs:
        waiting = {file["blob"] for file in run.files}
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
    """Drop the uploads, except pictures that could not be enrolled and that an administrator may want to see."""
    waiting = {file["name"]: file["blob"] for file in run.files}
    root = Path(run.folder.split("\n", 1)[1]) if run.folder else None
    for failure in [failure for failure in run.failed if failure["code"] in _SHOWN][:_MOST_SHOWN]:
        blob = _put(root / failure["path"]) if root else waiting.get(failure["path"], "")
        if blob:
            failure["blob"] = blob
    any_picture = any(failure.get("blob") for failure in run.failed)
    run.files = []
    run.failures_until = timezone.now() + timedelta(days=FAILURE_DAYS) if any_picture else None
    run.save(update_fields=["files", "failed", "failures_until"])
    _drop(set(waiting.values()))


def _put(path: Path) -> str:
    try:
        return services().blobs.put(read_file(path))
    except BadMedia:
        return ""


def erase_failures(gallery_pk: int, number: int, *, acting_member: Member) -> Enrolment:
    """Erase the pictures that an enrolment could not use before their week is over.

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
    """Erase kept pictures of failures whose week is over, unless a hold keeps them; return the number of enrolments."""
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
    blobs = {failure.pop("blob") for failure in run.failed if failure.get("blob")}
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
    blobs = blobs - {""}  # of files that were refused when they were uploaded
    for digest in blobs - needed(blobs):
        services().blobs.delete(digest)
