"""Reads galleries, always of the member's own agency, and the log rows that an index follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

import numpy as np
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import ExtractYear

from plainview.casework.log.committed import BY_MODEL, stored
from plainview.casework.models import (
    Canary,
    Enrolment,
    Gallery,
    GalleryCalibration,
    GalleryChange,
    Member,
    Reference,
)
from plainview.casework.workspace.prepared import Prepared
from plainview.casework.workspace.services import services
from plainview.index.base import Block
from plainview.index.errors import BadTemplate
from plainview.recognition.types import Vector

_KEYS = 500  # parameters of one statement: every database accepts this many
_ROWS = 10_000  # a block of 512-byte templates stays near 5 MB


def galleries(member: Member) -> list[Gallery]:
    """Return the galleries of the member's agency, by name."""
    return list(Gallery.objects.filter(agency=member.agency).order_by("name"))


def enrolments(gallery: Gallery, *, limit: int = 50) -> list[Enrolment]:
    """Return the enrolment runs of a gallery, newest first."""
    hidden = Canary.objects.filter(gallery=gallery).values("reference__enrolment")
    rows = Enrolment.objects.filter(gallery=gallery).exclude(pk__in=hidden).select_related("member")
    return list(rows.order_by("-pk")[:limit])


def allowed_folders() -> list[str]:
    """Return the folders of the server that members may enrol from: enrol_folders in workspace.toml."""
    named = services().workspace.settings().get("enrol_folders", [])
    return [str(folder) for folder in named] if isinstance(named, list) else []


@dataclass(frozen=True, slots=True)
class Statistics:
    """The content of a gallery in numbers.

    Attributes:
        references, pictures, expunged: faces, files, and erased faces.
        subjects, of_subjects: people by the source's numbers, and the references that are theirs.
        quality: references by tens of overall quality, 0 to 9, 10 to 19, …, 90 to 100.
        years: year of capture -> references; `undated`: references without a date.
        calibration: the newest calibration under the loaded pack, None before the first.
        changed_since: changes of the gallery since that calibration.
    """

    references: int
    pictures: int
    expunged: int
    quality: tuple[int, ...]
    years: dict[int, int]
    undated: int
    calibration: GalleryCalibration | None
    changed_since: int
    subjects: int = 0
    of_subjects: int = 0


def statistics(gallery: Gallery, pack: str) -> Statistics:
    """Count the content of a gallery; no picture is opened."""
    newest = newest_calibration(gallery.pk, pack)
    counted = _counted(services().origin, gallery.pk, gallery.log_head)
    return replace(counted, calibration=newest, changed_since=gallery.log_head - (newest.seq if newest else 0))


