"""The compressed index from the inside: what it keeps on disk, what damage does, two processes on one folder."""

from __future__ import annotations

import errno
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from plainview.index import slots as slots_module
from plainview.index.base import Block, Change, IndexDamaged, IndexOutOfStep, Scored, catch_up, mended
from plainview.index.codes import Codes, near_codes, near_margin, near_scores, spread
from plainview.index.compressed import CompressedIndex
from plainview.index.exact import ExactIndex
from plainview.index.growing import GrowingIndex
from plainview.index.halves import Halves
from plainview.index.parts import Settled
from plainview.index.store import Store
from plainview.storage.seal import Sealer

DIM = 64
SEALER = Sealer(bytes(range(32)))
FILES = ("head", "codes", "near", "rows", "refs")


def faces(count: int, seed: int = 0, dim: int = DIM) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).standard_normal((count, dim))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def opened(folder: Path, **options: float) -> CompressedIndex:
    return CompressedIndex(DIM, folder, SEALER, **options)  # type: ignore[arg-type]


def filled(folder: Path, templates: NDArray[np.float32]) -> CompressedIndex:
    index = opened(folder)
    index.apply([Block.of_adds(1, np.arange(1, len(templates) + 1), templates)])
    index.flush()
    return index


def file_of(folder: Path, name: str) -> Path:
    return next(folder.glob(f"{name}*"))


def blocks_of(templates: NDArray[np.float32]) -> list[Block]:
    return [Block.of_adds(1, np.arange(1, len(templates) + 1), templates)]


def after(log: list[Block]) -> object:
    return lambda seq: [block for block in log if block.first_seq > seq]


def test_codes_lose_what_is_computed_and_near_codes_hardly_anything() -> None:
    templates, probe = faces(20_000), faces(1, seed=9)[0]
    exact = templates @ probe
    codes = Codes(DIM)
    codes.add(np.arange(len(templates)), templates)
    found, estimates = codes.above(probe, -0.5, None)
    error = estimates - exact[found]
    assert abs(error.std() / spread(DIM) - 1) < 0.1
    assert abs(error.mean()) < 0.005
    assert np.abs(near_scores(near_codes(templates), probe) - exact).max() < near_margin(DIM)


def test_a_loaded_set_of_codes_gives_the_same_estimates_as_one_that_was_added_to() -> None:
    templates, probe = faces(3000), faces(1, seed=9)[0]
    added, loaded = Codes(DIM), Codes(DIM)
    added.add(np.arange(3000), templates)
    slots = np.arange(1000, 3000)
    loaded.load([(slots, added.encode(templates[1000:]))], 2000)
    loaded.add_coded(np.arange(1000), added.encode(templates[:1000]))
    one, other = (dict(zip(*map(np.ndarray.tolist, c.above(probe, -0.5, None)), strict=True)) for c in (added, loaded))
    assert one == other


def test_lists_are_the_exact_ones_but_for_rare_last_places(tmp_path: Path) -> None:
    templates = faces(30_000)
    index, exact = filled(tmp_path, templates), ExactIndex(DIM)
    exact.apply(blocks_of(templates))
    probes = faces(20, seed=3)
    wanted = [exact.search(probe, 20) for probe in probes]
    found = [index.search(probe, 20) for probe in probes]
    assert [row[0] for row in found] == [row[0] for row in wanted]
    assert np.mean([len(set(a) & set(b)) / 20 for a, b in zip(found, wanted, strict=True)]) >= 0.99
    chosen = np.arange(1, 30_001, 2)
    assert index.search(probes[0], 5, among=chosen)[0] == exact.search(probes[0], 5, among=chosen)[0]


def test_the_list_depends_on_probe_and_set_alone(tmp_path: Path) -> None:
    """Not on the order of arrival, on what waits and what is written, on removals, on opening, on the first guess."""
    templates, probes = faces(12_000), faces(8, seed=3)
    templates[100:140] = templates[7]
    one = filled(tmp_path / "one", templates)
    lists = [one.search(probe, 30) for probe in [*probes, templates[7]]]
    order = np.random.default_rng(1).permutation(12_000)
    other = opened(tmp_path / "other")
    other.apply([Block.of_adds(1, np.arange(20_000, 20_500), faces(500, seed=8))])
    other.apply([Block.of_adds(501, order[:9000] + 1, templates[order[:9000]])])
    other.flush()
    other.apply(Change(9501 + i, "remove", 20_000 + i, None) for i in range(500))
    other.apply([Block.of_adds(10_001, order[9000:] + 1, templates[order[9000:]])])
    again = opened(tmp_path / "one")
    again._ahead = 3.0
    for index in (one, other, again):
        assert [index.search(probe, 30) for probe in [*probes, templates[7]]] == lists


