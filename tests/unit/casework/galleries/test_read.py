"""The reader of a gallery's log: whatever comes next in it, an index can follow."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.factories.work import case, gallery, person, probe
from tests.factories.work import search_here as search

from plainview.casework.erasure.expunge import expunge
from plainview.casework.galleries.read import changes_after
from plainview.casework.models import Gallery, Reference
from plainview.casework.workspace.services import services
from plainview.index.base import catch_up


@pytest.mark.parametrize("erased", [1, 2])
def test_an_index_that_is_level_follows_removals_alone(workspace: Path, tmp_path: Path, erased: int) -> None:
    gallery(tmp_path / "pictures")
    case()
    image = probe(tmp_path)
    assert len(search(image).candidates) == 2
    for row in Reference.objects.order_by("pk")[:erased]:
        expunge(row.public_id, reason="by order of the court", acting_member=person("admin"))
    again = search(image)
    assert len(again.candidates) == again.search.gallery_size == 2 - erased
    held = Gallery.objects.get()
    pack = services().engine.pack
    fresh = services().index(-1, pack.identity, pack.dimension)
    assert catch_up(fresh, changes_after(held.pk)) == held.log_head == 2 + erased
    assert len(fresh) == 2 - erased
