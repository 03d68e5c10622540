"""Cutting the faces of references that were enrolled before faces were cut at enrolment.

Owns this step of the worker's clock: batch by batch, each in one transaction with its entry, so that it continues where
it was stopped. It must never give a file to a reference that was erased meanwhile.
"""

from __future__ import annotations

import time

from django.db import transaction
from django.db.models import F

from plainview.casework.log.write import write_entry
from plainview.casework.models import Gallery, Reference
from plainview.casework.pictures import face_file
from plainview.casework.workspace.services import services
from plainview.recognition.errors import BadMedia
from plainview.storage.base import StorageError

_BATCH = 32
"""References of one gallery in a transaction, as in an enrolment."""

_AT_MOST_S = 300.0
"""Seconds of one run: the steps of every hour wait for each other."""


def cut_missing(at_most_s: float = _AT_MOST_S) -> int:
    """Cut faces for this many seconds, or until every reference has its file; return how many were cut."""
    end, cut = time.monotonic() + at_most_s, 0
    while time.monotonic() < end:
        batch = list(Reference.objects.filter(face_file=None).select_related("gallery").order_by("pk")[:_BATCH])
        if not batch:
            break
        gallery = batch[0].gallery
        cut += _store(gallery, [reference for reference in batch if reference.gallery_id == gallery.pk])
    return cut


def _store(gallery: Gallery, references: list[Reference]) -> int:
    files = {reference.pk: _file(reference) for reference in references}
    with transaction.atomic():
        Gallery.objects.filter(pk=gallery.pk).update(log_head=F("log_head"))  # takes the row's lock, as an erasure does
        there = list(Reference.objects.filter(pk__in=files, face_file=None))
        digests = services().blobs.put_many(files[reference.pk] for reference in there if files[reference.pk])
        names = iter(digests)
        for reference in there:
            reference.face_file = next(names) if files[reference.pk] else ""
        Reference.objects.bulk_update(there, ["face_file"])
        write_entry(
            "references.cut",
            {"gallery": gallery.pk, "references": len(there), "files": len(digests)},
            acting_member=None,
            rows=there,
        )
    return len(digests)


def _file(reference: Reference) -> bytes:
    """Return the content of the file; nothing if the picture was erased or cannot be read."""
    if not reference.template:
        return b""
    try:
        pixels = services().decoder.decode(services().blobs.get(reference.blob)).pixels
    except (BadMedia, StorageError):
        return b""
    return face_file(pixels, reference.blob, reference.box)