def test_what_is_added_after_a_removal_is_found_by_the_scan(tmp_path: Path) -> None:
    """Again and again: the codes of the last block must not be mixed with those that left it."""
    templates = faces(12_000)
    index = filled(tmp_path, templates[:9000])
    seq, added = 9000, 9000
    for _ in range(40):
        index.apply([Change(seq + 1, "remove", added, None)])
        index.apply([Block.of_adds(seq + 2, np.arange(added + 1, added + 31), templates[added : added + 30])])
        seq, added = seq + 31, added + 30
        for row in (added - 30, added - 16, added - 1):
            assert index.search(templates[row], 1)[0].reference == row + 1


def test_it_opens_where_it_was_written_and_catches_up_from_there(tmp_path: Path) -> None:
    templates = faces(300)
    index = filled(tmp_path, templates[:200])
    index.apply([Block.of_adds(201, np.arange(201, 301), templates[200:])])  # waits in memory: a crash loses it
    again = opened(tmp_path)
    assert (again.watermark, len(again)) == (200, 200)
    assert again.opened == "opened at row 200"
    again.apply([Block.of_adds(201, np.arange(201, 301), templates[200:])])
    assert again.search(templates[250], 1) == [Scored(251, 1.0)]


def test_records_that_a_crash_left_behind_are_written_over_under_another_stream(tmp_path: Path) -> None:
    templates = faces(40)
    index = filled(tmp_path, templates[:20])
    store = index._slots._store
    codes = index._slots.codes.encode(templates[20:])
    store.append(np.arange(21, 41), codes, near_codes(templates[20:]), templates[20:])  # and no commit
    left = file_of(tmp_path, "rows").read_bytes()
    again = opened(tmp_path)
    assert (again.watermark, len(again)) == (20, 20)
    again.apply([Block.of_adds(21, np.arange(21, 41), templates[20:])])
    again.flush()
    assert file_of(tmp_path, "rows").read_bytes()[20 * 272 :] != left[20 * 272 :]
    assert opened(tmp_path).search(templates[30], 1) == [Scored(31, 1.0)]


