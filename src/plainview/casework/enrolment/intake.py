"""Enrolment that a page asks for and the worker does: uploads, or a folder of the server.

Owns the uploads while they wait, sealed in the store, and the pictures that could not be enrolled until they are
erased. The enrolment itself is `casework.enrolment.enrol`; an interrupted one continues.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from django.db import transaction
from django.utils import timezone

from plainview.casework import find
from plainview.casework.enrolment import incoming
from plainview.casework.enrolment.enrol import EnrolmentResult, begin, enrol
from plainview.casework.enrolment.exchange_files import stored_records, waited, waiting
from plainview.casework.enrolment.files import Beneath
from plainview.casework.enrolment.items import Item, Reading, Unusable, failing
from plainview.casework.enrolment.manifest import first_folder, read_items, require_no_manifest
from plainview.casework.enrolment.pairing import SHAPE, contradiction, described, paired, refused, unmet
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
from plainview.policy.wording import counted
from plainview.recognition.errors import BadMedia
from plainview.tables.dates import read_date
from plainview.tables.errors import TableError
from plainview.tables.names import Names
from plainview.tables.parquet import NoParquet
from plainview.tables.read import open_table

KIND = "enrolment"

FAILURE_DAYS = 7
"""Days for which a picture that could not be enrolled is kept for an administrator to see: chosen, a week."""

_UNMET = frozenset({"no_picture", "ambiguous"})  # codes of rows without a picture
_SHOWN = frozenset({"no_face", "face_too_small"})  # codes of pictures that could be decoded
_MOST_SHOWN = 500  # failures whose picture is kept


def ask_files(
    gallery_pk: int,
    uploads: Iterable[tuple[str, BinaryIO]],
    *,
    source_url: str = "",
    by_folder: bool = False,
    acting_member: Member,
) -> Job:
    """Store uploads and create the job of their enrolment; the caller enqueues it.

    Args:
        gallery_pk: a gallery of the member's agency.
        uploads: file name and open file; ZIP files are opened, and a manifest is read.
        source_url: link to where the pictures came from, if no manifest says it.
        by_folder: each folder of a ZIP file is a person, and its name the number of the subject.
        acting_member: the member who enrols.

    Raises:
        Refused: no permission, gallery unknown or expired, upload too large or empty, or a bad archive or manifest.
    """
    with acting("gallery.enrol", Permission.GALLERY_ENROL, acting_member):
        gallery = _current(gallery_pk, acting_member)
    stored: list[dict[str, Any]] = []
    try:
        reading = _store(uploads, stored, source_url, by_folder=by_folder)
        if all(file.get("code") in _UNMET for file in stored):
            raise _nothing(reading)
        with transaction.atomic():
            about = {"files": stored, "source_url": source_url, "reading": reading.as_json() or None}
            return _ask(gallery, acting_member, len(stored), **about)
    except BaseException:
        _drop({file["blob"] for file in stored if file["blob"]})
        raise


def _nothing(reading: Reading) -> Refused:
    if reading.manifest:
        return Refused(
            "enrol.no_pictures",
            "Nothing enrolled",
            f"The upload contains {reading.manifest} with {counted(reading.rows, 'row')}, and no picture.",
            "Choose the pictures together with the manifest, or one ZIP file of both.",
        )
    return Refused(
        "enrol.nothing",
        "Nothing enrolled",
        "The upload contains no picture.",
        "Choose pictures, or a ZIP file of pictures.",
    )


def _store(
    uploads: Iterable[tuple[str, BinaryIO]], stored: list[dict[str, Any]], source_url: str, *, by_folder: bool
) -> Reading:
    """Store the pictures of an upload and pair them with the rows of its manifests; return how they were read."""
    names, manifests = Names(), []
    for file in incoming.files(uploads):
        if file.name.lower().endswith(incoming.MANIFESTS):
            manifests.append(file)
        elif is_exchange(file.data):
            records = list(stored_records(file.name, file.data))
            for record in records:
                # Rows of a manifest may name a record, or the file where it has only one.
                names.add(record["name"], *((file.name, *file.spellings) if len(records) == 1 else ()))
            stored += records
        else:
            names.add(file.name, *file.spellings)
            whose = waiting(first_folder(Path(file.name))) if by_folder else {}
            stored.append({"name": file.name, "blob": services().blobs.put(file.data), **whose})
    whole = Reading(no_row_outcome="enrolled with the link of the form" if source_url else "enrolled without a link")
    if manifests:
        by_name = {file["name"]: file for file in stored}
        entries = [entry for file in manifests for entry in _entries(file, names, by_name, whole)]
        named = {entry["name"] for entry in entries if entry.get("code") not in _UNMET}
        rowless = [entry for entry in stored if entry["name"] not in named]
        for entry in rowless:
            whole.rowless(entry["name"])
        stored[:] = entries + rowless
    for entry in stored:
        entry["source_url"] = entry.get("source_url") or source_url
    return whole


def _entries(
    file: incoming.Incoming, names: Names, stored: Mapping[str, dict[str, Any]], whole: Reading
) -> Iterator[dict[str, Any]]:
    """Yield the entry of each row of a manifest: its picture, or the reason why it has none."""
    base = file.name.rpartition("/")[0]
    try:
        table = open_table(file.data, file.name, SHAPE)
        pairs = paired(table, file.name, names, base)
        reading = pairs.reading
        if reading.no_picture > incoming.MAX_FILES:
            raise TableError(
                f"{reading.no_picture:,} of its {reading.rows:,} rows have no picture in this upload",
                "Upload the part of the manifest that belongs to these pictures.",
            )
        for record in described(table):
            meeting = names.meet(record.path, base)
            about = {"source_url": record.source_url, "page_url": record.page_url}
            if record.date:  # an exchange file states one of its own
                about["captured_on"] = record.date
            about |= waiting(record.subject)
            if meeting.name in pairs.contradicted:
                bad = contradiction(pairs.contradicted[meeting.name], file.name)
                yield stored[meeting.name] | {"code": bad.code, "why": bad.why}
            elif meeting.name:
                yield stored[meeting.name] | about
            else:
                bad = unmet(record, meeting, file.name)
                yield {"name": record.path, "blob": "", "code": bad.code, "why": bad.why}
    except TableError as error:
        raise refused(file.name, error) from None
    except NoParquet as error:
        raise Refused(
            "manifest.parquet",
            "Nothing enrolled",
            "A Parquet manifest cannot be read here.",
            "Save the manifest as CSV or as an Excel workbook.",
        ) from error
    whole.add(reading)


def ask_folder(
    gallery_pk: int,
    folder: str,
    inside: str = "",
    *,
    without_manifest: bool = False,
    by_folder: bool = False,
    acting_member: Member,
) -> Job:
    """Create the job that enrols a folder of the server; the operator allows folders in workspace.toml.

    Args:
        gallery_pk: a gallery of the member's agency.
        folder: an allowed folder.
        inside: a folder, picture or manifest inside it.
        without_manifest: leave manifests in the folder aside.
        by_folder: each folder inside it is a person, and its name the number of the subject.
        acting_member: the member who enrols.

    Raises:
        Refused: no permission, gallery unknown or expired, folder not allowed or empty, or it has a manifest.
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
        if not without_manifest:
            require_no_manifest(path)
        items = read_items(path, root=root, by_folder=by_folder)
        about = {"folder": f"{root}\n{path}", "reading": items.reading.as_json() or None, "by_folder": by_folder}
        return _ask(gallery, acting_member, len(items), **about)


