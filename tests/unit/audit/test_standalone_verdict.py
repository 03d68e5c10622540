"""The outsider's script in this process: what it says of a kept checkpoint, of tiles, and to whoever runs it."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plainview.audit import standalone
from plainview.audit.checkpoint import Signer
from plainview.audit.logfile import Record
from plainview.audit.merkle import Frontier, leaf_hash
from plainview.audit.record import next_entry
from plainview.audit.verify import verify_folder

ORIGIN = "agency.example/log"
MADE_AT = "2027-07-02T00:00:00+00:00"


@pytest.fixture
def dense(tools: Any, signer: Signer, records: list[Record]) -> Any:
    return tools.copy.of(signer, records)


def told(folder: Path, kept: bytes) -> tuple[int | None, list[str]]:
    """What the script says, where it and the package agree on the first entry in doubt."""
    verdict = standalone.verify(folder, None, kept)
    report = verify_folder(folder, kept_checkpoint=kept.decode())
    assert (verdict["ok"], verdict["first_bad"]) == (report.ok, report.first_bad)
    assert len(verdict["problems"]) == len(report.problems)
    return verdict["first_bad"], verdict["problems"]


def test_a_kept_checkpoint_of_more_entries_than_are_there(
    dense: Any, tools: Any, signer: Signer, tmp_path: Path
) -> None:
    short = tools.copy(dense.lines[:30], dense.notes[:30], dense.key).write(tmp_path / "short")
    assert told(short, dense.notes[29]) == (None, [])
    assert told(short, dense.notes[39]) == (30, ["the kept checkpoint covers 40 entries, 30 are there"])
    other = Signer.generate(signer.verifier.name).sign(31, bytes(32)).encode()
    first, problems = told(short, other)  # nobody trusted signed it, so it says nothing about entries
    assert first is None
    assert [problem.partition(":")[0] for problem in problems] == ["the checkpoint that was kept"]


def test_a_kept_checkpoint_that_the_signer_went_against(dense: Any, tools: Any, signer: Signer, tmp_path: Path) -> None:
    """What the log's own checkpoints do not show began anywhere; what they show explains it."""
    again = tools.copy.of(signer, tools.make_records(signer, 40)).write(tmp_path / "again")
    assert told(again, dense.notes[9]) == (0, ["changed in 0 to 9 since a checkpoint was kept"])
    lines = tools.covered_up(tools.damages["alter"](list(dense.lines), 5))
    altered = dense.with_lines(lines).write(tmp_path / "altered")
    first, problems = told(altered, dense.notes[9])
    assert first == 5
    assert problems[-1] == "changed in 0 to 9 since a checkpoint was kept"
    assert told(altered, dense.notes[4])[0] == 5  # it ends before the change
    assert len(told(altered, dense.notes[4])[1]) == 1
    first, _ = told(again, dense.notes[0])
    assert first == 0


class Tiles:
    """A folder of tiles over leaves that all are one hash, so that the roots of many are quickly computed."""

    leaf = leaf_hash(b"1")

    def __init__(self, folder: Path, size: int) -> None:
        self.folder, self.size = folder, size
        self.signer = Signer.from_private_bytes(ORIGIN, bytes(32))
        for number in range(-(-size // 256)):
            width = min(256, size - 256 * number)
            above = f"x{number // 1000:03}/" if number >= 1000 else ""
            part = f"{above}{number % 1000:03}" + ("" if width == 256 else f".p/{width}")
            self.write(part, self.leaf * width)

    def write(self, name: str, data: bytes) -> None:
        path = self.folder / "tile" / "0" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def judged(self, root: bytes) -> dict[str, Any]:
        (self.folder / "checkpoint").write_text(self.signer.sign(self.size, root))
        return standalone.verify_tiles(self.folder, standalone.Key(self.signer.verifier.text))


def root_of(size: int) -> bytes:
    tree = Frontier()
    for _ in range(size):
        tree = tree.append(Tiles.leaf)
    return tree.root()


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 600])
def test_the_root_of_tiles_is_that_of_their_leaves(tmp_path: Path, size: int) -> None:
    tiles, root = Tiles(tmp_path, size), root_of(size)
    assert tiles.judged(root) == {"ok": True, "entries": size, "root": root.hex(), "first_bad": None, "problems": []}
    wrong = tiles.judged(bytes(32))
    assert (wrong["ok"], wrong["root"]) == (False, root.hex())
    assert len(wrong["problems"]) == 1


@pytest.mark.parametrize(("name", "place"), [("000", 0), ("000", 255), ("001.p/44", 0), ("001.p/44", 43)])
def test_no_leaf_of_a_tile_can_be_altered_or_be_missing(tmp_path: Path, name: str, place: int) -> None:
    tiles, root = Tiles(tmp_path, 300), root_of(300)
    data = bytearray((tmp_path / "tile" / "0" / name).read_bytes())
    data[32 * place + 31] ^= 1
    tiles.write(name, bytes(data))
    assert "do not give the root of the 300 entries" in tiles.judged(root)["problems"][0]
    (tmp_path / "tile" / "0" / name).unlink()
    assert not tiles.judged(root)["ok"]


def test_a_partial_tile_may_have_grown_full_meanwhile(tmp_path: Path) -> None:
    tiles = Tiles(tmp_path, 300)
    (tmp_path / "tile" / "0" / "001.p" / "44").unlink()
    tiles.write("001", Tiles.leaf * 44 + bytes(32) * 212)
    assert tiles.judged(root_of(300))["ok"]


