"""Checking galleries by their canaries: is it the right model, and does the index agree with the templates?

Owns what is compared; alarms.py records the faults. A check takes the path of a search: the pictures are decoded and
embedded again, and the gallery's own index answers. It must never repair anything or close an alarm: people acknowledge
alarms.
"""

from __future__ import annotations

import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from django.utils import timezone

from plainview.casework.canaries.alarms import INDEX, MODEL, SAMPLED, TEMPLATE, Checked, Fault, record, tell
from plainview.casework.canaries.read import hidden
from plainview.casework.canaries.state import due, interval
from plainview.casework.galleries.read import COLUMNS, COMPARED, changes_after, compared_template, open_template
from plainview.casework.gate import compare as gate
from plainview.casework.misuse.inspection import Comparison
from plainview.casework.models import Canary, Gallery, GalleryChange, Reference
from plainview.casework.workspace.services import services
from plainview.index.base import BadTemplate, Index, IndexOutOfStep, catch_up
from plainview.index.check import disagreements
from plainview.policy.agency import MAX_LIST
from plainview.policy.gate import CANARY
from plainview.recognition.embed import compare
from plainview.recognition.engine import Engine
from plainview.recognition.errors import BadMedia, PackError
from plainview.recognition.turned import turned_by
from plainview.recognition.types import Vector
from plainview.storage.base import StorageError
from plainview.storage.seal import SealBroken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SAMPLE = 2_000
"""References whose scores are compared in each check: a fault in 1 of 670 is then noticed with 95 %, one in 1 of 10,000
within 15 checks with as much."""

PICTURES = 20
"""Of these, references whose pictures are embedded again: chosen, about a second. An index built from the database
cannot reveal a wrong template there."""

DRIFT = 1e-3
"""Most by which the cosine of a picture's old and new template may differ from 1: measured, see docs/howto/canaries.md."""

_random = random.SystemRandom()  # nobody may know in advance which references are compared


@dataclass
class Run:
    """One run over galleries."""

    checked: list[Checked] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Say whether every gallery is without fault."""
        return not any(check.faults for check in self.checked)


def run_all(*, due_only: bool = False) -> Run:
    """Check every gallery that has canaries and a current passport.

    Args:
        due_only: only galleries whose next check is due by their agency's policy.

    Raises:
        DecoderUnavailable: pictures cannot be decoded here.
    """
    today = timezone.now().date()
    with_canaries = Canary.objects.filter(retired_at=None, gallery__expires_on__gte=today).values("gallery")
    run = Run()
    for gallery in Gallery.objects.filter(pk__in=with_canaries).select_related("agency").order_by("pk"):
        if not due_only or due(gallery):
            run.checked.append(check_gallery(gallery))
    tell()
    return run


def check_gallery(gallery: Gallery) -> Checked:
    """Check one gallery with the model now on disk and this process's index; record the check."""
    canaries = list(Canary.objects.filter(gallery=gallery, retired_at=None).select_related("reference"))
    sample = _sample(gallery)
    try:
        engine = services().engine_of(gallery.pack, again=True)
    except PackError as error:
        return record(gallery, len(canaries), 0, [Fault(MODEL, f"The model cannot be used: {error.why}")])
    pack = engine.pack
    index = services().index(gallery.pk, pack.identity, pack.dimension, gallery.index_adapter)
    faults = _seen_twice(gallery, canaries, sample, sample[:PICTURES], engine, index)
    return record(gallery, len(canaries), len(sample), faults)


def look_again(gallery: Gallery, index: Index) -> None:
    """Check the index of a long-running process, once the policy's time has passed since its last check.

    A scheduled run has an index of its own in its own process; this checks the index that answers people.
    """
    next_looks, now = services().look_again_at, time.monotonic()
    if now < next_looks.get(gallery.pk, 0.0):
        return
    begun = gallery.pk in next_looks
    next_looks[gallery.pk] = now + interval(gallery).total_seconds()
    canaries = list(Canary.objects.filter(gallery=gallery, retired_at=None).select_related("reference"))
    if begun and canaries:
        sample = _sample(gallery)
        # Only the canaries' pictures: a person is waiting for this search.
        faults = _seen_twice(gallery, canaries, sample, [], services().engine_of(gallery.pack), index)
        record(gallery, len(canaries), len(sample), faults)
        tell()


def _sample(gallery: Gallery) -> list[int]:
    rows = Reference.objects.filter(COMPARED, gallery=gallery).exclude(template=b"")
    keys = list(rows.values_list("pk", flat=True))
    return _random.sample(keys, min(SAMPLE, len(keys)))


def _seen_twice(
    gallery: Gallery,
    canaries: list[Canary],
    sample: list[int],
    pictures: list[int],
    engine: Engine,
    index: Index,
) -> list[Fault]:
    """Return the faults of a second look, if the first has any: an erasure in between may look like a fault."""

    def look() -> list[Fault]:
        return [*_look(canaries, sample, engine, index), *_pictures(pictures, engine)]

    return gate.compare(Comparison(CANARY, gallery.agency), lambda: look() and look())


