"""What becomes of each picture, which face it is of, and what the cache may and may not answer."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import numpy as np
import pytest
from tests.factories.models import collins, engine, hopper, picture, scaled
from tests.factories.work import write

from plainview.evaluation import embedding
from plainview.evaluation.dataset import Item
from plainview.evaluation.embedding import TemplateCache, measure, subject
from plainview.recognition.decode import Decoder
from plainview.recognition.engine import compare


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_bytes(b"no picture")
    write(picture(np.full((200, 200, 3), 127, np.uint8)), tmp_path / "wall.png")
    write(scaled(hopper(), 0.5), tmp_path / "hopper.png")
    names = ("empty.jpg", "text.jpg", "wall.png", "gone.png", "hopper.png")
    return [Item(tmp_path / name, name, "p") for name in names]


def test_bad_pictures_are_counted_with_their_reason(items: list[Item]) -> None:
    steps: list[None] = []
    with Decoder() as decoder:
        found = measure(items, engine(), decoder, TemplateCache(None), progress=lambda: steps.append(None))
    assert [each.code for each in found] == ["empty", "not_an_image", "no_face", "unreadable_file", ""]
    assert all(each.why for each in found[:4])
    assert [each.template is None for each in found] == [True] * 4 + [False]
    assert found[4].quality > 50
    assert len(steps) == 5


def test_a_second_run_decodes_nothing(items: list[Item], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run() -> list[embedding.Measured]:
        cache = TemplateCache(tmp_path / "cache")
        with Decoder() as decoder:
            found = measure(items, engine(), decoder, cache)
        cache.close()
        return found

    first = run()
    with monkeypatch.context() as patch:
        patch.setattr(Decoder, "submit", lambda *_: pytest.fail("a picture was decoded again"))
        second = run()
    for one, two in zip(first, second, strict=True):
        assert (one.sha256, one.quality, one.code, one.box) == (two.sha256, two.quality, two.code, two.box)
    assert np.array_equal(first[4].template, second[4].template)  # type: ignore[arg-type]
    assert np.array_equal(first[4].plain, second[4].plain)  # type: ignore[arg-type]
    assert 0.8 < compare(first[4].template, first[4].plain) < 1  # type: ignore[arg-type]
    # Another recipe (a network, the code) asks anew.
    monkeypatch.setattr(embedding, "pack_digest", lambda _: "another")
    monkeypatch.setattr(Decoder, "submit", lambda *_: pytest.fail("asked anew"))
    with pytest.raises(pytest.fail.Exception, match="asked anew"):
        run()


def test_only_its_owner_reads_the_cache_and_a_damaged_one_is_begun_anew(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    TemplateCache(folder).close()
    path = folder / "templates.sqlite3"
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    path.write_bytes(b"not a database" * 100)
    cache = TemplateCache(folder)
    assert cache.get("key", "digest") is None
    cache.put("key", embedding.Measured("digest", None, None, 0, code="no_face", why="none"))
    assert cache.get("key", "digest") == embedding.Measured("digest", None, None, 0, code="no_face", why="none")
    cache.close()


def test_the_cache_shows_no_template_without_the_key_that_is_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "data"))
    vector = np.linspace(0, 1, 128, dtype=np.float32)
    folder = tmp_path / "cache"
    cache = TemplateCache(folder)
    cache.put("key", embedding.Measured("digest", vector, vector, 50))
    cache.close()
    files = [path.read_bytes() for path in folder.iterdir()]
    assert all(vector[8:16].tobytes() not in data for data in files)
    key = tmp_path / "data" / "plainview" / "evaluate.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    again = TemplateCache(folder)
    stored = again.get("key", "digest")
    assert stored is not None
    assert np.array_equal(stored.template, vector)  # type: ignore[arg-type]
    again.close()
    key.unlink()
    other = TemplateCache(folder)
    assert other.get("key", "digest") is None
    other.close()


def test_templates_that_an_earlier_version_kept_in_the_clear_are_erased(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "data"))
    folder = tmp_path / "cache"
    folder.mkdir()
    with sqlite3.connect(folder / "templates.sqlite3") as earlier:
        earlier.execute("CREATE TABLE measured_2 (key TEXT PRIMARY KEY, template BLOB)")
        earlier.execute("INSERT INTO measured_2 VALUES ('k', ?)", (b"PLAIN TEMPLATE" * 100,))
    earlier.close()
    TemplateCache(folder).close()
    assert all(b"PLAIN TEMPLATE" not in path.read_bytes() for path in folder.iterdir())


def test_a_cover_lowers_the_score_and_is_kept_apart_from_the_plain_picture(tmp_path: Path) -> None:
    item = Item(write(hopper(), tmp_path / "a.png"), "a.png", "p")
    cache = TemplateCache(tmp_path / "cache")
    with Decoder() as decoder:
        plain = measure([item], engine(), decoder, cache)[0].template
        covered = measure([item], engine(), decoder, cache, covered=True)[0].template
        again = measure([item], engine(), decoder, cache)[0].template
    cache.close()
    assert plain is not None
    assert covered is not None
    assert again is not None
    assert compare(plain, again) == pytest.approx(1)
    assert 0.3 < compare(plain, covered) < 0.95


def test_the_face_in_the_middle_is_the_subject_unless_it_is_much_smaller() -> None:
    face = scaled(collins(), 1.0).pixels[0:256, 128:384]
    small = scaled(picture(face), 0.35).pixels
    wide = np.full((256, 256 * 3, 3), 127, np.uint8)
    wide[:, :256] = scaled(picture(face), 1.0).pixels
    wide[:, 256:512] = face
    middle = subject(engine(), picture(wide)).detection.box
    assert 256 < middle[0] < 512
    wide[:, 256:512] = 127
    wide[80 : 80 + small.shape[0], 340 : 340 + small.shape[1]] = small
    assert subject(engine(), picture(wide)).detection.box[0] < 256


def test_seconds_per_probe_skips_what_cannot_be_used(items: list[Item]) -> None:
    with Decoder() as decoder:
        seconds = embedding.seconds_per_probe(items, engine(), decoder)
    assert len(seconds) == 1
    assert seconds[0] > 0
