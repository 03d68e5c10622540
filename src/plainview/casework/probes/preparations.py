"""Preparing a probe: a draft on the server from the first photograph to the search, so that no work is lost.

Owns a draft's life: created, edited, used, erased. The original stays unchanged; edits are words that are applied again
each time. It must never compare a face, nor choose between several: a person chooses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone

from plainview.audit.record import Value
from plainview.casework import find
from plainview.casework.erasure.erasers import answers_go, pictures_go
from plainview.casework.erasure.holds import lock_holds, require_free
from plainview.casework.erasure.read import held_draft
from plainview.casework.log.guard import acting
from plainview.casework.log.write import write_entry
from plainview.casework.models import ExonerationReview, Member, Preparation
from plainview.casework.workspace.services import services
from plainview.policy import rules
from plainview.policy.decision import Refused
from plainview.policy.disclosure import EXONERATION
from plainview.policy.permissions import Permission
from plainview.policy.search import DRAFT_DAYS, ORIGINS
from plainview.policy.wording import counted
from plainview.recognition import edits as editing
from plainview.recognition.errors import BadMedia
from plainview.recognition.prepare import looked_at
from plainview.recognition.quality import MIN_PROBE_PX
from plainview.recognition.types import Picture
from plainview.tables.names import readable

MAX_BYTES = 30 << 20
"""Largest photograph that a page accepts, bytes: a full-frame camera's JPEG is smaller."""

DRAFT_ERASED = "preparation.discarded"
"""The action of the entry about an erased draft."""

_MAX_NAME = 200  # characters of a file's name that are stored
_MAX_TEXT = 2000  # characters of a purpose or an urgent reason


def prepare(
    case_number: str,
    name: str,
    data: bytes,
    *,
    edits: Sequence[str] = (),
    provenance: dict[str, Any] | None = None,
    review: ExonerationReview | None = None,
    acting_member: Member,
) -> Preparation:
    """Begin a draft with a photograph: decode it, find its faces, store it. A single face is chosen at once.

    A picture without a detected face is stored too: rotated, cropped or lightened it may show one.

    Raises:
        BadMedia: the file cannot be used; nothing was stored.
        Refused: no permission, unknown or closed case.
    """
    require_size(data)
    chain = editing.read(edits)
    original = services().decoder.decode(data)
    measured = _measured(original, chain)
    with acting("preparation.make", Permission.SEARCH_RUN, acting_member):
        case = find.case(case_number, acting_member)
        if review is None:  # a review continues after the case is closed
            rules.require(rules.case_open(case.number, case.closed_at.date() if case.closed_at else None))
        draft = Preparation.objects.create(
            member=acting_member,
            case=case,
            blob=services().blobs.put(data),
            file_name=plain_name(name),
            original_size=picture_size(original),
            edits=editing.written(chain),
            changed_at=timezone.now(),
            provenance=provenance or {},
            review=review,
            purpose=EXONERATION if review else "",
            **measured,
        )
        write_entry(
            "preparation.made",
            {"preparation": draft.public_id, "agency": acting_member.agency.public_id, "case": case.pk},
            {"probe_sha256": draft.blob},
            acting_member=acting_member,
        )
    return draft


def edit(public_id: str, text: str, *, acting_member: Member) -> Preparation:
    """Add an edit to the chain; faces are detected again, and the chosen one stays chosen if it is found.

    Raises:
        BadMedia: bad_edit or too_many_pixels; nothing was changed.
        Refused: unknown, or already searched.
    """
    draft = open_draft(public_id, acting_member)
    chain = editing.read(draft.edits)
    longer = editing.drawn_by(editing.add(chain, editing.parse(text)), acting_member.name)
    return _edited(draft, editing.read(editing.written(longer)))


def undo(public_id: str, *, back_to: int = -1, acting_member: Member) -> Preparation:
    """Undo the last edit, or every edit after the first `back_to`; 0 is the original.

    Raises:
        Refused: unknown, or already searched.
    """
    draft = open_draft(public_id, acting_member)
    return _edited(draft, editing.read(draft.edits)[:back_to])


