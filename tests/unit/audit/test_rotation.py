"""The log's key changes: verification follows from the first key, and follows nobody whom that key did not name."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import plainview.audit
from plainview.audit.checkpoint import Signer
from plainview.audit.logfile import Record
from plainview.audit.merkle import Frontier
from plainview.audit.record import KEY_ROTATED, next_entry
from plainview.audit.verify import verify_folder

ORIGIN = "agency.example/plainview/log"
FIRST, SECOND, THIRD, STRANGER = (Signer.from_private_bytes(ORIGIN, bytes([n]) * 32) for n in (1, 2, 3, 9))


def log(tools: Any, count: int, changes: dict[int, str], signs: dict[int, Signer]) -> list[Record]:
    """A log whose entry n introduces the vkey `changes[n]`; size s is signed by the newest `signs[<= s]`."""
    frontier, records = Frontier(), []
    for number in range(count):
        rotated = number in changes
        made = next_entry(
            frontier,
            log=ORIGIN,
            at=tools.start,
            action=KEY_ROTATED if rotated else "search.requested",
            actor="system" if rotated else "m1",
            subject={"key": changes[number]} if rotated else {"n": number},
        )
        frontier = made.frontier
        signer = signs[max(size for size in signs if size <= frontier.size)]
        note = signer.sign(frontier.size, frontier.root())
        records.append(Record(made.entry.canonical, made.leaf, note))
    return records


def both(path: Path, vkey: str | None = FIRST.verifier.text, kept: str | None = None) -> tuple[bool, int | None]:
    """The verdict of the package, which must be the outsider's script's too."""
    spec = importlib.util.spec_from_file_location(
        "standalone", Path(plainview.audit.__file__).with_name("standalone.py")
    )
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    report = verify_folder(path, vkey=vkey, kept_checkpoint=kept)
    verdict = script.verify(path, script.Key(vkey) if vkey else None, kept.encode() if kept else None)
    assert (verdict["ok"], verdict["first_bad"], verdict["entries"], verdict["root"]) == (
        report.ok,
        report.first_bad,
        report.entries,
        report.root,
    ), (report, verdict)
    return report.ok, report.first_bad


@pytest.fixture
def rotated(tools: Any) -> list[Record]:
    """12 entries; entry 4 introduces the second key, entry 8 the third."""
    changes = {4: SECOND.verifier.text, 8: THIRD.verifier.text}
    return log(tools, 12, changes, {1: FIRST, 6: SECOND, 10: THIRD})


def test_every_key_is_followed_from_the_first(tools: Any, rotated: list[Record], tmp_path: Path) -> None:
    path = tools.copy.of(FIRST, rotated).write(tmp_path / "log")
    assert both(path) == both(path, None) == (True, None)
    report = verify_folder(path)
    assert report.keys == tuple(signer.verifier.text for signer in (FIRST, SECOND, THIRD))
    assert report.checkpoint == rotated[-1].checkpoint


@pytest.mark.parametrize("size", range(1, 13))
def test_a_kept_checkpoint_of_any_age_is_checked_with_the_key_of_its_time(
    tools: Any, rotated: list[Record], tmp_path: Path, size: int
) -> None:
    path = tools.copy.of(FIRST, rotated).write(tmp_path / "log")
    assert both(path, kept=rotated[size - 1].checkpoint) == (True, None)
    other = next(s for s in (FIRST, SECOND, THIRD) if s is not (FIRST if size < 6 else SECOND if size < 10 else THIRD))
    forged = other.sign(size, bytes(32))
    assert both(path, kept=forged)[0] is False


def test_a_rotation_that_the_old_key_did_not_sign_is_followed_by_nobody(tools: Any, tmp_path: Path) -> None:
    """A thief of the folder, without the key, introduces a key of his own and signs on from there."""
    stolen = log(tools, 8, {4: STRANGER.verifier.text}, {1: FIRST, 5: STRANGER})
    path = tools.copy.of(FIRST, stolen).write(tmp_path / "log")
    assert both(path) == (False, 4)
    assert verify_folder(path).keys == (FIRST.verifier.text,)


def test_without_the_checkpoint_that_ends_with_the_rotation_nothing_after_it_counts(
    tools: Any, rotated: list[Record], tmp_path: Path
) -> None:
    rows = [replace(row, checkpoint=None) if n == 4 else row for n, row in enumerate(rotated)]
    assert both(tools.copy.of(FIRST, rows).write(tmp_path / "log")) == (False, 4)


def test_sparse_checkpoints_are_enough_when_the_rotations_have_theirs(
    tools: Any, rotated: list[Record], tmp_path: Path
) -> None:
    rows = [row if n in (4, 8, 11) else replace(row, checkpoint=None) for n, row in enumerate(rotated)]
    assert both(tools.copy.of(FIRST, rows).write(tmp_path / "log")) == (True, None)


@pytest.mark.parametrize("signer", [FIRST, THIRD], ids=["the key before", "a key to come"])
def test_after_a_rotation_only_the_new_key_signs(
    tools: Any, rotated: list[Record], tmp_path: Path, signer: Signer
) -> None:
    rows = list(rotated)
    body = str(rows[6].checkpoint).split("\n\n")[0]
    rows[6] = replace(rows[6], checkpoint=signer.sign_note(body + "\n"))
    assert both(tools.copy.of(FIRST, rows).write(tmp_path / "log"))[0] is False


@pytest.mark.parametrize("key", ["", "no key", Signer.from_private_bytes("other.example/log", bytes(32)).verifier.text])
def test_an_entry_that_introduces_no_key_of_this_log_is_bad(tools: Any, tmp_path: Path, key: str) -> None:
    rows = log(tools, 8, {4: key}, {1: FIRST})
    assert both(tools.copy.of(FIRST, rows).write(tmp_path / "log")) == (False, 4)


def test_every_damage_at_a_rotation_shows(tools: Any, rotated: list[Record], tmp_path: Path) -> None:
    copy = tools.copy.of(FIRST, rotated)
    for name, damage in tools.damages.items():
        for at in (3, 4, 5, 9):
            lines = damage(list(copy.lines), at)
            first = tools.first_difference(copy.lines, lines)
            for kind, damaged in (("bare", lines), ("covered", tools.covered_up(lines))):
                path = copy.with_lines(damaged).write(tmp_path / f"{name}-{at}-{kind}")
                ok, first_bad = both(path)
                assert (ok, first_bad) == (False, first), (name, at, kind)


def test_cosignatures_and_unknown_signatures_never_break_a_note(
    tools: Any, rotated: list[Record], tmp_path: Path
) -> None:
    strangers = "— w.example/1 AAAAAAE=\n— other AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
    rows = [replace(row, checkpoint=f"{row.checkpoint}{strangers}") for row in rotated]
    path = tools.copy.of(FIRST, rows).write(tmp_path / "log")
    assert both(path) == both(path, kept=rows[7].checkpoint) == (True, None)
