"""Small videos as cameras and recorders export them, and broken ones; faces are the public-domain portraits."""

from __future__ import annotations

import functools
import io
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from tests.factories.models import collins, engine, hopper

from plainview.evaluation.footage import Footage, Portrait, Walk, film, portrait

KINDS = [
    ("libx264", "mp4", "yuv420p"),
    ("libx264", "matroska", "yuv420p"),
    ("libx264", "avi", "yuv420p"),
    ("libx264", "mpegts", "yuv420p"),
    ("libx264", "flv", "yuv420p"),
    ("libx265", "mp4", "yuv420p"),
    ("mjpeg", "avi", "yuvj420p"),
    ("mjpeg", "mov", "yuvj422p"),
    ("mpeg4", "avi", "yuv420p"),
    ("mpeg2video", "mpeg", "yuv420p"),
    ("mpeg2video", "mpegts", "yuv420p"),
    ("wmv2", "asf", "yuv420p"),
    ("msmpeg4", "avi", "yuv420p"),
    ("libvpx-vp9", "webm", "yuv420p"),
]
"""Codec, container and pixel format of what recorders export."""


@functools.cache
def people() -> tuple[Portrait, Portrait]:
    """Grace Hopper and Eileen Collins."""
    found = [portrait("hopper", hopper().pixels, engine()), portrait("collins", collins().pixels, engine())]
    assert found[0] is not None
    assert found[1] is not None
    return found[0], found[1]


def walks(frames: int = 50, width: float = 60) -> list[Walk]:
    """Hopper walks from left to right, Collins stands on the right."""
    a, b = people()
    last = frames - 1
    return [
        Walk(a, 0, last, (100, 150), (260, 150), (width, width)),
        Walk(b, 0, last, (500, 200), (500, 200), (width, width)),
    ]


@functools.cache
def clip(codec: str = "libx264", container: str = "mp4", frames: int = 50, pix_fmt: str = "yuv420p") -> Footage:
    """Two people, 640 x 360, 25 frames a second."""
    return film(walks(frames), frames, size=(640, 360), codec=codec, container=container, pix_fmt=pix_fmt)


def remuxed(data: bytes, container: str, *, options: dict[str, str] | None = None, rotate: int = 0) -> bytes:
    """The same packets in another container; `rotate`: degrees counter-clockwise in its display matrix."""
    with tempfile.NamedTemporaryFile(suffix=".bin") as out:
        _remux(data, out.name, container, options or {}, rotate)
        return Path(out.name).read_bytes()


def _remux(data: bytes, out: str, container: str, options: dict[str, str], rotate: int) -> None:
    with av.open(io.BytesIO(data)) as source, av.open(out, "w", format=container, options=options) as made:
        stream = source.streams.video[0]
        copy = made.add_stream_from_template(stream)
        if rotate:
            copy.set_display_rotation(rotate)
        for packet in source.demux(stream):
            if packet.dts is not None:
                packet.stream = copy
                made.mux(packet)


def variable_rate(frames: int = 40) -> tuple[bytes, list[int]]:
    """A video whose frames lie unevenly in time, and their time stamps in thousandths of a second."""
    stamps = [int(value) for value in np.cumsum([40 if i % 7 else 400 for i in range(frames)])]
    return _timed(stamps), stamps


def ten_hours() -> bytes:
    """A recorder's time lapse: one frame in a quarter of an hour, ten hours long."""
    return _timed([i * 900_000 for i in range(41)])


def _timed(stamps: list[int]) -> bytes:
    """Frames at these thousandths of a second."""
    frames = len(stamps)
    whole = clip(frames=frames)
    out = io.BytesIO()
    with av.open(io.BytesIO(whole.data)) as source, av.open(out, "w", format="matroska") as made:
        stream = made.add_stream("libx264", options={"preset": "ultrafast", "bf": "0", "g": "5"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for stamp, frame in zip(stamps, source.decode(video=0), strict=True):
            frame.pts, frame.time_base = stamp, Fraction(1, 1000)
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
    return out.getvalue()


def sound_only() -> bytes:
    """A container with sound and no picture."""
    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as made:
        stream = made.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
    return out.getvalue()


@functools.cache
def truth(data: bytes) -> list[tuple[int, str]]:
    """(time stamp, digest) of every frame: PyAV's time stamps, and what `ffmpeg -f framehash -hash sha256` prints."""
    out, stamps = io.BytesIO(), []
    with (
        av.open(io.BytesIO(data)) as container,
        av.open(out, "w", format="framehash", options={"hash": "sha256"}) as hashes,
    ):
        stream = container.streams.video[0]
        raw = hashes.add_stream("rawvideo", rate=25)
        raw.width, raw.height, raw.pix_fmt = stream.width, stream.height, stream.codec_context.pix_fmt
        for frame in container.decode(stream):
            # An AVI has no time stamps: the n-th frame is the n-th.
            stamps.append(len(stamps) if container.format.name == "avi" else frame.pts)
            frame.pts = len(stamps)
            hashes.mux(raw.encode(frame))
        hashes.mux(raw.encode(None))
    lines = [line for line in out.getvalue().decode().splitlines() if not line.startswith("#")]
    return list(zip(stamps, (line.split(",")[-1].strip() for line in lines), strict=True))
