"""The video decoder's child: the only process in which a demuxer or codec touches a video that strangers made.

Owns opening the container, listing its frames, seeking and decoding. It has no descriptor of the file: it asks its
parent for ranges of bytes through the pipe, so that a video that is stored encrypted is never on a disk in the clear. It
imports PyAV and nothing larger, locks itself down before the first request, and must never open, send or print
anything else: pixels and time stamps go to shared memory, numbers down one pipe. Started by process.py as
`python -I` with an empty environment.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import itertools
import json
import mmap
import os
from collections import deque
from fractions import Fraction
from typing import Any

import av
import av.audio.stream  # PyAV imports these when it meets such a stream; later nothing can be imported
import av.error
import av.sidedata.sidedata
import av.subtitles.stream

from plainview.recognition import lockdown
from plainview.recognition.video import wire
from plainview.recognition.video.pipe import Pipe
from plainview.recognition.video.planes import Thumbnail, digest, prepare, write_bgr
from plainview.recognition.video.wire import Ask, Reply, Request, Say

_HEADROOM = 256 * 2**20
"""Bytes of address space that must be left after start-up: a dozen reference frames of a 4K video."""

_READ_AT_ONCE = 2**18
_CUT_DIFFERENCE = 28
"""Mean difference of the 64 x 36 thumbnails of two frames, 0 to 255, that is a scene cut. Chosen: hand-held cameras
and passing people stay below 15, cuts between places of this project's test videos lie above 35."""

_INTRA = frozenset({"mjpeg", "dvvideo"})
"""Codecs whose frames need no other frame: those that are not asked for are not decoded."""

_BAD_PACKETS = 500
"""Packets in a row that cannot be decoded, after which the rest counts as lost."""


class Refusal(Exception):
    """A video that is not decoded, in the numbers of `wire.Reply`."""

    def __init__(self, code: str, width: int = 0, height: int = 0) -> None:
        super().__init__(code)
        self.kind, self.width, self.height = wire.REFUSALS.index(code), width, height


