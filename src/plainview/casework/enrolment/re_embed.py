"""Making a gallery's templates anew with the loaded model pack, when the pack was changed.

Owns the order: the gallery is closed for searches and enrolment, then batch by batch the pictures are decoded again and
each batch's templates, rows of the ordered log and audit entry are written together, then it is opened again. Killed at
any point it goes on from the first template that is not yet of the pack. Faces are those found at enrolment: nobody is
added, dropped or renumbered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from django.db import transaction
from django.db.models import F, QuerySet

from plainview.casework import find
from plainview.casework.alerts.follow import follow
from plainview.casework.galleries.calibrate import calibrate
from plainview.casework.log.guard import acting, refusals_recorded, standing
from plainview.casework.log.write import write_entry
from plainview.casework.models import AlertMark, Gallery, GalleryChange, Member, Reference
from plainview.casework.workspace.services import index_reached, services
from plainview.policy.permissions import Permission
from plainview.recognition.errors import BadMedia
from plainview.recognition.types import Detection, Picture, Vector
from plainview.storage.base import BlobDamaged, BlobMissing, digest_of

BATCH = 32
"""References a transaction, as in enrolment."""


@dataclass
class ReEmbedded:
    """What came of it so far: templates made, references whose picture could not be used again, seconds."""

    made: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    stopped: bool = False
    seconds: float = 0.0


def waiting(gallery: Gallery, pack: str) -> int:
    """How many references have no template of this pack yet."""
    return _rows(gallery, pack).count()


def re_embed(
    name: str,
    *,
    acting_member: Member,
    progress: Callable[[ReEmbedded], None] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> ReEmbedded:
    """Give every reference of a gallery a template of the loaded pack.

    A reference whose picture cannot be used any more is listed and keeps its old template; the gallery stays closed
    until it is expunged or its picture restored.

    Args:
        name: a gallery of the member's agency.
        acting_member: who does it.
        progress: called after every batch.
        stopped: asked before every batch.

    Raises:
        Refused: no permission, or unknown.
    """
    began = time.perf_counter()
    with refusals_recorded("gallery.enrol", acting_member):
        standing(acting_member, Permission.GALLERY_ENROL)
        gallery = find.gallery(name, acting_member)
    pack = services().engine.pack.identity
    result = ReEmbedded()
    follow(gallery.pk)  # what is new to the alerts now; templates made anew are not
    with acting("gallery.enrol", Permission.GALLERY_ENROL, acting_member):
        rows = Gallery.objects.select_for_update().filter(pk=gallery.pk)
        rows.update(re_embedding=True)
        gallery.refresh_from_db()
        write_entry(
            "re_embedding.began",
            {
                "gallery": gallery.pk,
                "pack": pack,
                "previous": gallery.pack,
                "waiting": waiting(gallery, pack),
            },
            acting_member=acting_member,
        )
    with index_reached():
        services().drop_index(gallery.pk, gallery.index_adapter or services().default_adapter)
    for batch in _batches(gallery, pack, result):
        if stopped():
            result.stopped = True
            break
        _store(batch, gallery, pack, result, acting_member)
        if progress is not None:
            progress(result)
    with transaction.atomic():
        left = waiting(gallery, pack)
        if not left:
            Gallery.objects.filter(pk=gallery.pk).update(re_embedding=False, pack=pack)
        write_entry(
            "re_embedding.finished" if not left else "re_embedding.paused",
            {"gallery": gallery.pk, "pack": pack, "made": result.made, "left": left},
            acting_member=acting_member,
        )
    if not left:
        gallery.refresh_from_db()
        calibrate(gallery)
    result.seconds = time.perf_counter() - began
    return result


def _rows(gallery: Gallery, pack: str) -> QuerySet[Reference]:
    return Reference.everything.filter(gallery=gallery).exclude(pack=pack).exclude(template=b"").order_by("pk")


def _batches(gallery: Gallery, pack: str, result: ReEmbedded) -> Iterator[list[tuple[Reference, Vector]]]:
    """Yield references with their new templates; the faces of one picture are decoded once."""
    last, batch = 0, []
    while rows := list(_rows(gallery, pack).filter(pk__gt=last)[:BATCH]):
        blob, picture = "", None
        for row in rows:
            last = row.pk
            try:
                if row.blob != blob:
                    blob, picture = row.blob, services().decoder.decode(services().blobs.get(row.blob))
                assert picture is not None  # noqa: S101  decoded just now
                batch.append((row, _template(row, picture)))
            except (BadMedia, BlobMissing, BlobDamaged) as bad:
                blob = ""
                result.failed.append({"reference": row.public_id, "why": bad.why})
        yield batch
        batch = []


def _template(row: Reference, picture: Picture) -> Vector:
    x, y, width, height = row.box
    points = np.array(row.points, dtype=np.float32)
    return services().engine.template(picture, Detection((x, y, width, height), points, 1.0))


def _store(
    batch: list[tuple[Reference, Vector]], gallery: Gallery, pack: str, result: ReEmbedded, member: Member
) -> None:
    if not batch:
        return
    sealer = services().templates
    with transaction.atomic():
        Gallery.objects.filter(pk=gallery.pk).update(log_head=F("log_head"))  # takes the row's lock
        gallery.refresh_from_db(fields=["log_head"])
        # One that was expunged meanwhile stays erased.
        held = {
            row.pk: row
            for row in Reference.everything.filter(pk__in=[row.pk for row, _ in batch]).exclude(template=b"")
        }
        done = []
        for row, template in batch:
            if row.pk in held:
                row.template = sealer.seal(template.tobytes(), f"template:{row.public_id}".encode())
                row.pack = pack
                done.append(row)
        Reference.everything.bulk_update(done, ["template", "pack"])
        first = gallery.log_head + 1
        GalleryChange.objects.bulk_create(
            GalleryChange(gallery=gallery, seq=first + i, is_add=True, reference=row) for i, row in enumerate(done)
        )
        Gallery.objects.filter(pk=gallery.pk).update(log_head=F("log_head") + len(done))
        AlertMark.objects.filter(gallery=gallery, seq=gallery.log_head).update(seq=F("seq") + len(done))
        write_entry(
            "references.re_embedded",
            {
                "gallery": gallery.pk,
                "pack": pack,
                "references": len(done),
                "references_sha256": digest_of("\n".join(row.public_id for row in done).encode()),
                "last_change": first + len(done) - 1,
            },
            acting_member=member,
        )
    result.made += len(done)
