"""The open alerts of a gallery as arrays, kept in memory until one is added, ended or changed.

Owns opening the sealed templates of alerts. A damaged row is recorded once and stops no other alert.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import connection
from django.db.models import Count, Max, QuerySet
from django.utils import timezone
from numpy.typing import NDArray

from plainview.casework.log.write import write_entry
from plainview.casework.models import Alert, AlertGallery, Gallery
from plainview.casework.probes.probe import frames_of, template_again
from plainview.casework.workspace.services import services
from plainview.recognition.errors import BadMedia
from plainview.recognition.packs import ModelPack
from plainview.storage.base import StorageError
from plainview.storage.seal import SealBroken

if TYPE_CHECKING:
    from plainview.recognition.engine import Engine


@dataclass(frozen=True, slots=True)
class Open:
    """The open alerts of a gallery as arrays of one length; `templates`: float32, (n, dimension), unit rows, by `pack`."""

    version: tuple[Any, ...]
    pack: ModelPack
    follows: NDArray[np.int64]
    after: NDArray[np.int64]
    thresholds: NDArray[np.float32]
    expires: NDArray[np.float64]
    templates: NDArray[np.float32]


open_by_gallery: dict[int, Open] = {}  # replaced when the version changes


def open_alerts_of(gallery_id: int) -> Open | None:
    """Return the gallery's open alerts, from memory unless one was added, ended or changed."""
    rows = AlertGallery.objects.filter(gallery_id=gallery_id, alert__closed_at=None)
    now = rows.aggregate(Count("pk"), Max("pk"), Max("alert__changed_at"))
    gallery = Gallery.objects.get(pk=gallery_id)
    version = (connection.settings_dict["NAME"], *now.values(), gallery.pack)
    if not now["pk__count"]:
        open_by_gallery.pop(gallery_id, None)
        return None
    remembered = open_by_gallery.get(gallery_id)
    if remembered is None or remembered.version != version:
        remembered = open_by_gallery[gallery_id] = arrays(rows, version, gallery)
    return remembered


def arrays(rows: QuerySet[AlertGallery], version: tuple[Any, ...], gallery: Gallery) -> Open:
    """Return these rows as arrays, without those that cannot be opened; `version` is kept with them."""
    # Columns, not objects: ten thousand alerts load in a tenth of a second.
    columns = ("pk", "after_seq", "threshold", "alert__expires_at", "alert_id", "alert__pack")
    values = list(rows.order_by("pk").values_list(*columns, "alert__public_id", "alert__sealed"))
    engine = services().engine_of(gallery.pack)
    pack = engine.pack
    usable, templates = [], []
    for value in values:
        *_, alert, made_by, public, sealed = value
        try:
            templates.append(opened(public, sealed, pack) if made_by == pack.identity else _remade(alert, engine))
        except (SealBroken, StorageError, BadMedia, ValueError) as error:
            _unreadable(alert, error)
        else:
            usable.append(value)
    values = usable
    _forget_ended()
    return Open(
        version,
        pack,
        np.array([alert[0] for alert in values], dtype=np.int64),
        np.array([alert[1] for alert in values], dtype=np.int64),
        np.array([alert[2] for alert in values], dtype=np.float32),
        np.array([alert[3].timestamp() for alert in values], dtype=np.float64),
        np.stack(templates) if templates else np.empty((0, pack.dimension), dtype=np.float32),
    )


def _unreadable(key: int, error: Exception) -> None:
    """Record, once, that an alert cannot be compared: its row is damaged. The other alerts go on without it."""
    if Alert.objects.filter(pk=key, unreadable_at=None).update(unreadable_at=timezone.now()):
        alert = Alert.objects.select_related("member__agency").get(pk=key)
        write_entry(
            "alert.unreadable",
            {"alert": alert.public_id, "agency": alert.member.agency.public_id, "error": type(error).__name__},
            acting_member=None,
        )


def opened(public_id: str, sealed: bytes | memoryview, pack: ModelPack) -> NDArray[np.float32]:
    """Return the template of an alert's probe; see `Vector`.

    Raises:
        SealBroken, ValueError: the row is damaged.
    """
    plain = services().templates.open(bytes(sealed), f"alert:{public_id}".encode())
    template = np.frombuffer(plain, dtype=np.float32)
    if len(template) != pack.dimension:
        raise ValueError(f"a template of {len(template)} numbers")
    return template


_remade_earlier: dict[tuple[str, int, str], NDArray[np.float32]] = {}
"""Templates for galleries that have not been re-embedded yet, by database, alert and pack: not stored."""


def _remade(key: int, engine: Engine) -> NDArray[np.float32]:
    """Remake the alert's template from its probe with the gallery's pack, which is not the one that it was saved with."""
    place = (str(connection.settings_dict["NAME"]), key, engine.pack.identity)
    if place in _remade_earlier:
        return _remade_earlier[place]
    alert = Alert.objects.get(pk=key)
    template = template_again(engine, alert, frames_of(alert.further))
    if engine is not services().engine:
        return _remade_earlier.setdefault(place, template)
    alert.sealed = services().templates.seal(template.tobytes(), f"alert:{alert.public_id}".encode())
    alert.pack, alert.pack_sha256 = engine.pack.identity, engine.pack.recogniser.sha256
    alert.save(update_fields=["sealed", "pack", "pack_sha256"])
    return template


def _forget_ended() -> None:
    ended = {key for _, key, _ in _remade_earlier}
    ended -= set(Alert.objects.filter(pk__in=ended, closed_at=None).values_list("pk", flat=True)) if ended else set()
    for place in [place for place in _remade_earlier if place[1] in ended]:
        del _remade_earlier[place]
