"""The batches of an enrolment: how ready pictures become references, one transaction for each batch.

Owns the order within a batch (pictures durable first; then references, near duplicates, the gallery's ordered log and
the audit entry together) and what a run reports. A batch is acknowledged completely or not at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from plainview.casework.alerts.follow import follow
from plainview.casework.enrolment.items import Item
from plainview.casework.enrolment.near import GalleryHashes, seal_hash
from plainview.casework.enrolment.preparing import Ready, box_of
from plainview.casework.galleries.subjects import log_changes, subject_of, subject_with
from plainview.casework.gate import compare as gate
from plainview.casework.log.write import write_entry
from plainview.casework.misuse.inspection import Comparison
from plainview.casework.models import Enrolment, Gallery, Member, NearDuplicate, Reference, Subject
from plainview.casework.models.people import public_id
from plainview.casework.workspace.insert import insert_many
from plainview.casework.workspace.services import services
from plainview.policy import rules
from plainview.policy.gate import NEAR_DUPLICATE, NEAR_NAMED
from plainview.policy.subjects import few_enough
from plainview.recognition.near import MAX_DISTANCE, distance
from plainview.recognition.types import Vector
from plainview.storage.base import digest_of

BATCH = 32
"""Pictures per transaction: after an interruption at most about half a second of work is repeated."""

EARLY = 8
"""Pictures of a run whose end is stored apart from what was gathered before: chosen, so that few are left when the last one
is embedded and the cores have nothing else to do. A transaction costs as much CPU as twenty pictures in it."""

BATCH_BYTES = 64 << 20
"""Bytes of pictures after which a batch is stored even if it is not full: bounds memory for large photographs."""

LISTED = 10_000
"""Failures that a result lists one by one; the others are counted."""

Near = dict[str, tuple[str | Reference, int]]


@dataclass(frozen=True, slots=True)
class Options:
    """How to enrol.

    Attributes:
        near_duplicates: compare each picture with those of the gallery and report near duplicates.
        skip_near_duplicates: do not enrol them.
        rehearsal: read, decode and find faces, but write only an entry with the counts.
        cores: pictures embedded at the same time; None: one on every core that this process may use.
        ray: address of a Ray cluster that decodes and embeds; empty: this machine.
        stopped: called before each picture; once it returns true, the pictures in progress are stored and the run ends.
        failures: called with every failure, including those that the result only counts.
        settled: called with pictures and their outcome in one word ("enrolled", "duplicate", "near duplicate" or the
            code of a failure); for those of a batch inside its transaction.
    """

    near_duplicates: bool = True
    skip_near_duplicates: bool = False
    rehearsal: bool = False
    cores: int | None = None
    ray: str = ""
    stopped: Callable[[], bool] = lambda: False
    failures: Callable[[dict[str, str]], None] = lambda _: None
    settled: Callable[[Sequence[Item], str], None] = lambda _items, _outcome: None


@dataclass
class EnrolmentResult:
    """The result of a run so far.

    Attributes:
        enrolled, duplicates, references: pictures enrolled, pictures already in the gallery, faces.
        failed: the first `LISTED` failures, {path, code, why}; failed_total counts them all.
        near: near duplicates, at most `NEAR_NAMED` a day for one member, {path, reference_id, near, distance}; reference_id is None if the
            picture was not enrolled. near_total counts them all, near_skipped those not enrolled.
        several_faces: pictures with more than one face.
        doubtful: the first `LISTED` faces that were enrolled and may be hard to compare, {path, reference_id, quality,
            turned, advice}; reference_id is None in a rehearsal. doubtful_total counts them all.
        stopped: the run was stopped before its end.
        seconds: duration of the run.
    """

    enrolled: int = 0
    duplicates: int = 0
    references: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    failed_total: int = 0
    near: list[dict[str, object]] = field(default_factory=list)
    near_total: int = 0
    near_skipped: int = 0
    several_faces: int = 0
    doubtful: list[dict[str, Any]] = field(default_factory=list)
    doubtful_total: int = 0
    stopped: bool = False
    seconds: float = 0.0


def count_doubtful(ready: Ready, references: Sequence[Reference], result: EnrolmentResult) -> None:
    """Add the faces of a picture about which there is advice, and what decoding changed in it, to the result.

    Args:
        ready: the picture.
        references: of its faces, in order; none in a rehearsal.
        result: receives them.
    """
    for number, (face, _) in enumerate(ready.faces):
        advice = [*face.quality.advice, *ready.notes]
        if not advice:
            continue
        result.doubtful_total += 1
        if len(result.doubtful) < LISTED:
            result.doubtful.append(
                {
                    "path": ready.item.name,
                    "reference_id": references[number].public_id if references else None,
                    "quality": face.quality.overall,
                    "turned": round(face.quality.components["turned"]),
                    "advice": advice,
                }
            )


def holds(gallery_id: int, digest: str) -> bool:
    """Say whether a gallery has the picture of this digest."""
    # Plain SQL: this runs for every picture of a list of millions and is answered from the index alone.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM reference WHERE gallery_id = %s AND blob = %s AND NOT is_canary LIMIT 1",
            [gallery_id, digest],
        )
        return cursor.fetchone() is not None


def _present(gallery_id: int, digests: list[str]) -> set[str]:
    """Return which of these pictures a gallery has."""
    rows = Reference.objects.filter(gallery_id=gallery_id, blob__in=digests)
    return set(rows.values_list("blob", flat=True))


class Batches:
    """Gathers ready pictures and makes them durable, one transaction for each batch."""

    def __init__(
        self,
        run: Enrolment,
        gallery: Gallery,
        pack: str,
        result: EnrolmentResult,
        options: Options,
        member: Member,
    ) -> None:
        self._run, self._gallery, self._pack, self._result = run, gallery, pack, result
        self._options, self._member = options, member
        self._ready: dict[str, Ready] = {}
        self._hashes: GalleryHashes | None = None
        today = NearDuplicate.objects.filter(
            enrolment__member=member, enrolment__started_at__date=timezone.now().date()
        )
        self._may_name = NEAR_NAMED - today.count()

    def holds(self, digest: str) -> bool:
        """Say whether the gallery or the batch being gathered has the picture."""
        return digest in self._ready or holds(self._gallery.pk, digest)

    def other_subject(self, item: Item, digest: str) -> bool:
        """Say whether a picture that is there already, or is being gathered, is of another subject than the item says."""
        if not item.subject:
            return False
        if digest in self._ready:
            return self._ready[digest].item.subject not in ("", item.subject)
        rows = Reference.objects.filter(gallery=self._gallery, blob=digest).exclude(subject=None)
        whose = set(rows.values_list("subject_id", flat=True))
        subject = subject_of(self._gallery, item.subject) if whose else None
        return bool(whose) and (subject is None or whose != {subject.pk})

    def add(self, ready: Ready) -> None:
        """Add a picture; store the batch when it is full."""
        self._ready[ready.digest] = ready
        if len(self._ready) >= BATCH or sum(len(picture.data) for picture in self._ready.values()) >= BATCH_BYTES:
            self.store()

    def store_early(self, still: int) -> None:
        """Store what is gathered, if it is worth a transaction, while the last `still` pictures are being embedded."""
        if still <= EARLY <= len(self._ready):
            self.store()

    def store(self) -> None:
        """Make the batch durable: first the blobs, then references, the gallery's ordered log and the audit entry together."""
        batch = list(self._ready.values())
        if not batch:
            return
        services().blobs.put_many(data for ready in batch for data in _files(ready))
        with transaction.atomic():
            # The update takes the row's lock, so two enrolments number their changes in turn.
            Gallery.objects.filter(pk=self._gallery.pk).update(log_head=F("log_head"))
            self._gallery.refresh_from_db(fields=["log_head", "pack", "re_embedding"])
            present = _present(self._gallery.pk, [ready.digest for ready in batch])
            batch = [ready for ready in batch if ready.digest not in present]
            near = self._compared(batch) if self._options.near_duplicates else {}
            skipped = {digest for digest in near if self._options.skip_near_duplicates}
            fresh = [ready for ready in batch if ready.digest not in skipped]
            # An expunge that ran after the blobs were stored may have removed one with the same bytes.
            exists = services().blobs.exists
            services().blobs.put_many(data for ready in fresh for data in _files(ready) if not exists(digest_of(data)))
            created = self._write(fresh) if fresh else {}
            self._write_near(batch, near, created)
            settled = self._options.settled
            settled([ready.item for ready in self._ready.values() if ready.digest in present], "duplicate")
            settled([ready.item for ready in batch if ready.digest in skipped], "near duplicate")
            settled([ready.item for ready in fresh], "enrolled")
        follow(self._gallery.pk)
        self._ready.clear()
        self._tell(batch, present, near, fresh, created)

    def _compared(self, batch: list[Ready]) -> Near:
        """Compare the batch with the pictures of the gallery, through the gate."""
        assert self._run.entry is not None  # noqa: S101  begin() and enrol() set it
        why = Comparison(NEAR_DUPLICATE, self._member.agency, (self._run.entry,), self._member)

        def faces(near: Near) -> list[Vector]:
            alike = [ready for ready in batch if ready.digest in near]
            return [template for ready in alike for _, template in ready.faces if template is not None]

        return gate.compare(why, lambda: self._near(batch), faces=faces)

    def _near(self, batch: list[Ready]) -> Near:
        """Return for a picture's digest its nearest picture, of the gallery or (as digest) earlier in the batch, and the distance."""
        if self._hashes is None:
            self._hashes = GalleryHashes(self._gallery.pk)
        self._hashes.follow()
        neighbours: Near = {}
        for place, nearest in enumerate(self._hashes.nearest([ready.near_hash for ready in batch])):
            ready = batch[place]
            if nearest is not None:
                neighbours[ready.digest] = nearest
            best = nearest[1] if nearest is not None else MAX_DISTANCE + 1
            for other in batch[:place]:
                if self._options.skip_near_duplicates and other.digest in neighbours:
                    continue  # it will not be in the gallery
                if ready.near_hash and other.near_hash:
                    bits = distance(ready.near_hash, other.near_hash)
                    if bits < best:
                        best = bits
                        neighbours[ready.digest] = (other.digest, bits)
        return neighbours

    def _write(self, fresh: list[Ready]) -> dict[str, list[Reference]]:
        """Write references, changes and the audit entry; return the references by digest of their picture."""
        pack = self._pack
        rules.require(rules.gallery_of_pack(self._gallery.name, self._gallery.pack, pack, self._gallery.re_embedding))
        whose = self._subjects(fresh)
        references = [
            _reference(ready, number, self._run, self._gallery, pack, whose.get(ready.item.subject))
            for ready in fresh
            for number in range(1, len(ready.faces) + 1)
        ]
        insert_many(references, known_by="public_id")
        subjects = {reference.subject_id for reference in references if reference.subject_id is not None}
        head, people = log_changes(self._gallery, [(reference, True) for reference in references], subjects)
        Gallery.objects.filter(pk=self._gallery.pk).update(pack=pack)
        Enrolment.objects.filter(pk=self._run.pk).update(images=F("images") + len(fresh))
        write_entry(
            "references.enrolled",
            {
                "enrolment": self._run.pk,
                "gallery": self._gallery.pk,
                "images": len(fresh),
                # A digest, not the list: a batch of crowds has more ids than an entry may hold.
                "references": len(references),
                "references_sha256": digest_of("\n".join(reference.public_id for reference in references).encode()),
                "last_change": head,
                **({"subjects": len(subjects)} if subjects else {}),
            },
            acting_member=self._member,
            rows=[*references, *people],
        )
        by_picture: dict[str, list[Reference]] = {}
        for reference in references:
            by_picture.setdefault(reference.blob, []).append(reference)
        return by_picture

    def _subjects(self, fresh: list[Ready]) -> dict[str, Subject]:
        """Return the subjects of the pictures by number, made where they are new."""
        counts = Counter(ready.item.subject for ready in fresh if ready.item.subject)
        subjects = {number: subject_with(self._gallery, number) for number in sorted(counts)}
        rules.require(*(few_enough(subjects[number].pictures + counts[number]) for number in counts))
        return subjects

    def _write_near(
        self,
        batch: list[Ready],
        near: Near,
        created: dict[str, list[Reference]],
    ) -> None:
        rows = []
        for ready in batch:
            if ready.digest not in near:
                continue
            other, bits = near[ready.digest]
            neighbour = other if isinstance(other, Reference) else created[other][0]
            near[ready.digest] = (neighbour, bits)
            own = created[ready.digest][0] if ready.digest in created else None
            path = "" if own else ready.item.name
            rows.append(NearDuplicate(enrolment=self._run, reference=own, path=path, near=neighbour, distance=bits))
        NearDuplicate.objects.bulk_create(rows)
        if rows:
            write_entry(
                "enrolment.near_duplicates",
                {
                    "enrolment": self._run.pk,
                    "gallery": self._gallery.pk,
                    "pictures": len(rows),
                    "not_enrolled": sum(pair.reference is None for pair in rows),
                },
                {"references": [pair.near.public_id for pair in rows]},
                acting_member=self._member,
            )

    def _tell(
        self,
        batch: list[Ready],
        present: set[str],
        near: Near,
        fresh: list[Ready],
        created: dict[str, list[Reference]],
    ) -> None:
        result = self._result
        result.enrolled += len(fresh)
        result.duplicates += len(present)
        result.references += sum(len(rows) for rows in created.values())
        result.several_faces += sum(len(rows) > 1 for rows in created.values())
        result.near_total += len(near)
        result.near_skipped += len(batch) - len(fresh)
        for ready in fresh:
            count_doubtful(ready, created[ready.digest], result)
        for ready in batch:
            if ready.digest in near and self._may_name > 0:
                self._may_name -= 1
                other, bits = near[ready.digest]
                assert isinstance(other, Reference)  # noqa: S101  _write_near replaced the digests
                own = created[ready.digest][0].public_id if ready.digest in created else None
                duplicate: dict[str, object] = {
                    "path": ready.item.name,
                    "reference_id": own,
                    "near": other.public_id,
                    "distance": bits,
                }
                result.near.append(duplicate)


