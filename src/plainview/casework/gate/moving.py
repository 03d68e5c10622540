"""Moving a gallery's templates from one index to another, with a check before the old index is dropped.

Owns the check: the same probes are searched in both, and the lists must agree. It must never let a search run on an
index that was not checked, nor enrol or erase anything: the database stays the authority throughout.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from django.db import transaction

from plainview.casework import find
from plainview.casework.galleries.read import changes_after, open_template
from plainview.casework.gate.compare import compare
from plainview.casework.log.guard import acting, refusals_recorded, standing
from plainview.casework.log.write import write_entry
from plainview.casework.misuse.inspection import Comparison
from plainview.casework.models import Gallery, Member, Reference
from plainview.casework.workspace.services import ADAPTERS, index_reached, is_adapter, services
from plainview.index.base import Index, catch_up
from plainview.policy.decision import Refused
from plainview.policy.gate import MOVE
from plainview.policy.permissions import Permission
from plainview.policy.wording import counted
from plainview.recognition.types import Vector

_PROBES = 50
_TOP = 20

LEAST_AGREEMENT = 0.99
"""Share of ranks that must be the same in both: measured for the compressed index, 0.9997 (docs/explanation/scale.md)."""


@dataclass(frozen=True, slots=True)
class Moved:
    """The result of a move: references in the new index, lists compared, share of their ranks that agree."""

    gallery: str
    before: str
    after: str
    references: int
    lists: int
    agreement: float


def move_gallery(name: str, adapter: str, *, acting_member: Member) -> Moved:
    """Fill the other index, compare candidate lists, and only then use it for searches.

    Raises:
        Refused: no permission, unknown gallery or adapter, already moved there, a server does not answer, or the lists
            do not agree; then the old index stays in use.
    """
    with refusals_recorded("gallery.move", acting_member), index_reached():
        standing(acting_member, Permission.GALLERY_CREATE)
        gallery = find.gallery(name, acting_member)
        before = gallery.index_adapter or services().default_adapter
        _require_adapter(adapter)
        if adapter == before:
            raise Refused(
                "gallery.moved",
                "Gallery not moved",
                f"The gallery is already in {adapter!r}.",
                "Nothing more is needed.",
            )
        size, lists, agreement = _filled(gallery, before, adapter, acting_member)
    with acting("gallery.move", Permission.GALLERY_CREATE, acting_member):
        _switch(gallery, before, adapter, (size, lists, agreement), acting_member=acting_member)
    services().drop_index(gallery.pk, before)
    return Moved(gallery.name, before, adapter, size, lists, agreement)


def move_galleries(adapter: str, *, progress: Callable[[int], None] = lambda _: None) -> list[Moved]:
    """Move every gallery of the workspace, one after the other; those that are there already stay.

    Each is in force as soon as its own lists agreed, so a move that was interrupted continues with the rest.

    Args:
        adapter: one of `ADAPTERS`.
        progress: called with the number of galleries so far.

    Raises:
        Refused: unknown adapter, a server does not answer, or the lists of a gallery do not agree; those before it are moved.
    """
    done: list[Moved] = []
    with index_reached():
        _require_adapter(adapter)
        for gallery in Gallery.objects.order_by("pk"):
            before = gallery.index_adapter or services().default_adapter
            if before == adapter:
                continue
            counts = _filled(gallery, before, adapter, None)
            with transaction.atomic():
                _switch(gallery, before, adapter, counts, acting_member=None)
            services().drop_index(gallery.pk, before)
            done.append(Moved(gallery.name, before, adapter, *counts))
            progress(len(done))
    return done


def _require_adapter(adapter: str) -> None:
    if not is_adapter(adapter):
        raise Refused(
            "gallery.adapter",
            "Gallery not moved",
            f"There is no index {adapter!r}.",
            f"Choose one of {', '.join(ADAPTERS)}.",
        )


def _filled(gallery: Gallery, before: str, adapter: str, member: Member | None) -> tuple[int, int, float]:
    """Fill the other index and compare; return its references, the lists compared and the share of ranks that agree.

    Raises:
        Refused: gallery.lists_differ; the other index is removed.
    """
    why = Comparison(MOVE, gallery.agency, member=member)
    agreement, lists, size = compare(why, lambda: _compared(gallery, before, adapter))
    if agreement < LEAST_AGREEMENT:
        services().drop_index(gallery.pk, adapter)
        raise Refused(
            "gallery.lists_differ",
            "Gallery not moved",
            f"Only {agreement:.2%} of the ranks in {counted(lists, 'candidate list')} agree; {LEAST_AGREEMENT:.0%} is needed.",
            f"The gallery stays in {before!r}. Report these figures to the operator.",
        )
    return size, lists, agreement


def _switch(
    gallery: Gallery, before: str, adapter: str, counts: tuple[int, int, float], *, acting_member: Member | None
) -> None:
    """Use the other index from now on, and write the entry."""
    Gallery.objects.filter(pk=gallery.pk).update(index_adapter=adapter)
    size, lists, agreement = counts
    write_entry(
        "gallery.moved",
        {
            "agency": gallery.agency.public_id,
            "gallery": gallery.pk,
            "index": [before, adapter],
            "references": size,
            "lists": lists,
            "agreement": f"{agreement:.6f}",
        },
        acting_member=acting_member,
    )


def _compared(gallery: Gallery, before: str, after: str) -> tuple[float, int, int]:
    """Return the share of ranks that agree, the lists compared and the references, over all packs of the gallery.

    The probes are templates of the gallery itself, evenly chosen; no list is stored or shown.
    """
    shares: list[float] = []
    size = 0
    references = Reference.objects.filter(gallery=gallery).exclude(template=b"")
    for pack in sorted(set(references.values_list("pack", flat=True))):
        probes = _probes(gallery, pack)
        old, new = (services().index(gallery.pk, pack, len(probes[0]), kind) for kind in (before, after))
        for index in (old, new):
            catch_up(index, changes_after(gallery.pk))
        size += len(new)
        shares += [_agreement(old, new, probe) for probe in probes]
        if len(old) != len(new):
            return 0.0, len(shares), size
    return (statistics.mean(shares) if shares else 1.0), len(shares), size


def _probes(gallery: Gallery, pack: str) -> list[Vector]:
    rows = Reference.objects.filter(gallery=gallery, pack=pack).exclude(template=b"").order_by("pk")
    keys = list(rows.values_list("pk", flat=True))
    chosen = [keys[i] for i in np.linspace(0, len(keys) - 1, min(_PROBES, len(keys))).astype(int)]
    sealed_templates = Reference.objects.filter(pk__in=chosen).values_list("public_id", "template")
    return [open_template(public, sealed) for public, sealed in sealed_templates]


def _agreement(old: Index, new: Index, probe: Vector) -> float:
    """Return the share of ranks that agree; 0 if the first candidates differ."""
    before, after = old.search(probe, _TOP), new.search(probe, _TOP)
    if before[:1] != after[:1]:
        return 0.0
    return len(set(before) & set(after)) / len(before)
