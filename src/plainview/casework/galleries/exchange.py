"""Exporting references as ANSI/NIST-ITL files: an administrator's act, recorded in the log.

Owns the content of the files: the picture, its capture date and what its source said about it. It must never export
anything computed from a picture, nor anything about searches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from plainview import __version__
from plainview.casework import find
from plainview.casework.galleries.nist_write import IDC_MAX, Exported, exchangeable, write_nist
from plainview.casework.log.guard import refusals_recorded, standing
from plainview.casework.log.write import write_entry
from plainview.casework.models import Gallery, Member, Reference
from plainview.casework.workspace.services import services
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.storage.base import digest_of
from plainview.storage.output import output_folder, write_file

_FILE_BYTES = 32 << 20
"""Bytes of pictures in one file: below the decoder's limit (64 MiB), so that the file can be enrolled again."""


@dataclass(frozen=True, slots=True)
class Handed:
    """The result: files, pictures, the ids of pictures whose container the format does not allow, and the entry."""

    files: int
    pictures: int
    left_out: tuple[str, ...]
    entry: int


def export_gallery(
    name: str,
    folder: Path,
    *,
    reason: str,
    acting_member: Member,
    progress: Callable[[], None] = lambda: None,
) -> Handed:
    """Write every picture of a gallery into ANSI/NIST-ITL files in a new folder.

    Raises:
        Refused: no permission, unknown gallery, or no reason.
        OutputError: the folder exists or cannot be written; nothing of it is left.
    """
    with refusals_recorded("gallery.export", acting_member):
        standing(acting_member, Permission.GALLERY_EXPORT)
        gallery = find.gallery(name, acting_member)
        if not reason.strip():
            raise Refused("gallery.why", "Nothing exported", "The reason is missing.", "State the reason.")
    with output_folder(folder) as part:
        return _export(gallery, part, reason, acting_member, progress)


def _export(gallery: Gallery, part: Path, reason: str, acting_member: Member, progress: Callable[[], None]) -> Handed:
    with transaction.atomic():  # before the first picture leaves
        receipt = write_entry(
            "gallery.export_began",
            {"agency": acting_member.agency.public_id, "gallery": gallery.pk},
            {"why": reason.strip()},
            acting_member=acting_member,
        )
    left_out: list[str] = []
    files, pictures, digests = 0, 0, []
    for batch in _batches(_pictures(gallery, left_out)):
        files += 1
        pictures += len(batch)
        data = write_nist(
            batch,
            agency=acting_member.agency.public_id,
            number=f"{gallery.pk}-{receipt.entry}-{files}",
            software=f"Plainview {__version__}",
        )
        write_file(part / f"{files:06}.an2", data)
        digests.append(digest_of(data))
        for _ in batch:
            progress()
    with transaction.atomic():
        write_entry(
            "gallery.exported",
            {
                "agency": acting_member.agency.public_id,
                "gallery": gallery.pk,
                "began_in": receipt.entry,
                "files": files,
                "pictures": pictures,
                "left_out": len(left_out),
                "files_sha256": digest_of("\n".join(digests).encode()),
            },
            acting_member=acting_member,
        )
    return Handed(files, pictures, tuple(left_out), receipt.entry)


def _pictures(gallery: Gallery, left_out: list[str]) -> Iterator[Exported]:
    """Yield each picture of the gallery once, however many faces it has."""
    rows = Reference.objects.filter(gallery=gallery, face_number=1).exclude(template=b"").order_by("pk")
    for reference in rows.iterator(500):
        data = services().blobs.get(reference.blob)
        picture = services().decoder.decode(data)
        if not exchangeable(picture.format):
            left_out.append(reference.public_id)
            continue
        yield Exported(
            data,
            picture.format,
            picture.stored_size,
            reference.captured_on,
            reference.provenance,
            reference.captured_precision or "day",
        )


def _batches(pictures: Iterator[Exported]) -> Iterator[list[Exported]]:
    batch: list[Exported] = []
    for picture in pictures:
        if batch and (len(batch) == IDC_MAX or sum(len(p.data) for p in batch) + len(picture.data) > _FILE_BYTES):
            yield batch
            batch = []
        batch.append(picture)
    if batch:
        yield batch
