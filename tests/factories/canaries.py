"""A gallery with a canary, and the simplest ways to damage its index."""

from __future__ import annotations

from plainview.casework.canaries.checks import Run
from plainview.casework.galleries.read import changes_after
from plainview.casework.models import Gallery
from plainview.casework.workspace.services import services
from plainview.index.base import catch_up
from plainview.index.exact import ExactIndex
from plainview.index.growing import GrowingIndex

BASIS = "consent of a colleague"
REASON = "the disk was replaced and checked"


def held() -> ExactIndex:
    """The gallery's index of this process."""
    pack = services().engine.pack
    index = services().index(Gallery.objects.get(name="g").pk, pack.identity, pack.dimension)._index
    assert isinstance(index, GrowingIndex)
    assert isinstance(index._now, ExactIndex)
    return index._now


def another_process() -> None:
    """From here on nothing is in memory: the index is built from the database again."""
    services().close()
    services.cache_clear()


def faults(run: Run) -> list[str]:
    return [fault.fault for row in run.checked for fault in row.faults]


def forget_a_row() -> None:
    """The index loses its last row, whatever it is, and keeps its watermark."""
    index = held()
    catch_up(index, changes_after(Gallery.objects.get(name="g").pk))
    last = int(index._references[len(index) - 1])
    index._remove(last)
