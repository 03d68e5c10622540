"""Targets of `make fuzz`: pictures and videos, each decoded by one restricted child process that reads one after the other.

In earnest a child that a picture upset is replaced, which takes as long as a hundred pictures of this size; here it goes on
until it dies, and how often it does is counted.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import pytest
from tests.factories import pictures as made
from tests.factories.strange_videos import dav, muxed, raw
from tests.fuzz.refusal import refused

from plainview.recognition import decode as decode_module
from plainview.recognition.decode import DecodeLimits, Decoder
from plainview.recognition.decode_wire import FORMATS
from plainview.recognition.errors import BadMedia
from plainview.recognition.video import wire
from plainview.recognition.video.process import VideoLimits, VideoProcess
from plainview.recognition.video.types import BytesSource
from plainview.recognition.video.wire import Ask, Say

PICTURES = (
    *(".jpg", ".jpeg", ".png", ".tif", ".tiff", ".gif", ".bmp", ".webp", ".heic", ".heif", ".avif", ".jp2", ".jxl"),
)
VIDEOS = (
    ".mp4",
    ".mkv",
    ".webm",
    ".ts",
    ".avi",
    ".mov",
    ".flv",
    ".asf",
    ".wmv",
    ".mpg",
    ".dav",
    ".3gp",
    ".m4v",
    ".ogv",
)

Feed = Callable[[bytes], str]

_PICTURE = DecodeLimits(max_pixels=2_000_000, max_side=4000, cpu_seconds=5, wall_seconds=60.0)
_VIDEO = VideoLimits(max_pixels=2**20, max_frames=20_000, cpu_seconds=5, wall_seconds=60.0, index_seconds=60.0)
_SIZE = (40, 48)


def pictures(_: Path) -> dict[str, bytes]:
    plain = {
        name: made.saved(made.portrait(_SIZE), name)
        for name in ("GIF", "BMP", "WEBP", "HEIF", "AVIF", "JPEG2000", "JXL")
    }
    profile = made.print_profile((128, 128, 68))
    return plain | {
        "jpeg": made.jpeg(_SIZE, exif=made.exif(orientation=6, taken="2020:01:02 03:04:05")),
        "progressive": made.jpeg(_SIZE, progressive=True),
        "png": made.png(_SIZE),
        "palette png": made.palette_alpha_png(),
        "tiff": made.saved(made.portrait(_SIZE), "TIFF", compression="tiff_lzw"),
        "deep png": made.deep_rgb_png(),
        "deep grey png": made.deep_grey_png(),
        "deep tiff": made.tiff(16),
        "deep heic": made.deep_heic(),
        "print jpeg": made.cmyk_jpeg(),
        "print tiff": made.saved(made.portrait(_SIZE, "CMYK"), "TIFF", icc_profile=profile, compression="jpeg"),
        "mpo": made.mpo(),
        **{f"animated {name}": made.animated(name) for name in ("GIF", "PNG", "WEBP", "TIFF")},
    }


@contextmanager
def picture_read(_: Path) -> Iterator[Feed]:
    with pytest.MonkeyPatch.context() as patch, Decoder(limits=_PICTURE) as decoder:
        patch.setattr(decode_module, "_UPSETTING", frozenset())
        sandbox = decoder._workers[0]._sandbox

        def read(data: bytes) -> str:
            before = sandbox._child
            try:
                picture = decoder.decode(data)
            except BadMedia as bad:
                lost = before is not None and before.returncode is not None and bad.code == "corrupt"
                return refused("child lost" if lost else bad.code, bad.why, bad.next_step)
            height, width, channels = picture.pixels.shape
            assert (channels, picture.pixels.dtype) == (3, np.uint8)
            assert picture.pixels.flags.c_contiguous
            assert min(width, height) >= _PICTURE.min_side
            assert width * height <= _PICTURE.max_pixels
            assert sorted(picture.stored_size) == sorted((width, height))
            assert picture.format in FORMATS
            return "read"

        yield read


def videos(_: Path) -> dict[str, bytes]:
    """Files of a few kilobytes in many containers and codecs."""
    kinds = (
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
    )
    files = {f"{codec} {container}": _small(codec, container, pixels) for codec, container, pixels in kinds}
    files["sound and cover"] = muxed("matroska", [files["libx264 mp4"]], sound="ac3", cover=True)
    files["raw"] = raw("libx264", "h264", data=files["libx264 matroska"])
    files["dav"] = dav(data=files["libx264 mpegts"])
    files["joined"] = files["libx264 mpegts"] * 2
    return files


def _small(codec: str, container: str, pixels: str) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
        stream = file.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
        for number in range(3):
            frame = av.VideoFrame(64, 48, pixels)
            for plane in frame.planes:
                plane.update(bytes((i * 7 + number * 40) % 251 for i in range(plane.buffer_size)))
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()


class _Child:
    """A child process that reads one file after the other, as it reads one in earnest; one that dies is replaced."""

    def __init__(self) -> None:
        self._process: VideoProcess | None = None

    def look(self, data: bytes) -> str:
        """Open, list, seek and decode every frame."""
        source = BytesSource(data)
        if self._process is None:
            self._process = VideoProcess(source, _VIDEO)
        self._process._source = source
        try:
            self._process.ask(Ask.OPEN, source.size)
            index = self._process.ask(Ask.INDEX)
            first = int(self._process.stamps(index.length).min()) >> 1
            self._process.ask(Ask.SEEK, first, flags=wire.LISTED if index.flags & wire.LISTED else 0)
            for _ in itertools.count():
                if self._process.ask(Ask.NEXT, first, first, wire.MAX_STAMP).say != Say.FRAME:
                    return "read"
        except BadMedia as bad:
            lost = self._process._child.poll() is not None
            if lost:
                self.close()
            return refused("child lost" if lost and bad.code == "corrupt" else bad.code, bad.why, bad.next_step)
        raise AssertionError

    def close(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None


@contextmanager
def video_read(_: Path) -> Iterator[Feed]:
    child = _Child()
    try:
        yield child.look
    finally:
        child.close()