def _current(pk: int, member: Member) -> Gallery:
    gallery = find.gallery_by_key(pk, member)
    rules.require(rules.gallery_current(gallery.name, gallery.expires_on, timezone.now().date()))
    return gallery


def _ask(gallery: Gallery, member: Member, total: int, **asked: Any) -> Job:
    folder = asked.get("folder", "").rpartition("\n")[2]
    run = begin(gallery, member, kind="folder" if folder else "upload", name=folder, **asked)
    return ask(KIND, run.pk, total=total, acting_member=member)


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
    return f"{counted(run.images, 'picture')} enrolled, {run.duplicates:,} already in the gallery, {run.failed_total:,} not usable."


def _items(run: Enrolment) -> Iterable[Item]:
    if run.folder:
        root, path = run.folder.split("\n", 1)
        return read_items(Path(path), root=Path(root), by_folder=bool(run.by_folder))
    return [_waiting(run, file) for file in run.files]


def _waiting(run: Enrolment, file: Mapping[str, Any]) -> Item:
    captured_on, precision = read_date(file["captured_on"]) if file.get("captured_on") else (None, "day")
    return Item(
        Path(file["blob"]),
        file["name"],
        file.get("source_url") or f"urn:plainview:upload:{run.pk}:{quote(file['name'])}",
        file.get("page_url", ""),
        captured_on,
        file.get("provenance", {}),
        data=failing(Unusable(file["code"], file["why"])) if file.get("code") else None,
        captured_precision=precision,
        subject=waited(file),
    )


def _read(item: Item) -> bytes:
    # An upload's path is its digest in the store.
    return item.read() if item.data is not None or item.path.is_absolute() else services().blobs.get(str(item.path))


def close_abandoned() -> int:
    """End every run whose job ended first (cancelled, refused, failed), and drop its uploads; return how many ended."""
    ended = Job.objects.filter(kind=KIND, finished_at__isnull=False).values("subject")
    runs = list(Enrolment.objects.filter(finished_at=None, pk__in=ended).select_related("member__agency"))
    for run in runs:
        waiting = {file["blob"] for file in run.files if file["blob"]}
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
    waiting = {file["name"]: file["blob"] for file in run.files if file["blob"]}
    root = Path(run.folder.split("\n", 1)[1]) if run.folder else None
    root = root.parent if root and not root.is_dir() else root
    for failure in [failure for failure in run.failed if failure["code"] in _SHOWN][:_MOST_SHOWN]:
        blob = _put(root / failure["path"], root) if root else waiting.get(failure["path"], "")
        if blob:
            failure["blob"] = blob
    any_picture = any(failure.get("blob") for failure in run.failed)
    run.files = []
    run.failures_until = timezone.now() + timedelta(days=FAILURE_DAYS) if any_picture else None
    run.save(update_fields=["files", "failed", "failures_until"])
    _drop(set(waiting.values()))


def _put(path: Path, root: Path) -> str:
    try:
        return services().blobs.put(Beneath(path, root)())
    except (BadMedia, Unusable):
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
