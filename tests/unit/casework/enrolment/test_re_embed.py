"""Templates made anew with another pack: until all are made the gallery is searched with the old ones; nobody is told of
old faces again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.factories.models import collins, hopper, scaled
from tests.factories.work import case, entries, gallery, person, probe, write
from tests.factories.work import search_here as search

from plainview.casework import find
from plainview.casework.canaries.manage import add_canary
from plainview.casework.disclosure.make import disclose
from plainview.casework.enrolment import re_embed as module
from plainview.casework.enrolment.enrol import enrol
from plainview.casework.enrolment.manifest import read_items
from plainview.casework.enrolment.re_embed import ReEmbedded, re_embed, waiting
from plainview.casework.erasure.expunge import expunge
from plainview.casework.galleries.read import changes_after, newest_calibration, open_template
from plainview.casework.misuse.inspection import Comparison
from plainview.casework.models import Gallery, GalleryChange, Reference, Search
from plainview.casework.search import ranking
from plainview.casework.workspace.services import services
from plainview.index.base import catch_up
from plainview.index.errors import BadTemplate
from plainview.index.exact import ExactIndex
from plainview.policy.decision import Refused
from plainview.policy.gate import CANARY
from plainview.recheck.package import verify_package
from plainview.recognition.edits import Rotate, apply
from plainview.recognition.types import Picture


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

    def template(self, picture: Any, detection: Any, **_: Any) -> Any:
        return self._cut(self._engine.template(picture, detection))

    def reference_template(self, picture: Any, detection: Any) -> Any:
        return self._cut(self._engine.reference_template(picture, detection))

    def _cut(self, template: Any) -> Any:
        return np.asarray(template[:8] / np.linalg.norm(template[:8]), dtype=np.float32)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


@pytest.fixture
def filled(workspace: Path, tmp_path: Path) -> Gallery:
    gallery(tmp_path / "pictures")
    case()
    return find.gallery("g", person("admin"))


@pytest.fixture
def other(filled: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another pack is loaded now; the earlier one is still at hand."""
    before = services().engine
    services()._earlier[before.pack.identity] = before
    monkeypatch.setitem(services().__dict__, "engine", _Other(before))


