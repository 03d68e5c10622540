"""Checking galleries by their canaries: is the model the one, does the index answer what the templates say?

Owns what is compared, and that a fault becomes an alarm: an entry of the log first, a letter after. A check takes the
path of a search: the pictures are decoded and embedded anew, and the gallery's own index answers. It must never mend
anything, and never write an alarm off: people acknowledge it.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone

from plainview.casework.actions.log import write_entry
from plainview.casework.models import (
    Agency,
    Canary,
    CanaryAlarm,
    CanaryCheck,
    Gallery,
    GalleryChange,
    Reference,
)
from plainview.casework.queries.canaries import hidden, to_be_told
from plainview.casework.queries.canary_state import due, interval
from plainview.casework.queries.galleries import changes_after, open_template
from plainview.casework.services import services
from plainview.index.base import BadTemplate, Index, IndexOutOfStep, catch_up
from plainview.index.check import disagreements
from plainview.policy.agency import MAX_LIST
from plainview.recognition.embed import compare
from plainview.recognition.engine import Engine
from plainview.recognition.errors import BadMedia, PackError
from plainview.recognition.types import Vector
from plainview.storage.base import StorageError
from plainview.storage.seal import SealBroken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SAMPLE = 2_000
"""References whose scores are compared in each check: a fault in 1 of 670 is then noticed with 95 %, one in 1 of 10,000
within two weeks of nightly checks."""

DRIFT = 1e-3
"""How far the cosine of a picture's template then and now may be from 1: see docs/howto/canaries.md for its measure."""

MODEL, TEMPLATE, INDEX, SAMPLED = "model", "template", "index", "sample"
"""The faults, each with one open alarm of a gallery at most."""

_random = random.SystemRandom()  # nobody may know beforehand which references will be looked at


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that a check found: one of the faults above, and what is wrong in plain words."""

    fault: str
    says: str


@dataclass(frozen=True, slots=True)
class Checked:
    """One gallery's check: canaries and references that were compared, the faults, and the alarms that it raised."""

    gallery: str
    canaries: int
    sampled: int
    faults: tuple[Fault, ...]
    raised: tuple[str, ...]


@dataclass
class Run:
    """One run over galleries. `untold`: open alarms whose letter could not be sent; the next run sends it."""

    checked: list[Checked] = field(default_factory=list)
    untold: int = 0

    @property
    def ok(self) -> bool:
        """True when no gallery had a fault."""
        return not any(row.faults for row in self.checked)


def run_all(*, due_only: bool = False) -> Run:
    """Check every gallery that has canaries and a current passport.

    Args:
        due_only: only galleries whose last check is as old as their agency's policy says.

    Raises:
        DecoderUnavailable: no picture can be decoded here.
    """
    today = timezone.now().date()
    held = Canary.objects.filter(retired_at=None, gallery__expires_on__gte=today).values("gallery")
    run = Run()
    for gallery in Gallery.objects.filter(pk__in=held).select_related("agency").order_by("pk"):
        if not due_only or due(gallery):
            run.checked.append(check_gallery(gallery))
    run.untold = tell()
    return run


def check_gallery(gallery: Gallery) -> Checked:
    """Check one gallery with the model as it lies on disk now and this process's index; record it."""
    canaries = list(Canary.objects.filter(gallery=gallery, retired_at=None).select_related("reference"))
    sample = _sample(gallery)
    try:
        engine = services().load_engine()
    except PackError as error:
        return _record(gallery, len(canaries), 0, [Fault(MODEL, f"The model cannot be used: {error.why}")])
    pack = engine.pack
    index = services().index(gallery.pk, pack.identity, pack.dimension)
    return _record(gallery, len(canaries), len(sample), _seen_twice(canaries, sample, engine, index))


def look_again(gallery: Gallery, index: Index) -> None:
    """Check the index that a long-running process searches with, once policy's time has passed since it was made.

    A scheduled run has an index of its own in its own process; this is about the one that answers people.
    """
    held, now = services().look_again_at, time.monotonic()
    if now < held.get(gallery.pk, 0.0):
        return
    begun = gallery.pk in held
    held[gallery.pk] = now + interval(gallery).total_seconds()
    canaries = list(Canary.objects.filter(gallery=gallery, retired_at=None).select_related("reference"))
    if begun and canaries:
        sample = _sample(gallery)
        _record(gallery, len(canaries), len(sample), _seen_twice(canaries, sample, services().engine, index))
        tell()


def _sample(gallery: Gallery) -> list[int]:
    keys = list(Reference.objects.filter(gallery=gallery).exclude(template=b"").values_list("pk", flat=True))
    return _random.sample(keys, min(SAMPLE, len(keys)))


