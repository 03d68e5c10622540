"""The boxes at the top level of an MP4: their kinds, whether all are known, and where a recording broke off."""

from __future__ import annotations

import io
from typing import Any

import pytest

from plainview.recognition.video import boxes
from plainview.recognition.video.boxes import Boxes, read_boxes


class File(io.BytesIO):
    """What the pipe is to its readers; it never gives more than it is asked for, nor beyond its end."""

    @property
    def size(self) -> int:
        return len(self.getvalue())

    def read(self, length: int | None = -1) -> bytes:
        assert length is not None
        assert 8 <= length <= min(16, self.size - self.tell())
        return super().read(length)


def walked(*parts: bytes) -> Boxes:
    file: Any = File(b"".join(parts))
    return read_boxes(file)


def box(kind: bytes, size: int = 8, *, stated: int | None = None) -> bytes:
    return (size if stated is None else stated).to_bytes(4, "big") + kind + bytes(size - 8)


def long(kind: bytes, size: int, *, stated: int | None = None) -> bytes:
    """A box whose size has 64 bits."""
    return (1).to_bytes(4, "big") + kind + (size if stated is None else stated).to_bytes(8, "big") + bytes(size - 16)


FTYP, MOOV, FRAGMENT = box(b"ftyp", 20), box(b"moov", 30), box(b"moof", 40) + box(b"mdat", 50)
"""A head of 50 bytes, and a fragment of 90."""


@pytest.mark.parametrize(
    ("parts", "kinds", "known"),
    [
        ([], set(), True),
        ([b"1234567"], set(), True),
        ([FTYP, MOOV], {b"ftyp", b"moov"}, True),
        ([FTYP, box(b"mdat", 9, stated=0), MOOV], {b"ftyp", b"mdat"}, True),  # 0: to the end of the file
        ([FTYP, long(b"mdat", 24), MOOV], {b"ftyp", b"mdat", b"moov"}, True),
        ([FTYP, box(b"abcd", 9), MOOV], {b"ftyp", b"abcd", b"moov"}, False),
        ([box(b"abcd", 9), FTYP], {b"ftyp"}, False),  # no MP4 begins so
        ([FTYP, box(b"ab\x1fd"), MOOV], {b"ftyp"}, False),
        ([FTYP, box(b"ab\x20d"), MOOV], {b"ftyp", b"ab d", b"moov"}, False),
        ([FTYP, box(b"ab\x7ed"), MOOV], {b"ftyp", b"ab~d", b"moov"}, False),
        ([FTYP, box(b"ab\x7fd"), MOOV], {b"ftyp"}, False),
        ([FTYP, box(b"free", stated=7), MOOV], {b"ftyp"}, False),
        ([FTYP, box(b"free", stated=8), MOOV], {b"ftyp", b"free", b"moov"}, True),
        ([FTYP, long(b"free", 20, stated=7), MOOV], {b"ftyp"}, False),
        ([FTYP, box(b"free", stated=99)], {b"ftyp", b"free"}, True),  # not complete
        (
            [FTYP, box(b"wide"), box(b"skip"), box(b"styp"), box(b"sidx"), box(b"uuid")],
            {b"ftyp", b"wide", b"skip", b"styp", b"sidx", b"uuid"},
            True,
        ),
    ],
)
def test_boxes_are_walked_up_to_one_that_is_none(parts: list[bytes], kinds: set[bytes], known: bool) -> None:
    assert walked(*parts) == Boxes(kinds, known, 0)


@pytest.mark.parametrize(
    ("parts", "broken"),
    [
        ([FTYP, MOOV, FRAGMENT], 0),
        ([FTYP, MOOV, FRAGMENT, FRAGMENT], 0),
        ([FTYP, MOOV, FRAGMENT, FRAGMENT[:40]], 140),  # the table of pictures that are not there
        ([FTYP, MOOV, FRAGMENT, FRAGMENT[:39]], 140),
        ([FTYP, MOOV, FRAGMENT, FRAGMENT[:47]], 140),
        ([FTYP, MOOV, FRAGMENT, FRAGMENT[:48]], 188),  # what there is of the pictures can be decoded
        ([FTYP, MOOV, FRAGMENT, FRAGMENT[:89]], 229),
        ([FTYP, MOOV, FRAGMENT, b"abc"], 140),
        ([FTYP, MOOV, FRAGMENT, bytes(9)], 140),
        ([FTYP, MOOV, FRAGMENT, box(b"free", 9, stated=10)], 140),
        ([FTYP, MOOV, box(b"mdat", 50), box(b"mdat", 50)[:20]], 0),  # no fragments
        ([FTYP, MOOV, box(b"moof", 40), box(b"free", 8), box(b"mdat", 50)], 0),
        ([FTYP, MOOV, box(b"moof", 40), box(b"free", 8)], 50),
        ([box(b"moof", 40)], 0),
    ],
)
def test_a_recording_in_fragments_is_broken_from_its_first_byte_that_is_not_whole(
    parts: list[bytes], broken: int
) -> None:
    assert walked(*parts).broken == broken


def test_so_many_boxes_are_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boxes, "_MOST", 3)
    assert walked(FTYP, MOOV, box(b"free"), box(b"wide")).kinds == {b"ftyp", b"moov", b"free"}
