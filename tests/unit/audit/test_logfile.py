"""The folder follows the truth: it grows, mends what a crash left, and refuses to paper over a difference."""

from __future__ import annotations

import os
import stat
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plainview.audit.checkpoint import MAX_NOTE_BYTES, Signer
from plainview.audit.logfile import (
    FolderAhead,
    FolderDiffers,
    LogFolder,
    LogFolderError,
    ReadFrom,
    Record,
    read_notes,
    settled,
)
from plainview.audit.verify import verify_folder


def truth(records: list[Record]) -> ReadFrom:
    return lambda start: records[start:]


@pytest.fixture
def folder(tmp_path: Path, signer: Signer) -> LogFolder:
    return LogFolder(tmp_path / "log", signer.verifier)


def contents(folder: LogFolder) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.path.iterdir()}


@pytest.fixture
def whole(tools: Any, signer: Signer, records: list[Record], tmp_path: Path) -> dict[str, bytes]:
    """What the folder of the whole log holds."""
    path = tools.copy.of(signer, records).write(tmp_path / "whole")
    return {file.name: file.read_bytes() for file in path.iterdir()}


def test_entry_by_entry_or_all_at_once_makes_the_same_files(
    folder: LogFolder, records: list[Record], whole: dict[str, bytes], tmp_path: Path, signer: Signer
) -> None:
    for count in range(1, 41):
        assert folder.publish(truth(records[:count])) == count
        if count in (1, 17):
            assert verify_folder(folder.path).ok
    at_once = LogFolder(tmp_path / "at once", signer.verifier)
    assert at_once.publish(truth(records)) == 40
    assert contents(folder) == contents(at_once) == whole
    assert verify_folder(folder.path, vkey=signer.verifier.text).ok


def test_publishing_again_changes_nothing(folder: LogFolder, records: list[Record]) -> None:
    folder.publish(truth(records))
    before = contents(folder)
    assert folder.publish(truth(records)) == 40
    assert contents(folder) == before


def test_what_it_left_itself_is_proved_by_its_last_entry_alone(
    folder: LogFolder, records: list[Record], signer: Signer
) -> None:
    asked: list[int] = []

    def counted(start: int) -> list[Record]:
        asked.append(start)
        return records[start:]

    folder.publish(truth(records[:30]))
    assert folder.publish(counted) == 40
    assert asked == [29]
    asked.clear()
    LogFolder(folder.path, signer.verifier).publish(counted)  # another process proves both ends of the files
    assert asked == [39, 39]


def test_an_empty_truth_makes_an_empty_folder(folder: LogFolder) -> None:
    assert folder.publish(truth([])) == 0
    assert settled(folder.path) == (0, 0)


def test_files_are_private(folder: LogFolder, records: list[Record]) -> None:
    folder.publish(truth(records[:3]))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.path.iterdir()}
    assert modes == {"log.jsonl": 0o600, "checkpoints": 0o600, "key.pub": 0o600}
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