def _seen_twice(canaries: list[Canary], sample: list[int], engine: Engine, index: Index) -> list[Fault]:
    """Look, and believe a fault when a second look finds one: an erasure in between may look like one."""
    return list(_look(canaries, sample, engine, index)) and list(_look(canaries, sample, engine, index))


def _look(canaries: list[Canary], sample: list[int], engine: Engine, index: Index) -> Iterator[Fault]:
    gallery_id = canaries[0].gallery_id
    try:
        catch_up(index, changes_after(gallery_id))
    except (IndexOutOfStep, BadTemplate, SealBroken, ValueError) as error:
        yield Fault(
            INDEX, f"The index cannot follow the gallery's log: {str(error) or 'a template does not open'}."
        )
        return
    rows = GalleryChange.objects.filter(gallery_id=gallery_id, seq__lte=index.watermark)
    expected = rows.filter(is_add=True).count() - rows.filter(is_add=False).count()
    if len(index) != expected:
        yield Fault(INDEX, f"The index holds {len(index):,} references, the gallery's log {expected:,}.")
    for number, canary in enumerate(canaries):
        if (canary.pack, canary.pack_sha256) != (engine.pack.identity, engine.pack.recogniser.sha256):
            yield Fault(
                MODEL,
                f"Canary {canary.public_id} was made with {canary.pack}, file {canary.pack_sha256[:12]}; searches use "
                f"{engine.pack.identity}, file {engine.pack.recogniser.sha256[:12]}.",
            )
            continue
        probe: Vector | None = None
        for what, template in _templates(canary, engine):
            if isinstance(template, Fault):
                yield template
            elif what == "probe":
                probe = template
        if probe is not None:
            yield from _asked(canary, probe, sample if number == 0 else [], index)


def _templates(canary: Canary, engine: Engine) -> Iterator[tuple[str, Vector | Fault]]:
    """The template of the reference and of the probe, embedded anew, or what is wrong with it."""
    row = canary.reference
    for what, blob, face, sealed, context in (
        ("reference", row.blob, row.face_number, row.template, f"template:{row.public_id}"),
        (
            "probe",
            canary.probe_blob,
            canary.probe_face,
            canary.probe_template,
            f"canary probe:{canary.public_id}",
        ),
    ):
        try:
            kept = np.frombuffer(services().templates.open(bytes(sealed), context.encode()), dtype=np.float32)
            picture = services().decoder.decode(services().blobs.get(blob))
            _, found = engine.probe_face(picture, face)
            now = engine.template(picture, found.detection)
            same = compare(kept, now)
        except (SealBroken, StorageError, BadMedia, ValueError) as error:
            why = getattr(error, "why", "") or "Its kept template cannot be read."
            yield what, Fault(TEMPLATE, f"The {what} of canary {canary.public_id} cannot be compared. {why}")
            continue
        if not same >= 1 - DRIFT:
            yield (
                what,
                Fault(
                    TEMPLATE,
                    f"The {what} of canary {canary.public_id} gives another template than when it was added: "
                    f"their cosine is {same:.6f}, at least {1 - DRIFT} is usual.",
                ),
            )
        yield what, now


def _asked(canary: Canary, probe: Vector, sample: list[int], index: Index) -> Iterator[Fault]:
    """Ask the index as a search does, and hold what it says against the templates in the database."""
    top = MAX_LIST + len(hidden(canary.gallery_id, index.watermark).keys)
    answer = index.search(probe, top)
    templates = _kept([canary.reference_id, *(row.reference for row in answer)])
    if canary.reference_id not in templates:
        return  # its template does not open, which was said before
    wrong = disagreements(answer, templates, probe, [canary.reference_id])
    if wrong:
        missing = any(row.answered is None for row in wrong)
        yield Fault(
            INDEX,
            f"The index did not find canary {canary.public_id} among the first {top}."
            if missing
            else f"In the answer for canary {canary.public_id}, {len(wrong)} of {len(answer)} rows have other scores "
            "than their templates in the database.",
        )
    if sample:
        kept = _kept(sample)
        answer = index.search(probe, len(sample), among=np.array(sample, dtype=np.int64))
        bad = {row.reference for row in disagreements(answer, kept, probe, kept)}
        bad |= set(_in_place(sample)) - kept.keys()
        if bad:
            yield Fault(
                SAMPLED,
                f"Of {len(sample):,} references that were looked at, {len(bad):,} are missing from the index, have "
                "other scores there than their templates in the database, or have a template that does not open.",
            )


