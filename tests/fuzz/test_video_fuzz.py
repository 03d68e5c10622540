"""Damaged videos: whatever the bytes, the answer is frames or a refusal that is not our fault, and the child lives on.

One restricted child reads one damaged file after the other, as it reads one in earnest; one that dies is replaced. In
`make fuzz` these are a hundred thousand files.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.factories.clips import clip
from tests.factories.models import engine
from tests.factories.strange_videos import dav, muxed, raw
from tests.properties import fuzzing

from plainview.evaluation.video import run
from plainview.recognition.errors import BadMedia
from plainview.recognition.video import wire
from plainview.recognition.video.process import VideoLimits, VideoProcess
from plainview.recognition.video.reader import VideoReader
from plainview.recognition.video.types import BytesSource
from plainview.recognition.video.wire import Ask, Say

SEEDS = [("libx264", "mp4"), ("libx264", "matroska"), ("libx264", "mpegts"), ("mpeg4", "avi")]
LIMITS = VideoLimits(max_pixels=2**20, max_frames=20_000, cpu_seconds=5, wall_seconds=5.0, index_seconds=5.0)
_FILES = 5_000 if fuzzing else 150  # times twenty in `make fuzz` (tests/properties.py)


@functools.cache
def small() -> dict[str, bytes]:
    """Files of a few kilobytes in many containers and codecs."""
    made = {}
    for codec, container, pixels in (
        ("libx264", "mp4", "yuv420p"),
        ("libx264", "matroska", "yuv420p"),
        ("libx264", "mpegts", "yuv420p"),
        ("libx264", "flv", "yuv420p"),
        ("libx265", "mp4", "yuv420p"),
        ("mpeg4", "avi", "yuv420p"),
        ("mjpeg", "mov", "yuvj420p"),
        ("mpeg2video", "mpeg", "yuv420p"),
        ("wmv2", "asf", "yuv420p"),
        ("libvpx-vp9", "webm", "yuv420p"),
        ("ffv1", "nut", "yuv420p"),
    ):
        out = io.BytesIO()
        with av.open(out, "w", format=container) as file:
            stream = file.add_stream(
                codec, rate=25, options={"x265-params": "log-level=none"} if codec == "libx265" else {}
            )
            stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
            for number in range(6):
                frame = av.VideoFrame(64, 48, pixels)
                for plane in frame.planes:
                    plane.update(bytes((i * 7 + number * 40) % 251 for i in range(plane.buffer_size)))
                file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
        made[f"{codec} {container}"] = out.getvalue()
    made["sound and cover"] = muxed("matroska", [made["libx264 mp4"]], sound="ac3", cover=True)
    made["raw"] = raw("libx264", "h264", 5)
    made["dav"] = dav(5)
    made["joined"] = made["libx264 mpegts"] * 2
    return made


class _Child:
    """A child process that is given one file after the other."""

    def __init__(self) -> None:
        self._process: VideoProcess | None = None

    def look(self, data: bytes) -> str:
        """Open, list, seek and decode; returns the code of the refusal, or "" for frames."""
        source = BytesSource(data)
        if self._process is None:
            self._process = VideoProcess(source, LIMITS)
        self._process._source = source
        try:
            self._process.ask(Ask.OPEN, source.size)
            index = self._process.ask(Ask.INDEX)
            first = int(self._process.stamps(index.length).min()) >> 1
            self._process.ask(Ask.SEEK, first, flags=wire.LISTED if index.flags & wire.LISTED else 0)
            reply = self._process.ask(Ask.NEXT, first, first, wire.MAX_STAMP, wire.EVERY_FRAME)
            while reply.say == Say.FRAME:
                reply = self._process.ask(Ask.NEXT, first, first, wire.MAX_STAMP, wire.EVERY_FRAME)
        except BadMedia as bad:
            if self._process._child.poll() is not None:
                self.close()
            return bad.code
        return ""

    def close(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None


@pytest.fixture(scope="module")
def child() -> Iterator[_Child]:
    child = _Child()
    yield child
    child.close()


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real video with bytes changed, cut out, put in or doubled; headers are hit as often as data."""
    data = bytearray(draw(st.sampled_from(sorted(small().items())))[1])
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, min(len(data), 600)) | st.integers(0, len(data)))
        how = draw(st.sampled_from(["change", "change", "cut", "insert", "end", "double"]))
        if how == "change":
            piece = draw(
                st.binary(min_size=1, max_size=8) | st.sampled_from([b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff"])
            )
            data[at : at + len(piece)] = piece
        elif how == "cut":
            del data[at : at + draw(st.integers(1, 400))]
        elif how == "insert":
            data[at:at] = draw(st.binary(min_size=1, max_size=64))
        elif how == "double":
            data[at:at] = data[at : at + draw(st.integers(1, 2000))]
        else:
            del data[max(1, at) :]
    return bytes(data) or b"\0"


def test_the_whole_files_are_decoded(child: _Child) -> None:
    assert {name: child.look(data) for name, data in small().items()} == dict.fromkeys(small(), "")


@settings(max_examples=_FILES, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=damaged())
def test_a_damaged_file_gives_frames_or_a_refusal_that_is_not_our_fault(child: _Child, data: bytes) -> None:
    code = child.look(data)
    assert code != "fault"


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.sampled_from(SEEDS),
    places=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=40),
    keep=st.floats(0.05, 1),
)
def test_a_damaged_video_gives_stills_or_a_refusal(
    seed: tuple[str, str], places: list[tuple[float, int]], keep: float
) -> None:
    data = bytearray(clip(*seed, 10).data)
    for place, value in places:
        data[int(place * (len(data) - 1))] = value
    told = None
    try:
        run(bytes(data[: int(len(data) * keep)]), engine())
    except BadMedia as bad:
        told = bad
    assert told is None or (told.why and told.next_step and told.code != "fault")


def test_the_child_is_gone_when_the_reader_is() -> None:
    with VideoReader(BytesSource(clip(frames=10).data)) as reader:
        assert reader._process is not None
        pid = reader._process.pid
        assert Path(f"/proc/{pid}").exists()
    assert not Path(f"/proc/{pid}").exists()