def save(public_id: str, changes: dict[str, Any], *, acting_member: Member) -> Preparation:
    """Save what the member has entered so far; rules are checked at the search.

    Args:
        public_id: the draft.
        changes: some of face, origin, purpose, galleries, top, urgent_reason; the others stay unchanged.
        acting_member: the owner of the draft.

    Raises:
        Refused: unknown; a change of face or origin after a search; preparation.face, preparation.origin.
    """
    draft = find.preparation(public_id, acting_member)
    fixed = {"face", "origin"} & changes.keys()
    if draft.used_at is not None and any(changes[name] != getattr(draft, name) for name in fixed):
        raise _searched()
    if changes.get("face") is not None:
        require_face(draft.faces, changes["face"])
    if changes.get("origin") and changes["origin"] not in ORIGINS:
        raise Refused(
            "preparation.origin",
            "Probe not saved",
            f"There is no origin {changes['origin']!r}.",
            f"Choose one of: {'; '.join(ORIGINS)}.",
        )
    if draft.review_id is not None and "purpose" in changes:
        changes["purpose"] = EXONERATION
    for name in ("purpose", "urgent_reason"):
        if name in changes:
            changes[name] = changes[name][:_MAX_TEXT]
    for name, value in changes.items():
        setattr(draft, name, value)
    _keep(draft, *changes)
    return draft


def discard(public_id: str, *, acting_member: Member) -> None:
    """Discard a draft: its photograph and texts are erased; searches made with it keep theirs.

    Raises:
        Refused: no permission, unknown, or a hold keeps it.
    """
    with acting("preparation.discard", Permission.SEARCH_RUN, acting_member):
        draft = find.preparation(public_id, acting_member)
        lock_holds(acting_member.agency)
        require_free(held_draft(draft), f"Draft {draft.public_id}")
        erase_draft(draft, "by its member", acting_member)


def discard_stale() -> list[str]:
    """Erase every draft that nobody has changed for DRAFT_DAYS, unless a hold keeps it; return their ids."""
    late = timezone.now() - timedelta(days=DRAFT_DAYS)
    gone = []
    rows = Preparation.objects.filter(discarded_at=None, changed_at__lt=late)
    for draft in rows.select_related("case__agency"):
        with transaction.atomic():
            lock_holds(draft.case.agency)
            locked = Preparation.objects.select_for_update().get(pk=draft.pk)
            if locked.discarded_at is None and locked.changed_at < late and not held_draft(locked):
                erase_draft(locked, f"not changed for {DRAFT_DAYS} days")
                gone.append(locked.public_id)
    return gone


def use(draft: Preparation, *, acting_member: Member) -> None:
    """Record in the running transaction that the draft is searched with; only the first search writes an entry here."""
    if Preparation.objects.filter(pk=draft.pk, used_at=None).update(used_at=timezone.now()):
        write_entry("preparation.used", {"preparation": draft.public_id}, acting_member=acting_member)


def erase_draft(
    draft: Preparation,
    why: str,
    acting_member: Member | None = None,
    *,
    cause: Mapping[str, Value] | None = None,
) -> int | None:
    """Erase a draft in the running transaction; its picture is erased after the commit, unless something else needs it.

    The caller checks for holds. Return the number of the entry; None if the draft was already erased.
    """
    if draft.discarded_at is not None:
        return None
    blobs = {draft.blob, *draft.photographs.values_list("blob", flat=True)}
    draft.photographs.all().delete()
    draft.blob, draft.discarded_at = "", timezone.now()
    draft.file_name = draft.purpose = draft.urgent_reason = draft.origin = ""
    draft.faces, draft.face, draft.edits, draft.galleries, draft.provenance = [], None, [], [], {}
    draft.notes = []
    draft.save()
    receipt = write_entry(
        DRAFT_ERASED,
        {"preparation": draft.public_id, "why": why, **(cause or {})},
        acting_member=acting_member,
    )
    answers_of_owner_go(draft)
    pictures_go(blobs)
    return receipt.entry


def answers_of_owner_go(draft: Preparation) -> None:
    """Erase the stored answers of the API to the draft's member: nobody else is answered with a draft."""
    answers_go(Member.objects.filter(pk=draft.member_id))


def open_draft(public_id: str, member: Member) -> Preparation:
    """Return a draft that can still be changed.

    Raises:
        Refused: unknown, or already searched.
    """
    draft = find.preparation(public_id, member)
    if draft.used_at is not None:
        raise _searched()
    return draft


