"""Encrypted records of one size: what is written is read, what was altered, moved or cut short is noticed."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

from plainview.index import records as records_module
from plainview.index.records import Append, RecordDamaged, RecordFile, new_nonce

KEY = bytes(range(32))
FIRST, SECOND = Append(0, 2**63 + 5), Append(3, 7)


def payload(rows: int, size: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (rows, size), dtype=np.uint8)


def written(folder: Path, size: int = 30) -> RecordFile:
    """Three records of one append and two of another; references 100 to 104."""
    file = RecordFile(folder / "rows.bin", KEY, size)
    content = payload(5, size)
    file.write(0, FIRST.nonce, np.arange(100, 103, dtype=np.int64), content[:3])
    file.write(3, SECOND.nonce, np.arange(103, 105, dtype=np.int64), content[3:])
    file.see(5, [FIRST, SECOND])
    return file


@pytest.mark.parametrize(("size", "width"), [(1, 32), (16, 32), (17, 48), (32, 48), (33, 64), (512, 528)])
def test_a_record_is_reference_payload_and_check_in_whole_blocks(tmp_path: Path, size: int, width: int) -> None:
    file = written(tmp_path, size)
    assert file.width == width
    assert file.path.stat().st_size == 5 * width
    assert file.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("size", [1, 30, 512])
def test_records_are_read_at_any_place_in_any_order(tmp_path: Path, size: int) -> None:
    file = written(tmp_path, size)
    slots = np.array([4, 0, 3, 2, 0, 1], np.int64)
    there, references, content = file.read(slots)
    assert there.all()
    assert references.tolist() == (slots + 100).tolist()
    assert (content == payload(5, size)[slots]).all()


def test_many_records_are_read_in_several_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records_module, "_AT_ONCE", 100)  # two records of 48 bytes
    file = written(tmp_path, 30)
    there, references, content = file.read(np.arange(5))
    assert there.all()
    assert references.tolist() == [100, 101, 102, 103, 104]
    assert (content == payload(5, 30)).all()


def test_a_disk_that_takes_a_few_bytes_at_a_time_gets_them_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, write = written(tmp_path, 30).path.read_bytes(), os.pwrite
    (tmp_path / "again").mkdir()
    monkeypatch.setattr(os, "pwrite", lambda file, data, place: write(file, data[:7], place))
    assert written(tmp_path / "again", 30).path.read_bytes() == whole


def test_the_stream_is_aes_in_counter_mode_by_nonce_and_number_of_the_block(tmp_path: Path) -> None:
    file = written(tmp_path, 30)
    sealed = file.path.read_bytes()
    for slot, append in ((1, FIRST), (4, SECOND)):
        counter = append.nonce.to_bytes(8, "big") + (slot * 3).to_bytes(8, "big")
        opened = Cipher(algorithms.AES(KEY), modes.CTR(counter)).decryptor().update(sealed[slot * 48 : slot * 48 + 48])
        assert int.from_bytes(opened[:8], "little") == 100 + slot
        assert opened[8:38] == payload(5, 30)[slot].tobytes()
        assert opened[38:40] == bytes(2)


def test_the_check_is_the_sum_of_the_words_and_the_slot_each_times_a_secret_odd_number(tmp_path: Path) -> None:
    file = written(tmp_path, 17)  # 48 bytes, six words
    sealed = file.path.read_bytes()

    def stream(nonce: int, slot: int) -> list[int]:
        counter = nonce.to_bytes(8, "big") + (slot * 3).to_bytes(8, "big")
        made = Cipher(algorithms.AES(KEY), modes.CTR(counter)).encryptor().update(bytes(48))
        return [int.from_bytes(made[at : at + 8], "little") for at in range(0, 48, 8)]

    secret = [number | 1 for number in stream(2**64 - 1, 0)]
    for slot, append in ((0, FIRST), (2, FIRST), (4, SECOND)):
        record = [int.from_bytes(sealed[slot * 48 + at : slot * 48 + at + 8], "little") for at in range(0, 48, 8)]
        words = [word ^ key for word, key in zip(record, stream(append.nonce, slot), strict=True)]
        total = sum(word * number for word, number in zip(words[:5], secret[:5], strict=True))
        assert words[5] == (total + slot * secret[5] + secret[0]) % 2**64


def test_each_bit_of_a_record_is_checked(tmp_path: Path) -> None:
    file = written(tmp_path, 17)
    sealed = bytearray(file.path.read_bytes())
    for bit in range(2 * 48 * 8, 3 * 48 * 8):
        altered = bytearray(sealed)
        altered[bit // 8] ^= 1 << bit % 8
        file.path.write_bytes(altered)
        file.see(5, [FIRST, SECOND])
        with pytest.raises(RecordDamaged, match="record 2 is not"):
            file.read(np.arange(5))


def test_a_record_at_another_place_or_of_another_append_is_damaged(tmp_path: Path) -> None:
    file = written(tmp_path, 17)
    sealed = file.path.read_bytes()
    file.path.write_bytes(sealed[48:96] + sealed[:48] + sealed[96:])
    file.see(5, [FIRST, SECOND])
    with pytest.raises(RecordDamaged, match="record 0"):
        file.read(np.arange(5))
    file.path.write_bytes(sealed)
    file.see(5, [FIRST, Append(4, SECOND.nonce)])
    with pytest.raises(RecordDamaged, match="record 3"):
        file.read(np.arange(5))
    other = RecordFile(file.path, bytes(32), 17)
    other.see(5, [FIRST, SECOND])
    with pytest.raises(RecordDamaged):
        other.read(np.arange(5))


def test_an_erased_record_is_zeros_on_the_disk_and_is_not_there(tmp_path: Path) -> None:
    file = written(tmp_path)
    file.erase(np.array([1, 3], np.int64))
    there, references, _ = file.read(np.arange(5))
    assert there.tolist() == [True, False, True, False, True]
    assert references[there].tolist() == [100, 102, 104]
    sealed = file.path.read_bytes()
    assert sealed[48:96] == bytes(48) == sealed[3 * 48 : 4 * 48]


def test_the_same_place_is_written_again_under_another_stream(tmp_path: Path) -> None:
    file, content = written(tmp_path), payload(2, 30)
    before = file.path.read_bytes()
    file.write(3, 8, np.arange(103, 105, dtype=np.int64), content)
    after = file.path.read_bytes()
    assert after[: 3 * 48] == before[: 3 * 48]
    assert after[3 * 48 : 4 * 48] != before[3 * 48 : 4 * 48]
    file.see(5, [FIRST, Append(3, 8)])
    assert (file.read(np.array([3, 4]))[2] == content).all()


def test_a_missing_or_short_file_is_damaged_and_no_records_need_none(tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "rows.bin", KEY, 30)
    file.see(0, [])
    assert [len(part) for part in file.read(np.zeros(0, np.int64))] == [0, 0, 0]
    with pytest.raises(RecordDamaged, match="missing or cut short"):
        file.see(1, [FIRST])
    short = written(tmp_path)
    short.path.write_bytes(short.path.read_bytes()[:-1])
    with pytest.raises(RecordDamaged, match="missing or cut short"):
        short.see(5, [FIRST, SECOND])
    short.see(4, [FIRST, SECOND])


def test_a_nonce_is_eight_random_bytes_and_never_that_of_the_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len({new_nonce() for _ in range(100)}) == 100
    for drawn, nonce in ((2**64 - 1, 0), (2**64 - 2, 2**64 - 2), (5, 5)):
        monkeypatch.setattr(records_module.os, "urandom", lambda count, drawn=drawn: drawn.to_bytes(count, "big"))
        assert new_nonce() == nonce
