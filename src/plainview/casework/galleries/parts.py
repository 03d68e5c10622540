"""Indexes in parts: those that fell behind are brought level from the log.

Owns when that is done. It must never answer a search.
"""

from __future__ import annotations

import logging

from plainview.casework.galleries.read import changes_after
from plainview.casework.models import Gallery
from plainview.casework.workspace.services import services
from plainview.index.errors import IndexUnreachable

_log = logging.getLogger("plainview.worker")


def mend_all() -> int:
    """Bring every gallery's parts level, those on other machines too; return the parts that do not answer."""
    missing = 0
    for gallery in Gallery.objects.order_by("pk"):
        try:
            lost = services().mend(gallery.pk, changes_after(gallery.pk), gallery.index_adapter)
        except IndexUnreachable as error:  # the next gallery may be on its own machine
            _log.warning("The parts of gallery %s are not level: %s", gallery.pk, error)
            lost = 1
        missing += lost
    return missing