def _searched() -> Refused:
    return Refused(
        "preparation.used",
        "Nothing changed",
        "This probe has been searched, so it can no longer be changed.",
        "Prepare the photograph again.",
        act=Permission.SEARCH_RUN,
    )


def require_size(data: bytes) -> None:
    """Refuse a photograph that is larger than a page accepts.

    Raises:
        BadMedia: too_large.
    """
    if len(data) > MAX_BYTES:
        raise BadMedia(
            "too_large",
            f"The file has {counted(len(data), 'byte')}; the limit is {MAX_BYTES:,}.",
            "Send a cropped, lossless copy of the photograph.",
        )


def require_face(faces: Sequence[Mapping[str, Any]], number: int) -> None:
    """Refuse a face that a picture does not have, or that is too small.

    Raises:
        Refused: preparation.face.
    """
    if not 1 <= number <= len(faces):
        raise Refused(
            "preparation.face",
            "Probe not saved",
            f"The picture has no face {number}.",
            "Choose one of the faces that were found.",
        )
    width = faces[number - 1]["box"][2]
    if width < MIN_PROBE_PX:
        raise Refused(
            "preparation.face",
            "Probe not saved",
            f"Face {number} is {width:.1f} pixels wide; {MIN_PROBE_PX} are needed.",
            "Choose a larger face, or get a larger original.",
        )


def _edited(draft: Preparation, chain: tuple[editing.Edit, ...]) -> Preparation:
    original = services().decoder.decode(services().blobs.get(draft.blob))
    before = editing.read(draft.edits)
    # Only a choice among several faces was a person's: a single face does not stay chosen among others.
    chosen = draft.faces[draft.face - 1] if draft.face and len(draft.faces) > 1 else None
    for name, value in _measured(original, chain).items():
        setattr(draft, name, value)
    draft.edits = editing.written(chain)
    if chosen is not None and len(draft.faces) > 1:
        draft.face = _found_again(draft, picture_size(original), before, chain, chosen["box"])
    _keep(draft, "edits", "size", "faces", "face")
    return draft


def _found_again(
    draft: Preparation,
    size: list[int],
    before: Sequence[editing.Edit],
    after: Sequence[editing.Edit],
    box: Sequence[float],
) -> int | None:
    """Return the number of the face whose box now contains the middle of the chosen one."""
    whole = (size[0], size[1])
    middle = np.array([box[0] + box[2] / 2, box[1] + box[3] / 2, 1.0])
    x, y, _ = editing.place(whole, after) @ np.linalg.inv(editing.place(whole, before)) @ middle
    for number, face in enumerate(draft.faces, start=1):
        left, top, width, height = face["box"]
        if left <= x <= left + width and top <= y <= top + height and width >= MIN_PROBE_PX:
            return number
    return None


def _measured(original: Picture, chain: Sequence[editing.Edit]) -> dict[str, Any]:
    """Return size and faces of the picture after its edits, largest first; a single usable face is chosen."""
    picture, faces = editing.apply(original, chain), measured_faces(original, chain)
    return {
        "size": picture_size(picture),
        "faces": faces,
        "face": measured_face(faces),
        "notes": list(original.notes),
    }


def measured_faces(original: Picture, chain: Sequence[editing.Edit]) -> list[dict[str, Any]]:
    """Return the faces of a picture after its edits, largest first: box, quality, its components, and advice."""
    return [
        {
            "box": [round(float(value), 1) for value in face.detection.box],
            "quality": face.quality.overall,
            "components": {name: round(value, 4) for name, value in face.quality.components.items()},
            "advice": [*face.quality.advice, *([step] if step else [])],
        }
        for face, step in looked_at(services().engine, original, chain)
    ]


def measured_face(faces: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the number of the only face, if it is large enough to search with; None: a person chooses."""
    return 1 if len(faces) == 1 and faces[0]["box"][2] >= MIN_PROBE_PX else None


def picture_size(picture: Picture) -> list[int]:
    """Return width and height, pixels."""
    return [picture.pixels.shape[1], picture.pixels.shape[0]]


def _keep(draft: Preparation, *names: str) -> None:
    draft.changed_at = timezone.now()
    draft.save(update_fields=[*names, "changed_at"])


def plain_name(name: str) -> str:
    """Return a file's name as it is stored: without its folder, readable, of a bounded length."""
    return readable(PureWindowsPath(PurePosixPath(name).name).name)[:_MAX_NAME] or "photograph"