def test_a_thousand_tiles_are_in_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leaves: list[bytes] = []
    monkeypatch.setattr(standalone.Tree, "add", lambda tree, leaf: leaves.append(leaf))  # their hashes take seconds
    monkeypatch.setattr(standalone.Tree, "root", lambda tree: bytes(32))
    assert Tiles(tmp_path, 1001 * 256).judged(bytes(32))["ok"]
    assert (len(leaves), set(leaves)) == (1001 * 256, {Tiles.leaf})


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """What runs the script with these words, and returns its status and what it printed."""

    def run(*words: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["standalone.py", *map(str, words)])
        try:
            status = standalone.main()
        except SystemExit as left:
            status = int(left.code or 0)
        return status, capsys.readouterr().out

    return run


def test_the_status_is_the_verdict(
    main: Callable[..., tuple[int, str]], dense: Any, tools: Any, signer: Signer, tmp_path: Path
) -> None:
    folder = dense.write(tmp_path / "log")
    (tmp_path / "kept").write_bytes(dense.notes[7])
    status, text = main(folder, "--json")
    assert (status, json.loads(text)["ok"], text.count("\n")) == (0, True, 1)
    status, text = main(folder, "--key", signer.verifier.text, "--kept", tmp_path / "kept")
    assert status == 0
    assert text == json.dumps(standalone.verify(folder), indent=2) + "\n"
    assert main(folder, "--key", Signer.generate(tools.origin).verifier.text, "--json")[0] == 1
    damaged = dense.with_lines(dense.lines[:30]).write(tmp_path / "damaged")
    status, text = main(damaged, "--json")
    assert (status, json.loads(text)["ok"]) == (1, False)


def test_a_question_that_cannot_be_asked_is_2(main: Callable[..., tuple[int, str]], dense: Any, tmp_path: Path) -> None:
    folder = dense.write(tmp_path / "log")
    for words in (["nowhere"], [folder, "--key", "no key"], [folder, "--kept", tmp_path / "nowhere"]):
        assert main(*words) == (2, "")


def test_tiles_need_a_key(main: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    tiles = Tiles(tmp_path, 5)
    tiles.judged(root_of(5))
    assert main(tmp_path, "--json") == (2, "")
    status, text = main(tmp_path, "--key", tiles.signer.verifier.text, "--json")
    assert (status, json.loads(text)["entries"]) == (0, 5)


def test_a_register_is_counted_only_where_the_log_is_sound(
    main: Callable[..., tuple[int, str]], tools: Any, signer: Signer, tmp_path: Path
) -> None:
    copy = tools.copy.of(signer, tools.make_records(signer, 12, actions=dict.fromkeys(range(12), "case.opened")))
    folder, register = copy.write(tmp_path / "log"), tmp_path / "register.json"
    register.write_text(json.dumps({"checkpoint": copy.notes[9].decode(), "agencies": [], "made_at": MADE_AT}))
    status, text = main(folder, "--register", register, "--json")
    assert (status, json.loads(text)["ok"]) == (1, False)
    assert json.loads(text)["problems"] == ["the register: the log does not record its publication"]
    damaged = copy.with_lines(copy.lines[:11]).write(tmp_path / "damaged")
    status, text = main(damaged, "--register", register, "--json")
    assert (status, json.loads(text)["problems"]) == (1, standalone.verify(damaged)["problems"])
    assert main(folder, "--register", tmp_path / "nowhere") == (2, "")


def test_a_register_that_the_log_records_is_sound(
    main: Callable[..., tuple[int, str]], signer: Signer, tools: Any, tmp_path: Path
) -> None:
    tree, previous, records, register = Frontier(), None, [], tmp_path / "register.json"
    for action in ("case.opened", "register.published"):
        digest = hashlib.sha256(register.read_bytes()).hexdigest() if records else ""
        new = next_entry(
            tree,
            log=tools.origin,
            at=tools.start,
            action=action,
            actor="m",
            subject={"sha256": digest},
            previous_at=previous,
        )
        tree, previous = new.frontier, new.entry.at
        note = signer.sign(tree.size, tree.root())
        records.append(Record(new.entry.canonical, new.leaf, note))
        if not register.exists():
            register.write_text(json.dumps({"checkpoint": note, "agencies": [], "made_at": MADE_AT}))
    folder = tools.copy.of(signer, records).write(tmp_path / "log")
    status, text = main(folder, "--register", register, "--json")
    assert (status, json.loads(text)["ok"], json.loads(text)["problems"]) == (0, True, [])


@pytest.mark.parametrize(("bad", "told_last"), [(19, None), (20, None), (21, "1 more"), (30, "10 more")])
def test_twenty_problems_are_spelt_out_and_the_rest_is_said(
    dense: Any, tools: Any, tmp_path: Path, bad: int, told_last: str | None
) -> None:
    lines = [tools.altered(line) for line in dense.lines[:bad]]
    folder = dense.with_lines([*lines, *dense.lines[bad:]]).write(tmp_path / "log")
    report, verdict = verify_folder(folder), standalone.verify(folder)
    assert len(report.problems) == len(verdict["problems"]) == min(bad, 20) + bool(told_last)
    assert report.problems[-1] == (f"and {told_last}" if told_last else report.problems[bad - 1])
    assert (verdict["problems"][-1] == "and more") == bool(told_last)


def test_what_is_altered_behind_a_kept_checkpoint_does_not_explain_it(
    dense: Any, tools: Any, signer: Signer, tmp_path: Path
) -> None:
    again = tools.copy.of(signer, tools.make_records(signer, 40))
    for at, first in ((8, 8), (9, 0), (10, 0)):
        lines = [*again.lines[:at], tools.altered(again.lines[at]), *again.lines[at + 1 :]]
        assert told(again.with_lines(lines).write(tmp_path / str(at)), dense.notes[8])[0] == first
