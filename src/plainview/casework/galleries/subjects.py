"""Subjects: whose picture a reference is, as the source says, and the one template by which a person is compared.

Owns a subject's sealed number, the mean of its pictures' templates, and the rows of the gallery's ordered log that tell
every index about both. It must never join two pictures because they look alike, nor leave an erased picture in a mean:
a mean is always made again from the pictures that are left.

An index knows numbers of references only. A subject is in it under the number of its first living picture, its lead,
with the mean of all of them; its other pictures are in the log and in no index. Code that changes the pictures of a subject
writes their rows with `log_changes`, which adds a row for each lead that has another template now.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache

import numpy as np
from django.db import connection
from django.db.models import F
from numpy.typing import NDArray

from plainview.casework.galleries.read import open_template
from plainview.casework.models import Gallery, GalleryChange, Reference, Subject
from plainview.casework.workspace.insert import insert_many
from plainview.casework.workspace.services import services
from plainview.recognition.types import Vector
from plainview.scores.subjects import mean_template

WAITING = b"subject of an upload"
"""Context of a number that waits, sealed, with an upload."""

_KEYS = 500  # parameters of one statement


def normal(number: str) -> str:
    """Return a subject's number as it is compared: composed characters (NFC), without white space around it."""
    return unicodedata.normalize("NFC", number).strip()


def mark_of(gallery: Gallery, number: str, key: bytes | None = None) -> str:
    """Return the keyed digest of a subject's number in a gallery: 64 hex digits that mean nothing without the key.

    Args:
        gallery: the gallery.
        number: the number that the source gives.
        key: None for the workspace's.
    """
    text = f"plainview subject v1: {gallery.pk}: {normal(number)}"
    return hmac.new(key or services().expunge_key, text.encode(), hashlib.sha256).hexdigest()


def number_of(subject: Subject) -> str:
    """Return the number that the source gives the subject; "" after its last picture was erased."""
    if not subject.number:
        return ""
    return services().templates.open(bytes(subject.number), f"subject number:{subject.public_id}".encode()).decode()


def subject_of(gallery: Gallery, number: str) -> Subject | None:
    """Return the subject of a number, or the one that it was merged into; None if no picture has it."""
    subject = Subject.objects.filter(gallery=gallery, mark=mark_of(gallery, number)).first()
    while subject is not None and subject.merged_into_id is not None:
        subject = Subject.objects.get(pk=subject.merged_into_id)
    return subject


def subject_with(gallery: Gallery, number: str) -> Subject:
    """Return the subject of a number in the running transaction, made now if it is new; the gallery's row is locked."""
    known = subject_of(gallery, number)
    if known is not None:
        return known
    subject = Subject(gallery=gallery, mark=mark_of(gallery, number))
    plain = normal(number).encode()
    subject.number = services().templates.seal(plain, f"subject number:{subject.public_id}".encode())
    subject.save()
    return subject


def log_changes(
    gallery: Gallery, rows: Sequence[tuple[Reference, bool]], subjects: Collection[int]
) -> tuple[int, list[Subject]]:
    """Append rows to a gallery's ordered log, with the subjects' templates made again; the gallery's row is locked.

    Args:
        gallery: its `log_head` has just been read under the lock.
        rows: (reference, whether it is an add), saved as they now are.
        subjects: keys of all subjects that have gained or lost a picture, or a template of one.

    Returns:
        The number of the last row, and the subjects that were made again: the caller's entry commits to them.
    """
    changes = [_change(reference, is_add) for reference, is_add in rows]
    written = {reference.pk for reference, is_add in rows if is_add}
    remade: list[Subject] = []
    for subject in Subject.objects.filter(pk__in=subjects).order_by("pk"):
        before = subject.lead_id
        remade += _remake(subject)
        # The lead has another template; the one before is no longer what an index holds of this person.
        for key in dict.fromkeys((before, subject.lead_id)):
            if key is not None and key not in written:
                reference = Reference.everything.only("pk", "template", "subject").get(pk=key)
                if reference.template:
                    written.add(key)
                    changes.append(_change(reference, True))
    for seq, change in enumerate(changes, start=gallery.log_head + 1):
        change.gallery, change.seq = gallery, seq
    insert_many(changes)
    Gallery.objects.filter(pk=gallery.pk).update(log_head=F("log_head") + len(changes))
    gallery.log_head += len(changes)
    return gallery.log_head, remade


