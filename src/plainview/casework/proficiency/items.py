"""Items with a known answer: added from lawful references, retired, and never released as leads.

Owns the content of an item; examination.assign draws who gets which item and when. It must never tell a verifier.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.utils import timezone

from plainview.casework import find
from plainview.casework.erasure.read import picture_needed
from plainview.casework.examination.blind import live_tasks
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member, ProficiencyItem, Reference
from plainview.casework.pictures import forget_pictures
from plainview.casework.workspace.services import services
from plainview.policy import proficiency as known
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.examination import explained
from plainview.policy.permissions import Permission
from plainview.recognition.decode import read_file
from plainview.storage.base import digest_of


@dataclass(frozen=True, slots=True)
class ProbePicture:
    """The probe of an item: where it is stored, and the face in it (pixels)."""

    blob: str
    box: list[float]
    points: list[list[float]]
    reference: Reference | None = None
    data: bytes = b""


def picture_probe(data: bytes) -> ProbePicture:
    """Return the largest face of a new picture, for instance of a colleague who consented.

    Raises:
        BadMedia: the picture cannot be used.
    """
    picture = services().decoder.decode(data)
    _, face = services().engine.probe_face(picture, None)
    box = [round(float(value), 1) for value in face.detection.box]
    points = [[round(float(x), 1), round(float(y), 1)] for x, y in face.detection.points]
    return ProbePicture(digest_of(data), box, points, data=data)


def add_item(
    probe: str | Path | bytes, reference: str, *, is_mated: bool, basis: str, acting_member: Member
) -> ProficiencyItem:
    """Add a probe and a face for which it is known whether they show the same person.

    Args:
        probe: id of a reference of the agency; or a picture, as a file or its bytes.
        reference: id of the reference shown as the candidate; the foils come from its gallery.
        is_mated: True if records, not a score, show that both are the same person.
        basis: why these pictures may be used for this: consent, or a law.
        acting_member: the member who adds the item, and never gets it as a task.

    Raises:
        Refused: no permission, unknown references, the same picture twice, or no basis.
        BadMedia: the picture cannot be used.
    """
    brought = None
    if not isinstance(probe, str):
        brought = picture_probe(read_file(probe) if isinstance(probe, Path) else probe)
    with acting("proficiency.add", Permission.PROFICIENCY_MANAGE, acting_member):
        face = find.reference(reference, acting_member)
        shown = brought or _of_reference(find.reference(str(probe), acting_member))
        rules.require(explained(basis, "The basis"), known.two_pictures(shown.blob, face.blob))
        if brought is not None:
            services().blobs.put(brought.data)
        item = ProficiencyItem.objects.create(
            agency=acting_member.agency,
            probe_blob=shown.blob,
            probe_box=shown.box,
            probe_points=shown.points,
            probe_reference=shown.reference,
            reference=face,
            is_mated=is_mated,
            basis=basis.strip(),
            added_by=acting_member,
        )
        write_entry(
            "proficiency.added",
            {"item": item.public_id, "agency": acting_member.agency.public_id, "gallery": face.gallery_id},
            {
                "is_mated": is_mated,
                "reference": face.public_id,
                "basis": item.basis,
                "probe": shown.reference.public_id if shown.reference else shown.blob,
            },
            acting_member=acting_member,
        )
    return item


def retire_item(public_id: str, *, reason: str, acting_member: Member) -> ProficiencyItem:
    """Retire an item; its answers so far stay in the figures.

    A probe picture that was added for it is erased, unless something else uses the same picture.

    Raises:
        Refused: no permission, unknown, already retired, assigned to a member who has not answered, or no reason.
    """
    with acting("proficiency.retire", Permission.PROFICIENCY_MANAGE, acting_member):
        item = find.proficiency_item(public_id, acting_member)
        rules.require(explained(reason, "The reason"))
        if item.retired_at is not None:
            raise Refused(
                "proficiency.retired", "Nothing changed", "This item is already retired.", "Nothing more is needed."
            )
        if live_tasks().filter(proficiency=item, answered_at=None).exists():
            raise Refused(
                "proficiency.open",
                "Item not retired",
                "A member has this item and has not answered it yet.",
                "Wait for the answer.",
            )
        blob = item.probe_blob if item.probe_reference_id is None else ""
        item.retired_at, item.probe_blob, item.probe_box, item.probe_points = timezone.now(), "", [], []
        item.save(update_fields=["retired_at", "probe_blob", "probe_box", "probe_points"])
        write_entry(
            "proficiency.retired",
            {"item": item.public_id, "agency": acting_member.agency.public_id},
            {"why": reason.strip()},
            acting_member=acting_member,
        )
    if blob and not picture_needed(blob):
        services().blobs.delete(blob)
    forget_pictures()
    return item


def _of_reference(reference: Reference) -> ProbePicture:
    return ProbePicture(reference.blob, reference.box, reference.points, reference=reference)