# Keyed by the head of the gallery's ordered log, which every addition and erasure moves.
@lru_cache(maxsize=64)
def _counted(origin: str, gallery_pk: int, log_head: int) -> Statistics:
    every = Reference.objects.filter(gallery_id=gallery_pk)
    rows = every.exclude(template=b"")
    tens = [0] * 10
    for quality, count in rows.values_list("quality").annotate(Count("pk")):
        tens[min(quality // 10, 9)] += count
    dated = rows.exclude(captured_on=None).annotate(year=ExtractYear("captured_on"))
    years: dict[int, int] = dict(dated.values_list("year").annotate(Count("pk")).order_by("year"))
    total = sum(tens)
    return Statistics(
        total,
        rows.values("blob").distinct().count(),
        every.filter(template=b"").count(),
        tuple(tens),
        years,
        total - sum(years.values()),
        None,
        0,
        rows.exclude(subject=None).values("subject").distinct().count(),
        rows.exclude(subject=None).count(),
    )


def changes_after(gallery_id: int, pack: str = "") -> Callable[[int], Iterator[Block]]:
    """Return the reader of a gallery's ordered log for `index.base.catch_up`.

    A reference whose template was erased is passed on as a removal: the numbers stay gap-free and the end state is the
    same. So is a picture of a subject that is not its lead; the lead is passed on with the subject's template. With a
    pack, a template of another is refused by `BadTemplate`: the gallery was re-embedded meanwhile.
    """

    def read(watermark: int) -> Iterator[Block]:
        if not _has_changes(gallery_id, watermark):
            return
        while True:
            rows = list(
                GalleryChange.objects.filter(gallery_id=gallery_id, seq__gt=watermark)
                .order_by("seq")
                .values_list(*_CHANGE, *(f"reference__{column}" for column in COLUMNS))[:_ROWS]
            )
            if not rows:
                return
            indexed = [compared_template(change[1], change[4:]) if change[2] else None for change in rows]
            added = [
                (change[3], template) for change, template in zip(rows, indexed, strict=True) if template is not None
            ]
            if pack and any(made_by != pack for made_by, _ in added):
                raise BadTemplate(f"a template of another pack than {pack}")
            yield Block(
                rows[0][0],
                np.array([change[1] for change in rows], dtype=np.int64),
                np.array([template is not None for template in indexed], dtype=np.bool_),
                np.stack([template for _, template in added])
                if added
                else np.empty((0, _dimension(pack)), dtype=np.float32),
            )
            watermark = rows[-1][0]

    return read


def additions(gallery_id: int) -> QuerySet[GalleryChange]:
    """Return the rows of a gallery's log by which a reference came into it: a later add of it only remakes a template."""
    before = GalleryChange.objects.filter(reference=OuterRef("reference"), seq__lt=OuterRef("seq"))
    return GalleryChange.objects.filter(gallery_id=gallery_id, is_add=True).exclude(Exists(before))


_CHANGE = ("seq", "reference_id", "is_add", "reference__pack")


def _dimension(pack: str) -> int:
    return services().engine_of(pack).pack.dimension


def log_head(gallery_id: int) -> int:
    """Return the number of the newest row of a gallery's ordered log."""
    return int(Gallery.objects.values_list("log_head", flat=True).get(pk=gallery_id))


def changed_between(gallery_id: int, after: int, upto: int) -> list[int]:
    """Return the references that rows (after, upto] of a gallery's log remove, or give another template."""
    rows = GalleryChange.objects.filter(gallery_id=gallery_id, seq__gt=after, seq__lte=upto)
    rows = rows.filter(Q(is_add=False) | Q(subject__isnull=False))
    return list(rows.values_list("reference_id", flat=True))


COMPARED = Q(subject=None) | Q(subject__lead=F("pk"))
"""The references that a search compares: those without a subject, and the lead of each subject."""

COLUMNS = ("public_id", "template", "subject_id", "subject__lead_id", "subject__public_id", "subject__template")
"""Columns of a reference that say with which template it is compared; one statement reads them, so that they agree."""


def compared_template(key: int, columns: Sequence[Any]) -> Vector | None:
    """Return the template with which an index has this reference; None if no index has it."""
    public, sealed, subject, lead, subject_public, mean = columns
    if not sealed or (subject is not None and lead != key):
        return None
    if subject is not None and mean:
        context = f"subject:{subject_public}".encode()
        return np.frombuffer(services().templates.open(bytes(mean), context), dtype=np.float32)
    return open_template(public, sealed)


def _has_changes(gallery_id: int, watermark: int) -> bool:
    # Plain SQL: every search runs this, and building the full query costs ten times as much as the answer "nothing new".
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM gallery_change WHERE gallery_id = %s AND seq > %s LIMIT 1", [gallery_id, watermark]
        )
        return cursor.fetchone() is not None


def shown_references(keys: list[int]) -> dict[int, Reference]:
    """Return references by primary key, without those of canaries."""
    table = BY_MODEL[Reference]  # every column: a row of which some are missing is read again for its check
    rows = (values for own in stored(table, [str(key) for key in keys]).values() for values in own)
    references = (Reference.from_db(DEFAULT_DB_ALIAS, table.columns, values) for values in rows)
    return {reference.pk: reference for reference in references if not reference.is_canary}


_CALIBRATIONS = Prepared(
    lambda gallery, pack: (
        GalleryCalibration.objects.filter(gallery=gallery, pack=pack).defer("cohort").order_by("-seq", "-pk")[:1]
    ),
    int,
    str,
)


def newest_calibration(gallery_id: int, pack: str) -> GalleryCalibration | None:
    """Return the newest calibration of a gallery under a pack."""
    newest: GalleryCalibration | None = _CALIBRATIONS.first(gallery_id, pack)
    return newest


def gallery_templates(gallery_id: int, pack: str) -> dict[int, Vector]:
    """Return what a search of the gallery compares, by reference number, ascending: each subject is there once."""
    rows = Reference.objects.filter(gallery_id=gallery_id, pack=pack).exclude(template=b"").order_by("pk")
    return _opened(rows)


def templates_by_key(keys: Iterable[int]) -> dict[int, Vector]:
    """Return the templates with which a search compares these references, ascending, without those it does not."""
    wanted = sorted(keys)
    templates: dict[int, Vector] = {}
    for start in range(0, len(wanted), _KEYS):
        rows = Reference.objects.filter(pk__in=wanted[start : start + _KEYS]).exclude(template=b"").order_by("pk")
        templates |= _opened(rows)
    return templates


def _opened(rows: QuerySet[Reference]) -> dict[int, Vector]:
    columns = rows.values_list("pk", *COLUMNS).iterator()
    opened = ((key, compared_template(key, compared)) for key, *compared in columns)
    return {key: template for key, template in opened if template is not None}


def open_template(public_id: str, sealed: bytes | memoryview) -> Vector:
    """Return the template of one reference, float32."""
    return np.frombuffer(services().templates.open(bytes(sealed), f"template:{public_id}".encode()), dtype=np.float32)


_MOST_SIZES = 10_000  # of galleries that are remembered


@cache
def _sizes() -> dict[tuple[str, int, int], int]:
    """Return what this process knows, keyed as `_counted` is."""
    return {}


def gallery_size(gallery: Gallery) -> int:
    """Return the number of references in the gallery, as of the `log_head` of the loaded row."""
    return gallery_sizes([gallery])[gallery.pk]


def gallery_sizes(galleries: Iterable[Gallery]) -> dict[int, int]:
    """Return the number of references in each gallery, by its key; all that are not known yet are counted at once.

    An erased reference has no digest of a picture (erasure.expunge): the index of these is read alone.
    """
    keys = {gallery.pk: (services().origin, gallery.pk, gallery.log_head) for gallery in galleries}
    sizes = _sizes()
    known = {pk: sizes[key] for pk, key in keys.items() if key in sizes}
    new = [pk for pk in keys if pk not in known]
    if new:
        living = Reference.objects.filter(gallery_id__in=new).exclude(blob__startswith="expunged ")
        counted = dict(living.values_list("gallery_id").annotate(Count("pk")).order_by())
        if len(sizes) > _MOST_SIZES:
            sizes.clear()
        for pk in new:
            known[pk] = sizes[keys[pk]] = counted.get(pk, 0)
    return known
