"""Remaking a gallery's templates with the loaded model pack, when the pack has changed.

Owns the order: the gallery is closed for searches and enrolment; batch by batch the pictures are decoded again and the
batch's templates, rows of the ordered log and audit entry are written together; then the gallery is opened again. A run
that was killed continues from the first template of another pack. It must never add, drop or renumber a face: faces are
those found at enrolment.
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
from plainview.casework.galleries.subjects import log_changes
from plainview.casework.gate.calibrate import calibrate
from plainview.casework.log.guard import acting, refusals_recorded, standing
from plainview.casework.log.write import write_entry
from plainview.casework.models import Gallery, Member, Reference
from plainview.casework.workspace.services import index_reached, services
from plainview.policy.permissions import Permission
from plainview.recognition.errors import BadMedia
from plainview.recognition.types import Detection, Picture, Vector
from plainview.storage.base import BlobDamaged, BlobMissing, digest_of

BATCH = 32
"""References per transaction, as in enrolment."""


@dataclass
class ReEmbedded:
    """The result so far: templates made, references whose picture can no longer be used, seconds."""

    remade: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    stopped: bool = False
    seconds: float = 0.0


def waiting(gallery: Gallery, pack: str) -> int:
    """Return how many references have no template of this pack yet."""
    return _rows(gallery, pack).count()


def re_embed(
    name: str,
    *,
    acting_member: Member,
    progress: Callable[[ReEmbedded], None] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> ReEmbedded:
    """Give every reference of a gallery a template of the loaded pack.

    A reference whose picture can no longer be used is listed and keeps its old template; the gallery stays closed until
    the reference is expunged or its picture restored.

    Args:
        name: a gallery of the member's agency.
        acting_member: the member who acts.
        progress: called after every batch.
        stopped: called before every batch; once it returns true, the run stops.

    Raises:
        Refused: no permission, or unknown.
    """
    began = time.perf_counter()
    with refusals_recorded("gallery.enrol", acting_member):
        standing(acting_member, Permission.GALLERY_ENROL)
        gallery = find.gallery(name, acting_member)
    pack = services().engine.pack.identity
    result = ReEmbedded()
    follow(gallery.pk)  # alerts see every new reference now; remade templates are not new
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
            {"gallery": gallery.pk, "pack": pack, "made": result.remade, "left": left},
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
        for reference in rows:
            last = reference.pk
            try:
                if reference.blob != blob:
                    blob, picture = reference.blob, services().decoder.decode(services().blobs.get(reference.blob))
                assert picture is not None  # noqa: S101  decoded just now
                batch.append((reference, _template(reference, picture)))
            except (BadMedia, BlobMissing, BlobDamaged) as bad:
                blob = ""
                result.failed.append({"reference": reference.public_id, "why": bad.why})
        yield batch
        batch = []


def _template(reference: Reference, picture: Picture) -> Vector:
    x, y, width, height = reference.box
    points = np.array(reference.points, dtype=np.float32)
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
        # A reference that was expunged meanwhile stays erased.
        existing = {
            reference.pk: reference
            for reference in Reference.everything.filter(pk__in=[reference.pk for reference, _ in batch]).exclude(
                template=b""
            )
        }
        done = []
        for reference, template in batch:
            if reference.pk in existing:
                reference.template = sealer.seal(template.tobytes(), f"template:{reference.public_id}".encode())
                reference.pack = pack
                done.append(reference)
        Reference.everything.bulk_update(done, ["template", "pack"])
        subjects = {reference.subject_id for reference in done if reference.subject_id is not None}
        head, people = log_changes(gallery, [(reference, True) for reference in done], subjects)
        write_entry(
            "references.re_embedded",
            {
                "gallery": gallery.pk,
                "pack": pack,
                "references": len(done),
                "references_sha256": digest_of("\n".join(reference.public_id for reference in done).encode()),
                "last_change": head,
            },
            acting_member=member,
            rows=[*done, *people],
        )
    result.remade += len(done)
