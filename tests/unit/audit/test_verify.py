"""After any damage the report is not ok and names the first bad entry; without damage it is ok."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from plainview.audit.checkpoint import BadKey, Signer
from plainview.audit.logfile import LogFolder, Record, format_line, split_line
from plainview.audit.merkle import EMPTY_ROOT, Frontier, leaf_hash, root_of
from plainview.audit.record import Entry
from plainview.audit.verify import MAX_PROBLEMS, Report, verify_entries, verify_folder

KINDS = ["alter", "drop", "duplicate", "insert", "reorder", "truncate"]


@pytest.fixture
def dense(tools: Any, signer: Signer, records: list[Record]) -> Any:
    return tools.copy.of(signer, records)


@pytest.fixture
def sparse(tools: Any, signer: Signer, sparse_records: list[Record]) -> Any:
    return tools.copy.of(signer, sparse_records)


def one_entry(signer: Signer, seq: int, at: str, log: str | None = None) -> Record:
    entry = Entry(seq, at, log or signer.verifier.name, "a.b", "system", {}, {})
    return Record(entry.canonical, entry.leaf())


def signed(signer: Signer, records: list[Record]) -> list[Record]:
    """The same records with a checkpoint after each, whatever they say."""
    frontier, result = Frontier(), []
    for record in records:
        frontier = frontier.append(record.leaf)
        result.append(replace(record, checkpoint=signer.sign(frontier.size, frontier.root())))
    return result


def test_an_untouched_log_is_ok(dense: Any, sparse: Any, records: list[Record], signer: Signer, tmp_path: Path) -> None:
    root = root_of([record.leaf for record in records]).hex()
    assert verify_folder(dense.write(tmp_path / "a"), vkey=signer.verifier.text) == Report(
        True, 40, root, None, (), (signer.verifier.text,), records[-1].checkpoint
    )
    assert verify_folder(sparse.write(tmp_path / "b")).ok


@pytest.mark.parametrize("forge", [False, True], ids=["bare", "covered up"])
@pytest.mark.parametrize("at", [0, 17, 39])
@pytest.mark.parametrize("kind", KINDS)
def test_the_first_bad_entry_is_named_exactly(
    tools: Any, dense: Any, tmp_path: Path, kind: str, at: int, forge: bool
) -> None:
    damaged = tools.damages[kind](list(dense.lines), at)
    lines = tools.covered_up(damaged) if forge else damaged
    report = verify_folder(dense.with_lines(lines).write(tmp_path / "log"))
    assert not report.ok
    assert report.first_bad == tools.first_difference(dense.lines, lines)
    assert report.first_bad == (min(at, (at + 5) % 40) if kind == "reorder" else at)
    assert report.entries == len(lines)


@pytest.mark.parametrize("at", [0, 9, 10, 17, 39, 44])
@pytest.mark.parametrize("kind", KINDS)
def test_with_fewer_checkpoints_the_range_is_named(tools: Any, sparse: Any, tmp_path: Path, kind: str, at: int) -> None:
    lines = tools.covered_up(tools.damages[kind](list(sparse.lines), at))
    report = verify_folder(sparse.with_lines(lines).write(tmp_path / "log"))
    first = tools.first_difference(sparse.lines, lines)
    assert report.first_bad == first // 10 * 10, "the size of the last checkpoint before the damage"


def test_the_range_is_said(tools: Any, sparse: Any, tmp_path: Path) -> None:
    lines = tools.covered_up(tools.damages["alter"](list(sparse.lines), 17))
    report = verify_folder(sparse.with_lines(lines).write(tmp_path / "log"))
    assert report.problems == (
        "the checkpoint over 20 entries signs another root: one or more of the entries 10 to 19 are changed",
    )


def test_an_entry_whose_leaf_is_proven_is_named_exactly_even_so(tools: Any, sparse: Any, tmp_path: Path) -> None:
    lines = list(sparse.lines)
    lines[17] = tools.altered(lines[17])
    report = verify_folder(sparse.with_lines(lines).write(tmp_path / "log"))
    assert report.first_bad == 17
    assert report.problems == ("entry 17: its leaf hash is not the hash of its bytes",)


def test_a_visible_change_does_not_hide_a_covered_up_one_before_it(tools: Any, sparse: Any, tmp_path: Path) -> None:
    lines = tools.covered_up(tools.damages["alter"](list(sparse.lines), 12))
    lines[17] = lines[17][:-30] + b"\n"
    report = verify_folder(sparse.with_lines(lines).write(tmp_path / "log"))
    assert report.first_bad == 10


def test_entries_and_checkpoints_cut_together_show_only_against_a_kept_checkpoint(dense: Any, tmp_path: Path) -> None:
    cut = replace(dense, lines=dense.lines[:30], notes=dense.notes[:30])
    folder = cut.write(tmp_path / "log")
    assert verify_folder(folder).ok
    report = verify_folder(folder, kept_checkpoint=dense.notes[34].decode())
    assert (report.ok, report.first_bad) == (False, 30)
    assert "30 are there" in report.problems[0]


def test_a_kept_checkpoint_is_extended_by_its_own_log(dense: Any, tmp_path: Path, signer: Signer) -> None:
    folder = dense.write(tmp_path / "log")
    for note in (dense.notes[0], dense.notes[20], dense.notes[39], signer.sign(0, EMPTY_ROOT).encode()):
        assert verify_folder(folder, kept_checkpoint=note.decode()).ok
        assert verify_folder(folder, kept_checkpoint=note.decode().rstrip("\n")).ok


def test_a_log_rewritten_with_its_own_key_shows_against_a_kept_checkpoint(
    tools: Any, dense: Any, signer: Signer, tmp_path: Path
) -> None:
    lines = tools.covered_up(tools.damages["alter"](list(dense.lines), 17))
    rewritten = signed(signer, [Record(*split_line(line)) for line in lines])
    folder = tools.copy.of(signer, rewritten).write(tmp_path / "log")
    assert verify_folder(folder).ok
    assert verify_folder(folder, kept_checkpoint=dense.notes[16].decode()).ok, "17 entries: before the change"
    report = verify_folder(folder, kept_checkpoint=dense.notes[17].decode())
    assert (report.ok, report.first_bad) == (False, 0), "the key that signed the change proves nothing"
    assert "entries 0 to 17" in report.problems[0]


def test_a_kept_checkpoint_that_the_key_did_not_sign_is_a_problem(dense: Any, tmp_path: Path) -> None:
    folder = dense.write(tmp_path / "log")
    stranger = Signer.generate("agency.example/plainview/log")
    for text in (stranger.sign(40, bytes(32)), "rubbish", ""):
        report = verify_folder(folder, kept_checkpoint=text)
        assert (report.ok, report.first_bad) == (False, None)
        assert "kept" in report.problems[0]


def test_a_difference_already_found_explains_the_kept_checkpoint(tools: Any, dense: Any, tmp_path: Path) -> None:
    lines = tools.covered_up(tools.damages["alter"](list(dense.lines), 17))
    folder = dense.with_lines(lines).write(tmp_path / "log")
    assert verify_folder(folder, kept_checkpoint=dense.notes[30].decode()).first_bad == 17


# --- checkpoints


def test_entries_after_the_newest_checkpoint_are_a_problem(dense: Any, tmp_path: Path) -> None:
    report = verify_folder(replace(dense, notes=dense.notes[:37]).write(tmp_path / "log"))
    assert (report.ok, report.first_bad) == (False, 37)
    assert "entries 37 to 39" in report.problems[0]


def test_a_lost_checkpoint_in_the_middle_is_no_problem_of_the_entries(dense: Any, tmp_path: Path) -> None:
    assert verify_folder(replace(dense, notes=dense.notes[:5] + dense.notes[6:]).write(tmp_path / "log")).ok


@pytest.mark.parametrize(("first", "second"), [(5, 5), (5, 3)])
def test_checkpoints_that_do_not_grow_are_a_problem(dense: Any, tmp_path: Path, first: int, second: int) -> None:
    notes = [*dense.notes[: first + 1], dense.notes[second], *dense.notes[first + 1 :]]
    report = verify_folder(replace(dense, notes=tuple(notes)).write(tmp_path / "log"))
    assert (report.ok, report.first_bad) == (False, None)


def test_a_forged_checkpoint_is_named_and_does_not_count(dense: Any, tmp_path: Path) -> None:
    forger = Signer.generate("agency.example/plainview/log")
    notes = list(dense.notes)
    notes[5] = forger.sign(6, bytes(32)).encode() + b"\n"
    report = verify_folder(replace(dense, notes=tuple(notes)).write(tmp_path / "log"))
    assert (report.ok, report.first_bad) == (False, None)
    assert report.problems == ("checkpoint 6: no trusted key has signed this text",)


def test_a_checkpoint_of_another_log_does_not_count(dense: Any, signer: Signer, tmp_path: Path) -> None:
    other = Signer.from_private_bytes("agency.example/other", signer.private_bytes())
    notes = [*dense.notes[:39], other.sign(40, bytes(32)).encode() + b"\n"]
    report = verify_folder(replace(dense, notes=tuple(notes)).write(tmp_path / "log"))
    assert (report.ok, report.first_bad) == (False, 39)


def test_a_log_without_any_checkpoint_proves_nothing(dense: Any, signer: Signer, tmp_path: Path) -> None:
    report = verify_folder(replace(dense, notes=()).write(tmp_path / "a"))
    assert (report.ok, report.first_bad) == (False, 0)
    empty = replace(dense, notes=(), lines=())
    report = verify_folder(empty.write(tmp_path / "b"))
    assert (report.ok, report.first_bad, report.entries) == (False, None, 0)
    note = signer.sign(0, EMPTY_ROOT).encode() + b"\n"
    assert verify_folder(replace(empty, notes=(note,)).write(tmp_path / "c")).ok


# --- entries that are well signed but wrong


@pytest.mark.parametrize(
    ("second", "problem"),
    [
        ({"seq": 2, "at": "2026-11-23T00:00:01.00Z"}, "number 2"),
        ({"seq": 1, "at": "2026-11-23T00:00:00.99Z"}, "is before"),
        ({"seq": 1, "at": "2026-11-23T00:00:01.00Z", "log": "other.example/log"}, "another log"),
    ],
)
def test_even_a_signed_entry_must_keep_the_rules(
    tools: Any, signer: Signer, tmp_path: Path, second: dict[str, Any], problem: str
) -> None:
    pair = signed(signer, [one_entry(signer, 0, "2026-11-23T00:00:01.00Z"), one_entry(signer, **second)])
    report = verify_folder(tools.copy.of(signer, pair).write(tmp_path / "log"))
    assert (report.ok, report.first_bad) == (False, 1)
    assert problem in report.problems[0]


def test_equal_times_are_tolerated(tools: Any, signer: Signer, tmp_path: Path) -> None:
    pair = signed(signer, [one_entry(signer, n, "2026-11-23T00:00:01.00Z") for n in (0, 1)])
    assert verify_folder(tools.copy.of(signer, pair).write(tmp_path / "log")).ok


def test_another_spelling_of_the_same_entry_is_bad(tools: Any, signer: Signer, tmp_path: Path) -> None:
    canonical = one_entry(signer, 0, "2026-11-23T00:00:01.00Z").canonical.replace(b'"v":1', b'"v": 1')
    log = signed(signer, [Record(canonical, leaf_hash(canonical))])
    report = verify_folder(tools.copy.of(signer, log).write(tmp_path / "log"))
    assert (report.ok, report.first_bad) == (False, 0)
    assert "canonical" in report.problems[0]


def test_an_overlong_line_is_one_bad_entry(dense: Any, tmp_path: Path) -> None:
    lines = [*dense.lines[:3], b"x" * 200_000 + b"\n", *dense.lines[4:]]
    report = verify_folder(dense.with_lines(lines).write(tmp_path / "log"))
    assert (report.entries, report.first_bad) == (40, 3)


# --- single bits


@pytest.mark.long
def test_every_sampled_bit_flip_is_caught_and_placed(dense: Any, signer: Signer, tmp_path: Path) -> None:
    rng = random.Random(9162)
    starts = [sum(map(len, dense.lines[:n])) for n in range(41)]
    for number in range(120):
        bit = rng.randrange(8 * starts[-1])
        report = verify_folder(dense.flipped("lines", bit).write(tmp_path / f"lines{number}"))
        expected = next(n for n in range(40) if bit // 8 < starts[n + 1])
        assert (report.ok, report.first_bad) == (False, expected), f"bit {bit}"
    for name, size in (("notes", sum(map(len, dense.notes))), ("key", len(dense.key))):
        for number in range(60):
            bit = rng.randrange(8 * size)
            folder = dense.flipped(name, bit).write(tmp_path / f"{name}{number}")
            assert not verify_folder(folder).ok, f"bit {bit} of {name}"
            assert not verify_folder(folder, vkey=signer.verifier.text).ok, f"bit {bit} of {name}"


# --- keys and files


def test_the_trusted_key_is_believed_not_the_one_in_the_folder(tools: Any, dense: Any, tmp_path: Path) -> None:
    stranger = Signer.generate(tools.origin)
    forged = tools.copy.of(stranger, tools.make_records(stranger, 5)).write(tmp_path / "log")
    assert verify_folder(forged).ok
    report = verify_folder(forged, vkey=dense.key.decode().strip())
    assert (report.ok, report.first_bad) == (False, 0)
    assert "key.pub is not the key that you trust" in report.problems


def test_a_damaged_key_in_the_folder_leaves_the_entries_proven_by_the_trusted_one(
    dense: Any, signer: Signer, tmp_path: Path
) -> None:
    report = verify_folder(replace(dense, key=b"\xff\n").write(tmp_path / "log"), vkey=signer.verifier.text)
    assert (report.ok, report.first_bad) == (False, None)
    assert report.problems == ("key.pub: not text",)


@pytest.mark.parametrize(("name", "first_bad"), [("log.jsonl", 0), ("checkpoints", 0), ("key.pub", 0)])
def test_a_missing_file_is_a_problem(dense: Any, tmp_path: Path, name: str, first_bad: int) -> None:
    folder = dense.write(tmp_path / "log")
    (folder / name).unlink()
    report = verify_folder(folder)
    assert (report.ok, report.first_bad) == (False, first_bad)
    assert f"{name} is missing" in report.problems


def test_what_cannot_be_asked_is_an_error(dense: Any, tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError):
        verify_folder(tmp_path / "nowhere")
    with pytest.raises(BadKey):
        verify_folder(dense.write(tmp_path / "log"), vkey="not a key")


def test_a_log_that_was_cut_off_says_what_is_missing_and_what_is_no_longer_proven(
    dense: Any, sparse: Any, tmp_path: Path
) -> None:
    whole = verify_folder(dense.with_lines(dense.lines[:30]).write(tmp_path / "a"))
    assert whole.problems == (
        "a checkpoint covers 40 entries, 30 are there: one or more of the entries 30 to 39 are missing",
    )  # a checkpoint covers exactly what is there
    (problem,) = verify_folder(sparse.with_lines(sparse.lines[:29]).write(tmp_path / "b")).problems
    assert problem.startswith("a checkpoint covers 45 entries, 29 are there: ")
    assert "one or more of the entries 29 to 44 are missing; " in problem
    assert problem.endswith("; one or more of the entries 20 to 28 are no longer proven")


def test_the_list_of_problems_is_bounded(dense: Any, tmp_path: Path) -> None:
    report = verify_folder(dense.with_lines([b"x\n"] * 1000).write(tmp_path / "log"))
    assert len(report.problems) == MAX_PROBLEMS + 1
    assert report.problems[-1].startswith("and 98")


# --- the database's own table, and a log that grows


def test_the_database_table_is_verified_by_the_same_checks(records: list[Record], signer: Signer) -> None:
    rows = [(record.canonical, record.leaf) for record in records]
    notes = [record.checkpoint for record in records if record.checkpoint]
    key = signer.verifier.text
    assert verify_entries(rows, notes, key).ok
    assert verify_entries(rows, notes, key, kept_checkpoint=notes[7]).ok
    canonical, leaf = rows[17]
    forged = rfc8785.dumps(json.loads(canonical) | {"actor": "nobody"})
    for row in ((forged, leaf), (forged, leaf_hash(forged)), (canonical, leaf[:-1]), (canonical, b"")):
        report = verify_entries([*rows[:17], row, *rows[18:]], notes, key)
        assert (report.ok, report.first_bad) == (False, 17)
    assert verify_entries(rows[:30], notes, key).first_bad == 30


def test_what_is_published_while_verifying_does_not_disturb(
    signer: Signer, records: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = LogFolder(tmp_path / "log", signer.verifier)
    folder.publish(lambda start: records[start:30])
    before_each = verify_folder.__globals__["parse_line"]

    def grow_then_parse(data: bytes) -> Entry:
        folder.publish(lambda start: records[start:])
        return before_each(data)

    monkeypatch.setattr("plainview.audit.verify.parse_line", grow_then_parse)
    report = verify_folder(folder.path)
    assert (report.ok, report.entries) == (True, 30)
    monkeypatch.undo()
    assert verify_folder(folder.path).entries == 40


def test_the_format_of_a_line(records: list[Record]) -> None:
    line = format_line(records[0].canonical, records[0].leaf)
    assert line[:-1] == rfc8785.dumps({"entry": json.loads(records[0].canonical), "leaf": records[0].leaf.hex()})


def test_the_example_of_the_documentation_is_a_sound_log(tmp_path: Path) -> None:
    page = Path(__file__).parents[3].joinpath("docs", "reference", "log-format.md").read_text(encoding="utf-8")
    blocks = page.split("```\n")[1::2]
    (line,) = (block for block in blocks if block.startswith('{"entry":{"'))
    (note,) = (block for block in blocks if "\n\n— " in block)
    (key,) = (block for block in blocks if "+1bb875a0+" in block)
    (tmp_path / "log.jsonl").write_text(line, encoding="utf-8")
    (tmp_path / "checkpoints").write_text(note + "\n", encoding="utf-8")
    (tmp_path / "key.pub").write_text(key, encoding="utf-8")
    assert verify_folder(tmp_path, vkey=key.strip(), kept_checkpoint=note).ok
