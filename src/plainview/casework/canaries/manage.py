"""Canaries: adding a known pair of pictures to a gallery, retiring it, and acknowledging an alarm.

Owns the order: pictures durable first, then the hidden reference, the gallery's ordered log and the audit entry in one
transaction. It must never check a gallery: checks.py does.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.db.models import F
from django.utils import timezone

from plainview.casework import find
from plainview.casework.erasure.expunge import blank, forget
from plainview.casework.gate.packs import engine_of
from plainview.casework.log.guard import acting, refusals_recorded, standing
from plainview.casework.log.write import write_entry
from plainview.casework.models import (
    Canary,
    CanaryAlarm,
    Enrolment,
    Gallery,
    GalleryChange,
    Member,
    Reference,
)
from plainview.casework.models.people import public_id
from plainview.casework.workspace.services import services
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.examination import explained
from plainview.policy.permissions import Permission
from plainview.policy.wording import counted
from plainview.recognition.decode import read_file
from plainview.recognition.embed import compare
from plainview.recognition.packs import ModelPack
from plainview.recognition.types import Face, Vector
from plainview.scores.calibration import cosine_at
from plainview.scores.same_face import SAME_FACE
from plainview.storage.base import digest_of

if TYPE_CHECKING:
    from plainview.recognition.engine import Engine

MOST = 20
"""Most canaries in use per gallery: chosen; each makes every search compare and leave out one more reference."""

_FMR = 1e-3  # the model must find a pair at least as similar as this rate requires


@dataclass(frozen=True, slots=True)
class _Read:
    data: bytes
    digest: str
    number: int
    face: Face
    template: Vector


def add_canary(gallery_name: str, reference: Path, probe: Path, *, basis: str, acting_member: Member) -> Canary:
    """Enrol two pictures of one person as a canary of a gallery. No candidate list ever shows them.

    Args:
        gallery_name: a gallery of the member's agency.
        reference: the picture to enrol; its largest face counts.
        probe: another picture of the same person, which must find the first.
        basis: whose pictures they are and why they may be used, for instance "consent of officer 4711".
        acting_member: an agency administrator.

    Raises:
        BadMedia: a picture cannot be used.
        Refused: no permission, gallery unknown or expired, no basis, the same picture twice, two people, or too many canaries.
    """
    with refusals_recorded("canary.add", acting_member):
        standing(acting_member, Permission.CANARY_MANAGE)
        gallery = find.gallery(gallery_name, acting_member)
        rules.require(
            rules.gallery_current(gallery.name, gallery.expires_on, timezone.now().date()),
            explained(basis, "The basis"),
        )
    engine = engine_of(gallery)
    pack = engine.pack
    reference_face, probe_face = _read(engine, reference, as_reference=True), _read(engine, probe, as_reference=False)
    with acting("canary.add", Permission.CANARY_MANAGE, acting_member):
        _require_pair(reference_face, probe_face, pack)
        if Canary.objects.filter(gallery=gallery, retired_at=None).count() >= MOST:
            raise Refused(
                "canary.many",
                "Canary not added",
                f"The gallery already has {counted(MOST, 'canary', 'canaries')}.",
                "Retire a canary first.",
                act=Permission.CANARY_MANAGE,
            )
        services().blobs.put_many((reference_face.data, probe_face.data))
        Gallery.objects.filter(pk=gallery.pk).update(log_head=F("log_head") + 1)
        gallery.refresh_from_db(fields=["log_head"])
        hidden = _hidden_reference(reference_face, gallery, pack, acting_member)
        GalleryChange.objects.create(gallery=gallery, seq=gallery.log_head, is_add=True, reference=hidden)
        canary = Canary(
            gallery=gallery,
            reference=hidden,
            basis=basis.strip(),
            probe_blob=probe_face.digest,
            probe_face=probe_face.number,
            pack=pack.identity,
            pack_sha256=pack.recogniser.sha256,
            added_by=acting_member,
            added_seq=gallery.log_head,
        )
        canary.probe_template = services().templates.seal(
            probe_face.template.tobytes(), f"canary probe:{canary.public_id}".encode()
        )
        canary.save()
        write_entry(
            "canary.added",
            {
                "agency": acting_member.agency.public_id,
                "gallery": gallery.pk,
                "canary": canary.public_id,
                "change": canary.added_seq,
                "pack": canary.pack,
                "pack_sha256": canary.pack_sha256,
            },
            {"basis": canary.basis},
            acting_member=acting_member,
            rows=[hidden],
        )
    return canary


def retire_canary(canary_id: str, *, reason: str, acting_member: Member) -> Canary:
    """Remove a canary from its gallery and erase both of its pictures and templates.

    Raises:
        Refused: no permission, unknown or already retired, or no reason in words.
        StorageError: a picture could not be removed.
    """
    with acting("canary.retire", Permission.CANARY_MANAGE, acting_member):
        canary = find.canary(canary_id, acting_member, lock=True)
        rules.require(explained(reason, "The reason"))
        pictures = (canary.reference.blob, canary.probe_blob)
        blank(canary.reference)
        canary.retired_seq, canary.retired_at = canary.reference.gallery.log_head, timezone.now()
        canary.probe_template, canary.probe_blob = b"", ""
        canary.save()
        write_entry(
            "canary.retired",
            {
                "agency": acting_member.agency.public_id,
                "gallery": canary.gallery.pk,
                "canary": canary.public_id,
                "change": canary.retired_seq,
            },
            {"reason": reason.strip()},
            rows=[canary.reference],
            acting_member=acting_member,
        )
    forget(canary.gallery, *pictures)
    return canary


def acknowledge(alarm_id: str, *, reason: str, acting_member: Member) -> CanaryAlarm:
    """Close an alarm with what was found and done about it.

    Raises:
        Refused: no permission, unknown, already acknowledged, or no reason in words.
    """
    with acting("canary.acknowledge", Permission.CANARY_ACKNOWLEDGE, acting_member):
        alarm = find.alarm(alarm_id, acting_member)
        if alarm.acknowledged_at is not None:
            raise Refused(
                "canary.acknowledged",
                "Nothing changed",
                f"Alarm {alarm.public_id} was already acknowledged.",
                "Check which alarms are still open.",
                act=Permission.CANARY_READ,
            )
        rules.require(explained(reason, "The reason"))
        alarm.acknowledged_by, alarm.acknowledged_at = acting_member, timezone.now()
        alarm.reason = reason.strip()
        alarm.save(update_fields=["acknowledged_by", "acknowledged_at", "reason"])
        write_entry(
            "canary.acknowledged",
            {"agency": acting_member.agency.public_id, "gallery": alarm.gallery.pk, "alarm": alarm.public_id},
            {"reason": alarm.reason},
            acting_member=acting_member,
        )
    return alarm


def _read(engine: Engine, path: Path, *, as_reference: bool) -> _Read:
    data = read_file(path)
    picture = services().decoder.decode(data)
    number, face = engine.probe_face(picture)
    template_of = engine.reference_template if as_reference else engine.template
    return _Read(data, digest_of(data), number, face, template_of(picture, face.detection))


def _require_pair(reference: _Read, probe: _Read, pack: ModelPack) -> None:
    if reference.digest == probe.digest:
        raise Refused(
            "canary.same_picture",
            "Canary not added",
            "The reference and the probe are the same file.",
            "Choose two pictures of one person, taken at different times.",
        )
    least = cosine_at(_FMR, pack.calibration.cosine_at_fmr) if pack.calibration else SAME_FACE
    score = compare(reference.template, probe.template)
    if score < least:
        raise Refused(
            "canary.not_alike",
            "Canary not added",
            f"The model finds the two faces too different: their score is {score:.3f} and {least:.3f} is needed.",
            "Check that both pictures show the same person, or use clearer pictures.",
        )


def _hidden_reference(face_read: _Read, gallery: Gallery, pack: ModelPack, member: Member) -> Reference:
    now = timezone.now()
    # A run of its own with no image: statistics count enrolments, not canaries.
    run = Enrolment.objects.create(gallery=gallery, member=member, finished_at=now)
    detection, quality, name = face_read.face.detection, face_read.face.quality, public_id("R")
    return Reference.objects.create(
        public_id=name,
        gallery=gallery,
        enrolment=run,
        is_canary=True,
        blob=face_read.digest,
        face_number=face_read.number,
        box=[round(float(value), 1) for value in detection.box],
        points=[[round(float(x), 1), round(float(y), 1)] for x, y in detection.points],
        quality=quality.overall,
        quality_detail=quality.components,
        file_name="",
        pack=pack.identity,
        template=services().templates.seal(face_read.template.tobytes(), f"template:{name}".encode()),
    )
