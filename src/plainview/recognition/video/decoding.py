"""One open video in the child: its frames listed without decoding, then decoded from any place of its time line.

Owns which packet a decoded frame belongs to: every packet goes to the decoder under a number of its own, whatever time
stamps it has, and the frame comes back under that number. Runs in the restricted child only.
"""

from __future__ import annotations

import gc
import hashlib
import itertools
import mmap
import struct
from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av.error

from plainview.recognition.video import wire
from plainview.recognition.video.opening import Refusal, appended, check, open_stream
from plainview.recognition.video.pipe import Pipe
from plainview.recognition.video.planes import Thumbnail, digest, write_bgr
from plainview.recognition.video.timeline import NO_STAMP, Timeline, inside_parts, lay_out
from plainview.recognition.video.wire import Reply, Request, Say

_CUT_DIFFERENCE = 28
"""Mean difference of the 64 x 36 thumbnails of two frames, 0 to 255, that is a scene cut. Chosen: hand-held cameras
and passing people stay below 15, cuts between places of this project's test videos lie above 35."""

_BAD_PACKETS = 500
"""Packets in a row that cannot be read or decoded, after which the rest counts as lost."""

_KEPT_BYTES = 2**25
"""Bytes of packets that are kept where the file cannot be sought, so that the next segment need not read it again."""

_USUAL_RATE = 25
"""Frames a second of a stream that states neither times nor a rate: FFmpeg's own assumption."""

_BY_ORDER = ("avi", "dhav")
"""Containers that state the order of the frames, or when each was written, not when it is shown: where frames are reordered,
what FFmpeg makes of it is wrong, so the n-th frame that is decoded has the n-th time."""

_MATRIX = struct.Struct("=9i")

_END = object()  # of a part: the decoder is emptied before the next


