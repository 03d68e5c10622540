"""A recording in fragments whose recorder lost power: what came before is decoded, and where it broke off is said."""

from __future__ import annotations

import functools
import io
import struct
from typing import Any

import pytest
from tests.factories.clips import clip, remuxed

from plainview.casework.videos.passed import passed_over
from plainview.recognition.video.boxes import read_boxes
from plainview.recognition.video.reader import VideoReader
from plainview.recognition.video.types import BytesSource


@functools.cache
def fragmented(flags: str = "frag_keyframe+empty_moov") -> bytes:
    return remuxed(clip(frames=50).data, "mp4", options={"movflags": flags, "frag_duration": "500000"})


def places(data: bytes, kind: bytes) -> list[tuple[int, int]]:
    """Where the boxes of a kind begin and end."""
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found += [(at, at + size)] if data[at + 4 : at + 8] == kind else []
        at += size
    return found


def read(data: bytes) -> tuple[int, list[str]]:
    """How many frames are listed, and what is said of the others."""
    with VideoReader(BytesSource(data)) as reader:
        index = reader.index()
        entries, _ = passed_over(index, reader.info.time_base, [], {}, 0)
    return len(index.stamps), [entry["reason"] for entry in entries]


@pytest.mark.parametrize("flags", ["frag_keyframe+empty_moov", "frag_every_frame+empty_moov+default_base_moof"])
def test_a_recording_that_broke_off_is_read_up_to_there(flags: str) -> None:
    data = fragmented(flags)
    (table, behind), (pictures, end) = places(data, b"moof")[-1], places(data, b"mdat")[-1]
    whole, said = read(data)
    assert (whole, said) == (50, [])
    before, said = read(data[:table])
    assert (0 < before < 50, said) == (True, [])
    half = (table + behind) // 2
    for broken in (data[:half], data[:pictures], data[: pictures + 4], data[:half] + bytes(9000), data[: table + 3]):
        assert read(broken) == (
            before,
            [f"The recording broke off at byte {table:,} of the file: what follows is missing or cannot be read."],
        )
    middle = (pictures + end) // 2
    some, said = read(data[:middle])
    assert before <= some <= 50
    assert [f"at byte {middle:,} of the file" in reason for reason in said] == [True]


class File(io.BytesIO):
    """What the pipe is to its readers."""

    @property
    def size(self) -> int:
        return len(self.getvalue())


def walked(*boxes: bytes) -> tuple[set[bytes], bool, int]:
    file: Any = File(b"".join(boxes))
    return read_boxes(file)


def box(kind: str, length: int = 8, size: int = -1) -> bytes:
    head = struct.pack(">I4s", length + 8 if size < 0 else size, kind.encode())
    return head + bytes(length)


def test_only_a_recording_in_fragments_breaks_off() -> None:
    kinds = ("ftyp", "moov", "moof", "mdat")
    assert walked(*map(box, kinds)) == ({kind.encode() for kind in kinds}, True, 0)
    assert walked(*map(box, kinds), box("moof", 2, 90))[2] == 64
    assert walked(*map(box, kinds), box("moof"), box("free"))[2] == 64
    assert walked(*map(box, kinds), box("mfra"), b"\0" * 3)[1:] == (False, 80)
    assert walked(*map(box, kinds), b"\0\0\0\x10\0\0\0\1" + bytes(8))[2] == 64
    assert walked(box("ftyp"), box("moov"), box("mdat", 8, 900))[2] == 0
    assert walked(box("ftyp"), box("mdat", 8, 900)) == ({b"ftyp", b"mdat"}, True, 0)
    assert walked(*map(box, kinds), box("mdat", 16, 0))[2] == 0
    assert walked(*map(box, kinds), struct.pack(">I4sQ", 1, b"mdat", 24) + bytes(8))[2] == 0
    assert walked(b"no video at all") == (set(), False, 0)
