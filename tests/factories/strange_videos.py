"""Videos as they really come: with sound and covers, two cameras, joined, raw, a recorder's own format."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import av
import numpy as np
from tests.factories.clips import clip

INPUTS = Path(__file__).parents[1] / "inputs"


def packets(data: bytes) -> tuple[Any, list[Any]]:
    """The stream of a video with its packets."""
    container = av.open(io.BytesIO(data))
    stream = container.streams.video[0]
    return stream, [packet for packet in container.demux(stream) if packet.size]


def muxed(
    container: str,
    videos: list[bytes],
    *,
    sound: str = "",
    cover: bool = False,
    title: str = "",
) -> bytes:
    """The packets of these videos as streams of one file, with a track of sound and a cover."""
    out = io.BytesIO()
    sources = [packets(data) for data in videos]
    with av.open(out, "w", format=container, metadata_encoding="latin-1") as made:
        if title:
            made.metadata["title"] = title
        copies = [made.add_stream_from_template(stream) for stream, _ in sources]
        extra: list[Any] = []
        if sound:
            noise = made.add_stream(sound, rate=48_000, layout="mono")
            layout = {"format": noise.codec_context.format.name, "layout": "mono"}
            samples = np.zeros((1, 48_000), np.int16)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.pts = 48_000, 0
            resampler = av.AudioResampler(format=layout["format"], layout="mono", rate=48_000)
            fifo = av.AudioFifo()
            for piece in resampler.resample(frame):
                fifo.write(piece)
            size = noise.codec_context.frame_size or 1024
            for piece in fifo.read_many(size):
                extra += noise.encode(piece)
        if cover:
            picture = made.add_stream("mjpeg", rate=1)
            picture.width = picture.height = 32
            picture.pix_fmt = "yuvj420p"
            picture.disposition = av.stream.Disposition.attached_pic
            still = av.VideoFrame(32, 32, "yuvj420p")
            still.pts = 0
            extra += picture.encode(still)
        for copy, (_, rows) in zip(copies, sources, strict=True):
            for packet in rows:
                packet.stream = copy
                extra.append(packet)
        for packet in sorted(extra, key=lambda packet: float((packet.dts or 0) * packet.time_base)):
            made.mux(packet)
    return out.getvalue()


def glued(*parts: bytes) -> bytes:
    """Exports that somebody joined with `cat`."""
    return b"".join(parts)


def dav(frames: int = 30, *, begins: int = 0, codec: str = "libx264", data: bytes = b"") -> bytes:
    """A Dahua recorder's file: DHAV chunks with a date of a second and a counter of milliseconds.

    Layout as FFmpeg's dhav demuxer reads it. `begins`: seconds since 2026-11-29 22:14:05. `data`: an MPEG-TS file whose
    frames it has.
    """
    _, rows = packets(data or clip(codec, "mpegts", frames).data)  # with start codes, as recorders write
    out = bytearray()
    for number, packet in enumerate(rows):
        milliseconds = number * 40
        second = 5 + begins + milliseconds // 1000
        date = (26 << 26) | (11 << 22) | (29 << 17) | (22 << 12) | (14 << 6) | second
        ext = bytes([0x80, 0, 640 // 8, 360 // 8, 0x81, 0, {"libx264": 2, "libx265": 0xC}[codec], 25])
        body = bytes(packet)
        kind = 0xFD if packet.is_keyframe else 0xFC
        length = 24 + len(ext) + len(body) + 8
        out += b"DHAV" + bytes([kind, 0, 0, 0]) + number.to_bytes(4, "little") + length.to_bytes(4, "little")
        out += date.to_bytes(4, "little") + (milliseconds % 65535).to_bytes(2, "little") + bytes([len(ext), 0]) + ext
        out += body + b"dhav" + length.to_bytes(4, "little")
    return bytes(out)


def raw(codec: str, form: str, frames: int = 30, *, data: bytes = b"") -> bytes:
    """A stream without a container; `data`: a file whose frames it has."""
    out = io.BytesIO()
    stream, rows = packets(
        data
        or clip(
            codec, "avi" if codec == "mjpeg" else "matroska", frames, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        ).data
    )
    with av.open(out, "w", format=form) as made:
        copy = made.add_stream_from_template(stream)
        for packet in rows:
            packet.stream = copy
            made.mux(packet)
    return out.getvalue()


def with_gap(seconds: int) -> bytes:
    """Fifty frames with so many seconds without any after the 25th."""
    out = io.BytesIO()
    stream, rows = packets(clip(frames=50).data)
    jump = int(seconds / stream.time_base)
    with av.open(out, "w", format="matroska") as made:
        copy = made.add_stream_from_template(stream)
        for packet in rows:
            late = packet.pts * stream.time_base >= 1
            packet.pts, packet.dts = packet.pts + jump * late, packet.dts + jump * late
            packet.stream = copy
            made.mux(packet)
    return out.getvalue()


def without_index(avi: bytes) -> bytes:
    """An AVI whose index was never written."""
    return avi[: avi.rindex(b"idx1")]
