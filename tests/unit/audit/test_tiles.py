"""A log as tiles: the names and widths of the specification, and a monitor that believes no tile.

Sources: C2SP/C2SP, tlog-tiles.md (the examples of names and of a tree of 70,000 and of 256); golang/mod,
sumdb/tlog/tile_test.go (a tampered tile is noticed, whichever it is), read November 2026.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from plainview.audit.checkpoint import BadKey, Signer
from plainview.audit.cosignature import WitnessSigner
from plainview.audit.merkle import Frontier, leaf_hash, root_of
from plainview.audit.quorum import parse_policy
from plainview.audit.tiles import (
    ENTRIES,
    WIDTH,
    BadTile,
    Read,
    bundle,
    read_entries,
    read_leaves,
    split_bundle,
    tile,
    tile_path,
    tiles_of,
)
from plainview.audit.watch_tiles import visit_tiles
from plainview.recheck.published import reader

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("level", "index", "width", "path"),
    [
        (0, 1234067, 256, "tile/0/x001/x234/067"),
        (0, 0, 256, "tile/0/000"),
        (63, 999, 1, "tile/63/999.p/1"),
        (1, 1000, 255, "tile/1/x001/000.p/255"),
        (ENTRIES, 1234067, 8, "tile/entries/x001/x234/067.p/8"),
    ],
)
def test_the_names_of_tiles_are_those_of_the_specification(level: Any, index: int, width: int, path: str) -> None:
    assert tile_path(level, index, width) == path


def test_a_tree_of_70000_has_the_tiles_that_the_specification_lists() -> None:
    tiles = list(tiles_of(70_000))
    assert Counter((level, width) for level, _, width in tiles) == {
        (0, 256): 273,
        (0, 112): 1,
        (1, 256): 1,
        (1, 17): 1,
        (2, 1): 1,
    }
    assert list(tiles_of(256)) == [(0, 0, 256), (1, 0, 1)]
    assert list(tiles_of(0)) == []


class Log:
    """A log of entries "0", "1" ... with its tiles in a folder."""

    def __init__(self, folder: Path, size: int, *, start: str = "", signer: Signer | None = None) -> None:
        self.folder, self.size = folder, size
        self.signer = signer or Signer.from_private_bytes("log.example/tiles", bytes(32))
        self.entries = [f"{start}{number}".encode() for number in range(size)]
        trees = [Frontier()]
        leaves = list(hashes(self.entries))
        for leaf in leaves:
            trees.append(trees[-1].append(leaf))
        self.root = trees[-1].root()
        for level, index, width in tiles_of(size):
            self._write(
                tile_path(level, index, width), tile(level, index, width, leaves.__getitem__, trees.__getitem__)
            )
            if level == 0:
                part = self.entries[index * WIDTH : index * WIDTH + width]
                self._write(tile_path(ENTRIES, index, width), bundle(part))
        self._write("checkpoint", self.signer.sign(size, self.root).encode())

    def _write(self, name: str, data: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    @property
    def read(self) -> Read:
        return reader(str(self.folder))


def hashes(entries: list[bytes]) -> list[bytes]:
    return [leaf_hash(entry) for entry in entries]


def kinds(log: Log, state: Path, *, now: datetime = NOW, key: str | None = None, **options: Any) -> list[str]:
    key = key if key is not None or state.exists() else log.signer.verifier.text
    return [alarm.kind for alarm in visit_tiles(log.read, state, now=now, key=key, **options)[0]]


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 300, 511, 512, pytest.param(66_000, marks=pytest.mark.long)])
def test_every_tile_is_the_root_over_its_leaves(tmp_path: Path, size: int) -> None:
    log = Log(tmp_path, size)
    leaves = hashes(log.entries)
    assert list(read_leaves(log.read, 0, size)) == leaves
    assert list(read_entries(log.read, 0, size)) == log.entries
    for level, index, width in tiles_of(size):
        data = (tmp_path / tile_path(level, index, width)).read_bytes()
        parts = [data[at : at + 32] for at in range(0, len(data), 32)]
        span = WIDTH**level
        first = index * WIDTH
        expected = [root_of(leaves[(first + n) * span : (first + n + 1) * span]) for n in range(width)]
        assert parts == expected if level < 2 or size < 66_000 else len(parts) == width


def test_a_monitor_follows_a_log_that_grows_over_the_end_of_a_tile(tmp_path: Path) -> None:
    state = tmp_path / "state"
    for size in (3, 200, 256, 257, 700):
        log = Log(tmp_path / str(size), size)
        assert visit_tiles(log.read, state, now=NOW, key=log.signer.verifier.text) == ([], size)
        assert json.loads(state.read_text())["checkpoint"] == (tmp_path / str(size) / "checkpoint").read_text()


def test_a_partial_tile_that_is_gone_is_read_from_the_full_one(tmp_path: Path) -> None:
    """A log may remove partial tiles once the full one is there (transparency-dev/tessera, pull request 672)."""
    small, large, state = Log(tmp_path / "small", 200), Log(tmp_path / "large", 300), tmp_path / "state"
    (large.folder / "checkpoint").write_bytes((small.folder / "checkpoint").read_bytes())
    assert kinds(large, state) == []
    assert kinds(small, state, entries=True) == []


def test_another_history_a_shorter_log_and_a_checkpoint_of_another_key_are_alarms(tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert kinds(Log(tmp_path / "a", 300), state) == []
    before = state.read_text()
    assert kinds(Log(tmp_path / "b", 300, start="x"), state) == ["rewritten"]
    assert kinds(Log(tmp_path / "c", 400, start="x"), state) == ["rewritten"]
    assert kinds(Log(tmp_path / "d", 299), state) == ["rewritten"]
    stranger = Signer.from_private_bytes("log.example/tiles", bytes([1]) * 32)
    assert kinds(Log(tmp_path / "e", 301, signer=stranger), state) == ["damaged"]
    assert state.read_text() == before
    assert kinds(Log(tmp_path / "f", 301), state) == []


def test_whichever_hash_of_level_0_is_altered_the_monitor_notices(tmp_path: Path) -> None:
    log, state = Log(tmp_path / "log", 300), tmp_path / "state"
    for name, number in [("tile/0/000", n) for n in (0, 1, 128, 255)] + [("tile/0/001.p/44", n) for n in (0, 20, 43)]:
        path = log.folder / name
        whole = path.read_bytes()
        path.write_bytes(whole[: 32 * number] + bytes(32) + whole[32 * number + 32 :])
        assert kinds(log, state) == ["damaged"], (name, number)
        path.write_bytes(whole[:-1])
        assert kinds(log, state) == ["damaged"]
        path.unlink()
        assert kinds(log, state) == ["unreadable"]
        path.write_bytes(whole)
    assert not state.exists()
    assert kinds(log, state) == []


def test_a_first_visit_needs_the_key_from_elsewhere(tmp_path: Path) -> None:
    log = Log(tmp_path / "log", 5)
    with pytest.raises(BadKey, match="first visit"):
        visit_tiles(log.read, tmp_path / "state", now=NOW)


def test_a_checkpoint_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    def silent(name: str, most: int) -> bytes:
        raise OSError("the host did not answer")

    log, state = Log(tmp_path / "log", 5), tmp_path / "state"
    (log.folder / "checkpoint").unlink()
    for read, why in ((log.read, "No such file or directory"), (silent, "the host did not answer")):
        (alarm,) = visit_tiles(read, state, now=NOW, key=log.signer.verifier.text)[0]
        assert (alarm.kind, alarm.text) == ("unreadable", f"the checkpoint cannot be read: {why}")


def test_a_log_that_stops_growing_is_silent(tmp_path: Path) -> None:
    log, state = Log(tmp_path / "log", 5), tmp_path / "state"
    assert kinds(log, state) == []
    assert kinds(log, state, now=NOW + timedelta(hours=26)) == []
    assert kinds(log, state, now=NOW + timedelta(hours=27)) == ["silent"]
    assert kinds(Log(tmp_path / "more", 6), state, now=NOW + timedelta(hours=28)) == []


def test_a_quorum_that_is_not_met_is_an_alarm(tmp_path: Path) -> None:
    log, state = Log(tmp_path / "log", 5), tmp_path / "state"
    one, two = (WitnessSigner.from_private_bytes(f"w/{n}", bytes([n]) * 32) for n in (1, 2))
    policy = parse_policy(
        f"witness a {one.verifier.text}\nwitness b {two.verifier.text}\ngroup g all a b\nquorum g\n".encode()
    )
    path = log.folder / "checkpoint"
    at = int(NOW.timestamp())
    assert kinds(log, state, policy=policy) == ["unwitnessed"]
    path.write_text(one.cosign(path.read_text(), at))
    assert kinds(log, state, policy=policy) == ["unwitnessed"]
    path.write_text(two.cosign(path.read_text(), at))
    assert kinds(log, state, policy=policy) == []
    path.write_text(two.cosign(path.read_text(), at + 300))  # the clocks of two machines differ
    assert kinds(log, state, policy=policy) == []
    path.write_text(two.cosign(path.read_text(), at + 301))
    assert kinds(log, state, policy=policy) == ["clock"]


def test_entries_that_are_no_entries_of_ours_or_not_the_hashed_ones_are_alarms(
    tmp_path: Path, tools: Any, signer: Signer, records: list[Any]
) -> None:
    state = tmp_path / "state"
    log = _of_records(tmp_path / "log", signer, records)
    assert kinds(log, tmp_path / "other", entries=True) == []
    path = log.folder / tile_path(ENTRIES, 0, 40)
    whole = split_bundle(path.read_bytes())
    for altered in (
        [*whole[:3], whole[4], whole[3], *whole[5:]],
        whole[:-1],
        [*whole[:-1], whole[-1][:-2] + b'"}'],
    ):
        path.write_bytes(bundle(altered))
        assert kinds(log, state, entries=True) == ["damaged"]
    path.write_bytes(bundle(whole)[:-1])
    assert kinds(log, state, entries=True) == ["damaged"]


def test_an_entry_of_another_number_or_log_is_an_alarm_though_its_hash_is_in_the_tree(
    tmp_path: Path, signer: Signer, records: list[Any]
) -> None:
    turned = _of_records(tmp_path / "turned", signer, [*records[:3], records[4], records[3]])
    other = _of_records(tmp_path / "other", Signer.from_private_bytes("log.example/b", bytes(32)), records)
    for log, text in (
        (turned, f"entry 3 says that it is entry 4 of {signer.verifier.name}"),
        (other, f"entry 0 says that it is entry 0 of {signer.verifier.name}"),
    ):
        key = log.signer.verifier.text
        (alarm,) = visit_tiles(log.read, tmp_path / "state", now=NOW, key=key, entries=True)[0]
        assert (alarm.kind, alarm.text) == ("damaged", text)


def test_a_spoilt_cosignature_is_an_alarm(tmp_path: Path) -> None:
    log, state = Log(tmp_path / "log", 5), tmp_path / "state"
    one = WitnessSigner.from_private_bytes("w/1", bytes(32))
    policy = parse_policy(f"witness a {one.verifier.text}\nquorum a\n".encode())
    path = log.folder / "checkpoint"
    note = one.cosign(path.read_text(), int(NOW.timestamp()))
    path.write_text(note)
    assert kinds(log, state, policy=policy) == []
    head, blob = note.rstrip("\n").rsplit(" ", 1)
    path.write_text(f"{head} {blob[:40]}{'B' if blob[40] == 'A' else 'A'}{blob[41:]}\n")
    assert kinds(log, state, policy=policy) == ["unwitnessed"]


def _of_records(folder: Path, signer: Signer, records: list[Any]) -> Log:
    log = Log.__new__(Log)
    log.folder, log.size, log.signer = folder, len(records), signer
    leaves = [record.leaf for record in records]
    log._write(tile_path(0, 0, len(records)), b"".join(leaves))
    log._write(tile_path(ENTRIES, 0, len(records)), bundle(record.canonical for record in records))
    log._write("checkpoint", signer.sign(len(records), root_of(leaves)).encode())
    return log


def test_a_bundle_is_cut_by_its_lengths_and_an_entry_is_never_too_long() -> None:
    entries = [b"", b"a", bytes(0xFFFF)]
    assert split_bundle(bundle(entries)) == entries
    for data in (b"\x00", b"\x00\x02a", bundle(entries)[:-1]):
        with pytest.raises(BadTile):
            split_bundle(data)
    with pytest.raises(ValueError, match="65,535"):
        bundle([bytes(0x10000)])


def test_an_entry_may_be_empty_wherever_it_is() -> None:
    for entries in ([b""], [b"a", b""], [b"", b""]):
        assert split_bundle(bundle(entries)) == entries
