"""Which model pack compares faces with a gallery: that of the gallery's templates, until it is re-embedded.

Owns this choice. It must never let templates of two packs be compared: a score of such a pair means nothing.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from plainview.casework.models import Gallery
from plainview.casework.workspace.services import services
from plainview.policy import rules
from plainview.recognition.errors import PackError

if TYPE_CHECKING:
    from plainview.recognition.engine import Engine


def engine_of(gallery: Gallery) -> Engine:
    """Return the engine of a gallery's templates: of the loaded pack, or of the earlier version that made them.

    Raises:
        Refused: gallery.pack, where that version is not installed or the gallery has templates of two.
    """
    engine = services().engine
    with suppress(PackError):  # the rule says why
        engine = services().engine_of(gallery.pack)
    rules.require(rules.gallery_of_pack(gallery.name, gallery.pack, engine.pack.identity, gallery.re_embedding))
    return engine


def require_same(gallery: Gallery, pack: str) -> None:
    """Check that a gallery whose row has just been read has templates of this pack, and no other.

    Raises:
        Refused: gallery.pack, where it has not, or was re-embedded since the comparison began.
    """
    rules.require(rules.gallery_of_pack(gallery.name, gallery.pack, pack, gallery.re_embedding))