def _look(canaries: list[Canary], sample: list[int], engine: Engine, index: Index) -> Iterator[Fault]:
    gallery_id = canaries[0].gallery_id
    try:
        catch_up(index, changes_after(gallery_id, engine.pack.identity))
    except (IndexOutOfStep, BadTemplate, SealBroken, ValueError) as error:
        yield Fault(INDEX, f"The index cannot follow the gallery's log: {str(error) or 'a template does not open'}.")
        return
    rows = GalleryChange.objects.filter(gallery_id=gallery_id, seq__lte=index.watermark)
    # A reference whose template was remade has several rows that add it, but counts once; so do the pictures of a subject.
    present = rows.filter(is_add=True).exclude(reference__in=rows.filter(is_add=False).values("reference"))
    people = present.exclude(reference__subject=None).values("reference__subject").distinct().count()
    expected = present.filter(reference__subject=None).values("reference").distinct().count() + people
    if len(index) != expected:
        yield Fault(INDEX, f"The index has {len(index):,} references, the gallery's log {expected:,}.")
    left = sample
    for canary in canaries:
        if (canary.pack, canary.pack_sha256) != (engine.pack.identity, engine.pack.recogniser.sha256):
            yield Fault(
                MODEL,
                f"Canary {canary.public_id} was made with {canary.pack}, file {canary.pack_sha256[:12]}; searches use "
                f"{engine.pack.identity}, file {engine.pack.recogniser.sha256[:12]}.",
            )
            continue
        probe: Vector | None = None
        for part, template in _templates(canary, engine):
            if isinstance(template, Fault):
                yield template
            elif part == "probe":
                probe = template
        if probe is not None:
            yield from _asked(canary, probe, left, index)
            left = []  # one probe is enough to compare the sample


def _templates(canary: Canary, engine: Engine) -> Iterator[tuple[str, Vector | Fault]]:
    """Yield the new template of the reference and of the probe, or its fault."""
    reference = canary.reference
    for part, blob, face, sealed, context in (
        ("reference", reference.blob, reference.face_number, reference.template, f"template:{reference.public_id}"),
        (
            "probe",
            canary.probe_blob,
            canary.probe_face,
            canary.probe_template,
            f"canary probe:{canary.public_id}",
        ),
    ):
        try:
            stored = np.frombuffer(services().templates.open(bytes(sealed), context.encode()), dtype=np.float32)
            picture = services().decoder.decode(services().blobs.get(blob))
            _, candidate = engine.probe_face(picture, face)
            template_of = engine.reference_template if part == "reference" else engine.template
            now = template_of(picture, candidate.detection)
            same = compare(stored, now)
        except (SealBroken, StorageError, BadMedia, ValueError) as error:
            why = getattr(error, "why", "") or "Its stored template cannot be read."
            yield part, Fault(TEMPLATE, f"The {part} of canary {canary.public_id} cannot be compared. {why}")
            continue
        if not same >= 1 - DRIFT:
            yield (
                part,
                Fault(
                    TEMPLATE,
                    f"The {part} of canary {canary.public_id} now gives a different template than when it was added: "
                    f"their cosine is {same:.6f}; at least {1 - DRIFT} is expected.",
                ),
            )
        yield part, now


def _asked(canary: Canary, probe: Vector, sample: list[int], index: Index) -> Iterator[Fault]:
    """Query the index as a search does, and compare its answer with the templates in the database."""
    top = MAX_LIST + len(hidden(canary.gallery_id, index.watermark).keys)
    answer = index.search(probe, top)
    templates = _readable_templates([canary.reference_id, *(scored.reference for scored in answer)])
    if canary.reference_id not in templates:
        return  # its template does not open, which is already a fault
    wrong = disagreements(answer, templates, probe, [canary.reference_id])
    if wrong:
        missing = any(wrong_score.answered is None for wrong_score in wrong)
        yield Fault(
            INDEX,
            f"The index did not find canary {canary.public_id} among the first {top}."
            if missing
            else f"In the answer for canary {canary.public_id}, {len(wrong)} of {len(answer)} scores differ from "
            "those of the templates in the database.",
        )
    if sample:
        stored = _readable_templates(sample)
        answer = index.search(probe, len(sample), among=np.array(sample, dtype=np.int64))
        bad = {scored.reference for scored in disagreements(answer, stored, probe, stored)}
        bad |= set(_in_place(sample)) - stored.keys()
        if bad:
            yield Fault(
                SAMPLED,
                f"Of {len(sample):,} sampled references, {len(bad):,} are missing from the index, have a score there "
                "that differs from their template in the database, or have a template that does not open.",
            )


def _pictures(keys: list[int], engine: Engine) -> Iterator[Fault]:
    """Embed the pictures of ordinary references again and compare them with their templates."""
    rows = list(Reference.objects.filter(pk__in=keys, pack=engine.pack.identity).exclude(template=b""))
    wrong = 0
    for reference in rows:
        try:
            picture = services().decoder.decode(services().blobs.get(reference.blob))
            faces = engine.enrol_faces(picture)
            detection = faces[reference.face_number - 1].detection
            if turned_by(detection.points) and not turned_by(np.array(reference.points, np.float32)):
                continue  # enrolled as it lay, by a version that did not turn faces; re-embedding mends it
            now = engine.reference_template(picture, detection)
            same = compare(open_template(reference.public_id, reference.template), now)
        except (SealBroken, StorageError, BadMedia, ValueError, IndexError):
            same = -1.0
        wrong += not same >= 1 - DRIFT
    if wrong:
        yield Fault(
            TEMPLATE,
            f"Of {len(rows)} references whose pictures were embedded again, {wrong} differ from their template in the "
            "database, or cannot be compared.",
        )


def _readable_templates(keys: Iterable[int]) -> dict[int, Vector]:
    """Return the templates in the database that open and can be compared, by reference."""
    templates: dict[int, Vector | None] = {}
    rows = Reference.everything.filter(pk__in=list(keys)).exclude(template=b"")
    for key, *columns in rows.values_list("pk", *COLUMNS):
        with suppress(SealBroken, ValueError):
            templates[key] = compared_template(key, columns)
    return {key: template for key, template in templates.items() if template is not None}


def _in_place(keys: list[int]) -> list[int]:
    """Return those of the references that have not been erased meanwhile."""
    rows = Reference.everything.filter(COMPARED, pk__in=keys).exclude(template=b"")
    return list(rows.values_list("pk", flat=True))
