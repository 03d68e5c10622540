"""Further photographs of the person of a draft: added, their faces chosen, removed, and made one probe with the first.

Owns which photographs a draft has beside its own. A member says that they show one person; nothing here compares faces.
It must never choose between several faces, nor take one picture twice: it would count double in the probe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.utils import timezone

from plainview.casework import find
from plainview.casework.erasure.erasers import pictures_go
from plainview.casework.log.guard import acting, refusals_recorded
from plainview.casework.log.write import write_entry
from plainview.casework.models import Member, Preparation, PreparationPhotograph
from plainview.casework.probes.preparations import (
    answers_of_owner_go,
    measured_face,
    measured_faces,
    open_draft,
    picture_size,
    plain_name,
    prepare,
    require_face,
    require_size,
)
from plainview.casework.probes.probe import Further, Probe, photograph
from plainview.casework.workspace.services import services
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission
from plainview.policy.probes import another_photograph, photographs_fit
from plainview.storage.base import digest_of


def add_photograph(public_id: str, name: str, data: bytes, *, acting_member: Member) -> PreparationPhotograph:
    """Add a photograph of the same person to a draft; a single usable face in it is chosen at once.

    Args:
        public_id: the draft.
        name: the file's name.
        data: the file.
        acting_member: the owner of the draft, who declares that it shows the person of the first photograph.

    Raises:
        BadMedia: the file cannot be used; nothing was stored.
        Refused: no permission, unknown or already searched; frames of a video; too many, or one that the draft has.
    """
    require_size(data)
    original = services().decoder.decode(data)
    faces = measured_faces(original, ())
    with acting("preparation.add", Permission.SEARCH_RUN, acting_member):
        draft = open_draft(public_id, acting_member)
        if draft.provenance.get("with"):
            raise Refused(
                "preparation.frames",
                "Photograph not added",
                "The probe already consists of several frames of a video.",
                "Begin a new draft with the photograph.",
                act=Permission.SEARCH_RUN,
            )
        others = list(draft.photographs.order_by("number"))
        rules.require(photographs_fit(2 + len(others)))
        blob = services().blobs.put(data)
        rules.require(another_photograph(blob, [draft.blob, *(other.blob for other in others)]))
        added = PreparationPhotograph.objects.create(
            preparation=draft,
            number=max([1, *(other.number for other in others)]) + 1,
            blob=blob,
            file_name=plain_name(name),
            size=picture_size(original),
            faces=faces,
            face=measured_face(faces),
            notes=list(original.notes),
        )
        _changed(draft)
        write_entry(
            "preparation.added",
            {
                "preparation": draft.public_id,
                "agency": acting_member.agency.public_id,
                "case": draft.case_id,
                "photograph": added.number,
            },
            {"probe_sha256": blob},
            acting_member=acting_member,
        )
    return added


def choose_face(public_id: str, number: int, face: int, *, acting_member: Member) -> Preparation:
    """Choose the face of a further photograph.

    Args:
        public_id: the draft.
        number: the photograph's number in the draft, from 2.
        face: the face's number in the photograph, from 1.
        acting_member: the owner of the draft.

    Raises:
        Refused: unknown or already searched; no such face, or one that is too small.
    """
    draft = open_draft(public_id, acting_member)
    chosen = photograph_of(draft, number)
    require_face(chosen.faces, face)
    chosen.face = face
    chosen.save(update_fields=["face"])
    _changed(draft)
    return draft


def remove_photograph(public_id: str, number: int, *, acting_member: Member) -> Preparation:
    """Remove a further photograph from a draft; its file is erased, unless a record needs it.

    Raises:
        Refused: no permission, unknown or already searched.
    """
    with acting("preparation.remove", Permission.SEARCH_RUN, acting_member):
        draft = open_draft(public_id, acting_member)
        removed = photograph_of(draft, number)
        removed.delete()
        _changed(draft)
        write_entry(
            "preparation.removed",
            {"preparation": draft.public_id, "agency": acting_member.agency.public_id, "photograph": number},
            acting_member=acting_member,
        )
        answers_of_owner_go(draft)
        pictures_go({removed.blob})
    return draft


def prepare_again(public_id: str, *, acting_member: Member) -> Preparation:
    """Begin a new draft with the photographs and the edits of one that was searched with.

    Raises:
        Refused: unknown, or the case was closed.
    """
    old = find.preparation(public_id, acting_member)
    draft = prepare(
        old.case.number,
        old.file_name,
        services().blobs.get(old.blob),
        edits=old.edits,
        provenance=old.provenance,
        review=old.review,
        acting_member=acting_member,
    )
    for other in old.photographs.order_by("number"):
        added = add_photograph(
            draft.public_id, other.file_name, services().blobs.get(other.blob), acting_member=acting_member
        )
        if other.face and added.face is None:
            choose_face(draft.public_id, added.number, other.face, acting_member=acting_member)
    return draft


def photograph_of(draft: Preparation, number: int) -> PreparationPhotograph:
    """Return a further photograph of a draft by its number.

    Raises:
        Refused: photograph.unknown.
    """
    known = draft.photographs.filter(number=number).first()
    if known is None:
        raise Refused(
            "photograph.unknown",
            "Not found",
            f"The draft has no photograph {number}.",
            "Choose one of its photographs.",
        )
    return known


def require_faces(draft: Preparation) -> None:
    """Refuse a search in which a further photograph has no chosen face.

    Raises:
        Refused: preparation.no_face.
    """
    without = draft.photographs.filter(face=None).order_by("number").first()
    if without is not None:
        raise Refused(
            "preparation.no_face",
            "Search refused",
            f"No face was chosen in photograph {without.number}.",
            "Choose its face, or remove the photograph.",
            act=Permission.SEARCH_RUN,
        )


def further_photographs(draft: Preparation) -> tuple[Further, ...]:
    """Return the further photographs of a draft, ready to be searched with.

    Raises:
        BadMedia: a chosen face cannot be used.
    """
    others = draft.photographs.order_by("number")
    return tuple(photograph(other.file_name, services().blobs.get(other.blob), other.face) for other in others)


def together(probe: Probe, files: Sequence[tuple[str, bytes]], *, acting_member: Member) -> Probe:
    """Return a probe with further photographs of the same person, as a member says; of each the largest face counts.

    Args:
        probe: the prepared first photograph.
        files: (name, bytes) of the others.
        acting_member: who declares it; a refusal is recorded.

    Raises:
        Refused: probe.too_many, probe.same_photograph.
        BadMedia: a picture cannot be used.
    """
    with refusals_recorded("search", acting_member):
        rules.require(photographs_fit(1 + len(files)))
        digests = [digest_of(data) for _, data in ((probe.name, probe.data), *files)]
        rules.require(*(another_photograph(digest, digests[:place]) for place, digest in enumerate(digests)))
    return replace(probe, further=tuple(photograph(name, data) for name, data in files))


def _changed(draft: Preparation) -> None:
    draft.changed_at = timezone.now()
    draft.save(update_fields=["changed_at"])