def _kept(keys: Iterable[int]) -> dict[int, Vector]:
    """The templates in the database that open and can be compared, by reference."""
    found = {}
    rows = Reference.everything.filter(pk__in=list(keys)).exclude(template=b"")
    for key, name, sealed in rows.values_list("pk", "public_id", "template"):
        try:
            found[key] = open_template(name, sealed)
        except (SealBroken, ValueError):
            continue
    return found


def _in_place(keys: list[int]) -> list[int]:
    """Those of the references that were not erased meanwhile."""
    return list(Reference.everything.filter(pk__in=keys).exclude(template=b"").values_list("pk", flat=True))


def _record(gallery: Gallery, canaries: int, sampled: int, faults: list[Fault]) -> Checked:
    """Write what a check found, and an alarm for each fault that has no open one yet."""
    now = timezone.now()
    said: dict[str, str] = {}
    for row in faults:
        said[row.fault] = f"{said[row.fault]} {row.says}" if row.fault in said else row.says
    with transaction.atomic():
        since = (
            CanaryCheck.objects.filter(gallery=gallery, ok=True).order_by("-at").values_list("at", flat=True)
        )
        receipt = write_entry(
            "canary.checked",
            {
                "agency": gallery.agency.public_id, "gallery": gallery.pk, "canaries": canaries, "sampled": sampled,
                "faults": sorted(said),
            },
            acting_member=None,
        )  # fmt: skip
        raised = [
            name
            for fault, says in said.items()
            if (name := _raise(gallery, fault, says[:_MOST_WORDS], since.first(), now)) is not None
        ]
        CanaryCheck.objects.create(
            gallery=gallery, at=now, canaries=canaries, sampled=sampled, ok=not faults, entry=receipt.entry
        )
    found = tuple(Fault(*row) for row in said.items())
    return Checked(gallery.name, canaries, sampled, found, tuple(raised))


_MOST_WORDS = 2_000  # characters of an alarm: twenty canaries with one fault each


def _raise(gallery: Gallery, fault: str, says: str, since: datetime | None, now: datetime) -> str | None:
    held = CanaryAlarm.objects.select_for_update().filter(gallery=gallery, fault=fault, acknowledged_at=None)
    if held.update(seen_at=now):
        return None
    alarm = CanaryAlarm.objects.create(
        gallery=gallery, fault=fault, says=says, since=since, raised_at=now, seen_at=now
    )
    write_entry(
        "canary.alarm",
        {
            "agency": gallery.agency.public_id, "gallery": gallery.pk, "alarm": alarm.public_id, "fault": fault,
            "since": since.isoformat(timespec="seconds") if since else None,
        },
        acting_member=None,
    )  # fmt: skip
    return alarm.public_id


def tell() -> int:
    """Write to the administrators and auditors of every agency about alarms that they were not told of.

    The entry is written before the letter goes; a letter that cannot be sent undoes it, never the alarm.

    Returns:
        How many alarms remain untold.
    """
    waiting = CanaryAlarm.objects.filter(told_at=None, acknowledged_at=None)
    for agency in Agency.objects.filter(gallery__canaryalarm__in=waiting).distinct():
        alarms = list(waiting.filter(gallery__agency=agency).select_related("gallery").order_by("pk"))
        members = to_be_told(agency)
        try:
            with transaction.atomic():
                waiting.filter(pk__in=[row.pk for row in alarms]).update(told_at=timezone.now())
                write_entry(
                    "canary.told",
                    {
                        "agency": agency.public_id, "alarms": [row.public_id for row in alarms],
                        "members": [member.public_id for member in members],
                    },
                    acting_member=None,
                )  # fmt: skip
                send_mail(
                    f"Canary alarm in {agency.name}",
                    _letter(agency, alarms),
                    None,
                    [row.email for row in members],
                )
        except OSError:
            continue
    return waiting.count()


def _letter(agency: Agency, alarms: list[CanaryAlarm]) -> str:
    parts = [
        f"Alarm {row.public_id}, gallery {row.gallery.name}, {row.raised_at:%Y-%m-%d %H:%M} UTC\n{row.says}\n"
        + (
            f"It was last found in order on {row.since:%Y-%m-%d %H:%M} UTC.\n"
            if row.since
            else "It was never found in order before.\n"
        )
        for row in alarms
    ]
    return (
        f"A check of the galleries of {agency.name} by their canaries found something wrong.\n\n"
        + "\n".join(parts)
        + "\nUntil somebody acknowledges the alarm, every search of the gallery carries a caution, or none is run, "
        "as your policy says. Answers since it was last in order are in doubt.\n\n"
        "What to do: plainview doctor, plainview models verify, plainview canary run; then\n"
        'plainview canary acknowledge ALARM --reason "what was wrong and what was done" --as YOU\n'
    )
