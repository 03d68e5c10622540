"""The child's reading with packets of our own: what no file that FFmpeg writes has, and each limit at its edge."""

from __future__ import annotations

import errno
import mmap
from collections.abc import Callable, Iterator
from copy import copy
from types import SimpleNamespace
from typing import Any

import av.error
import numpy as np
import pytest

from plainview.recognition.video import decoding, wire
from plainview.recognition.video.decoding import Video
from plainview.recognition.video.opening import Opened, Refusal
from plainview.recognition.video.timeline import NO_STAMP, Part, Timeline
from plainview.recognition.video.wire import Ask, Reply, Request, Say

BROKEN = av.error.InvalidDataError(errno.EINVAL, "broken")
LONGEST = wire.MAX_STAMP // 4


def packet(pts: int | None = None, dts: int | None = None, **more: Any) -> Any:
    """A packet of 10 bytes from which decoding can start."""
    usual = {"size": 10, "pos": None, "duration": None, "is_keyframe": True, "encrypted": False}
    usual |= {"is_discard": False, "is_corrupt": False, **more}
    shown = SimpleNamespace(pts=pts, dts=dts, **usual)
    shown.has_sidedata = lambda kind: kind == "encryption_info" and shown.encrypted
    return shown


class File:
    """A container whose packets and errors are a list; a decoder that gives one frame for each packet."""

    def __init__(self, *content: Any, form: str = "matroska") -> None:
        self.content, self.format = list(content), SimpleNamespace(name=form)
        self.at, self.opens = 0, 0
        self.seeks: list[tuple[int, dict[str, Any]]] = []
        self.lands: dict[int, int] = {}
        self.codec_context = SimpleNamespace(name="h264", decode=self.decode, flush_buffers=lambda: None)

    def open(self, *_: object) -> Opened:
        self.at, self.opens = 0, self.opens + 1
        return Opened(self, SimpleNamespace(codec_context=self.codec_context), self.info, [b"rows", b" of streams"])

    info = Reply(0, Say.INFO, base_num=1, base_den=1000)

    def demux(self, stream: Any) -> Iterator[Any]:
        while self.at < len(self.content):
            self.at += 1
            if isinstance(self.content[self.at - 1], Exception):
                raise self.content[self.at - 1]
            yield copy(self.content[self.at - 1])  # decoding numbers them

    def seek(self, target: int, **how: Any) -> None:
        self.seeks.append((target, how))
        if target not in self.lands:
            raise BROKEN
        self.at = self.lands[target]

    def decode(self, one: Any) -> list[Any]:
        if one is None:
            return []
        if getattr(one, "rotten", False):
            raise BROKEN
        return [SimpleNamespace(pts=one.pts, is_corrupt=one.is_corrupt)]


Make = Callable[..., tuple[Video, File]]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Make:
    def made(*content: Any, form: str = "matroska", info: Reply = File.info, frames: int = 9999) -> tuple[Video, File]:
        file = File(*content, form=form)
        file.info = info
        monkeypatch.setattr(decoding, "open_stream", file.open)
        pipe: Any = SimpleNamespace(broken=0, serial=5)
        return Video(pipe, {"max_frames": frames}, mmap.mmap(-1, 2**16), 0), file

    return made


def stamps(video: Video, reply: Reply) -> list[int]:
    return [entry >> 1 for entry in np.frombuffer(bytes(video._arena), np.int64, reply.length).tolist()]


def refused(video: Video) -> str:
    with pytest.raises(Refusal) as caught:
        video.index()
    return wire.REFUSALS[caught.value.kind]


def test_the_streams_are_listed_in_shared_memory(make: Make) -> None:
    video, _ = make(packet(0))
    assert video._arena[:16] == b"rows of streams\0"


MOST = wire.MAX_STAMP // 3 // 8
RATE = {"rate_num": 10, "rate_den": 1}


@pytest.mark.parametrize(
    ("durations", "base", "rate", "step"),
    [
        ((None, None, None), (1, 1000), (0, 1), 40),  # FFmpeg's own 25 frames a second
        ((0, 0, 0), (1, 1000), (0, 1), 40),
        ((None, None, None), (1, 1000), (10, 1), 100),
        ((None, 7, 9), (1, 1000), (10, 1), 7),
        ((-5, 7, 9), (1, 1000), (10, 1), 7),
        ((1, 7, 9), (1, 1000), (10, 1), 1),
        ((MOST - 1, 7, 9), (1, 1000), (10, 1), MOST - 1),
        ((MOST, 7, 9), (1, 1000), (10, 1), 100),  # beyond any video
        ((None, None, None), (1, 10), (25, 1), 1),
        ((None, None, None), (3, 1), (1, 5), 5),  # a unit of three seconds counts as one
        ((None, None, None), (2, 5), (1, 5), 10),
    ],
)
def test_frames_of_a_file_without_times_are_counted_by_their_length_or_the_rate(
    make: Make,
    durations: tuple[int | None, ...],
    base: tuple[int, int],
    rate: tuple[int, int],
    step: int,
) -> None:
    info = File.info._replace(base_num=base[0], base_den=base[1], rate_num=rate[0], rate_den=rate[1])
    video, _ = make(*(packet(duration=duration) for duration in durations), info=info)
    reply = video.index()
    assert stamps(video, reply) == [0, step, 2 * step]
    assert reply == Reply(5, Say.INDEXED, flags=wire.LISTED | wire.COUNTED, length=3, detail=1)
    assert video.seek(2 * step) == Reply(5, Say.SOUGHT)
    assert [place for place, _ in video._frames] == [2 * step]


