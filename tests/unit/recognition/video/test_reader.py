"""Videos as recorders export them, whole and broken: what is decoded is exactly what FFmpeg decodes."""

from __future__ import annotations

import io
import os
import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from tests.factories.clips import KINDS, clip, remuxed, sound_only, truth, variable_rate

from plainview.recognition.errors import BadMedia
from plainview.recognition.types import Pixels
from plainview.recognition.video import reader as reading
from plainview.recognition.video import wire
from plainview.recognition.video.process import VideoLimits
from plainview.recognition.video.reader import END_OF_VIDEO, VideoReader, _stream, _upright, combed, turn
from plainview.recognition.video.types import WHOLE, BytesSource, Frame, Part, PictureStream, VideoInfo
from plainview.recognition.video.wire import Ask, Reply, Say


def opened(data: bytes, **limits: int) -> VideoReader:
    return VideoReader(BytesSource(data), VideoLimits(**limits))


def every(reader: VideoReader, first: int, end: int = END_OF_VIDEO) -> list[Frame]:
    reader.seek(first)
    frames = []
    while (frame := reader.next(first, first, end)) is not None:
        frames.append(frame)
    return frames


def code_of(data: bytes, **limits: int) -> str:
    def through() -> None:
        with opened(data, **limits) as reader:
            reader.index()
            every(reader, 0)

    with pytest.raises(BadMedia) as caught:
        through()
    assert caught.value.next_step
    return caught.value.code


@pytest.mark.parametrize(("codec", "container", "pixels"), KINDS)
def test_every_frame_is_the_one_that_ffmpeg_decodes(codec: str, container: str, pixels: str) -> None:
    data = clip(codec, container, 30, pixels).data
    with opened(data) as reader:
        index = reader.index()
        frames = every(reader, int(index.stamps[0]) - 1)
    assert [(frame.pts, frame.sha256) for frame in frames] == truth(data)
    assert [index.number(frame.pts) for frame in frames] == list(range(30))
    assert frames[0].pixels.shape == (360, 640, 3)


@pytest.mark.parametrize(("codec", "container", "pixels"), KINDS[::4])  # of every kind: test_decoding.py
def test_a_frame_is_found_again_from_anywhere(codec: str, container: str, pixels: str) -> None:
    data = clip(codec, container, 30, pixels).data
    wanted = truth(data)
    with opened(data) as reader:
        for pts, sha256 in (wanted[29], wanted[0], wanted[13]):
            assert reader.frame_at(pts, sha256, 0).pts == pts
        with pytest.raises(BadMedia) as caught:
            reader.frame_at(wanted[5][0], wanted[6][1], 5)
    assert caught.value.code == "frame_changed"