class Video:
    """One open video."""

    def __init__(self, pipe: Pipe, limits: dict[str, int], arena: mmap.mmap, wanted: int) -> None:
        self._pipe, self._limits, self._arena, self._wanted = pipe, limits, arena, wanted
        self._listing: _Listing | None = None
        self._open()
        streams = b"".join(self._streams)
        arena[: len(streams)] = streams
        self._frames: Iterator[tuple[int, Any]] = iter(())
        self._decoded = self._bad = 0
        self._begin(0)

    def _open(self) -> None:
        self.container, self.stream, self.info, self._streams = open_stream(self._pipe, self._limits, self._wanted)
        self.codec = self.stream.codec_context.name
        self._by_order = self.container.format.name in _BY_ORDER
        self._next = 0  # number of the packet that is read next, where it is known
        self._recent: deque[tuple[int, Any]] = deque()
        self._recent_bytes = 0

    def _begin(self, place: int) -> None:
        """Forget what was decoded before."""
        self._sought, self._last = place, -wire.MAX_STAMP
        self._flight: dict[int, int] = {}
        self._timed_from = -wire.MAX_STAMP
        self._order: deque[int] = deque()
        self._early: deque[int] = deque()
        self._shown = array("q")
        self.thumbnail = Thumbnail()

    def index(self) -> Reply:
        """List the place of every frame without decoding any, in shared memory, and the parts of the time line.

        Reads the whole file; what cannot be read is passed over.

        Raises:
            Refusal: no_frames; more frames than the limit; or times beyond any video.
        """
        timeline, keys, counted, bad = self._read_list()
        listed = counted or not timeline.clean
        self._listing = _Listing(timeline, keys, counted) if listed else None
        at = 0
        for place, key in zip(timeline.stamps, keys, strict=True):
            wire.STAMP.pack_into(self._arena, at, place * 2 + key)
            at += wire.STAMP.size
        parts = _parts(timeline)
        for part in parts:
            wire.PART.pack_into(self._arena, at, *part)
            at += wire.PART.size
        broken = wire.DAMAGED if self._pipe.broken else 0
        flags = (wire.LISTED if listed else 0) | (wire.COUNTED if counted else 0) | broken
        another = 0 if listed else appended(self._pipe, self.container.format.name, self._end)
        return Reply(
            self._pipe.serial,
            Say.INDEXED,
            flags=flags,
            pts=self._pipe.broken or another,
            length=len(keys),
            duration=bad,
            detail=len(parts),
        )

    def _read_list(self) -> tuple[Timeline, bytearray, bool, int]:
        """Return the time line, a 1 for each packet from which decoding can start, whether its times were counted
        because the file has none, and how often it could not be read.
        """
        self._open()
        shown, decoded, marked, keys = array("q"), array("q"), array("q"), bytearray()
        bad, step, encrypted, self._end = 0, 0, 0, 0
        for packet in self._packets():
            if packet is None:
                bad += 1
                continue
            if packet.is_discard:
                continue
            if len(shown) == self._limits["max_frames"]:
                raise Refusal("decoder_limit")
            shown.append(self._time(packet))
            decoded.append(_sound(packet.dts))
            marked.extend([len(keys)] if packet.is_corrupt else [])
            keys.append(bool(packet.is_keyframe))
            encrypted += packet.has_sidedata("encryption_info")
            self._end = max(self._end, (packet.pos or 0) + packet.size)
            step = step or max(0, int(packet.duration or 0))
        self._next = wire.MAX_STAMP  # behind the last one
        if encrypted == len(shown):
            raise Refusal("no_frames")
        second = max(1, round(self.info.base_den / self.info.base_num))
        counted = max(shown) == NO_STAMP
        rate = Fraction(self.info.rate_num, self.info.rate_den)
        if not (counted and 0 < step < wire.MAX_STAMP // len(shown) // 8):
            step = max(1, int(second / (rate or _USUAL_RATE)))
        if counted:
            shown = array("q", range(0, len(shown) * step, step))
        try:
            timeline = lay_out(shown, decoded, second, step)
        except OverflowError:
            raise Refusal("corrupt") from None
        if max(map(abs, timeline.stamps)) >= wire.MAX_STAMP // 4:
            raise Refusal("corrupt")
        return timeline, keys, counted, bad + inside_parts(marked, timeline.parts)

    def seek(self, place: int, *, listed: bool = False) -> Reply:
        """Go to a frame at or before `place` from which decoding can start, or to the beginning.

        Containers without an index land behind the place that was asked for; then it goes back farther. Where places
        are not the file's own time stamps, its packets are listed and counted.
        """
        if not listed and self._listing is None:
            base = Fraction(self.info.base_num, self.info.base_den)
            for seconds in (0, 2, 10, 60):
                target = place - int(seconds / base)
                try:
                    self.container.seek(target, stream=self.stream, backward=True, any_frame=False)
                except av.error.FFmpegError:
                    continue
                if self._begins_by(place):
                    return Reply(self._pipe.serial, Say.SOUGHT)
        if self._listing is None:
            timeline, keys, counted, _ = self._read_list()
            self._listing = _Listing(timeline, keys, counted)
        number = self._listing.start(place)
        if self._next > number and not (self._recent and self._recent[0][0] <= number):
            self._open()
        self._by_order = self._by_order or self._listing.counted
        self._flush()
        self._begin(place)
        self._timed_from = self._listing.timed_from
        self._frames = self._decode(self._numbered(number))
        return Reply(self._pipe.serial, Say.SOUGHT)

    def _begins_by(self, place: int) -> bool:
        """Whether decoding from here begins no later than at `place`; nothing of it is lost."""
        self._flush()
        self._begin(place)
        self._next = wire.MAX_STAMP  # unknown
        frames = self._decode(self._stamped())
        first = next(frames, None)
        self._frames = itertools.chain([first], frames) if first else frames
        return first is not None and first[0] <= place

    def next_frame(self, asked: Request) -> Reply:
        """Decode on to the next frame that is due and put it into shared memory, as BGR.

        Due is a frame from place `a` on when something moved (at least `flags`), from `b` on in any case, and the first
        of a scene. `c` is where the segment ends.
        """
        gc.collect()  # PyAV's frame and the list of its side data hold each other: 12 MB of a 4K frame until Python looks
        for place, frame in self._frames:
            if place >= asked.c:
                break
            if place <= self._last:
                continue
            mean, motion = self.thumbnail.compare(frame)
            cut = mean >= _CUT_DIFFERENCE
            if not cut and not (place >= asked.b or (place >= asked.a and motion >= asked.flags)):
                continue
            self._last = place
            self.thumbnail.keep()
            return self._sent(place, frame, wire.CUT if cut else 0, motion)
        decoded, bad, self._decoded, self._bad = self._decoded, self._bad, 0, 0
        shown = array("q", (entry for entry in self._shown if self._sought <= entry >> 2 < asked.c))
        shown = shown[: self._limits["max_frames"]]
        self._arena[: len(shown) * shown.itemsize] = shown.tobytes()
        return Reply(self._pipe.serial, Say.END, decoded=decoded, bad=bad, length=len(shown))

    def _packets(self) -> Iterator[Any]:
        """Yield the packets of the stream that have data; None for a place that cannot be read."""
        in_a_row = 0
        while in_a_row < _BAD_PACKETS:
            try:
                for packet in self.container.demux(self.stream):
                    if packet.size:
                        in_a_row = 0
                        yield packet
            except (av.error.EOFError, IndexError):
                return  # PyAV ends with an IndexError where a stream began after the file was opened
            except av.error.FFmpegError:
                in_a_row += 1
                yield None
            else:
                return

    def _time(self, packet: Any) -> int:
        """When the frame of a packet is shown, as far as the container says so."""
        first, second = _sound(packet.pts), _sound(packet.dts)
        if self.container.format.name == "avi":
            first, second = second, first
        return second if first == NO_STAMP else first

    def _stamped(self) -> Iterator[tuple[Any, Any]]:
        """Yield (place, packet) where the places are the packets' own time stamps."""
        for packet in self._packets():
            if packet is not None:
                place = self._time(packet)
                yield (None if place == NO_STAMP or packet.is_discard else place), packet

    def _numbered(self, number: int) -> Iterator[tuple[Any, Any]]:
        """Yield (place, packet) from this number on, by the list; (None, `_END`) between two parts."""
        listing = self._listing
        assert listing is not None  # noqa: S101
        for at, packet in itertools.chain(list(self._recent), self._counted()):
            if at < number:
                continue
            if at in listing.borders and at > number:
                yield None, _END
            discard = packet.is_discard or at >= len(listing.stamps)
            yield (None if discard else listing.stamps[at]), packet

    def _counted(self) -> Iterator[tuple[int, Any]]:
        """Yield (number, packet) of the packets that are read next, and keep the last ones."""
        for packet in self._packets():
            if packet is None:
                continue
            number = self._next
            if not packet.is_discard:
                self._next += 1
            self._recent.append((number, packet))
            self._recent_bytes += packet.size
            while self._recent_bytes > _KEPT_BYTES:
                self._recent_bytes -= self._recent.popleft()[1].size
            yield number, packet

    def _decode(self, packets: Iterator[tuple[Any, Any]]) -> Iterator[tuple[int, Any]]:
        """Yield (place, frame); what cannot be decoded is counted and passed over."""
        in_a_row = 0
        for serial, (place, packet) in enumerate(packets):
            if packet is _END:
                yield from self._emptied()
                self._flush()
                continue
            if place is not None:
                self._flight[serial] = place
                self._order.append(place)
                if place < self._timed_from:
                    self._early.append(place)
            packet.pts = serial
            try:
                frames = self.stream.codec_context.decode(packet)
            except av.error.EOFError:
                return
            except av.error.FFmpegError:
                self._bad, in_a_row = self._bad + 1, in_a_row + 1
                if place is not None:
                    self._order.pop()
                    if place < self._timed_from:
                        self._early.pop()
                    self._shown.append(place << 2 | wire.FAILED)
                if in_a_row >= _BAD_PACKETS:
                    return
                continue
            in_a_row = 0
            yield from self._placed(frames)
        yield from self._emptied()

    def _emptied(self) -> Iterator[tuple[int, Any]]:
        """Yield the frames that the decoder still holds."""
        try:
            frames = self.stream.codec_context.decode(None)
        except av.error.FFmpegError:
            return
        yield from self._placed(frames)

    def _placed(self, frames: list[Any]) -> Iterator[tuple[int, Any]]:
        for frame in frames:
            self._decoded += 1
            place = (
                (self._order.popleft() if self._order else None)
                if self._by_order
                else self._flight.pop(frame.pts, None)
            )
            if place is not None and place < self._timed_from and self._early:
                place = self._early.popleft()
            if place is not None:
                self._shown.append(place << 2 | (wire.HURT if frame.is_corrupt else 0))
                yield place, frame

    def _flush(self) -> None:
        self.stream.codec_context.flush_buffers()

    def _sent(self, place: int, frame: Any, flags: int, motion: int) -> Reply:
        check(frame.width, frame.height, self._limits)
        sha256, of_bgr = digest(frame)
        write_bgr(frame, self._arena)
        if of_bgr:
            sha256 = hashlib.sha256(self._arena[: frame.width * frame.height * wire.BYTES_PER_PIXEL]).digest()
            flags |= wire.HASH_OF_BGR
        turn, mirrored = _turned(frame)
        flags |= (wire.INTERLACED if frame.interlaced_frame else 0) | (wire.KEY if frame.key_frame else 0)
        flags |= (wire.DAMAGED if frame.is_corrupt else 0) | (wire.MIRRORED if mirrored else 0)
        decoded, bad, self._decoded, self._bad = self._decoded, self._bad, 0, 0
        return self.info._replace(
            serial=self._pipe.serial,
            say=Say.FRAME,
            width=frame.width,
            height=frame.height,
            turn=turn,
            flags=flags,
            pts=place,
            length=0,
            duration=0,
            decoded=decoded,
            bad=bad,
            motion=motion,
            detail=0,
            sha256=sha256,
        )


class _Listing:
    """Where each packet is on the time line, and from which ones decoding can start."""

    def __init__(self, timeline: Timeline, keys: bytearray, counted: bool) -> None:
        self.stamps, self._keys, self.counted = timeline.stamps, keys, counted
        self._begins = [part.packet for part in timeline.parts]
        self.timed_from = min(timeline.stamps[timeline.untimed :]) if timeline.untimed else -wire.MAX_STAMP
        self._firsts = [first for first, _ in _parts(timeline)]
        self.borders = frozenset(self._begins)

    def start(self, place: int) -> int:
        """Number of the packet from which to decode, to have the frame at `place`."""
        part = max(0, bisect_right(self._firsts, place) - 1)
        begin, end = [*self._begins, len(self.stamps)][part : part + 2]
        keys = (number for number in range(begin, end) if self._keys[number] and self.stamps[number] <= place)
        return max(keys, default=begin)


def _parts(timeline: Timeline) -> list[tuple[int, int]]:
    """(first place, what was added to its own time stamps) of each part, in the order of the places."""
    parts = timeline.parts[: wire.MAX_PARTS]
    ends = [part.packet for part in parts[1:]] + [len(timeline.stamps)]
    return [(min(timeline.stamps[part.packet : end]), part.offset) for part, end in zip(parts, ends, strict=True)]


def _sound(stamp: int | None) -> int:
    return NO_STAMP if stamp is None or abs(stamp) >= wire.MAX_STAMP // 4 else int(stamp)


def _turned(frame: Any) -> tuple[int, bool]:
    """(degrees counter-clockwise to turn, whether left and right are exchanged after that), as `ffmpeg` shows it."""
    turn = int(frame.rotation) % 360 if frame.rotation % 90 == 0 else 0
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return turn, False
    a, b, _, c, d, *_ = _MATRIX.unpack(bytes(matrix)[: _MATRIX.size])
    mirrored = a * d - b * c < 0
    return ((180 - turn) % 360 if mirrored and turn in (0, 180) else turn), mirrored