def test_where_a_packet_has_a_time_its_length_is_no_step(make: Make) -> None:
    """The second part begins a frame of the stated rate after the first."""
    video, _ = make(*(packet(at, at, duration=7) for at in (0, 100, 300, 0)), info=File.info._replace(**RATE))
    reply = video.index()
    assert stamps(video, reply) == [0, 100, 300, 400]
    assert (reply.flags, reply.detail) == (wire.LISTED, 2)


def test_a_list_has_the_places_the_keys_and_the_parts_behind_each_other(make: Make) -> None:
    times = [(5, 5), (1005, 1005), (9, 9), (1009, 1009)]
    video, _ = make(*(packet(*at, is_keyframe=at[0] < 1000) for at in times), info=File.info._replace(**RATE))
    reply = video.index()
    packed = np.frombuffer(bytes(video._arena), np.int64, 8).tolist()
    assert packed == [5 * 2 + 1, 1005 * 2, 1105 * 2 + 1, 2105 * 2, 5, 0, 1105, 1096]
    assert (reply.length, reply.detail, reply.flags, reply.pts) == (4, 2, wire.LISTED, 0)


@pytest.mark.parametrize(
    ("place", "code"), [(LONGEST - 1, ""), (LONGEST, "corrupt"), (1 - LONGEST, ""), (-LONGEST, "corrupt")]
)
def test_a_time_line_beyond_any_video_is_damage(
    make: Make, monkeypatch: pytest.MonkeyPatch, place: int, code: str
) -> None:
    monkeypatch.setattr(decoding, "lay_out", lambda *_: Timeline([0, place], (Part(0, 0),), clean=True))
    video, _ = make(packet(0), packet(1))
    if code:
        assert refused(video) == code
    else:
        assert stamps(video, video.index()) == [0, place]


