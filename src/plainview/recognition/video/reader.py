"""A video as the rest of recognition sees it: what it is, where its frames are, and the frames that are due.

Owns turning a decoded frame into an upright picture with square pixels: rotation metadata, pixel aspect and
combing by interlacing. The video is decoded ahead, in the restricted child, while the caller looks at a frame.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from fractions import Fraction
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from plainview.recognition.errors import BadMedia
from plainview.recognition.types import Pixels
from plainview.recognition.video import wire
from plainview.recognition.video.process import VideoLimits, VideoProcess
from plainview.recognition.video.types import WHOLE, Frame, FrameIndex, Part, PictureStream, Source, VideoInfo
from plainview.recognition.video.wire import Ask, Reply, Say
from plainview.recognition.video.words import changed

END_OF_VIDEO = wire.MAX_STAMP
_DEFAULT = VideoLimits()

_COMBED = 1.6
"""Ratio of the difference between neighbouring lines to that between lines of one field, from which a frame that is
marked as interlaced is shown by one field. Chosen: a still scene has about 0.6 to 1, one moving by four pixels
more than 2."""

_TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}


class VideoReader:
    """One open video. Use from one thread; it decodes in a child, which a thread of its own attends to.

    Attributes:
        info: see `VideoInfo`.
        decoded, bad: frames decoded, and packets or frames that could not be, so far.
        shown: int64: what was decoded of the segment that ended last; see `wire.STAMP`.
    """

    def __init__(
        self, source: Source, limits: VideoLimits = _DEFAULT, *, stream: int = 0, listed: bool = False
    ) -> None:
        """Open a video.

        Args:
            source: the file.
            limits: what it may cost.
            stream: number of the stream with moving pictures, from 1; 0: the one with the largest picture.
            listed: see `FrameIndex`; known from an earlier listing, so that a seek need not list again where not needed.

        Raises:
            BadMedia: the file is not a video, or its format is not allowed.
            DecoderUnavailable: no child can be started; no fault of this file.
        """
        if source.size == 0:
            raise BadMedia(
                "empty",
                "The file is empty (0 bytes).",
                "Copy or export the video again: the transfer may have been interrupted.",
            )
        self.decoded = self.bad = 0
        self.shown = np.empty(0, np.int64)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="plainview-video")
        self._process: VideoProcess | None = None
        self._listed = listed
        try:
            self._process = self._thread.submit(VideoProcess, source, limits).result()
            reply = self._ask(Ask.OPEN, source.size, stream)
            self.info = _info(reply, self._process)
        except BaseException:
            self.close()
            raise
        self._ahead: Future[Frame | None] | None = None

    def index(self, waiting: Callable[[], None] = lambda: None) -> FrameIndex:
        """List every frame; reads the whole file.

        Args:
            waiting: called about once a second until it is done; what it raises ends the wait.

        Raises:
            BadMedia: no_frames, or a limit.
        """
        assert self._process is not None  # noqa: S101
        listing = self._thread.submit(self._process.ask, Ask.INDEX)
        while not wait([listing], timeout=1.0).done:
            waiting()
        reply = listing.result()
        packed = self._process.stamps(reply.length + 2 * reply.detail)
        packed, parts = packed[: reply.length], packed[reply.length :].reshape(-1, 2)
        stamps, is_key = packed >> 1, (packed & 1).astype(bool)
        keys = np.sort(stamps[is_key])
        self._listed = bool(reply.flags & wire.LISTED)
        broken = bool(reply.flags & wire.DAMAGED)
        return FrameIndex(
            np.unique(stamps),
            keys if len(keys) else stamps[:1],
            reply.duration,
            tuple(Part(int(first), int(offset)) for first, offset in parts[np.argsort(parts[:, 0])]) or WHOLE,
            self._listed,
            bool(reply.flags & wire.COUNTED),
            0 if broken else reply.pts,
            reply.pts if broken else 0,
        )

    def seek(self, pts: int) -> None:
        """Go to before this time stamp; frames before it are decoded and passed over."""
        self._drop()
        self._ask(Ask.SEEK, pts, flags=wire.LISTED if self._listed else 0)

    def next(self, due: int, at_latest: int, end: int, *, motion: int = 0) -> Frame | None:
        """The next frame that is due; None at the end of the segment or video.

        Args:
            due: time stamp from which a frame in which something moved is due.
            at_latest: time stamp from which any frame is due.
            end: time stamp at which the segment ends; the frame there belongs to the next.
            motion: change of a thumbnail's cell, 0 to 255, that counts as something moving.
        """
        return self.ask_ahead(due, at_latest, end, motion=motion).result()

    def ask_ahead(self, due: int, at_latest: int, end: int, *, motion: int = 0) -> Future[Frame | None]:
        """As `next`, in the background. One at a time."""
        self._ahead = self._thread.submit(self._next, due, at_latest, end, motion)
        return self._ahead

    def frame_at(self, pts: int, sha256: str, number: int, turned: int = 0) -> Frame:
        """Decode one frame again and compare it with its recorded digest.

        Args:
            pts, sha256, number: the frame as recorded.
            turned: degrees counter-clockwise by which it is turned further.

        Raises:
            BadMedia: frame_changed.
        """
        self.seek(pts)
        frame = self.next(pts, pts, END_OF_VIDEO)
        while frame is not None and frame.pts < pts:  # cuts on the way stop too
            frame = self.next(pts, pts, END_OF_VIDEO)
        if frame is None or frame.pts != pts or frame.sha256 != sha256:
            raise changed(number)
        return turn(frame, turned)

    def close(self) -> None:
        """End the child."""
        if self._process is not None:
            self._process.kill()  # whatever the thread still waits for ends now
            self._drop()
            self._thread.submit(self._process.close).result()
            self._process = None
        self._thread.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _drop(self) -> None:
        ahead = getattr(self, "_ahead", None)
        if ahead is not None:
            ahead.exception()
            self._ahead = None

    def _ask(self, question: Ask, a: int = 0, b: int = 0, flags: int = 0) -> Reply:
        assert self._process is not None  # noqa: S101
        return self._thread.submit(self._process.ask, question, a, b, 0, flags).result()

    def _next(self, due: int, at_latest: int, end: int, motion: int) -> Frame | None:
        assert self._process is not None  # noqa: S101
        reply = self._process.ask(Ask.NEXT, due, at_latest, end, motion)
        self.decoded += reply.decoded
        self.bad += reply.bad
        if reply.say != Say.FRAME:
            self.shown = self._process.stamps(reply.length)
            return None
        raw = np.frombuffer(self._process.arena, np.uint8, count=reply.width * reply.height * 3)
        return _upright(raw.reshape(reply.height, reply.width, 3), reply)


def _info(reply: Reply, process: VideoProcess) -> VideoInfo:
    rows = [wire.STREAM.unpack_from(process.arena, i * wire.STREAM.size) for i in range(reply.detail)]
    return VideoInfo(
        container=wire.DEMUXERS[reply.kind],
        codec=wire.CODECS[reply.codec],
        stream=reply.stream,
        streams=tuple(map(_stream, rows)),
        width=reply.width,
        height=reply.height,
        time_base=Fraction(reply.base_num, reply.base_den),
        rate=Fraction(reply.rate_num, reply.rate_den),
        begins=reply.pts,
        announced_frames=reply.length,
        announced_duration=reply.duration,
    )


def _stream(row: tuple[int, ...]) -> PictureStream:
    """One row of the streams in shared memory; a number that makes no sense counts as not stated."""
    codec, width, height, top, below, frames, milliseconds = row
    return PictureStream(
        wire.CODECS[codec] if codec < len(wire.CODECS) else "",
        width,
        height,
        Fraction(max(0, top), max(1, below)),
        max(0, frames),
        max(0, milliseconds) / 1000,
    )


def _upright(stored: Pixels, reply: Reply) -> Frame:
    """Copy the frame out of shared memory; one field where it is combed, square pixels, upright."""
    one_field = bool(reply.flags & wire.INTERLACED) and combed(stored)
    pixels = np.repeat(stored[0::2], 2, axis=0)[: stored.shape[0]] if one_field else stored.copy()
    aspect = Fraction(reply.aspect_num, reply.aspect_den)
    if aspect != 1 and Fraction(1, 4) <= aspect <= 4:
        height, width = pixels.shape[:2]
        size = (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
    if reply.turn:
        pixels = cv2.rotate(pixels, _TURNS[reply.turn]).astype(np.uint8, copy=False)
    if reply.flags & wire.MIRRORED:
        pixels = pixels[:, ::-1]
    return Frame(
        reply.pts,
        np.ascontiguousarray(pixels),
        reply.sha256.hex(),
        reply.turn,
        one_field,
        bool(reply.flags & wire.CUT),
        reply.motion,
        bool(reply.flags & wire.DAMAGED),
        bool(reply.flags & wire.MIRRORED),
    )


def turn(frame: Frame, degrees: int) -> Frame:
    """A frame turned counter-clockwise by 0, 90, 180 or 270 degrees."""
    if not degrees:
        return frame
    pixels = cv2.rotate(frame.pixels, _TURNS[degrees]).astype(np.uint8, copy=False)
    return replace(frame, pixels=np.ascontiguousarray(pixels), turned=(frame.turned + degrees) % 360)


def combed(pixels: Pixels) -> bool:
    """Whether the two fields of a frame show different moments.

    Args:
        pixels: uint8, shape (height, width, 3), BGR.
    """
    lines = pixels[: pixels.shape[0] // 4 * 4, ::4, 1].astype(np.int16)
    if lines.shape[0] < 8:
        return False
    neighbours = np.abs(lines[0:-2:2] - lines[1:-1:2])
    field = np.abs(lines[0:-2:2] - lines[2::2])
    moving = neighbours > 20
    if moving.mean() < 0.002:
        return False
    return float(neighbours[moving].mean()) > _COMBED * float(field[moving].mean() + 1)