class Video:
    """One open video."""

    def __init__(self, pipe: Pipe, limits: dict[str, int], arena: mmap.mmap) -> None:
        self._pipe, self._limits, self._arena = pipe, limits, arena
        self.container, self.stream, self.info = self._opened()
        self.codec = self.stream.codec_context.name
        # AVI has no time stamps but the order of its frames; what FFmpeg guesses for reordered ones is wrong.
        self._by_order = self.container.format.name == "avi"
        self._order: deque[int] = deque()
        self.thumbnail = Thumbnail()
        self._frames: Any = iter(())
        self._last = -wire.MAX_STAMP
        self._decoded = self._bad = 0
        self._due = -wire.MAX_STAMP

    def _opened(self) -> tuple[Any, Any, Reply]:
        options = {"format_whitelist": ",".join(wire.DEMUXERS), "protocol_whitelist": ""}
        try:
            container: Any = av.open(self._pipe, buffer_size=_READ_AT_ONCE, container_options=options)
        except av.error.FFmpegError as error:
            raise Refusal(self._code_of(error)) from None
        if container.format.name not in wire.DEMUXERS:
            raise Refusal("video_format_not_allowed")
        streams = [stream for stream in container.streams.video if not _is_picture(stream)]
        if not streams:
            raise Refusal("no_video_stream")
        stream = streams[0]
        context = stream.codec_context
        if context is None or context.name not in wire.CODECS:
            raise Refusal("video_format_not_allowed")
        for other in container.streams:
            if other.index != stream.index:
                other.discard = "all"
        context.thread_count = 1
        if context.width and context.height:  # unknown when a stream was cut off before its first key frame
            self._check(context.width, context.height)
        base = Fraction(stream.time_base or Fraction(1, 90_000))
        rate = Fraction(stream.average_rate or 0)
        aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
        duration = stream.duration or (
            int(Fraction(container.duration, av.time_base) / base) if container.duration else 0
        )
        info = Reply(
            self._pipe.serial,
            Say.INFO,
            wire.DEMUXERS.index(container.format.name),
            wire.CODECS.index(context.name),
            max(1, context.width),
            max(1, context.height),
            0,
            wire.INTRA if context.name in _INTRA else 0,
            aspect.numerator,
            aspect.denominator,
            base.numerator,
            base.denominator,
            rate.numerator,
            rate.denominator,
            stream.start_time or 0,
            max(0, stream.frames),
            max(0, duration),
        )
        return container, stream, info

    def _code_of(self, error: av.error.FFmpegError) -> str:
        if error.errno == errno.ENOMEM:
            return "decoder_limit"
        if isinstance(error, av.error.DecoderNotFoundError | av.error.DemuxerNotFoundError):
            return "video_format_not_allowed"
        # FFmpeg says only in its log that an MP4 has no index; the file's first box says that it is one.
        self._pipe.seek(0)
        is_mp4 = self._pipe.read(min(8, self._pipe.size))[4:8] in (
            b"ftyp",
            b"mdat",
            b"free",
            b"wide",
            b"skip",
        )
        return "video_index_missing" if is_mp4 else "not_a_video"

    def _check(self, width: int, height: int) -> None:
        if width * height > self._limits["max_pixels"]:
            raise Refusal("too_many_pixels", width, height)
        if min(width, height) < self._limits["min_side"]:
            raise Refusal("too_small", max(0, width), max(0, height))

    def index(self) -> Reply:
        """List the time stamp of every frame without decoding any, in shared memory.

        Reads the whole file; a part that cannot be read ends the list.
        """
        count = bad = 0
        try:
            for packet in self.container.demux(self.stream):
                stamp = self._stamp(packet)
                if packet.size == 0 or stamp is None:
                    continue
                if count == self._limits["max_frames"]:
                    raise Refusal("decoder_limit")
                bad += bool(packet.is_corrupt)
                wire.STAMP.pack_into(self._arena, count * wire.STAMP.size, stamp * 2 + (1 if packet.is_keyframe else 0))
                count += 1
        except av.error.FFmpegError:
            bad += 1  # what follows cannot be read
        if not count:
            raise Refusal("no_frames")
        return Reply(self._pipe.serial, Say.INDEXED, length=count, duration=bad)

    def seek(self, stamp: int) -> Reply:
        """Go to a frame at or before `stamp` from which decoding can start, or to the beginning.

        Containers without an index land behind the place that was asked for; then it goes back farther.
        """
        base = Fraction(self.info.base_num, self.info.base_den)
        for seconds in (0, 2, 10, 60):
            try:
                target = stamp - int(seconds / base)
                self.container.seek(target, stream=self.stream, backward=True, any_frame=False)
                if self._begins_by(stamp):
                    break
            except av.error.FFmpegError:
                continue
        else:
            self._pipe.seek(0)
            self.container, self.stream, _ = self._opened()
            self._order.clear()
            self._frames = self._decode()
        self._last = -wire.MAX_STAMP
        self.thumbnail = Thumbnail()
        return Reply(self._pipe.serial, Say.SOUGHT)

    def _begins_by(self, stamp: int) -> bool:
        """Whether decoding from here begins no later than at `stamp`; nothing of it is lost."""
        self.stream.codec_context.flush_buffers()
        self.stream.codec_context.skip_frame = "DEFAULT"
        self._order.clear()
        self._due = -wire.MAX_STAMP
        frames = self._decode()
        first = next(frames, None)
        self._frames = itertools.chain([first], frames) if first else frames
        return first is not None and first[0] <= stamp

    def next_frame(self, asked: Request) -> Reply:
        """Decode on to the next frame that is due and put it into shared memory, as BGR.

        Due is a frame from time stamp `a` on when something moved (more than the low byte of `flags >> 8`), from `b`
        on in any case, and the first of a scene where `wire.CUTS` is set. `c` is where the segment ends.
        """
        every = bool(asked.flags & wire.EVERY_FRAME)
        # Where frames are told apart by their order, none may be left out.
        self.stream.codec_context.skip_frame = "DEFAULT" if every or self._by_order else "NONREF"
        self._due = -wire.MAX_STAMP if every or asked.flags & wire.CUTS else asked.a
        moved = (asked.flags >> 8) & 0xFF
        for stamp, frame in self._frames:
            if stamp >= asked.c:
                break
            if stamp <= self._last:
                continue
            mean, motion = self.thumbnail.compare(frame)
            cut = bool(asked.flags & wire.CUTS) and mean >= _CUT_DIFFERENCE
            if not cut and not (stamp >= asked.b or (stamp >= asked.a and motion >= moved)):
                continue
            self._last = stamp
            self.thumbnail.keep()
            return self._sent(stamp, frame, wire.CUT if cut else 0, motion)
        decoded, bad, self._decoded, self._bad = self._decoded, self._bad, 0, 0
        return Reply(self._pipe.serial, Say.END, decoded=decoded, bad=bad)

    def _decode(self) -> Any:
        """Yield (time stamp, frame); what cannot be decoded is counted and passed over."""
        in_a_row = 0
        packets = self.container.demux(self.stream)
        while True:
            try:
                packet = next(packets)
                stamp = self._stamp(packet)
                if self.codec in _INTRA and stamp is not None and packet.size and stamp < self._due:
                    continue
                if stamp is not None and packet.size:
                    self._order.append(stamp)
                frames = packet.decode()
            except StopIteration:
                return
            except av.error.EOFError:
                return
            except av.error.FFmpegError:
                self._bad, in_a_row = self._bad + 1, in_a_row + 1
                if in_a_row >= _BAD_PACKETS:
                    return
                continue
            for frame in frames:
                in_a_row = 0
                self._decoded += 1
                at = self._time_of(frame)
                if at is not None and not frame.is_corrupt:
                    yield at, frame
                elif frame.is_corrupt:
                    self._bad += 1

    def _stamp(self, packet: Any) -> int | None:
        stamp = packet.dts if packet.pts is None or self._by_order else packet.pts
        return None if stamp is None or abs(stamp) >= wire.MAX_STAMP // 2 else int(stamp)

    def _time_of(self, frame: Any) -> int | None:
        if self._by_order:
            return self._order.popleft() if self._order else None
        return frame.pts if frame.pts is not None else frame.dts  # type: ignore[no-any-return]

    def _sent(self, stamp: int, frame: Any, flags: int, motion: int) -> Reply:
        self._check(frame.width, frame.height)
        sha256, of_bgr = digest(frame)
        write_bgr(frame, self._arena)
        if of_bgr:
            sha256 = hashlib.sha256(self._arena[: frame.width * frame.height * wire.BYTES_PER_PIXEL]).digest()
            flags |= wire.HASH_OF_BGR
        if frame.interlaced_frame:
            flags |= wire.INTERLACED
        if frame.key_frame:
            flags |= wire.KEY
        decoded, bad, self._decoded, self._bad = self._decoded, self._bad, 0, 0
        return self.info._replace(
            serial=self._pipe.serial,
            say=Say.FRAME,
            width=frame.width,
            height=frame.height,
            turn=int(frame.rotation) % 360 if frame.rotation % 90 == 0 else 0,
            flags=flags,
            pts=stamp,
            length=0,
            duration=0,
            decoded=decoded,
            bad=bad,
            motion=motion,
            sha256=sha256,
        )