def test_large_batches_are_written_in_order(
    folder: LogFolder, records: list[Record], whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plainview.audit.logfile._BATCH_BYTES", 1000)
    folder.publish(truth(records))
    assert contents(folder) == whole


@pytest.mark.parametrize("name", ["log.jsonl", "checkpoints"])
def test_whatever_a_crash_cut_off_is_made_good(
    folder: LogFolder, records: list[Record], whole: dict[str, bytes], name: str
) -> None:
    folder.publish(truth(records[:12]))
    file = folder.path / name
    size = file.stat().st_size
    for cut in range(1, 700):  # into the last three notes, or into the line before the last
        os.truncate(file, size - cut)
        folder.publish(truth(records[:12]))
        assert file.read_bytes() == whole[name][:size], f"cut {cut} bytes"
    assert verify_folder(folder.path).ok


def test_a_long_torn_tail_is_cut_off(folder: LogFolder, records: list[Record], whole: dict[str, bytes]) -> None:
    folder.publish(truth(records[:12]))
    for name in ("log.jsonl", "checkpoints"):
        with (folder.path / name).open("ab") as file:
            file.write(bytes(100_000))  # what some file systems leave of a write when power fails
    folder.publish(truth(records))
    assert contents(folder) == whole


def test_a_lost_checkpoint_of_the_last_entry_is_added(
    folder: LogFolder, records: list[Record], whole: dict[str, bytes]
) -> None:
    folder.publish(truth([*records[:11], replace(records[11], checkpoint=None)]))
    assert not verify_folder(folder.path).ok
    folder.publish(truth(records[:12]))
    assert verify_folder(folder.path).ok
    folder.publish(truth(records))
    assert contents(folder) == whole


@pytest.mark.parametrize("left", [0, 1, 25])
def test_checkpoints_that_survived_their_entries_are_not_repeated(
    folder: LogFolder, records: list[Record], whole: dict[str, bytes], left: int
) -> None:
    folder.publish(truth(records))
    log = folder.path / "log.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:left]))
    assert folder.publish(truth(records)) == 40
    assert contents(folder) == whole


def test_a_folder_ahead_of_the_truth_is_refused(folder: LogFolder, records: list[Record]) -> None:
    folder.publish(truth(records))
    before = contents(folder)
    with pytest.raises(FolderAhead, match="entry 30") as caught:
        folder.publish(truth(records[:30]))
    assert caught.value.entry == 30
    assert contents(folder) == before


def test_a_folder_whose_last_entry_differs_is_refused(tools: Any, folder: LogFolder, records: list[Record]) -> None:
    folder.publish(truth(records[:12]))
    log = folder.path / "log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(
        b"".join(tools.covered_up([*lines[:7], tools.altered(lines[7]), *lines[8:11], tools.altered(lines[11])]))
    )
    before = contents(folder)
    with pytest.raises(FolderDiffers, match="differ at entry 7") as caught:
        folder.publish(truth(records))
    assert caught.value.entry == 7
    assert contents(folder) == before


@pytest.mark.parametrize("last", [b"rubbish\n", b"\n", b'{"entry":{},"leaf":"' + b"0" * 64 + b'"}\n'])
def test_a_last_line_that_is_no_entry_is_refused(folder: LogFolder, records: list[Record], last: bytes) -> None:
    folder.publish(truth(records[:12]))
    with (folder.path / "log.jsonl").open("ab") as file:
        file.write(last)
    with pytest.raises(FolderDiffers) as caught:
        folder.publish(truth(records))
    assert caught.value.entry == 12


def test_another_log_in_the_database_is_refused(
    tools: Any, folder: LogFolder, signer: Signer, records: list[Record]
) -> None:
    folder.publish(truth(records[:1]))
    other = tools.make_records(signer, 3)  # the same facts, freshly salted
    with pytest.raises(FolderDiffers, match="entry 0"):
        folder.publish(truth(other))


def test_a_damaged_last_checkpoint_is_refused_not_replaced(folder: LogFolder, records: list[Record]) -> None:
    folder.publish(truth(records[:12]))
    notes = folder.path / "checkpoints"
    data = notes.read_bytes()
    for damaged in (
        data[:-10] + b"*" + data[-9:],  # within the signature
        data[: data.rindex("—".encode())] + b"---" + data[data.rindex("—".encode()) + 3 :],
    ):
        notes.write_bytes(damaged)
        with pytest.raises(LogFolderError, match="last checkpoint") as caught:
            folder.publish(truth(records))
        assert caught.value.entry is None
        assert notes.read_bytes() == damaged


@pytest.mark.parametrize("damage", ["canonical", "leaf", "order"])
def test_a_bad_entry_of_the_truth_is_not_published(folder: LogFolder, records: list[Record], damage: str) -> None:
    bad = {
        "canonical": replace(records[5], canonical=records[5].canonical + b" "),
        "leaf": replace(records[5], leaf=bytes(32)),
        "order": records[6],
    }[damage]
    with pytest.raises(LogFolderError, match="Entry 5 of the database") as caught:
        folder.publish(truth([*records[:5], bad, *records[6:]]))
    assert caught.value.entry == 5
    assert folder.publish(truth(records)) == 40


def test_a_checkpoint_of_another_size_is_not_published(folder: LogFolder, records: list[Record]) -> None:
    with pytest.raises(ValueError, match="another size"):
        folder.publish(truth([replace(records[0], checkpoint=records[1].checkpoint)]))


