"""Decoding as the child does it, in one process: each packet has its place, and its frame is found again from anywhere."""

from __future__ import annotations

import itertools
import mmap
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.factories.clips import KINDS, clip, remuxed, truth, variable_rate

from plainview.recognition.video import wire
from plainview.recognition.video.child import _Rehearsal, answer_to
from plainview.recognition.video.decoding import Video, _Listing, _parts, _sound, _turned
from plainview.recognition.video.opening import Refusal
from plainview.recognition.video.timeline import NO_STAMP, Part, Timeline
from plainview.recognition.video.wire import Ask, Reply, Request, Say

LIMITS = {"max_pixels": 640 * 360, "min_side": 360, "max_frames": 50}


def opened(data: bytes, **limits: int) -> tuple[Video, mmap.mmap]:
    arena = mmap.mmap(-1, 640 * 360 * 3)
    return Video(_Rehearsal(data), LIMITS | limits, arena, 0), arena


def indexed(video: Video, arena: mmap.mmap) -> tuple[list[int], list[int]]:
    """Places of the frames, and of those from which decoding can start, in their order."""
    reply = video.index()
    assert reply.say == Say.INDEXED
    entries = np.frombuffer(arena, np.int64, reply.length).tolist()
    return sorted(entry >> 1 for entry in entries), sorted(entry >> 1 for entry in entries if entry & 1)


def frames(
    video: Video, first: int, at_latest: int | None = None, end: int = wire.MAX_STAMP, motion: int = 0
) -> list[Reply]:
    asked = Request(0, Ask.NEXT, first, first if at_latest is None else at_latest, end, motion)
    replies = iter(lambda: video.next_frame(asked), None)
    shown = itertools.takewhile(lambda reply: reply.say == Say.FRAME, replies)
    return [reply for reply in shown if reply.pts >= first]  # the first one after a search counts as a cut


@pytest.mark.parametrize(("codec", "container", "pixels"), KINDS)
def test_every_frame_has_its_place_and_is_found_again(codec: str, container: str, pixels: str) -> None:
    data = clip(codec, container, 30, pixels).data
    wanted = truth(data)
    video, arena = opened(data)
    places, keys = indexed(video, arena)
    assert places == [pts for pts, _ in wanted]
    assert keys[0] == places[0]
    assert set(keys) <= set(places)
    assert video.seek(places[0]).say == Say.SOUGHT
    replies = frames(video, places[0])
    assert [(reply.pts, reply.sha256.hex()) for reply in replies] == wanted
    assert sum(reply.decoded for reply in replies) >= 29
    assert {(reply.width, reply.height, reply.turn, reply.bad) for reply in replies} == {(640, 360, 0, 0)}
    for pts, sha256 in (wanted[29], wanted[0], wanted[13]):
        video.seek(pts)
        found = frames(video, pts)[0]
        assert (found.pts, found.sha256.hex()) == (pts, sha256)


def test_what_the_container_says_is_told() -> None:
    data = clip(frames=30).data
    video, arena = opened(data)
    info = video.info
    assert (info.say, info.width, info.height, info.stream, info.detail) == (Say.INFO, 640, 360, 1, 1)
    assert (wire.DEMUXERS[info.kind], wire.CODECS[info.codec]) == ("mov,mp4,m4a,3gp,3g2,mj2", "h264")
    assert (info.rate_num, info.rate_den, info.aspect_num, info.aspect_den) == (25, 1, 1, 1)
    assert (info.base_num, info.base_den, info.pts, info.length, info.duration) == (1, 12_800, 0, 30, 15_360)
    row = wire.STREAM.unpack_from(arena)
    assert row == (info.codec, 640, 360, 25, 1, 30, 1200)
    with pytest.raises(Refusal) as caught:
        Video(_Rehearsal(data), LIMITS, arena, 2)
    assert (wire.REFUSALS[caught.value.kind], caught.value.detail) == ("no_such_stream", 1)
    assert Video(_Rehearsal(data), LIMITS, arena, 1).info.stream == 1


def test_a_segment_ends_where_it_is_said_and_names_what_was_shown_in_it() -> None:
    data = clip(frames=30).data
    video, arena = opened(data)
    places, _ = indexed(video, arena)
    video.seek(places[10])
    assert [reply.pts for reply in frames(video, places[10], end=places[20])] == places[10:20]
    video.seek(places[0])
    assert frames(video, places[0], end=places[0]) == []
    video.seek(places[0])
    asked = Request(7, Ask.NEXT, places[0], places[0], places[5], 0)
    while (reply := video.next_frame(asked)).say == Say.FRAME:
        pass
    assert reply.say == Say.END
    shown = np.frombuffer(arena, np.int64, reply.length).tolist()
    assert sorted(entry >> 2 for entry in shown) == places[:5]
    assert {entry & 3 for entry in shown} == {0}


def test_what_moved_is_due_from_its_time_on_and_any_frame_at_the_latest() -> None:
    data = clip(frames=50).data  # one person walks
    video, arena = opened(data)
    places, _ = indexed(video, arena)
    video.seek(0)
    first = video.next_frame(Request(0, Ask.NEXT, 0, 0, wire.MAX_STAMP, 255))
    assert (first.pts, first.motion, first.flags & wire.CUT) == (places[0], 255, wire.CUT)
    soon = video.next_frame(Request(0, Ask.NEXT, places[5], places[45], wire.MAX_STAMP, 8))
    assert places[5] <= soon.pts < places[20]
    assert 8 <= soon.motion < 255
    assert not soon.flags & wire.CUT
    late = video.next_frame(Request(0, Ask.NEXT, places[21], places[30], wire.MAX_STAMP, 256))
    assert late.pts == places[30]
    assert video.next_frame(Request(0, Ask.NEXT, places[31], places[45], places[45], 256)).say == Say.END