def test_times_of_a_variable_rate_are_exact() -> None:
    data, stamps = variable_rate()
    with opened(data) as reader:
        index = reader.index()
        assert index.stamps.tolist() == stamps
        assert reader.info.time_base == Fraction(1, 1000)
        assert [frame.pts for frame in every(reader, 0)] == stamps
        assert index.number(stamps[8]) == 8


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_video_comes_upright(degrees: int) -> None:
    data = clip(frames=5).data
    with opened(data) as reader:
        stored = every(reader, 0)[0]
    with opened(remuxed(data, "mp4", rotate=degrees)) as reader:
        turned = every(reader, 0)[0]
    assert turned.turned == degrees
    assert np.array_equal(turned.pixels, np.rot90(stored.pixels, degrees // 90))
    assert turned.sha256 == stored.sha256


def test_pixels_become_square() -> None:
    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as made:
        stream = made.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 352, 288, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)
        made.mux(stream.encode(av.VideoFrame(352, 288, "yuv420p")))
        made.mux(stream.encode(None))
    with opened(out.getvalue()) as reader:
        assert every(reader, 0)[0].pixels.shape == (288, 704, 3)


def test_combing_is_seen_only_where_fields_differ() -> None:
    still = np.zeros((120, 160, 3), np.uint8)
    still[:, 60:100] = 200
    moved = np.roll(still, 6, axis=1)
    woven = still.copy()
    woven[1::2] = moved[1::2]
    assert combed(woven)
    assert not combed(still)
    stripes = still.copy()
    stripes[40:44] = 255
    assert not combed(stripes)


def test_only_what_moved_is_due_before_its_time() -> None:
    data = clip(frames=50).data  # one person walks
    with opened(data) as reader:
        second = round(1 / reader.info.time_base)
        reader.seek(0)
        first = reader.next(0, 0, END_OF_VIDEO)
        assert first is not None
        soon = reader.next(second // 5, 10 * second, END_OF_VIDEO, motion=8)
        assert soon is not None
        assert second // 5 <= soon.pts < second // 2
        assert reader.next(soon.pts + 1, 10 * second, END_OF_VIDEO, motion=255) is None


@pytest.mark.long
def test_what_is_left_of_a_cut_off_file_is_decoded() -> None:
    for codec, container, pixels in (
        ("libx264", "matroska", "yuv420p"),
        ("mjpeg", "avi", "yuvj420p"),
        ("libx264", "mpegts", "yuv420p"),
    ):
        data = clip(codec, container, 50, pixels).data
        with opened(data[: len(data) * 6 // 10]) as reader:
            index = reader.index()
            whole = truth(data)
            found = [(frame.pts, frame.sha256) for frame in every(reader, int(index.stamps[0]))]
            assert 3 < len(found) < 50, container
            assert set(found[:-2]) <= set(whole), container
            assert len(index.stamps) < 50, container


def test_bad_input_has_its_code() -> None:
    whole = clip().data
    assert code_of(b"a text that somebody named .mp4\n" * 40) == "not_a_video"
    assert code_of(b"PK\x03\x04" + bytes(4000)) == "not_a_video"
    assert code_of(b"ffconcat version 1.0\nfile /etc/hostname\n") == "video_format_not_allowed"
    assert code_of(b"#EXTM3U\n#EXTINF:10,\n/etc/hostname\n") == "video_format_not_allowed"
    assert code_of(b"GIF89a" + bytes(99)) == "video_format_not_allowed"
    assert code_of(b"") == "empty"
    assert code_of(whole[: len(whole) * 6 // 10]) == "video_index_missing"
    assert code_of(sound_only()) == "no_video_stream"
    assert code_of(whole, max_pixels=640 * 359) == "too_many_pixels"
    assert code_of(whole, min_side=400) == "too_small"
    assert code_of(whole, max_frames=49) == "decoder_limit"
    assert code_of(clip("targa", "avi", 5, "bgr24").data) == "video_codec"


def test_zero_frames_is_said() -> None:
    data = remuxed(clip().data, "mp4", options={"movflags": "frag_keyframe+empty_moov"})
    assert code_of(data[: data.index(b"moof") - 4]) == "no_frames"


def test_the_child_that_crashes_is_replaced_by_a_refusal_and_leaves_nothing() -> None:
    reader = opened(clip(frames=10).data)
    process = reader._process
    assert process is not None
    os.kill(process.pid, 9)
    with pytest.raises(BadMedia) as caught:
        reader.index()
    assert caught.value.code in ("corrupt", "decoder_limit")
    reader.close()
    assert not Path(f"/proc/{process.pid}").exists()


def test_the_child_has_nothing_of_this_process() -> None:
    with opened(clip(frames=10).data) as reader:
        assert reader._process is not None
        pid = reader._process.pid
        status, limits = (Path(f"/proc/{pid}/{name}").read_text() for name in ("status", "limits"))
        assert "Seccomp:\t2" in status
        assert [line.split()[3:5] for line in limits.splitlines() if line.startswith("Max open files")] == [["0", "0"]]
        assert b"PLAINVIEW" not in Path(f"/proc/{pid}/environ").read_bytes()
        every(reader, 0)


def test_a_source_that_fails_is_told() -> None:
    class Broken(BytesSource):
        def read(self, offset: int, length: int) -> bytes:
            raise OSError("the disk")

    with pytest.raises(OSError, match="the disk"):
        VideoReader(Broken(clip(frames=10).data))


def test_waiting_for_the_list_can_be_given_up() -> None:
    class Slow(BytesSource):
        def read(self, offset: int, length: int) -> bytes:
            if armed:
                gate.wait(30)
            return super().read(offset, length)

    armed, gate = [], threading.Event()
    reader = VideoReader(Slow(clip("mjpeg", "avi", 50, "yuvj420p").data))
    armed.append(True)

    def stop() -> None:
        gate.set()
        raise KeyboardInterrupt

    try:
        with pytest.raises(KeyboardInterrupt):
            reader.index(stop)
    finally:
        reader.close()


def woven(by: int) -> Pixels:
    """A bright bar of which every other line is so many pixels farther right."""
    still = np.zeros((120, 160, 3), np.uint8)
    still[:, 60:100] = 200
    still[1::2] = np.roll(still, by, axis=1)[1::2]
    return still


FRAME = Reply(7, Say.FRAME, width=160, height=120, pts=33, motion=9, sha256=b"\x12\xab")


def shown(pixels: Pixels, **changed: int) -> Frame:
    return _upright(pixels, FRAME._replace(**changed))


def test_a_frame_says_what_the_child_said_of_it() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    frame = shown(pixels)
    assert frame.pixels is not pixels
    assert (frame.pixels == pixels).all()
    said = (
        frame.pts,
        frame.sha256,
        frame.turned,
        frame.one_field,
        frame.cut,
        frame.motion,
        frame.damaged,
        frame.mirrored,
    )
    assert said == (33, "12ab", 0, False, False, 9, False, False)
    flags = {"cut": wire.CUT, "damaged": wire.DAMAGED, "mirrored": wire.MIRRORED}
    others = wire.KEY | wire.HASH_OF_BGR | wire.COUNTED | wire.LISTED
    assert [getattr(shown(pixels, flags=others), name) for name in flags] == [False] * 3
    for name, flag in flags.items():
        assert [getattr(shown(pixels, flags=flag), other) for other in flags] == [other == name for other in flags]
    assert (shown(pixels, flags=wire.MIRRORED).pixels == pixels[:, ::-1]).all()
    for degrees in (90, 180, 270):
        frame = shown(pixels, turn=degrees, flags=wire.MIRRORED)
        assert frame.turned == degrees
        assert (frame.pixels == np.rot90(pixels, degrees // 90)[:, ::-1]).all()
        assert frame.pixels.flags.c_contiguous


def test_one_field_is_shown_where_a_frame_is_marked_and_combed() -> None:
    still, moved = woven(0), woven(6)
    assert not shown(moved).one_field
    assert (shown(moved).pixels == moved).all()
    assert not shown(still, flags=wire.INTERLACED).one_field
    frame = shown(moved, flags=wire.INTERLACED)
    assert frame.one_field
    assert (frame.pixels == still).all()
    assert shown(moved[:119], flags=wire.INTERLACED).pixels.shape == (119, 160, 3)


@pytest.mark.parametrize(
    ("aspect", "size"),
    [
        ((1, 1), (120, 160)),
        ((4, 3), (120, 213)),
        ((3, 4), (160, 160)),
        ((4, 1), (120, 640)),
        ((1, 4), (480, 160)),
        ((401, 100), (120, 160)),  # nonsense
        ((100, 401), (120, 160)),
    ],
)
def test_a_pixel_is_up_to_four_times_as_wide_or_high(aspect: tuple[int, int], size: tuple[int, int]) -> None:
    frame = shown(woven(0), aspect_num=aspect[0], aspect_den=aspect[1])
    assert frame.pixels.shape == (*size, 3)
    assert frame.pixels[0, size[1] // 2].tolist() == [200] * 3


def test_combing_is_measured_where_neighbouring_lines_differ() -> None:
    """The ratio is 1.6, of lines that differ by more than 20, in at least 0.2 % of the places that are looked at."""

    def lines(own: float, other: float, columns: int = 40) -> Pixels:
        """Even lines go up by `other` from one to the next; odd ones are `own` beside the even one before."""
        pixels = np.zeros((40, 160, 3), np.uint8)
        for row in range(40):
            value = (row // 2 % 2) * other + (own if row % 2 else 0)
            pixels[row, : columns * 4] = value
        return pixels

    assert combed(lines(21, 0))
    assert not combed(lines(20, 0))
    assert combed(lines(100, 61))  # 1.6 of 62
    assert not combed(lines(100, 62))
    assert combed(lines(100, 0, columns=1))
    wide = np.zeros((40, 160 * 25, 3), np.uint8)
    wide[1::2, 0:8] = 100  # two of a thousand places
    assert combed(wide)
    wide[1::2, 4:8] = 0
    assert not combed(wide)
    assert combed(lines(21, 0)[:8])
    assert not combed(lines(21, 0)[:7])


def test_a_stream_of_nonsense_states_nothing() -> None:
    assert _stream((len(wire.CODECS), 5, 6, -1, 0, -2, -3)) == PictureStream("", 5, 6, Fraction(0), 0, 0.0)
    assert _stream((0, 5, 6, 50, 2, 7, 2500)) == PictureStream(wire.CODECS[0], 5, 6, Fraction(25), 7, 2.5)
    assert _stream((len(wire.CODECS) - 1, 5, 6, 50, 2, 7, 2500)).codec == wire.CODECS[-1]


def test_a_frame_is_turned_further() -> None:
    frame = shown(woven(0), turn=270)
    assert turn(frame, 0) is frame
    assert (turn(frame, 180).turned, turn(frame, 90).turned) == (90, 0)
    assert (turn(frame, 90).pixels == woven(0)).all()


class Played:
    """A process whose answers a test gives; what it is asked is noted."""

    answers: list[Reply] = []  # noqa: RUF012 (of the class: the reader makes the object)
    asked: list[tuple[int, ...]] = []  # noqa: RUF012
    arena = bytearray(4096)

    def __init__(self, source: BytesSource, limits: VideoLimits) -> None:
        self.asked.append((source.size, limits.max_frames))

    def ask(self, question: Ask, a: int = 0, b: int = 0, c: int = 0, flags: int = 0) -> Reply:
        self.asked.append((question, a, b, c, flags))
        return self.answers.pop(0)

    def stamps(self, count: int) -> np.ndarray:
        return np.frombuffer(self.arena, np.int64, count).copy()

    def kill(self) -> None:
        self.asked.append((-1,))

    def close(self) -> None:
        self.asked.append((-2,))


INFO = Reply(1, Say.INFO, 1, 2, 640, 360, stream=3, base_den=50, rate_num=25, pts=-4, length=9, duration=70, detail=1)


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> type[Played]:
    monkeypatch.setattr(reading, "VideoProcess", Played)
    Played.answers, Played.asked, Played.arena[:] = [INFO], [], bytes(4096)
    wire.STREAM.pack_into(Played.arena, 0, 2, 640, 360, 25, 1, 9, 1400)
    return Played


def test_a_reader_asks_for_the_largest_picture_and_says_what_it_is_told(played: type[Played]) -> None:
    with VideoReader(BytesSource(b"12345")) as reader:
        assert reader.info == VideoInfo(
            container=wire.DEMUXERS[1],
            codec=wire.CODECS[2],
            stream=3,
            streams=(PictureStream(wire.CODECS[2], 640, 360, Fraction(25), 9, 1.4),),
            width=640,
            height=360,
            time_base=Fraction(1, 50),
            rate=Fraction(25),
            begins=-4,
            announced_frames=9,
            announced_duration=70,
        )
        assert (reader.decoded, reader.bad, reader.shown.tolist()) == (0, 0, [])
    assert played.asked == [(5, 4_000_000), (Ask.OPEN, 5, 0, 0, 0), (-1,), (-2,)]


@pytest.mark.parametrize(("listed", "flags"), [(None, 0), (False, 0), (True, wire.LISTED)])
def test_a_search_needs_a_list_where_an_earlier_one_said_so(
    played: type[Played], listed: bool | None, flags: int
) -> None:
    how = {} if listed is None else {"listed": listed}
    with VideoReader(BytesSource(b"12345"), stream=2, **how) as reader:
        played.answers = [Reply(2, Say.SOUGHT)]
        reader.seek(77)
    assert played.asked[1:3] == [(Ask.OPEN, 5, 2, 0, 0), (Ask.SEEK, 77, 0, 0, flags)]


@pytest.mark.parametrize(
    ("flags", "pts", "listed", "counted", "appended", "broken"),
    [
        (0, 0, False, False, 0, 0),
        (wire.LISTED, 0, True, False, 0, 0),
        (wire.COUNTED | wire.LISTED, 0, True, True, 0, 0),
        (0, 55, False, False, 55, 0),
        (wire.DAMAGED, 55, False, False, 0, 55),
    ],
)
def test_a_list_is_sorted_and_says_what_the_child_said(
    played: type[Played], flags: int, pts: int, listed: bool, counted: bool, appended: int, broken: int
) -> None:
    with VideoReader(BytesSource(b"12345")) as reader:
        places = [(20, 0), (10, 1), (15, 0), (40, 1)]
        numbers = [*(place * 2 + key for place, key in places), 40, 3, 10, 7]
        played.arena[: 8 * 8] = np.array(numbers, np.int64).tobytes()
        played.answers = [
            Reply(2, Say.INDEXED, flags=flags, pts=pts, length=4, duration=6, detail=2),
            Reply(3, Say.SOUGHT),
        ]
        index = reader.index()
        assert (index.stamps.tolist(), index.keys.tolist(), index.bad_packets) == ([10, 15, 20, 40], [10, 40], 6)
        assert index.parts == (Part(10, 7), Part(40, 3))
        assert (index.listed, index.counted, index.appended, index.broken) == (listed, counted, appended, broken)
        reader.seek(1)
        assert played.asked[-1] == (Ask.SEEK, 1, 0, 0, wire.LISTED if listed else 0)
        played.answers = [Reply(4, Say.INDEXED, length=1)]
        played.arena[:8] = np.array([30 * 2], np.int64).tobytes()
        index = reader.index()
        assert (index.stamps.tolist(), index.keys.tolist(), index.parts) == ([30], [30], WHOLE)


def test_what_was_decoded_is_counted_until_a_segment_ends(played: type[Played]) -> None:
    with VideoReader(BytesSource(b"12345")) as reader:
        frame = FRAME._replace(width=2, height=3, decoded=4, bad=1)
        played.arena[:18] = bytes(range(18))
        played.answers = [frame, frame, Reply(4, Say.END, length=2, decoded=3, bad=2)]
        first = reader.next(5, 6, 7)
        assert first is not None
        assert first.pixels.tolist() == np.arange(18).reshape(3, 2, 3).tolist()
        assert (reader.decoded, reader.bad) == (4, 1)
        assert reader.ask_ahead(5, 6, 7, motion=8).result() is not None
        played.arena[:16] = np.array([44, 45], np.int64).tobytes()
        assert reader.ask_ahead(1, 2, 3).result() is None
        assert (reader.decoded, reader.bad, reader.shown.tolist()) == (11, 4, [44, 45])
    asked = [(5, 6, 7, 0), (5, 6, 7, 8), (1, 2, 3, 0)]
    assert played.asked[2:5] == [(Ask.NEXT, *numbers) for numbers in asked]


def test_a_frame_is_decoded_again_where_it_was_and_compared(played: type[Played]) -> None:
    with VideoReader(BytesSource(b"12345")) as reader:

        def again(*places: int, sha256: str = "12ab", turned: int = 0) -> Frame:
            played.asked.clear()
            frames = [FRAME._replace(width=2, height=3, pts=place) for place in places]
            played.answers = [Reply(2, Say.SOUGHT), *frames, Reply(9, Say.END)]
            return reader.frame_at(33, sha256, 6, turned)

        assert again(33).pts == 33
        ends = (33, 33, END_OF_VIDEO, 0)
        assert played.asked == [(Ask.SEEK, 33, 0, 0, 0), (Ask.NEXT, *ends)]
        assert again(10, 20, 33).pts == 33  # cuts on the way stop too
        assert again(33, turned=90).turned == 90
        for places, sha256 in (((), "12ab"), ((34,), "12ab"), ((10, 34), "12ab"), ((33,), "12ac")):
            with pytest.raises(BadMedia) as caught:
                again(*places, sha256=sha256)
            assert caught.value.code == "frame_changed"