@pytest.fixture
def gone(filled: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another pack is loaded now, and the earlier one is not installed."""
    monkeypatch.setitem(services().__dict__, "engine", _Other(services().engine))
    Gallery.objects.update(pack="lost 1")
    Reference.everything.update(pack="lost 1")


def templates() -> list[np.ndarray]:
    rows = Reference.objects.exclude(template=b"").order_by("pk")
    return [open_template(row.public_id, row.template) for row in rows]


def test_every_template_is_made_anew_and_searches_go_on(filled: Gallery, other: None, tmp_path: Path) -> None:
    image, before = probe(tmp_path), services().engine_of(filled.pack).pack.identity
    assert search(image).search.pack == before
    result = re_embed("g", acting_member=person("admin"))
    assert (result.remade, result.failed, result.left, result.turned) == (2, [], 0, 0)
    assert [template.shape for template in templates()] == [(8,), (8,)]
    assert set(Reference.objects.values_list("pack", flat=True)) == {"other 2.0"}
    answer = search(image)
    assert answer.search.pack == "other 2.0"
    assert answer.candidates[0].reference.file_name == "collins.png"
    assert len(answer.candidates) == 2
    assert [entry.action for entry in entries() if entry.action.startswith(("re_embedding", "references.re"))] == [
        "re_embedding.began",
        "references.re_embedded",
        "re_embedding.finished",
    ]
    assert list(GalleryChange.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2, 3, 4]
    assert Gallery.objects.get().log_head == 4
    assert newest_calibration(filled.pk, "other 2.0") is not None


def test_killed_between_batches_it_is_searched_with_the_old_templates_and_goes_on(
    filled: Gallery, other: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 1)

    def dies(result: ReEmbedded) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        re_embed("g", acting_member=person("admin"), progress=dies)
    assert waiting(filled, "other 2.0") == 1
    answer = search(probe(tmp_path))
    assert (answer.search.pack, len(answer.candidates)) == (filled.pack, 2)
    assert [template.shape for template in templates()] == [(128,), (128,)]
    assert re_embed("g", acting_member=person("admin")).remade == 1
    assert len(search(probe(tmp_path)).candidates) == 2
    index = ExactIndex(8)
    assert catch_up(index, changes_after(filled.pk, "other 2.0")) == 4
    assert len(index) == 2


def test_killed_after_the_exchange_the_same_command_brings_calibration_and_canaries(
    filled: Gallery, other: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = [write(scaled(collins(), factor), tmp_path / f"{factor}.png") for factor in (0.7, 0.6)]
    canary = add_canary("g", *pair, basis="consent of a colleague", acting_member=person("admin"))

    def dies(gallery: Gallery) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(module, "calibrate", dies)
        with pytest.raises(KeyboardInterrupt):
            re_embed("g", acting_member=person("admin"))
    assert newest_calibration(filled.pk, "other 2.0") is None
    again = re_embed("g", acting_member=person("admin"))
    assert (again.remade, again.left, again.stopped) == (0, 0, False)
    assert newest_calibration(filled.pk, "other 2.0") is not None
    canary.refresh_from_db()
    assert canary.pack == "other 2.0"
    assert len(search(probe(tmp_path)).candidates) == 2


def test_what_is_enrolled_meanwhile_has_the_old_pack_until_all_are_exchanged(
    filled: Gallery, other: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 1)
    (tmp_path / "more").mkdir()
    mirrored = np.ascontiguousarray(hopper().pixels[:, ::-1])
    more = write(Picture(mirrored, "PNG", (512, 600)), tmp_path / "more" / "mirrored.png").parent
    rounds: list[int] = []

    def enrols(result: ReEmbedded) -> None:
        if not rounds:
            enrol("g", read_items(more), acting_member=person("admin"))
            assert Reference.objects.get(file_name="mirrored.png").pack == filled.pack
        rounds.append(result.remade)

    assert re_embed("g", acting_member=person("admin"), progress=enrols).remade == 3
    assert set(Reference.objects.values_list("pack", flat=True)) == {"other 2.0"}
    assert len(search(probe(tmp_path)).candidates) == 3


def test_templates_of_two_packs_are_never_compared(filled: Gallery, other: None, tmp_path: Path) -> None:
    engine = services().engine
    picture = services().decoder.decode(probe(tmp_path).read_bytes())
    template = engine.template(picture, engine.probe_face(picture)[1].detection)
    why = Comparison(CANARY, filled.agency)
    with pytest.raises(Refused) as caught:
        ranking.compare_all(why, ranking.ready([filled], engine.pack.identity), template, 20)
    assert caught.value.rule_id == "gallery.pack"
    with pytest.raises(BadTemplate, match="another pack"):
        catch_up(ExactIndex(8), changes_after(filled.pk, engine.pack.identity))


def test_a_gallery_that_is_exchanged_while_it_is_compared_gives_no_answer(
    filled: Gallery, other: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = ranking.answer

    def exchanged_first(*arguments: Any, **options: Any) -> Any:
        ranked = answer(*arguments, **options)
        re_embed("g", acting_member=person("admin"))
        return ranked

    monkeypatch.setattr(ranking, "answer", exchanged_first)
    with pytest.raises(Refused) as caught:
        search(probe(tmp_path))
    assert caught.value.rule_id == "gallery.pack"
    monkeypatch.setattr(ranking, "answer", answer)
    assert search(probe(tmp_path)).search.pack == "other 2.0"


def test_a_search_of_before_is_disclosed_with_the_templates_it_compared(
    filled: Gallery, other: None, tmp_path: Path
) -> None:
    answer = search(probe(tmp_path))
    re_embed("g", acting_member=person("admin"))
    package = tmp_path / "package.zip"
    disclose(answer.search.public_id, package, acting_member=person("supervisor"))
    report = verify_package(package)
    assert (report.ok, report.rerun_identical, report.problems) == (True, True, [])


def test_a_gallery_whose_pack_is_not_installed_is_closed_until_it_is_remade(
    filled: Gallery, gone: None, tmp_path: Path
) -> None:
    with pytest.raises(Refused) as caught:
        search(probe(tmp_path))
    assert caught.value.rule_id == "gallery.pack"
    assert not Search.objects.exists()
    assert re_embed("g", acting_member=person("admin")).remade == 2
    assert len(search(probe(tmp_path)).candidates) == 2


def test_canaries_follow(filled: Gallery, other: None, tmp_path: Path) -> None:
    pair = [write(scaled(collins(), factor), tmp_path / f"{factor}.png") for factor in (0.7, 0.6)]
    canary = add_canary("g", *pair, basis="consent of a colleague", acting_member=person("admin"))
    assert canary.pack == filled.pack
    assert re_embed("g", acting_member=person("admin")).remade == 3
    canary.refresh_from_db()
    assert canary.pack == "other 2.0"
    before = open_template(canary.reference.public_id, canary.reference.other_template)
    probe_template = np.frombuffer(
        services().templates.open(bytes(canary.probe_template), f"canary probe:{canary.public_id}".encode()), np.float32
    )
    assert (before.shape, probe_template.shape) == ((128,), (8,))


def test_a_face_that_was_enrolled_as_it_lay_is_turned(filled: Gallery, other: None, tmp_path: Path) -> None:
    """Its row is made what an earlier version stored for an upside-down portrait."""
    (tmp_path / "lying").mkdir()
    lying = write(apply(hopper(), [Rotate(180)]), tmp_path / "lying" / "lying.png").parent
    enrol("g", read_items(lying), acting_member=person("admin"))
    row = Reference.objects.get(file_name="lying.png")
    assert row.quality_detail["turned"] == 180
    right = row.points
    row.points = [right[i] for i in (4, 3, 2, 1, 0)]
    row.quality_detail |= {"turned": 0.0, "detector_score": 0.85}
    row.save()
    result = re_embed("g", acting_member=person("admin"))
    assert (result.remade, result.turned) == (3, 1)
    row.refresh_from_db()
    assert row.quality_detail["turned"] == 180
    assert np.abs(np.array(row.points) - np.array(right)).max() < 5
    upright = Reference.objects.get(file_name="hopper.png")
    both = [open_template(one.public_id, one.template) for one in (row, upright)]
    assert float(both[0] @ both[1]) > 0.9


def test_stopped_it_says_so_and_writes_what_is_left(filled: Gallery, other: None) -> None:
    result = re_embed("g", acting_member=person("admin"), stopped=lambda: True)
    assert (result.remade, result.stopped, result.left) == (0, True, 2)
    assert entries("re_embedding.paused")[-1].subject["left"] == 2


def test_a_missing_picture_keeps_the_old_pack_until_it_is_expunged(
    filled: Gallery, other: None, tmp_path: Path
) -> None:
    row = Reference.objects.get(file_name="hopper.png")
    services().blobs.delete(row.blob)
    result = re_embed("g", acting_member=person("admin"))
    assert (result.remade, result.left, [one["reference"] for one in result.failed]) == (1, 1, [row.public_id])
    assert search(probe(tmp_path)).search.pack == filled.pack
    expunge(row.public_id, reason="its picture is lost", acting_member=person("admin"))
    assert re_embed("g", acting_member=person("admin")).remade == 0
    assert search(probe(tmp_path)).search.pack == "other 2.0"


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
    assert row.other_template is None


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
    services()._earlier[filled.pack] = services().engine
    monkeypatch.setitem(services().__dict__, "engine", _Other(services().engine))
    assert re_embed("g", acting_member=person("admin")).remade == 2
    answer = search(image)
    assert answer.candidates[0].reference.file_name == "collins.png"
    row = Reference.objects.get(file_name="hopper.png")
    expunge(row.public_id, reason="by order of the court", acting_member=person("admin"))
    assert len(search(image).candidates) == 1