def _change(reference: Reference, is_add: bool) -> GalleryChange:
    return GalleryChange(is_add=is_add, reference=reference, subject_id=reference.subject_id)


def _remake(subject: Subject) -> list[Subject]:
    """Make a subject's lead, count and template again from the pictures that it has; return every row that changed."""
    pictures = Reference.objects.filter(subject=subject).exclude(template=b"").order_by("pk")
    sealed = list(pictures.values_list("pk", "public_id", "template"))
    subject.pictures = len(sealed)
    subject.lead_id = sealed[0][0] if sealed else None
    subject.template = b""
    if len(sealed) > 1:
        mean = mean_template(np.stack([open_template(public, template) for _, public, template in sealed]))
        subject.template = services().templates.seal(mean.tobytes(), f"subject:{subject.public_id}".encode())
    changed = [subject]
    if not sealed and subject.merged_into_id is None:  # nothing of the person is left here
        changed = _without_number(subject)
    for other in changed:
        other.save()
    return changed


def _without_number(subject: Subject) -> list[Subject]:
    """Blank the number of a subject without pictures, and those that were merged into it; return them, not saved."""
    subject.number, subject.mark = b"", f"no picture {subject.public_id}"
    merged = Subject.objects.filter(merged_into=subject)
    return [subject, *(blanked for other in merged for blanked in _without_number(other))]


def pictures_beyond_first(gallery_id: int, reached: int) -> int:
    """Return how many more pictures than people a search of the gallery compares at a row of its log."""
    return _beyond_first(services().origin, gallery_id, reached)


def pictures_beyond_first_of(gallery_id: int, is_compared: Callable[[NDArray[np.int64]], NDArray[np.bool_]]) -> int:
    """Return the same for the people whose lead was compared: uncached, for a search that missed parts of the index."""
    rows = list(Subject.objects.filter(gallery=gallery_id, pictures__gt=1).values_list("lead_id", "pictures"))
    compared = is_compared(np.array([lead for lead, _ in rows], dtype=np.int64))
    return sum(pictures - 1 for (_, pictures), is_there in zip(rows, compared, strict=True) if is_there)


# Keyed by the row of the log, which every change of a subject moves: it counts every subject of the gallery.
@lru_cache(maxsize=64)
def _beyond_first(origin: str, gallery_id: int, reached: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(SUM(pictures - 1), 0) FROM subject WHERE gallery_id = %s AND pictures > 1", [gallery_id]
        )
        return int(cursor.fetchone()[0])


def pictures_of(leads: Iterable[int]) -> dict[int, list[tuple[int, Vector]]]:
    """Return each subject's pictures by the number of its lead: (reference, template), in the order of enrolment.

    Numbers that are no lead, or the lead of one picture, are not in the answer.
    """
    wanted, pictures = sorted(leads), dict[int, list[tuple[int, Vector]]]()
    for start in range(0, len(wanted), _KEYS):
        some = wanted[start : start + _KEYS]
        with connection.cursor() as cursor:  # every search asks
            marks = ", ".join(["%s"] * len(some))
            cursor.execute(f"SELECT id, lead_id FROM subject WHERE lead_id IN ({marks}) AND pictures > 1", some)  # noqa: S608  marks alone
            lead_of = dict(cursor.fetchall())
        if not lead_of:
            continue
        rows = Reference.objects.filter(subject__in=lead_of).exclude(template=b"").order_by("pk")
        for key, public, sealed, subject in rows.values_list("pk", "public_id", "template", "subject_id"):
            assert subject is not None  # noqa: S101  filtered
            pictures.setdefault(int(lead_of[subject] or 0), []).append((key, open_template(public, sealed)))
    return pictures
