"""What the parent believes of its child: nothing that does not fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.recognition.video import wire
from plainview.recognition.video.wire import Nonsense, Reply, Request, Say, parse_reply, parse_request

LIMITS = {"size": 1000, "max_pixels": 10_000, "max_frames": 50}


def parsed(reply: Reply, serial: int = 7) -> Reply:
    return parse_reply(reply.pack(), serial=serial, **LIMITS)


def test_a_reply_and_a_request_come_through() -> None:
    frame = Reply(
        7, Say.FRAME, 1, 2, 100, 100, 90, wire.CUT, 0, 16, 15, 1, 90_000, 25, 1, -5, 0, 0, 3, 1, 200, 7, b"x" * 32
    )
    assert parsed(frame) == frame
    asked = Request(7, wire.Ask.NEXT, -1, 2, 3, 4)
    assert parse_request(asked.pack()) == asked


def test_what_a_reply_does_not_state_is_nothing_and_ratios_are_of_one() -> None:
    ratios = {"aspect_num", "aspect_den", "base_num", "base_den", "rate_den"}
    for name, value in Reply._field_defaults.items():
        assert value == (b"" if name == "sha256" else int(name in ratios)), name


@pytest.mark.parametrize(
    "reply",
    [
        Reply(8, Say.FRAME, width=10, height=10),
        Reply(7, 99),
        Reply(7, Say.READ, pts=-1, length=5),
        Reply(7, Say.READ, pts=1001, length=5),
        Reply(7, Say.READ, pts=0, length=2**23),
        Reply(7, Say.REFUSED, kind=len(wire.REFUSALS)),
        Reply(7, Say.INDEXED, length=51),
        Reply(7, Say.INDEXED, detail=wire.MAX_PARTS + 1),
        Reply(7, Say.END, length=51),
        Reply(7, Say.INFO, width=10, height=10, stream=0, detail=1),
        Reply(7, Say.INFO, width=10, height=10, stream=2, detail=1),
        Reply(7, Say.INFO, width=10, height=10, stream=1, detail=wire.MAX_STREAMS + 1),
        Reply(7, Say.FRAME, width=101, height=100),
        Reply(7, Say.FRAME, width=0, height=100),
        Reply(7, Say.FRAME, width=10, height=10, turn=45),
        Reply(7, Say.FRAME, width=10, height=10, aspect_den=0),
        Reply(7, Say.INFO, width=10, height=10, base_num=-1, stream=1, detail=1),
        Reply(7, Say.INFO, kind=len(wire.DEMUXERS), width=10, height=10, stream=1, detail=1),
        Reply(7, Say.INFO, codec=len(wire.CODECS), width=10, height=10, stream=1, detail=1),
        Reply(7, Say.FRAME, width=10, height=10, pts=2**62),
    ],
)
def test_what_no_honest_child_writes_is_nonsense(reply: Reply) -> None:
    with pytest.raises(Nonsense):
        parsed(reply)


@given(st.binary(min_size=wire.REPLY_BYTES, max_size=wire.REPLY_BYTES))
def test_bytes_are_a_reply_or_nonsense(raw: bytes) -> None:
    raw = b"PVv2" + (7).to_bytes(8, "little") + raw[12:]
    try:
        reply = parse_reply(raw, serial=7, **LIMITS)
    except Nonsense:
        return
    assert reply.say in set(Say)
    assert reply.say != Say.FRAME or reply.width * reply.height <= LIMITS["max_pixels"]


def test_questions_and_answers_are_numbered_from_1_and_flags_are_one_bit_each() -> None:
    assert list(map(int, wire.Ask)) == [1, 2, 3, 4]
    assert list(map(int, Say)) == list(range(1, 10))
    flags = [
        wire.CUT,
        wire.INTERLACED,
        wire.KEY,
        wire.HASH_OF_BGR,
        wire.COUNTED,
        wire.DAMAGED,
        wire.MIRRORED,
        wire.LISTED,
    ]
    assert flags == [1, 2, 4, 8, 16, 32, 64, 128]
    assert (wire.FAILED, wire.HURT) == (1, 2)


def test_the_number_of_an_unknown_codec_fits_and_is_no_codecs() -> None:
    assert len(wire.ALL_CODECS) < wire.UNKNOWN == 2**16 - 1
    assert Reply(1, Say.REFUSED, codec=wire.UNKNOWN).pack()


def test_a_list_may_have_as_many_frames_and_parts_as_its_memory() -> None:
    for say in (Say.INDEXED, Say.END):
        assert parsed(Reply(7, say, length=50, detail=10_000)).detail == 10_000
        for length, detail in ((51, 0), (0, 10_001)):
            with pytest.raises(Nonsense):
                parsed(Reply(7, say, length=length, detail=detail))
