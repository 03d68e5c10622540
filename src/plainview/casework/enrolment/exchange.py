"""Putting a gallery's new templates in force: all at once, in one transaction, with everything that depends on them.

Owns this transaction. After it the templates of the pack before are the other ones, for the packages of earlier searches.
It must never leave a gallery with templates of two packs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import F, QuerySet

from plainview.casework.galleries.subjects import log_changes
from plainview.casework.log.commit import Unit
from plainview.casework.log.committed import BY_MODEL
from plainview.casework.log.write import write_entry
from plainview.casework.models import AlertMark, Canary, Gallery, Member, Reference, Subject
from plainview.casework.workspace.services import index_reached, services
from plainview.recognition.errors import BadMedia
from plainview.storage.base import StorageError

_EXCHANGE = """
UPDATE reference SET template = other_template, pack = other_pack, other_template = template, other_pack = pack
WHERE gallery_id = %s AND other_pack = %s AND pack <> %s AND template <> %s
"""

_CHANGES = """
INSERT INTO gallery_change (gallery_id, seq, is_add, reference_id, subject_id)
SELECT gallery_id, %s + ROW_NUMBER() OVER (ORDER BY id), %s, id, subject_id FROM reference
WHERE gallery_id = %s AND pack = %s AND template <> %s
"""
"""Not row by row: a million references would hold the write lock for a minute."""


@dataclass(frozen=True, slots=True)
class _Probe:
    """The new template of a canary's probe, sealed."""

    canary: Canary
    sealed: bytes


def references_without(gallery_id: int, pack: str) -> QuerySet[Reference]:
    """Return the references, canaries' too, that have no template of this pack."""
    return (
        Reference.everything.filter(gallery_id=gallery_id)
        .exclude(template=b"")
        .exclude(pack=pack)
        .exclude(other_pack=pack)
    )


def exchange(gallery: Gallery, *, acting_member: Member) -> bool:
    """Put the templates of the loaded pack in force; return False if something came in between, and nothing was done.

    Args:
        gallery: every reference of which has a template of the loaded pack, as it seemed.
        acting_member: the member who acts.
    """
    pack = services().engine.pack
    probes = _probes(gallery)
    with transaction.atomic(), connection.cursor() as cursor:
        Gallery.objects.filter(pk=gallery.pk).update(log_head=F("log_head"))  # takes the row's lock
        gallery.refresh_from_db(fields=["log_head", "pack"])
        mark = AlertMark.objects.select_for_update().filter(gallery=gallery).first()
        behind = mark is not None and mark.seq < gallery.log_head
        if behind or references_without(gallery.pk, pack.identity).exists():
            return False
        cursor.execute(_EXCHANGE, [gallery.pk, pack.identity, pack.identity, b""])
        count = cursor.rowcount
        if count:
            cursor.execute(_CHANGES, [gallery.log_head, True, gallery.pk, pack.identity, b""])
            count = cursor.rowcount
        gallery.log_head += count
        people = list(Subject.objects.filter(gallery=gallery, pictures__gt=1).values_list("pk", flat=True))
        head, remade = log_changes(gallery, [], people if count else [])
        previous = gallery.pack
        Gallery.objects.filter(pk=gallery.pk).update(re_embedding=False, pack=pack.identity, log_head=head)
        if mark is not None:
            AlertMark.objects.filter(pk=mark.pk).update(seq=head)
        for probe in probes:
            Canary.objects.filter(pk=probe.canary.pk).update(
                probe_template=probe.sealed, pack=pack.identity, pack_sha256=pack.recogniser.sha256
            )
        write_entry(
            "re_embedding.finished",
            {
                "gallery": gallery.pk,
                "pack": pack.identity,
                "previous": previous,
                "references": count,
                "canaries": len(probes),
                "last_change": head,
            },
            acting_member=acting_member,
            rows=lambda _: (*(_every(gallery.pk, pack.identity) if count else ()), *remade),
        )
    with index_reached():
        services().drop_index(gallery.pk, gallery.index_adapter or services().default_adapter)
    return True


def _every(gallery_id: int, pack: str) -> Iterator[Unit]:
    """Yield what the log commits to: every reference with a template, which is another one now."""
    rows = Reference.everything.filter(gallery_id=gallery_id, pack=pack).exclude(template=b"").order_by("pk")
    return (Unit(BY_MODEL[Reference], str(key)) for key in rows.values_list("pk", flat=True).iterator())


def _probes(gallery: Gallery) -> list[_Probe]:
    """Make the templates of the canaries' probes; one whose picture cannot be used is left as it is, and its check fails."""
    engine, probes = services().engine, []
    for canary in Canary.objects.filter(gallery=gallery, retired_at=None):
        try:
            picture = services().decoder.decode(services().blobs.get(canary.probe_blob))
            _, face = engine.probe_face(picture, canary.probe_face)
            template = engine.template(picture, face.detection)
        except (BadMedia, StorageError):
            continue
        context = f"canary probe:{canary.public_id}".encode()
        probes.append(_Probe(canary, services().templates.seal(template.tobytes(), context)))
    return probes