def test_a_list_has_so_many_frames_at_most() -> None:
    data = clip(frames=30).data
    opened(data, max_frames=30)[0].index()
    with pytest.raises(Refusal) as caught:
        opened(data, max_frames=29)[0].index()
    assert answer_to(caught.value, 3).kind == wire.REFUSALS.index("decoder_limit")


@pytest.mark.parametrize(
    ("limits", "code"), [({"max_pixels": 640 * 360 - 1}, "too_many_pixels"), ({"min_side": 361}, "too_small")]
)
def test_a_size_beyond_the_limits_is_refused_with_it(limits: dict[str, int], code: str) -> None:
    with pytest.raises(Refusal) as caught:
        opened(clip(frames=5).data, **limits)
    reply = answer_to(caught.value, 3)
    assert (reply.serial, reply.say, wire.REFUSALS[reply.kind]) == (3, Say.REFUSED, code)
    assert (reply.width, reply.height) == (640, 360)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_frame_says_by_how_much_it_is_turned(degrees: int) -> None:
    video, _ = opened(remuxed(clip(frames=5).data, "mp4", rotate=degrees))
    video.seek(0)
    assert {(reply.turn, reply.flags & wire.MIRRORED) for reply in frames(video, 0)} == {(degrees, 0)}


def test_times_of_a_variable_rate_are_kept() -> None:
    data, stamps = variable_rate()
    video, arena = opened(data, min_side=16)
    assert Fraction(video.info.base_num, video.info.base_den) == Fraction(1, 1000)
    assert indexed(video, arena)[0] == stamps
    video.seek(stamps[7])
    assert [reply.pts for reply in frames(video, stamps[7])][:3] == stamps[7:10]


MATRICES = {
    "none": None,
    "same": (65536, 0, 0, 0, 65536, 0, 0, 0, 2**30),
    "mirrored": (-65536, 0, 0, 0, 65536, 0, 0, 0, 2**30),
    "quarter": (0, 65536, 0, -65536, 0, 0, 0, 0, 2**30),
}


@pytest.mark.parametrize(
    ("rotation", "matrix", "turn"),
    [
        (0, "none", (0, False)),
        (-90, "none", (270, False)),
        (45, "none", (0, False)),
        (0, "same", (0, False)),
        (90, "quarter", (90, False)),
        (0, "mirrored", (180, True)),
        (180, "mirrored", (0, True)),
        (90, "mirrored", (90, True)),
    ],
)
def test_a_matrix_may_turn_and_mirror(rotation: int, matrix: str, turn: tuple[int, bool]) -> None:
    numbers = MATRICES[matrix]
    data = {} if numbers is None else {"DISPLAYMATRIX": np.array(numbers, np.int32).tobytes() + b"more"}
    assert _turned(SimpleNamespace(rotation=rotation, side_data=data)) == turn


@pytest.mark.parametrize(
    ("stamp", "sound"),
    [(None, NO_STAMP), (0, 0), (-5, -5), (2**59 - 1, 2**59 - 1), (2**59, NO_STAMP), (-(2**59), NO_STAMP)],
)
def test_a_stamp_beyond_any_video_is_none(stamp: int | None, sound: int) -> None:
    assert _sound(stamp) == sound


LAID = Timeline([10, 12, 11, 20, 21, 22], (Part(0, 0), Part(3, 100)), clean=False)


@pytest.mark.parametrize(("place", "number"), [(9, 0), (10, 0), (12, 1), (19, 1), (20, 3), (21, 3), (22, 5), (99, 5)])
def test_decoding_starts_at_the_last_key_of_its_part(place: int, number: int) -> None:
    listing = _Listing(LAID, bytearray([1, 1, 0, 1, 0, 1]), False)
    assert listing.start(place) == number
    assert listing.borders == {0, 3}
    assert listing.timed_from == -wire.MAX_STAMP


def test_a_part_without_a_key_is_decoded_from_its_beginning() -> None:
    assert _Listing(LAID, bytearray([1, 0, 0, 0, 0, 0]), False).start(21) == 3


def test_frames_before_the_first_time_are_told_from_those_that_have_one() -> None:
    assert _Listing(Timeline([1, 2, 7, 5], (Part(0, 0),), clean=False, untimed=2), bytearray(4), False).timed_from == 5


def test_parts_are_told_by_their_first_place() -> None:
    assert _parts(LAID) == [(10, 0), (20, 100)]


def test_an_error_of_this_code_is_told_with_its_line_and_a_lack_of_memory_as_a_limit() -> None:
    def answer(error: Exception) -> tuple[str, int, Any]:
        try:
            raise error
        except Exception as raised:
            reply = answer_to(raised, 5)
        return wire.REFUSALS[reply.kind], reply.codec, reply.detail

    assert answer(MemoryError())[:2] == ("decoder_limit", 0)
    assert answer(OSError(12, "no memory"))[:2] == ("decoder_limit", 0)
    code, name, line = answer(KeyError("x"))
    assert (code, wire.FAULTS[name]) == ("fault", "KeyError")
    assert line > 1
    assert answer(StopIteration())[:2] == ("fault", 0)
