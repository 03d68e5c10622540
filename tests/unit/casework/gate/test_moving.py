"""Which index a gallery has, moving it to another, and that an expunged template leaves every copy."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from tests.factories.work import entries, person, ready
from tests.factories.work import search_here as search

from plainview.casework.erasure.expunge import expunge
from plainview.casework.gate import moving
from plainview.casework.gate.moving import move_galleries, move_gallery
from plainview.casework.models import Gallery, Reference
from plainview.casework.workspace.services import services
from plainview.index.base import Scored
from plainview.index.compressed import CompressedIndex
from plainview.policy.decision import Refused


@pytest.fixture
def image(workspace: Path, tmp_path: Path) -> Path:
    return ready(tmp_path)


def stores() -> list[Path]:
    return sorted(path.parent for path in services().workspace.root.glob("indexes/*/*/head"))


def test_a_moved_gallery_gives_the_same_list_and_the_old_copy_is_gone(image: Path) -> None:
    before = [(row.reference_id, row.score) for row in search(image).candidates]
    moved = move_gallery("g", "compressed", acting_member=person("admin"))
    assert (moved.before, moved.after, moved.references, moved.lists, moved.agreement) == (
        "auto",
        "compressed",
        2,
        2,
        1.0,
    )
    entry = entries("gallery.moved")[-1].subject
    assert (entry["index"], entry["agreement"]) == (["auto", "compressed"], "1.000000")
    assert [(row.reference_id, row.score) for row in search(image).candidates] == before
    [index] = services()._indexes.values()
    assert isinstance(index, CompressedIndex)
    assert len(index) == 2
    index.flush()
    assert len(stores()) == 1
    move_gallery("g", "exact", acting_member=person("admin"))
    assert stores() == []
    assert [(row.reference_id, row.score) for row in search(image).candidates] == before


def test_lists_that_differ_stop_the_move(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: object, **__: object) -> list[Scored]:
        return [Scored(1, 0.5)]

    monkeypatch.setattr(CompressedIndex, "search", wrong)
    with pytest.raises(Refused) as refused:
        move_gallery("g", "compressed", acting_member=person("admin"))
    assert refused.value.rule_id == "gallery.lists_differ"
    assert Gallery.objects.get(name="g").index_adapter == ""
    assert stores() == []
    assert entries("gallery.move.refused")[-1].subject["rule"] == "gallery.lists_differ"


@pytest.mark.parametrize(
    ("to", "member", "rule"),
    [
        ("auto", "admin", "gallery.moved"),
        ("elsewhere", "admin", "gallery.adapter"),
        ("exact", "examiner", "member.no_permission"),
    ],
)
def test_what_is_not_moved(image: Path, to: str, member: str, rule: str) -> None:
    with pytest.raises(Refused) as refused:
        move_gallery("g", to, acting_member=person(member))
    assert refused.value.rule_id == rule


def test_a_server_that_does_not_answer_is_a_refusal_and_the_gallery_stays(
    image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plainview.index.milvus._TIMEOUT_S", 0.2)
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
    settings = services().workspace.settings_file
    settings.write_text(settings.read_text() + '\n[index]\nmilvus = "http://127.0.0.1:1"\n')
    with pytest.raises(Refused) as refused:
        move_gallery("g", "milvus", acting_member=person("admin"))
    assert refused.value.rule_id == "index.unreachable"
    assert "127.0.0.1:1" in refused.value.why
    assert search(image).candidates


def test_workspace_toml_chooses_the_index_and_a_wrong_word_is_said(image: Path) -> None:
    settings = services().workspace.settings_file
    plain = settings.read_text()
    settings.write_text(plain + '\n[index]\nadapter = "compressed"\n')
    search(image)
    assert all(isinstance(index, CompressedIndex) for index in services()._indexes.values())
    services().__dict__.pop("default_adapter")
    services()._indexes.clear()
    settings.write_text(plain + '\n[index]\nadapter = "magic"\n')
    with pytest.raises(Refused, match="magic"):
        search(image)


def test_an_expunged_template_leaves_the_written_copy_at_once(image: Path) -> None:
    move_gallery("g", "compressed", acting_member=person("admin"))
    [index] = services()._indexes.values()
    assert isinstance(index, CompressedIndex)
    index.flush()
    gone = Reference.objects.order_by("pk").first()
    assert gone is not None
    services()._indexes.clear()  # as in another process: only the files are left
    expunge(gone.public_id, reason="the court ordered it", acting_member=person("admin"))
    [folder] = stores()
    for name in ("codes", "near", "rows"):
        data = np.frombuffer(next(folder.glob(f"{name}*")).read_bytes(), dtype=np.uint8).reshape(2, -1)
        assert [row.any() for row in data] == [False, True]
    assert gone.pk not in {row.reference_id for row in search(image).candidates}


def test_the_share_needed_is_above_what_a_compressed_index_loses() -> None:
    assert moving.LEAST_AGREEMENT <= 0.999


def test_every_gallery_is_moved_and_a_second_run_goes_on_with_the_rest(image: Path) -> None:
    before = [(row.reference_id, row.score) for row in search(image).candidates]
    [moved] = move_galleries("compressed")
    assert (moved.gallery, moved.before, moved.after, moved.references, moved.agreement) == (
        "g",
        "auto",
        "compressed",
        2,
        1.0,
    )
    entry = entries("gallery.moved")[-1].subject
    assert entry["index"] == ["auto", "compressed"]
    assert [(row.reference_id, row.score) for row in search(image).candidates] == before
    assert move_galleries("compressed") == []
    with pytest.raises(Refused, match="no index 'sharded-0'"):
        move_galleries("sharded-0")
