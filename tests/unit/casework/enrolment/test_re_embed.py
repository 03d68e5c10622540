"""Templates made anew with another pack: all of them or the gallery stays closed; nobody is told of old faces again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.factories.work import case, entries, gallery, person, probe, search

from plainview.casework import find
from plainview.casework.enrolment import re_embed as module
from plainview.casework.enrolment.re_embed import ReEmbedded, re_embed, waiting
from plainview.casework.erasure.expunge import expunge
from plainview.casework.galleries.read import changes_after, open_template
from plainview.casework.models import Gallery, GalleryChange, Reference, Search
from plainview.casework.workspace.services import services
from plainview.index.base import catch_up
from plainview.index.exact import ExactIndex
from plainview.policy.decision import Refused


class _Pack:
    """The card of the loaded pack under another name and with 8 components."""

    def __init__(self, pack: Any) -> None:
        self._pack = pack
        self.identity, self.dimension = "other 2.0", 8

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pack, name)


class _Other:
    """An engine whose templates are the first 8 components of the old ones."""

    def __init__(self, engine: Any) -> None:
        self._engine, self.pack = engine, _Pack(engine.pack)

    def template(self, picture: Any, detection: Any) -> Any:
        cut = self._engine.template(picture, detection)[:8]
        return np.asarray(cut / np.linalg.norm(cut), dtype=np.float32)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


@pytest.fixture
def filled(workspace: Path, tmp_path: Path) -> Gallery:
    gallery(tmp_path / "pictures")
    case()
    return find.gallery("g", person("admin"))


@pytest.fixture
def other(filled: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(services().__dict__, "engine", _Other(services().engine))


def templates() -> list[np.ndarray]:
    rows = Reference.objects.exclude(template=b"").order_by("pk")
    return [open_template(row.public_id, row.template) for row in rows]


def test_every_template_is_made_anew_and_searches_go_on(filled: Gallery, other: None, tmp_path: Path) -> None:
    image = probe(tmp_path)
    with pytest.raises(Refused) as caught:
        search(image)
    assert caught.value.rule_id == "gallery.pack"
    assert not Search.objects.exists()
    result = re_embed("g", acting_member=person("admin"))
    assert (result.remade, result.failed) == (2, [])
    assert [template.shape for template in templates()] == [(8,), (8,)]
    assert set(Reference.objects.values_list("pack", flat=True)) == {"other 2.0"}
    answer = search(image)
    assert answer.candidates[0].reference.file_name == "collins.png"
    assert len(answer.candidates) == 2
    assert [entry.action for entry in entries() if entry.action.startswith(("re_embedding", "references.re"))] == [
        "re_embedding.began",
        "references.re_embedded",
        "re_embedding.finished",
    ]
    assert list(GalleryChange.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2, 3, 4]
    assert Gallery.objects.get().log_head == 4


def test_killed_between_batches_it_goes_on_and_stays_closed_until_then(
    filled: Gallery, other: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 1)

    def dies(result: ReEmbedded) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        re_embed("g", acting_member=person("admin"), progress=dies)
    assert Gallery.objects.get().re_embedding
    assert waiting(filled, "other 2.0") == 1
    with pytest.raises(Refused) as caught:
        search(probe(tmp_path))
    assert caught.value.rule_id == "gallery.pack"
    assert re_embed("g", acting_member=person("admin")).remade == 1
    assert not Gallery.objects.get().re_embedding
    assert len(templates()) == 2
    index = ExactIndex(8)
    assert catch_up(index, changes_after(filled.pk)) == 4
    assert len(index) == 2


def test_stopped_it_says_so_and_writes_what_is_left(filled: Gallery, other: None) -> None:
    result = re_embed("g", acting_member=person("admin"), stopped=lambda: True)
    assert (result.remade, result.stopped) == (0, True)
    assert entries("re_embedding.paused")[-1].subject["left"] == 2


def test_a_missing_picture_keeps_the_gallery_closed_until_it_is_expunged(filled: Gallery, other: None) -> None:
    row = Reference.objects.get(file_name="hopper.png")
    services().blobs.delete(row.blob)
    result = re_embed("g", acting_member=person("admin"))
    assert (result.remade, [one["reference"] for one in result.failed]) == (1, [row.public_id])
    assert Gallery.objects.get().re_embedding
    expunge(row.public_id, reason="its picture is lost", acting_member=person("admin"))
    assert re_embed("g", acting_member=person("admin")).remade == 0
    assert not Gallery.objects.get().re_embedding


def test_an_expunged_reference_gets_no_template_again(
    filled: Gallery, other: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is expunged by another process after its picture was embedded and before its batch is written."""
    row = Reference.objects.get(file_name="hopper.png")
    store = module._store

    def expunged_before(*arguments: Any) -> None:
        expunge(row.public_id, reason="by order of the court", acting_member=person("admin"))
        store(*arguments)

    monkeypatch.setattr(module, "_store", expunged_before)
    assert re_embed("g", acting_member=person("admin")).remade == 1
    row.refresh_from_db()
    assert row.template == b""


def test_only_an_administrator_does_it(filled: Gallery) -> None:
    with pytest.raises(Refused):
        re_embed("g", acting_member=person("examiner"))
    assert entries("gallery.enrol.refused")


def test_an_index_on_the_disk_goes_with_its_pack(
    filled: Gallery, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (workspace / "workspace.toml").open("a") as file:
        file.write('\n[index]\nadapter = "compressed"\n')
    image = probe(tmp_path)
    assert len(search(image).candidates) == 2
    monkeypatch.setitem(services().__dict__, "engine", _Other(services().engine))
    assert re_embed("g", acting_member=person("admin")).remade == 2
    answer = search(image)
    assert answer.candidates[0].reference.file_name == "collins.png"
    row = Reference.objects.get(file_name="hopper.png")
    expunge(row.public_id, reason="by order of the court", acting_member=person("admin"))
    assert len(search(image).candidates) == 1