@pytest.mark.long
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("fault", ["flip", "cut", "missing", "zeros"])
def test_damage_is_seen_and_mended_from_the_log(
    tmp_path: Path, name: str, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    templates = faces(5000)
    filled(tmp_path, templates)
    path = file_of(tmp_path, name)
    data = bytearray(path.read_bytes())
    if (fault == "missing" and name == "head") or fault == "missing":
        path.unlink()
    elif fault == "cut":
        path.write_bytes(data[: len(data) * 3 // 4])
    else:
        width = len(data) // 5000 if name != "head" else len(data)
        place = width * 1234  # the record of the reference that is searched for
        data[place : place + width] = bytes(width) if fault == "zeros" else data[place : place + width]
        if fault == "flip":
            data[(place + width // 2) if name != "head" else 40] ^= 1
        path.write_bytes(data)
    index = opened(tmp_path)
    log = blocks_of(templates)
    read = after(log)
    watermark, found = mended(index, lambda: (catch_up(index, read), index.search(templates[1234], 3)))
    assert (watermark, found[0]) == (5000, Scored(1235, 1.0))
    if not (fault == "missing" and name == "head"):
        assert "made again from the database" in caplog.text
    assert opened(tmp_path).watermark in (0, 5000)


def test_another_key_or_another_model_does_not_open_it(tmp_path: Path) -> None:
    filled(tmp_path / "a", faces(20))
    filled(tmp_path / "b", faces(20))
    assert CompressedIndex(DIM, tmp_path / "a", Sealer(bytes(32))).opened.startswith("not used")
    assert CompressedIndex(2 * DIM, tmp_path / "b", SEALER).opened.startswith("not used")


def test_nothing_on_disk_shows_a_template_and_nothing_stays_of_a_removed_one(tmp_path: Path) -> None:
    templates = faces(400)
    index = filled(tmp_path, templates)
    sealed = {path: path.read_bytes() for path in tmp_path.iterdir()}
    plain = [templates[9], templates[9].astype(np.float16), near_codes(templates[9:10])]
    plain.append(index._slots.codes.encode(templates[9:10]))
    for data in sealed.values():
        assert not any(part.tobytes()[:16] in data for part in plain)
    index.apply([Change(401, "remove", 10, None)])
    for name in ("codes", "near", "rows"):
        path = file_of(tmp_path, name)
        width = len(sealed[path]) // 400
        record = sealed[path][9 * width : 10 * width]
        after_removal = path.read_bytes()
        assert after_removal[9 * width : 10 * width] == bytes(width)
        assert all(record[i : i + 16] not in after_removal for i in range(0, width, 16))
        assert after_removal[10 * width :] == sealed[path][10 * width :]
    again = opened(tmp_path)  # it was not written that row 401 is in: the log says so
    with pytest.raises(IndexDamaged, match="nobody erased"):
        again.search(templates[9], 1)
    again.apply([Change(401, "remove", 10, None)])
    assert 10 not in {row.reference for row in again.search(templates[9], 400)}


def test_no_bytes_of_a_removed_template_stay_in_memory(tmp_path: Path) -> None:
    templates = faces(60)
    index = opened(tmp_path)
    index.apply(blocks_of(templates))
    rows = index._slots._rows
    assert templates[30].tobytes() in rows.tobytes()
    index.apply([Change(61, "remove", 31, None)])
    assert templates[30].tobytes() not in rows.tobytes()
    index.flush()
    assert not rows.any()


def test_no_template_stays_where_it_waited_before_there_was_more_room(tmp_path: Path) -> None:
    index = opened(tmp_path)
    index.apply(blocks_of(faces(60)))
    rows = index._slots._rows
    index.apply([Block.of_adds(61, np.arange(61, 61 + len(rows)), faces(len(rows), seed=2))])
    assert index._slots._rows is not rows
    assert not rows.any()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_full_or_read_only_disk_is_said_and_the_index_goes_on_in_memory(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(slots_module, "_WAITING", 50)
    templates = faces(200)
    index = filled(tmp_path, templates[:40])

    def full(*_: object) -> None:
        raise OSError(number, "no")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "commit", full)
        index.apply([Block.of_adds(41, np.arange(41, 141), templates[40:140])])
        assert "goes on in memory" in caplog.text
        assert index.search(templates[99], 1) == [Scored(100, 1.0)]
        assert opened(tmp_path).watermark == 40
    index.apply([Block.of_adds(141, np.arange(141, 201), templates[140:])])
    assert opened(tmp_path).watermark == 200


def test_an_interrupt_in_mid_change_goes_back_to_what_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    templates = faces(80)
    index = filled(tmp_path, templates[:40])

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Codes, "add", interrupted)
        with pytest.raises(KeyboardInterrupt):
            index.apply([Change(41, "remove", 3, None), Change(42, "add", 50, templates[50])])
    assert (index.watermark, len(index)) == (40, 40)
    index.apply([Block.of_adds(41, np.arange(41, 81), templates[40:])])
    assert len(index) == 80


def test_many_holes_make_new_files_without_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots_module, "_WAITING", 30)
    templates = faces(300)
    index = filled(tmp_path, templates)
    first = {path.name for path in tmp_path.glob("*.bin")}
    index.apply(Change(301 + i, "remove", 1 + i, None) for i in range(100))
    index.flush()
    assert first.isdisjoint(path.name for path in tmp_path.glob("*.bin"))
    assert len(list(tmp_path.glob("*.bin"))) == 4
    assert file_of(tmp_path, "refs").stat().st_size == 200 * 8
    for again in (index, opened(tmp_path)):
        assert (again.watermark, len(again)) == (400, 200)
        assert again.search(templates[150], 1) == [Scored(151, 1.0)]


def test_a_quarter_of_holes_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots_module, "_WAITING", 30)
    index = filled(tmp_path, faces(400))
    for removed, left in ((100, True), (1, False)):
        before, seq = {path.name for path in tmp_path.glob("*.bin")}, index.watermark
        index.apply(Change(seq + 1 + i, "remove", seq - 399 + i, None) for i in range(removed))
        index.flush()
        assert ({path.name for path in tmp_path.glob("*.bin")} == before) == left


def test_clear_takes_the_files_and_a_second_process_starts_over(tmp_path: Path) -> None:
    templates = faces(50)
    one = filled(tmp_path, templates)
    other = opened(tmp_path)
    one.clear()
    assert {path.name for path in tmp_path.iterdir()} == {"lock"}
    other.refresh()
    assert (other.watermark, len(other)) == (0, 0)


def test_a_large_exact_index_becomes_a_compressed_one_and_stays_between_the_sizes(tmp_path: Path) -> None:
    templates = faces(200)

    def growing() -> GrowingIndex:
        return GrowingIndex(DIM, tmp_path, lambda: opened(tmp_path), grow_at=100, shrink_at=50)

    index = growing()
    index.apply([Block.of_adds(1, np.arange(1, 100), templates[:99])])
    assert index.adapter == "exact"
    index.apply([Change(100, "add", 100, templates[99])])
    assert (index.adapter, len(index), index.watermark) == ("compressed", 100, 100)
    assert growing().adapter == "compressed"
    index.apply(Change(101 + i, "remove", 1 + i, None) for i in range(50))
    assert (index.adapter, len(index)) == ("compressed", 50)
    index.apply([Change(151, "remove", 60, None)])
    assert (index.adapter, len(index), index.watermark) == ("exact", 49, 151)
    assert index.search(templates[99], 1) == [Scored(100, 1.0)]
    assert growing().adapter == "exact"


def test_catching_up_says_what_it_found(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    assert opened(tmp_path).opened == "nothing was there; it begins at row 0"
    assert not caplog.text
    index = filled(tmp_path, faces(10))
    assert catch_up(index, lambda _: []) == 10


def test_a_small_part_gives_every_reference_whose_estimate_is_above_none(tmp_path: Path) -> None:
    index, probe = filled(tmp_path, faces(1024)), faces(1, seed=9)[0]
    _, estimates = index._slots.codes.above(probe, -1.0, None)
    assert (np.abs(estimates) < 0.001).any()  # the scan's own limit is rounded: a little below nothing is asked for too
    look = index.look(probe, 10)
    assert len(look.estimates) == (estimates > -0.001).sum()


def test_the_first_guess_is_a_little_below_where_the_walk_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it costs otherwise: a second scan, or thousands of near codes that are read for nothing."""
    index, asked = filled(tmp_path, faces(30_000)), []
    above = Halves.above

    def counted(*arguments: Any) -> Any:
        asked.append(above(*arguments))
        return asked[-1]

    monkeypatch.setattr(Halves, "above", counted)
    for probe in faces(30, seed=3):
        index.search(probe, 50)
    assert len(asked) <= 30 + 3
    assert 1024 < np.mean([len(slots) for slots, _ in asked]) < 2000


def test_the_guess_moves_so_that_one_search_in_twenty_scans_twice(tmp_path: Path) -> None:
    index = opened(tmp_path)
    before = index._ahead
    for _ in range(20):
        index._learn(enough=True)
    assert index._ahead < before
    index._learn(enough=False)
    assert index._ahead == pytest.approx(before)


def test_what_could_not_be_overwritten_at_once_is_overwritten_by_erase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = filled(tmp_path, faces(40))
    whole = {name: file_of(tmp_path, name).read_bytes() for name in ("codes", "near", "rows")}

    def full(*_: object) -> None:
        raise OSError(errno.EROFS, "no")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "erase", full)
        index.apply([Change(41, "remove", 10, None)])
    assert {name: file_of(tmp_path, name).read_bytes() for name in whole} == whole
    index.erase()
    for name, before in whole.items():
        width = len(before) // 40
        assert file_of(tmp_path, name).read_bytes() == before[: 9 * width] + bytes(width) + before[10 * width :]
    monkeypatch.setattr(Store, "erase", full)
    index.erase()  # nothing is due


def test_a_part_follows_no_rows_before_which_others_are_missing(tmp_path: Path) -> None:
    index, none = filled(tmp_path, faces(40)), np.zeros(0, dtype=np.int64)
    with pytest.raises(IndexOutOfStep) as refused:
        index.follow(Settled(42, 50, none, none, none, faces(0)))
    assert (refused.value.expected, refused.value.got) == (41, 42)
    assert index.follow(Settled(41, 50, none, none, none, faces(0))) == 50
