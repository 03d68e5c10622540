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
from plainview.recognition.video.process import VideoLimits
from plainview.recognition.video.reader import END_OF_VIDEO, VideoReader, combed
from plainview.recognition.video.types import BytesSource, Frame


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