def _reference(
    ready: Ready, number: int, run: Enrolment, gallery: Gallery, pack: str, subject: Subject | None
) -> Reference:
    face, template = ready.faces[number - 1]
    assert template is not None  # noqa: S101  only a rehearsal makes no templates
    identity = public_id("R")
    sealed = services().templates.seal(template.tobytes(), f"template:{identity}".encode())
    return Reference(
        public_id=identity,
        gallery=gallery,
        enrolment=run,
        blob=ready.digest,
        face_number=number,
        box=box_of(face),
        points=[[round(float(x), 1), round(float(y), 1)] for x, y in face.detection.points],
        quality=face.quality.overall,
        quality_detail=face.quality.components,
        file_name=ready.item.name,
        source_url=ready.item.source_url,
        page_url=ready.item.page_url,
        captured_on=ready.item.captured_on or ready.captured_on,
        captured_precision=ready.item.captured_precision if ready.item.captured_on else "day",
        pack=pack,
        template=sealed,
        picture_hash=seal_hash(ready.near_hash, identity),
        size=list(ready.size),
        provenance=dict(ready.item.provenance),
        subject=subject,
        face_file=digest_of(ready.cut[number - 1]),
    )


def _files(ready: Ready) -> tuple[bytes, ...]:
    return ready.data, *ready.cut
