"""What the child says is believed only within its bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plainview.recognition.decode_wire import (
    CHANGES,
    FORMATS,
    REFUSALS,
    REPLY_BYTES,
    Nonsense,
    Reply,
    Status,
    parse_reply,
)

BOUNDS = {"serial": 7, "max_pixels": 10_000, "max_side": 200, "min_side": 16}


@given(st.binary(min_size=REPLY_BYTES, max_size=REPLY_BYTES))
def test_random_replies_are_nonsense(raw: bytes) -> None:
    with pytest.raises(Nonsense):
        parse_reply(raw, **BOUNDS)


FIELD = st.integers(0, 300) | st.sampled_from([2**31, 2**32 - 1, 3_652_059, 3_652_060])


@given(
    st.builds(
        Reply, st.sampled_from([6, 7]), st.integers(0, 255), st.integers(0, 255), *[FIELD] * 7, st.integers(0, 255)
    )
)
def test_what_is_believed_is_within_bounds(reply: Reply) -> None:
    try:
        believed = parse_reply(reply.pack(), **BOUNDS)
    except Nonsense:
        return
    assert believed == reply
    assert believed.serial == 7
    if believed.status == Status.PICTURE:
        assert believed.kind < len(FORMATS)
        assert min(believed.width, believed.height) >= 16
        assert max(believed.width, believed.height) <= 200
        assert believed.width * believed.height <= 10_000
        assert {believed.stored_width, believed.stored_height} == {believed.width, believed.height}
        assert believed.day <= 3_652_059  # 9999-12-31
    elif believed.status == Status.REFUSED:
        assert believed.kind < len(REFUSALS)
    else:
        assert believed.status in (Status.READY, Status.TOO_LITTLE_MEMORY)


@pytest.mark.parametrize(
    "change",
    [
        {"serial": 6},
        {"status": 0},
        {"kind": len(FORMATS)},
        {"width": 15},
        {"height": 201, "stored_width": 201},
        {"width": 150, "height": 150, "stored_width": 150, "stored_height": 150},
        {"stored_width": 51},
        {"day": 3_652_060},
        {"detail": 65},
        {"changes": 1 << len(CHANGES)},
        {"status": Status.REFUSED, "kind": len(REFUSALS)},
        {"status": Status.REFUSED, "kind": REFUSALS.index("format_not_allowed"), "detail": 99},
    ],
)
def test_one_wrong_field_makes_it_nonsense(change: dict[str, int]) -> None:
    good = Reply(7, Status.PICTURE, 2, 100, 50, 50, 100, 737_000)
    with pytest.raises(Nonsense):
        parse_reply(good._replace(**change).pack(), **BOUNDS)


def test_a_good_reply_is_believed() -> None:
    reply = Reply(7, Status.PICTURE, 2, 100, 50, 50, 100, 737_000)
    assert parse_reply(reply.pack(), **BOUNDS) == reply


def test_answers_are_numbered_from_1() -> None:
    assert list(map(int, Status)) == [1, 2, 3, 4]
