"""Remaking a gallery's templates with the loaded model pack, while it is searched with those that it has.

Owns the order: batch by batch the pictures are decoded again and the new templates are written beside the old ones; when
none is left, `exchange` puts them in force. A run that was killed continues. It must never add, drop or renumber a face:
faces are those found at enrolment. A face that was enrolled as it lay, upside down or on its side, gets its points where
they are.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
from django.db import transaction
from django.db.models import F

from plainview.casework import find
from plainview.casework.alerts.follow import follow
from plainview.casework.alerts.thresholds import set_thresholds
from plainview.casework.enrolment.exchange import exchange, references_without
from plainview.casework.gate.calibrate import calibrate
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Gallery, Member, Reference
from plainview.casework.workspace.services import services
from plainview.policy.permissions import Permission
from plainview.recognition.errors import BadMedia
from plainview.recognition.types import Detection, Face, Vector
from plainview.storage.base import BlobDamaged, BlobMissing, digest_of

BATCH = 32
"""References per transaction, as in enrolment."""


@dataclass
class ReEmbedded:
    """The result so far.

    Attributes:
        remade: templates made.
        turned: of these, of faces that had been enrolled as they lay and now have their points where they are.
        failed: references whose picture can no longer be used, {reference, why}.
        left: references without a new template; until no reference is left, the gallery is searched with its old pack.
        stopped: the run was stopped before its end.
        seconds: duration of the run.
    """

    remade: int = 0
    turned: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    left: int = 0
    stopped: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _New:
    """What a reference gets: its template, and the face where it was found to lie turned."""

    reference: Reference
    template: Vector
    turned: Face | None


def waiting(gallery: Gallery, pack: str) -> int:
    """Return how many references have no template of this pack yet."""
    return references_without(gallery.pk, pack).count()


def re_embed(
    name: str,
    *,
    acting_member: Member,
    progress: Callable[[ReEmbedded], None] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> ReEmbedded:
    """Give every reference of a gallery a template of the loaded pack; then the gallery is searched with these.

    Calibration, cohort, canaries and the thresholds of alerts follow. A reference whose picture can no longer be used is
    listed; the gallery keeps its old pack until the reference is expunged or its picture restored.

    Args:
        name: a gallery of the member's agency.
        acting_member: the member who acts.
        progress: called after every batch.
        stopped: called before every batch; once it returns true, the run stops.

    Raises:
        Refused: no permission, or unknown.
    """
    began = time.perf_counter()
    pack, result = services().engine.pack.identity, ReEmbedded()
    with acting("gallery.enrol", Permission.GALLERY_ENROL, acting_member):
        gallery = find.gallery(name, acting_member)
        result.left = waiting(gallery, pack)
        write_entry(
            "re_embedding.began",
            {"gallery": gallery.pk, "pack": pack, "previous": gallery.pack, "waiting": result.left},
            acting_member=acting_member,
        )
    exchanged = False
    for batch in _batches(gallery, pack, result):
        if stopped():
            result.stopped = True
            break
        _store(batch, gallery, pack, result, acting_member)
        if progress is not None:
            progress(result)
    while not result.stopped and not exchanged and not waiting(gallery, pack):
        follow(gallery.pk)  # alerts see every new reference first; remade templates are not new
        exchanged = exchange(gallery, acting_member=acting_member)
    result.left = waiting(gallery, pack)
    if exchanged:
        gallery.refresh_from_db()
        calibrate(gallery)
        set_thresholds(gallery)
    else:
        with transaction.atomic():
            write_entry(
                "re_embedding.paused",
                {"gallery": gallery.pk, "pack": pack, "made": result.remade, "left": result.left},
                acting_member=acting_member,
            )
    result.seconds = time.perf_counter() - began
    return result


def _batches(gallery: Gallery, pack: str, result: ReEmbedded) -> Iterator[list[_New]]:
    """Yield references with their new templates; also those that are enrolled meanwhile. Each picture is decoded once."""
    last = 0
    _ = services().decoder, services().engine  # before threads ask for them
    with ThreadPoolExecutor(len(os.sched_getaffinity(0)), thread_name_prefix="re-embed") as pool:
        while rows := list(references_without(gallery.pk, pack).filter(pk__gt=last).order_by("pk")[:BATCH]):
            last = rows[-1].pk
            batch: list[_New] = []
            pictures = [list(faces) for _, faces in groupby(rows, key=lambda reference: reference.blob)]
            for outcome in pool.map(_of_picture, pictures):
                if isinstance(outcome, list):
                    batch += outcome
                else:
                    result.failed += outcome.listed
            yield batch


@dataclass(frozen=True, slots=True)
class _Unusable:
    """References of a picture that can no longer be used."""

    listed: list[dict[str, str]]


def _of_picture(faces: list[Reference]) -> list[_New] | _Unusable:
    """Make the templates of one picture's faces; runs in a thread of its own, without the database."""
    engine = services().engine
    try:
        picture = services().decoder.decode(services().blobs.get(faces[0].blob))
        templates = []
        for reference in faces:
            detection = _enrolled(reference)
            turned = engine.found_turned(picture, detection)
            detection = turned.detection if turned else detection
            templates.append(_New(reference, engine.reference_template(picture, detection), turned))
    except (BadMedia, BlobMissing, BlobDamaged) as bad:
        return _Unusable([{"reference": reference.public_id, "why": bad.why} for reference in faces])
    return templates


def _enrolled(reference: Reference) -> Detection:
    x, y, width, height = reference.box
    points = np.array(reference.points, dtype=np.float32)
    # A row without it was made before it was measured: such a face is looked at.
    return Detection((x, y, width, height), points, float(reference.quality_detail.get("detector_score", 0.0)))


def _store(batch: list[_New], gallery: Gallery, pack: str, result: ReEmbedded, member: Member) -> None:
    if not batch:
        return
    sealer = services().templates
    with transaction.atomic():
        Gallery.objects.filter(pk=gallery.pk).update(log_head=F("log_head"))  # takes the row's lock
        # A reference that was expunged meanwhile stays erased.
        existing = set(
            Reference.everything.filter(pk__in=[new.reference.pk for new in batch])
            .exclude(template=b"")
            .values_list("pk", flat=True)
        )
        done = [new for new in batch if new.reference.pk in existing]
        for new in done:
            reference = new.reference
            reference.other_template = sealer.seal(new.template.tobytes(), f"template:{reference.public_id}".encode())
            reference.other_pack = pack
            if new.turned is not None:
                reference.points = [[round(float(x), 1), round(float(y), 1)] for x, y in new.turned.detection.points]
                reference.quality = new.turned.quality.overall
                reference.quality_detail = new.turned.quality.components
        references = [new.reference for new in done]
        Reference.everything.bulk_update(references, ["other_template", "other_pack"])
        turned = [new.reference for new in done if new.turned is not None]
        Reference.everything.bulk_update(turned, ["points", "quality", "quality_detail"])
        write_entry(
            "references.re_embedded",
            {
                "gallery": gallery.pk,
                "pack": pack,
                "references": len(done),
                "turned": len(turned),
                "references_sha256": digest_of("\n".join(reference.public_id for reference in references).encode()),
            },
            acting_member=member,
            rows=references,
        )
    result.remade += len(done)
    result.turned += len(turned)