def test_a_folder_of_another_key_is_refused(folder: LogFolder, tools: Any, signer: Signer) -> None:
    assert LogFolder(folder.path, signer.verifier).path == folder.path
    with pytest.raises(LogFolderError, match=r"key\.pub"):
        LogFolder(folder.path, Signer.generate(tools.origin).verifier)


def test_a_key_file_cut_short_by_a_crash_is_completed(folder: LogFolder, signer: Signer) -> None:
    key = folder.path / "key.pub"
    whole = key.read_bytes()
    for length in range(len(whole)):
        key.write_bytes(whole[:length])
        LogFolder(folder.path, signer.verifier)
        assert key.read_bytes() == whole


def test_sync_forces_every_file_and_the_folder(
    folder: LogFolder, records: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(Path(f"/proc/self/fd/{file}").readlink().name))
    folder.sync()
    assert synced == ["key.pub", "log"]
    folder.publish(truth(records))
    synced.clear()
    folder.sync()
    assert synced == ["log.jsonl", "checkpoints", "key.pub", "log"]


def test_several_publishers_at_once_make_one_log(
    folder: LogFolder, records: list[Record], whole: dict[str, bytes], signer: Signer
) -> None:
    committed: list[Record] = []
    turn = threading.Lock()
    failures: list[BaseException] = []

    def work() -> None:
        mine = LogFolder(folder.path, signer.verifier)
        try:
            while True:
                with turn:  # a commit; publishing comes after it, in no particular order
                    if len(committed) == len(records):
                        return
                    committed.append(records[len(committed)])
                mine.publish(lambda start: committed[start:])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert contents(folder) == whole


def test_a_damaged_bit_spoils_at_most_two_notes(
    tools: Any, signer: Signer, records: list[Record], tmp_path: Path
) -> None:
    copy = tools.copy.of(signer, records[:4])
    intact = set(copy.notes)
    for bit in range(0, 8 * len(b"".join(copy.notes)), 3):
        file = tmp_path / "checkpoints"
        file.write_bytes(copy.flipped("notes", bit).notes[0])
        assert len(intact & set(read_notes(file, file.stat().st_size))) >= 2


def test_what_it_remembers_hides_neither_a_changed_end_nor_a_truth_set_back(
    folder: LogFolder, records: list[Record]
) -> None:
    folder.publish(truth(records[:20]))
    with pytest.raises(FolderAhead):
        folder.publish(truth(records[:12]))
    log = folder.path / "log.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"seq":19', b'"seq":18'))
    with pytest.raises(LogFolderError):
        folder.publish(truth(records[:21]))


@pytest.mark.parametrize("over", [0, 1])
def test_a_piece_gets_no_line_once_it_is_longer_than_a_note_may_be(tmp_path: Path, over: int) -> None:
    file, end = tmp_path / "checkpoints", "\n— a AAAAAAA=\n\n".encode()
    body = b"x" * (MAX_NOTE_BYTES - 1 + over) + b"\n"
    file.write_bytes(body + end)
    (piece,) = read_notes(file, file.stat().st_size)
    assert piece == (body if over else body + b"\n")


def test_checkpoints_longer_than_what_is_looked_at_first_are_read_whole(
    folder: LogFolder, records: list[Record], signer: Signer
) -> None:
    def longer(record: Record, size: int) -> Record:
        body = str(record.checkpoint).partition("\n\n")[0]
        return replace(record, checkpoint=signer.sign_note(f"{body}\n{'x' * size}\n"))

    long = [longer(record, 3000) for record in records[:5]] + [longer(records[5], 9000)]
    for count in (1, 3, 5, 6):
        LogFolder(folder.path, signer.verifier).publish(truth(long[:count]))
        whole = (folder.path / "checkpoints").read_bytes()
        assert whole == b"".join(str(record.checkpoint).encode() + b"\n" for record in long[:count])
        os.truncate(folder.path / "checkpoints", len(whole) - 5)
        LogFolder(folder.path, signer.verifier).publish(truth(long[:count]))
        assert (folder.path / "checkpoints").read_bytes() == whole
    assert verify_folder(folder.path).ok
