"""Enrolling pictures into a gallery, batch by batch, so that an interruption loses no more than one batch.

Owns the order: authorise, then for each batch pictures durable first, rows and audit entry in one transaction
after. A bad file is listed with its reason and never ends the run.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from plainview.casework.actions.alert_follow import follow
from plainview.casework.actions.calibrate import calibrate
from plainview.casework.actions.guard import refusals_recorded, standing
from plainview.casework.actions.log import write_entry
from plainview.casework.manifest import Item
from plainview.casework.models import Enrolment, Gallery, GalleryChange, Member, Reference
from plainview.casework.models.people import public_id
from plainview.casework.queries.galleries import gallery_named
from plainview.casework.services import services
from plainview.policy import rules
from plainview.policy.permissions import Permission
from plainview.recognition.decode import read_file
from plainview.recognition.errors import BadMedia
from plainview.recognition.types import Face, Picture, Vector
from plainview.storage.base import digest_of

BATCH = 32
"""Pictures a transaction: bounds what an interruption repeats to about half a second of work."""

_AHEAD = 2  # pictures in the decoder while others are being embedded


@dataclass
class EnrolmentResult:
    """What came of a run: pictures enrolled and recognised as duplicates, faces, failures, time in seconds."""

    enrolled: int = 0
    duplicates: int = 0
    references: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Ready:
    item: Item
    data: bytes
    digest: str
    captured_on: date | None
    faces: list[tuple[Face, Vector]]


def enrol(
    gallery_name: str,
    items: Iterable[Item],
    *,
    acting_member: Member,
    progress: Callable[[EnrolmentResult], None] | None = None,
    cores: int | None = None,
) -> EnrolmentResult:
    """Enrol every picture of `items` that the gallery does not hold yet.

    Args:
        gallery_name: a gallery of the member's agency.
        items: what to enrol, see casework.manifest.
        acting_member: who enrols.
        progress: called after every picture with the counts so far.
        cores: pictures that are embedded at the same time; None: one on every core that this process may use.

    Raises:
        Refused: no permission, gallery unknown or expired.
    """
    with refusals_recorded("gallery.enrol", acting_member):
        standing(acting_member, Permission.GALLERY_ENROL)
        gallery = gallery_named(gallery_name, acting_member)
        rules.require(rules.gallery_current(gallery.name, gallery.expires_on, timezone.now().date()))
    began = time.perf_counter()
    services().engine  # noqa: B018  a missing model stops here, before anything is written
    with transaction.atomic():
        run = Enrolment.objects.create(gallery=gallery, member=acting_member)
        write_entry(
            "enrolment.began", {"enrolment": run.pk, "gallery": gallery.pk}, acting_member=acting_member
        )
    result = EnrolmentResult()
    batch: list[_Ready] = []
    for ready in _prepared(items, gallery, result, cores or len(os.sched_getaffinity(0))):
        if ready is not None:
            batch.append(ready)
            if len(batch) == BATCH:
                _store(batch, run, gallery, result, acting_member)
                batch = []
        if progress is not None:
            progress(result)
    _store(batch, run, gallery, result, acting_member)
    if result.references:
        gallery.refresh_from_db(fields=["log_head"])
        calibrate(gallery)
    result.failed.sort(key=lambda row: row["path"])
    with transaction.atomic():
        run.finished_at = timezone.now()
        run.images, run.duplicates, run.failed = result.enrolled, result.duplicates, result.failed
        run.save()
        write_entry(
            "enrolment.finished",
            {
                "enrolment": run.pk,
                "gallery": gallery.pk,
                "images": result.enrolled,
                "duplicates": result.duplicates,
                "failed": len(result.failed),
            },
            acting_member=acting_member,
        )
    result.seconds = time.perf_counter() - began
    return result


def _prepared(
    items: Iterable[Item], gallery: Gallery, result: EnrolmentResult, cores: int
) -> Iterator[_Ready | None]:
    """Yield each picture with its faces and templates in the order of `items`, None for one counted otherwise.

    The decoder's child works on the next pictures while threads of this process embed those before them.
    """
    held = set(Reference.objects.filter(gallery=gallery).values_list("blob", flat=True))
    waiting: deque[tuple[Item, Future[_Ready]]] = deque()
    with ThreadPoolExecutor(cores, thread_name_prefix="enrol") as pool:
        for item in items:
            try:
                data = read_file(item.path)
            except BadMedia as bad:
                _failed(result, item, bad)
                yield None
                continue
            digest = digest_of(data)
            if digest in held:
                result.duplicates += 1
                yield None
                continue
            held.add(digest)
            decoding = services().decoder.submit(data)
            waiting.append((item, pool.submit(_embed, item, data, digest, decoding)))
            if len(waiting) >= _AHEAD + cores:
                yield _taken(*waiting.popleft(), result)
        while waiting:
            yield _taken(*waiting.popleft(), result)


def _embed(item: Item, data: bytes, digest: str, decoding: Future[Picture]) -> _Ready:
    """Runs in a thread of its own: no database here."""
    engine, picture = services().engine, decoding.result()
    faces = [(face, engine.template(picture, face.detection)) for face in engine.enrol_faces(picture)]
    # Without the pixels: a batch of large photographs would not fit into memory.
    return _Ready(item, data, digest, picture.captured_on, faces)


def _taken(item: Item, embedding: Future[_Ready], result: EnrolmentResult) -> _Ready | None:
    try:
        return embedding.result()
    except BadMedia as bad:
        _failed(result, item, bad)
        return None


def _failed(result: EnrolmentResult, item: Item, bad: BadMedia) -> None:
    result.failed.append({"path": item.name, "code": bad.code, "why": bad.why})


def _store(
    batch: list[_Ready], run: Enrolment, gallery: Gallery, result: EnrolmentResult, member: Member
) -> None:
    """Make a batch durable: blobs, then references, the gallery's ordered log and the audit entry together."""
    if not batch:
        return
    services().blobs.put_many(ready.data for ready in batch)
    sealer = services().templates
    identity = services().engine.pack.identity
    with transaction.atomic():
        # The update takes the row's lock, so two enrolments number their changes one after the other.
        Gallery.objects.filter(pk=gallery.pk).update(
            log_head=F("log_head") + sum(len(r.faces) for r in batch)
        )
        gallery.refresh_from_db(fields=["log_head"])
        present = set(
            Reference.objects.filter(gallery=gallery, blob__in=[ready.digest for ready in batch]).values_list(
                "blob", flat=True
            )
        )
        fresh = [ready for ready in batch if ready.digest not in present]
        references = [
            _reference(ready, number, face, template, run, gallery, identity)
            for ready in fresh
            for number, (face, template) in enumerate(ready.faces, start=1)
        ]
        for reference in references:
            plain = bytes(reference.template)
            reference.template = sealer.seal(plain, f"template:{reference.public_id}".encode())
        created = Reference.objects.bulk_create(references)
        surplus = sum(len(r.faces) for r in batch) - len(created)
        if surplus:
            Gallery.objects.filter(pk=gallery.pk).update(log_head=F("log_head") - surplus)
        first = gallery.log_head - surplus - len(created) + 1
        GalleryChange.objects.bulk_create(
            GalleryChange(gallery=gallery, seq=first + i, is_add=True, reference=reference)
            for i, reference in enumerate(created)
        )
        write_entry(
            "references.enrolled",
            {
                "enrolment": run.pk,
                "gallery": gallery.pk,
                "images": len(fresh),
                # A digest, not the list: a batch of crowds has more ids than an entry may hold.
                "references": len(created),
                "references_sha256": digest_of("\n".join(row.public_id for row in created).encode()),
                "last_change": first + len(created) - 1,
            },
            acting_member=member,
        )
    follow(gallery.pk)
    result.enrolled += len(fresh)
    result.duplicates += len(batch) - len(fresh)
    result.references += len(created)


def _reference(
    ready: _Ready, number: int, face: Face, template: Vector, run: Enrolment, gallery: Gallery, pack: str
) -> Reference:
    return Reference(
        public_id=public_id("R"),
        gallery=gallery,
        enrolment=run,
        blob=ready.digest,
        face_number=number,
        box=[round(float(value), 1) for value in face.detection.box],
        points=[[round(float(x), 1), round(float(y), 1)] for x, y in face.detection.points],
        quality=face.quality.overall,
        quality_detail=face.quality.components,
        file_name=ready.item.name,
        source_url=ready.item.source_url,
        page_url=ready.item.page_url,
        captured_on=ready.item.captured_on or ready.captured_on,
        pack=pack,
        template=template.tobytes(),
    )