def test_a_time_that_overflows_is_damage(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def overflows(*_: object) -> Timeline:
        raise OverflowError

    monkeypatch.setattr(decoding, "lay_out", overflows)
    assert refused(make(packet(0))[0]) == "corrupt"


def test_a_stream_of_which_every_packet_is_encrypted_has_no_frames(make: Make) -> None:
    assert refused(make(packet(0, encrypted=True), packet(1, encrypted=True))[0]) == "no_frames"
    assert refused(make()[0]) == "no_frames"
    assert make(packet(0, encrypted=True), packet(1))[0].index().length == 2


def test_what_cannot_be_read_is_passed_over_and_counted(make: Make) -> None:
    content = [packet(0), BROKEN, packet(1), packet(2, size=0), packet(3, is_discard=True), BROKEN, packet(4)]
    video, _ = make(*content)
    reply = video.index()
    assert (stamps(video, reply), reply.duration) == ([0, 1, 4], 2)
    assert make(*(packet(at, is_corrupt=at == 5) for at in range(9)))[0].index().duration == 1
    assert make(packet(0), av.error.EOFError(errno.EIO, "end"), packet(1))[0].index().length == 1
    assert make(packet(0), IndexError(), packet(1))[0].index().length == 1


def test_after_500_errors_in_a_row_the_rest_counts_as_lost(make: Make) -> None:
    reply = make(*[BROKEN] * 499, packet(0), *[BROKEN] * 499, packet(1))[0].index()
    assert (reply.length, reply.duration) == (2, 998)
    reply = make(packet(0), *[BROKEN] * 500, packet(1))[0].index()
    assert (reply.length, reply.duration) == (1, 500)


def test_the_limit_of_frames_is_of_frames(make: Make) -> None:
    assert make(packet(0), packet(1), packet(2, is_discard=True), frames=2)[0].index().length == 2
    assert refused(make(packet(0), packet(1), packet(2), frames=2)[0]) == "decoder_limit"


def test_another_recording_is_looked_for_behind_the_last_byte_of_the_frames(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "appended", lambda pipe, form, end: end)
    content = [packet(0, pos=100, size=20), packet(1, pos=300, size=50), packet(2, pos=200, size=70), packet(3)]
    assert make(*content)[0].index().pts == 350
    assert make(packet(0), packet(None))[0].index().pts == 0  # places that are counted: not asked
    video, _ = make(*content)
    video._pipe.broken = 77
    assert (video.index().pts, video.index().flags) == (77, wire.DAMAGED)


@pytest.mark.parametrize("lands", [0, 2, 10, 60])
def test_a_search_goes_back_farther_until_decoding_begins_before_the_place(make: Make, lands: int) -> None:
    content = [packet(at, at) for at in range(0, 100_000, 1000)]
    video, file = make(*content)
    asked = [70_000, 68_000, 60_000, 10_000]
    usual = {"stream": video.stream, "backward": True, "any_frame": False}
    file.lands = {70_000 - 1000 * seconds: 70 + (seconds != lands) for seconds in (0, 2, 10, 60)}
    tries = [0, 2, 10, 60].index(lands) + 1
    assert video.seek(70_000) == Reply(5, Say.SOUGHT)
    assert file.seeks == [(target, usual) for target in asked[:tries]]
    assert [place for place, _ in video._frames] == list(range(70_000, 100_000, 1000))
    assert file.opens == 1


def test_a_file_that_cannot_be_sought_is_listed_and_counted(make: Make) -> None:
    video, file = make(*(packet(at, at, is_keyframe=at % 3 == 0) for at in range(9)))
    video.seek(7)
    assert len(file.seeks) == 4
    assert [place for place, _ in video._frames] == [6, 7, 8]
    for place, decoded in ((4, [3, 4, 5, 6, 7, 8]), (7, [6, 7, 8])):  # behind and before: packets are kept
        video.seek(place)
        assert [place for place, _ in video._frames] == decoded
    assert (len(file.seeks), file.opens) == (4, 3)  # opened, listed, read once
    video, file = make(*(packet(at, at) for at in range(9)))
    video.seek(7, listed=True)
    assert file.seeks == []
    assert [place for place, _ in video._frames] == [7, 8]


def test_32_mebibytes_of_packets_are_kept_where_a_file_cannot_be_sought(make: Make) -> None:
    video, file = make(*(packet(at, at, size=2**24) for at in range(4)))
    video.seek(0)
    assert len(list(video._frames)) == 4
    assert ([at for at, _ in video._recent], video._recent_bytes) == ([2, 3], 2**25)
    opens = file.opens
    video.seek(2)
    assert [place for place, _ in video._frames] == [2, 3]
    assert file.opens == opens
    video.seek(1)
    assert [place for place, _ in video._frames] == [1, 2, 3]
    assert file.opens == opens + 1


def test_a_packet_without_a_time_or_to_be_passed_over_is_decoded_and_not_shown(make: Make) -> None:
    video, file = make(packet(0), packet(), packet(2, is_discard=True), BROKEN, packet(None, 3))
    file.lands = {0: 0}
    video.seek(0)
    assert [place for place, _ in video._frames] == [0, 3]
    assert video._decoded == 4


def test_in_avi_the_time_of_decoding_comes_first(make: Make) -> None:
    video, _ = make(form="avi")
    assert [video._time(packet(*both)) for both in ((1, 2), (1, None), (None, 2), (None, None))] == [2, 1, 2, NO_STAMP]
    video, _ = make()
    assert [video._time(packet(*both)) for both in ((1, 2), (1, None), (None, 2), (None, None))] == [1, 1, 2, NO_STAMP]


@pytest.mark.parametrize("form", ["avi", "dhav", "matroska"])
def test_the_nth_frame_has_the_nth_time_where_a_container_states_the_order(make: Make, form: str) -> None:
    video, file = make(*(packet(at, at) for at in range(4)), form=form)
    file.codec_context.decode = lambda one: [SimpleNamespace(pts=one.pts ^ 1, is_corrupt=False)] if one else []
    file.lands = {0: 0}
    video.seek(0)
    in_order = form != "matroska"
    # Frame 1 comes back for packet 0, whose number is not yet in flight; by order it is the first.
    assert [place for place, _ in video._frames] == ([0, 1, 2, 3] if in_order else [0, 2])


def test_what_cannot_be_decoded_is_counted_and_noted_and_500_in_a_row_end_it(make: Make) -> None:
    def bad(at: int) -> Any:
        return packet(at, at, rotten=True)

    video, file = make(packet(0), bad(1), packet(2, is_corrupt=True), *map(bad, range(3, 502)), packet(502))
    file.lands = {0: 0}
    video.seek(0)
    assert [place for place, _ in video._frames] == [0, 2, 502]
    assert (video._decoded, video._bad) == (3, 500)
    noted = list(video._shown)
    assert noted[:3] == [0, 1 << 2 | wire.FAILED, 2 << 2 | wire.HURT]
    assert noted[-1] == 502 << 2
    video, file = make(*map(bad, range(499)), packet(499))
    file.lands = {499: 0}
    video.seek(499)
    assert [place for place, _ in video._frames] == [499]
    assert len(file.seeks) == 1
    video, file = make(packet(0), *map(bad, range(1, 501)), packet(501))
    file.lands = {0: 0}
    video.seek(0)
    assert [place for place, _ in video._frames] == [0]


def test_frames_that_the_decoder_still_holds_come_at_the_end_of_each_part(make: Make) -> None:
    video, file = make(
        packet(0, 0), packet(1000, 1000), packet(0, 0), packet(1000, 1000), info=File.info._replace(**RATE)
    )
    held: list[Any] = []

    def decode(one: Any) -> list[Any]:
        ready = held[:]
        held[:] = [] if one is None else [SimpleNamespace(pts=one.pts, is_corrupt=False)]
        return ready

    flushed = []
    file.codec_context.decode = decode
    file.codec_context.flush_buffers = lambda: flushed.append(len(held))
    video.seek(0, listed=True)
    assert [place for place, _ in video._frames] == [0, 1000, 1100, 2100]
    assert flushed == [0, 0]  # before it begins, and between the parts
    video.seek(1100, listed=True)
    assert [place for place, _ in video._frames] == [1100, 2100]


def due(video: Video, looks: list[tuple[int, int]], asked: Request) -> list[tuple[int, int, int]]:
    """The frames that are sent, each as (place, flags, motion), where looks are (mean, motion) of frames 0, 1, ..."""
    video._frames = ((place, place) for place in range(len(looks)))  # type: ignore[assignment, misc]
    kept: list[None] = []
    video.thumbnail = SimpleNamespace(compare=lambda frame: looks[frame], keep=lambda: kept.append(None))  # type: ignore[assignment]
    video._sent = lambda place, frame, flags, motion: (place, flags, motion)  # type: ignore[assignment, method-assign, return-value]
    sent: list[Any] = []
    while not isinstance(reply := video.next_frame(asked), Reply):
        sent.append(reply)
    assert len(kept) == len(sent)
    return sent


def test_a_frame_is_due_when_something_moved_or_at_the_latest_or_with_a_new_scene(make: Make) -> None:
    video, _ = make(packet(0))
    looks = [(0, 9), (27, 9), (28, 0), (0, 7), (0, 8), (0, 255), (0, 0), (0, 0), (0, 0)]
    assert due(video, looks, Request(0, Ask.NEXT, 4, 6, 8, 8)) == [
        (2, wire.CUT, 0),  # a mean difference of 28, of 27 not yet
        (4, 0, 8),
        (5, 0, 255),
        (6, 0, 0),
        (7, 0, 0),  # 8 is the next segment's
    ]
    video._last = 1
    assert due(video, looks, Request(0, Ask.NEXT, 0, 0, 4, 0)) == [(2, wire.CUT, 0), (3, 0, 7)]


def test_the_end_of_a_segment_tells_what_was_decoded_once(make: Make) -> None:
    video, _ = make(packet(0), frames=3)
    video._sought, video._decoded, video._bad = 10, 7, 2
    video._shown.extend(place << 2 | wire.HURT for place in (9, 10, 11, 19, 20))
    reply = video.next_frame(Request(0, Ask.NEXT, 0, 0, 20, 0))
    assert reply == Reply(5, Say.END, decoded=7, bad=2, length=3)
    noted = np.frombuffer(bytes(video._arena), np.int64, 3).tolist()
    assert noted == [place << 2 | wire.HURT for place in (10, 11, 19)]
    assert video.next_frame(Request(0, Ask.NEXT, 0, 0, 20, 0)) == Reply(5, Say.END, length=3)
    video._shown.extend([12 << 2] * 5)
    assert video.next_frame(Request(0, Ask.NEXT, 0, 0, 20, 0)).length == 3  # no more than memory has room for


def test_a_unit_of_time_may_be_longer_than_a_second(make: Make) -> None:
    video, file = make(packet(0), packet(9), info=File.info._replace(base_num=3, base_den=2))
    file.lands = {0: 0}
    assert video.seek(9).say == Say.SOUGHT
    assert [target for target, _ in file.seeks] == [9, 8, 3, -31]


def test_where_frames_are_counted_they_come_in_the_order_of_the_file(make: Make) -> None:
    for content, form, places in (
        ([packet() for _ in range(4)], "matroska", [0, 40, 80, 120]),
        ([packet(at, at) for at in range(4)], "avi", [0, 1, 2, 3]),
        ([packet(at, at) for at in range(4)], "matroska", [0, 2]),
    ):
        video, file = make(*content, form=form)
        file.codec_context.decode = lambda one: [SimpleNamespace(pts=one.pts ^ 1, is_corrupt=False)] if one else []
        video.seek(0, listed=True)
        assert [place for place, _ in video._frames] == places