def main(settings: str) -> None:
    """Serve one video until the parent closes the pipe.

    Args:
        settings: JSON object of integers: parent (process id), arena_fd, arena_bytes and the limits.
    """
    values = json.loads(settings)
    lockdown.die_with_parent(values["parent"])
    replies = os.dup(1)
    os.dup2(2, 1)  # libraries may print to 1 and 2; only the reply pipe is believed
    arena = mmap.mmap(values["arena_fd"], values["arena_bytes"])
    os.close(values["arena_fd"])
    prepare()
    _rehearse()
    pipe = Pipe(0, replies, values["cpu_seconds"])
    if lockdown.address_space_in_use() + _HEADROOM > values["memory_bytes"]:
        pipe.answer(Reply(0, Say.TOO_LITTLE_MEMORY))
        return
    lockdown.lock(values["memory_bytes"])
    pipe.answer(Reply(0, Say.READY))
    video: Video | None = None
    while (asked := pipe.request()) is not None:
        try:
            if asked.ask == Ask.OPEN:
                pipe.size = asked.a
                video = Video(pipe, values, arena)
                reply = video.info
            elif video is None:
                raise Refusal("corrupt")
            elif asked.ask == Ask.INDEX:
                reply = video.index()
            elif asked.ask == Ask.SEEK:
                reply = video.seek(asked.a)
            else:
                reply = video.next_frame(asked)
        except Refusal as refusal:
            reply = Reply(asked.serial, Say.REFUSED, refusal.kind, width=refusal.width, height=refusal.height)
        except MemoryError:
            reply = Reply(asked.serial, Say.REFUSED, wire.REFUSALS.index("decoder_limit"))
        except Exception as error:  # demuxers and codecs raise anything; the text stays here
            code = "decoder_limit" if isinstance(error, OSError) and error.errno == errno.ENOMEM else "corrupt"
            reply = Reply(asked.serial, Say.REFUSED, wire.REFUSALS.index(code))
        pipe.answer(reply)


class _Rehearsal(Pipe):
    """A pipe whose file is in memory."""

    def __init__(self, data: bytes) -> None:
        super().__init__(-1, -1, 1)
        self._data, self.size = data, len(data)

    def read(self, length: int = -1) -> bytes:
        data = self._data[self._position :][: length if length >= 0 else None]
        self._position += len(data)
        return data


def _rehearse() -> None:
    """Open and decode a tiny video of our own, so that whatever is imported lazily is there."""
    limits = {"max_pixels": 2**20, "min_side": 1, "max_frames": 100}
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 32
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        container.mux(stream.encode(None))
    video = Video(_Rehearsal(file.getvalue()), limits, mmap.mmap(-1, 2**16))
    video.index()
    video.seek(0)
    while video.next_frame(Request(0, Ask.NEXT, 0, 0, wire.MAX_STAMP)).say == Say.FRAME:
        pass
    with contextlib.suppress(Refusal):
        Video(_Rehearsal(b"not a video" * 100), limits, mmap.mmap(-1, 2**16))


def _is_picture(stream: Any) -> bool:
    return "attached_pic" in str(stream.disposition).lower()
