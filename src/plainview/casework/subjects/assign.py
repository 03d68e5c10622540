"""Giving the pictures of a gallery their subjects afterwards, from a manifest or a folder for each person.

Owns the order: batch by batch, each in one transaction with its entry, while searches go on. A run that was killed is
started again and passes over what is done. It must never enrol a picture, nor change a subject that a picture has.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import F

from plainview.casework import find
from plainview.casework.enrolment.batches import LISTED
from plainview.casework.enrolment.items import Item, Unusable
from plainview.casework.enrolment.preparing import BY_FAR
from plainview.casework.galleries.subjects import log_changes, subject_of, subject_with
from plainview.casework.gate.calibrate import calibrate
from plainview.casework.log.guard import refusals_recorded, standing
from plainview.casework.log.write import write_entry
from plainview.casework.models import Gallery, Member, Reference
from plainview.policy import rules
from plainview.policy import subjects as policy
from plainview.policy.permissions import Permission
from plainview.recognition.errors import BadMedia
from plainview.storage.base import digest_of

BATCH = 200
"""Pictures in one transaction: about a tenth of a second, so that searches are not kept waiting."""


@dataclass
class Assigned:
    """The result so far.

    Attributes:
        assigned: pictures that now have their subject.
        before: pictures that had it already.
        failed: the first `LISTED` pictures that could not be given one, {path, code, why}; failed_total counts them all.
    """

    assigned: int = 0
    before: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    failed_total: int = 0


def assign(
    gallery_name: str,
    items: Iterable[Item],
    *,
    acting_member: Member,
    progress: Callable[[Assigned], None] = lambda _: None,
) -> Assigned:
    """Give each picture that is in the gallery the subject that its item states.

    Args:
        gallery_name: a gallery of the member's agency.
        items: pictures with their subjects; recognised by their bytes, or by the name under which one alone was enrolled.
        acting_member: who assigns them.
        progress: called after every batch.

    Raises:
        Refused: no permission, unknown gallery, or too many pictures of one subject.
    """
    with refusals_recorded("subject.assign", acting_member):
        standing(acting_member, Permission.GALLERY_ENROL)
        gallery = find.gallery(gallery_name, acting_member)
        result, stated = Assigned(), (item for item in items if item.subject)
        while batch := list(itertools.islice(stated, BATCH)):
            _store(gallery, batch, result, acting_member)
            progress(result)
    gallery.refresh_from_db(fields=["log_head"])
    calibrate(gallery)
    return result


def _store(gallery: Gallery, batch: Sequence[Item], result: Assigned, member: Member) -> None:
    read = [(item, _digest(item)) for item in batch]  # before the lock: reading files takes its time
    with transaction.atomic():
        Gallery.objects.filter(pk=gallery.pk).update(log_head=F("log_head"))  # takes the row's lock
        gallery.refresh_from_db(fields=["log_head"])
        moved: list[Reference] = []
        for item, digest in read:
            reference = _face(gallery, item, digest, result)
            if reference is None:
                continue
            known = subject_of(gallery, item.subject)
            if known is not None and reference.subject_id == known.pk:
                result.before += 1
            elif reference.subject_id is not None:
                why = "The picture has the number of another subject. Change it with a reason."
                _fail(result, item, "other_subject", why)
            else:
                reference.subject = known or subject_with(gallery, item.subject)
                moved.append(reference)
                reference.save(update_fields=["subject"])
        if moved:
            subjects = {reference.subject_id for reference in moved if reference.subject_id is not None}
            head, people = log_changes(gallery, [(reference, True) for reference in moved], subjects)
            for pictures in set(
                Reference.objects.filter(pk__in=[r.pk for r in moved]).values_list("subject__pictures")
            ):
                rules.require(policy.few_enough(pictures[0] or 0))
            write_entry(
                "subjects.assigned",
                {
                    "agency": member.agency.public_id,
                    "gallery": gallery.pk,
                    "references": len(moved),
                    "subjects": len(subjects),
                    "references_sha256": digest_of("\n".join(r.public_id for r in moved).encode()),
                    "last_change": head,
                },
                acting_member=member,
                rows=[*moved, *people],
            )
    result.assigned += len(moved)


def _digest(item: Item) -> str:
    try:
        return digest_of(item.read())
    except (BadMedia, Unusable):
        return ""  # its name may still tell which picture it is


def _face(gallery: Gallery, item: Item, digest: str, result: Assigned) -> Reference | None:
    """Return the face of an item's picture in the gallery: the only one, or the largest by far."""
    rows = Reference.objects.filter(gallery=gallery).exclude(template=b"").order_by("face_number")
    faces = list(rows.filter(blob=digest)) if digest else []
    if not faces:
        faces = list(rows.filter(file_name=item.name))
        if len({face.blob for face in faces}) > 1:
            _fail(result, item, "ambiguous", "Several pictures of the gallery have this name.")
            return None
    if not faces:
        _fail(result, item, "not_in_gallery", "The picture is not in the gallery.")
        return None
    if len(faces) > 1 and float(faces[1].box[2]) * BY_FAR > float(faces[0].box[2]):
        _fail(result, item, "several_faces", f"The picture has {len(faces)} faces of about one size.")
        return None
    return faces[0]


def _fail(result: Assigned, item: Item, code: str, why: str) -> None:
    result.failed_total += 1
    if len(result.failed) < LISTED:
        result.failed.append({"path": item.name, "code": code, "why": why})
