"""One segment of a video: which frames are looked at, and the tracks that come of them.

Owns the sampling: a frame is looked at when something moved since the last look, at most five times a second, and
once a second in any case; sooner where a new face was seen only once. Decoding runs ahead in the child meanwhile.
A segment with faces that are not upright in it is looked through again, turned.
Must keep nothing from one segment to the next, so that a segment can be done again with the same result.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from plainview.recognition.crop import within
from plainview.recognition.detect import LARGE_SIDE
from plainview.recognition.engine import Engine
from plainview.recognition.types import Pixels, Vector
from plainview.recognition.video import wire
from plainview.recognition.video.faceness import (
    FACE,
    TURNED_FACE,
    beside,
    faceness,
    is_away,
    turn_of,
    turns_seen,
    unturned,
)
from plainview.recognition.video.reader import VideoReader, turn
from plainview.recognition.video.track import SURE_SCORE, Open, Tracker
from plainview.recognition.video.types import FrameIndex, Stamps, Still, Track, VideoInfo


@dataclass(frozen=True, slots=True)
class Sampling:
    """How densely a video is looked at.

    Attributes:
        moving: seconds between looks while something moves.
        still: seconds between looks while nothing does.
        unsure: seconds to the next look after a face was seen for the first time.
        motion: change of a thumbnail's cell, 0 to 255, that counts as something moving.
        whole: seconds between looks at full detail; those between are at `quick_side`.
        quick_side: pixels: longer side of a quick look.
    """

    moving: float = 0.2
    still: float = 1.0
    unsure: float = 0.12
    motion: int = 8
    whole: float = 1.0
    quick_side: int = 960


EVERY_FRAME = Sampling(0, 0, 0, 0, whole=0)
DEFAULT_SAMPLING = Sampling()

SEGMENT_SECONDS = 30
"""Length of a segment: what a crash can cost to do again, and how long other work can have to wait."""

_TEMPLATES_OF_A_TRACK = 3

_SAMPLES, _SAMPLED = 10, 3
"""Frames of a segment that are looked at turned by right angles, at most, and seconds between them, at most: 30 quick
looks in 30 seconds cost a hundredth of real time."""


@dataclass(frozen=True, slots=True)
class Segment:
    """From time stamp `first` up to and without `end`."""

    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Detected:
    """What came of a segment.

    Attributes:
        tracks: the faces.
        looked, decoded: frames that were looked at, and that were decoded.
        shown: int64: places of the frames that were decoded.
        failed: int64: places at which the decoder reported an error instead.
        damaged: int64: places of frames that the decoder calls damaged; they are among `shown`.
    """

    tracks: tuple[Track, ...]
    looked: int
    decoded: int
    shown: Stamps
    failed: Stamps
    damaged: Stamps


NONE = np.empty(0, np.int64)
NOTHING = Detected((), 0, 0, NONE, NONE, NONE)
"""A segment of which nothing could be decoded."""


def cut_up(info: VideoInfo, index: FrameIndex, seconds: float = SEGMENT_SECONDS) -> list[Segment]:
    """Cut a video into segments that begin where decoding can start, each at least `seconds` long but the last of its
    part. No segment crosses from one part of the time line into another.
    """
    long = int(seconds / info.time_base)
    firsts = [int(index.stamps[0])] + [part.first for part in index.parts if part.first > index.stamps[0]]
    lasts = [int(index.stamps[np.searchsorted(index.stamps, first) - 1]) for first in firsts[1:]] + [
        int(index.stamps[-1])
    ]
    segments = []
    for first, last in zip(firsts, lasts, strict=True):
        borders = [first]
        for key in index.keys[(index.keys > first) & (index.keys <= last)]:
            if key - borders[-1] >= long and last - key >= long // 4:
                borders.append(int(key))
        segments += [Segment(*pair) for pair in zip(borders, [*borders[1:], last + 1], strict=True)]
    return segments


def process(
    reader: VideoReader,
    segment: Segment,
    engine: Engine,
    sampling: Sampling = DEFAULT_SAMPLING,
    passed: Callable[[int], None] = lambda pts: None,
) -> Detected:
    """Look through a segment.

    Args:
        reader: the open video.
        segment: where.
        engine: the loaded model pack.
        sampling: how densely.
        passed: called after every look with the time stamp of its frame; what it raises ends the work.

    Raises:
        BadMedia: the video made its decoder fail.
    """
    decoded_before = reader.decoded
    upright = _pass(reader, segment, engine, sampling, passed, 0)
    places, kinds = reader.shown >> 2, reader.shown & 3
    decoded = reader.decoded - decoded_before
    angles = [(track, turn_of(engine, track.stills)) for track in upright.tracks]
    tracks = [track for track, degrees in angles if degrees == 0]
    turns = {degrees for _, degrees in angles} | turns_seen(engine, upright.samples, sampling.quick_side)
    for degrees in sorted(turns - {0}):
        again = _pass(reader, segment, engine, sampling, passed, degrees)
        tracks += [track for track in again.tracks if _is_turned_face(engine, track)]
    tracks = _faces(engine, tracks)
    return Detected(
        tuple(tracks),
        upright.looked,
        decoded,
        np.unique(places[kinds != wire.FAILED]),
        np.unique(places[kinds == wire.FAILED]),
        np.unique(places[kinds == wire.HURT]),
    )


@dataclass(frozen=True, slots=True)
class _Pass:
    """One way through a segment: the tracks, frames looked at, and some of those frames, made small."""

    tracks: list[Track]
    looked: int
    samples: list[Pixels]


def _pass(
    reader: VideoReader,
    segment: Segment,
    engine: Engine,
    sampling: Sampling,
    passed: Callable[[int], None],
    degrees: int,
) -> _Pass:
    """Look through a segment with its frames turned."""
    second = max(1, round(1 / reader.info.time_base))
    steps = {
        name: int(getattr(sampling, name) / reader.info.time_base) for name in ("moving", "still", "unsure", "whole")
    }
    apart = min(_SAMPLED * second, (segment.end - segment.first) // _SAMPLES)

    def embed(still: Still) -> Vector:
        return engine.aligned_template(still.aligned)

    tracker = Tracker(embed, second)
    looked, whole_at, sampled_at = 0, segment.first, segment.first
    samples: list[Pixels] = []
    reader.seek(segment.first)
    frame = reader.next(segment.first, segment.first, segment.end)
    while frame is not None:
        soon = steps["unsure"] if tracker.unsure else steps["moving"]
        ahead = reader.ask_ahead(
            frame.pts + soon,
            frame.pts + steps["still"],
            segment.end,
            motion=sampling.motion,
        )
        if frame.pts >= segment.first:
            is_whole = frame.cut or not looked or frame.pts >= whole_at
            if is_whole:
                whole_at = frame.pts + steps["whole"]
            side = LARGE_SIDE if is_whole else sampling.quick_side
            view = turn(frame, degrees)
            tracker.look(view, engine.glance(view.pixels, side))
            looked += 1
            if not degrees and frame.pts >= sampled_at and len(samples) < _SAMPLES:
                samples.append(within(frame.pixels, sampling.quick_side))
                sampled_at = frame.pts + apart
        passed(frame.pts)
        frame = ahead.result()
    tracker.finish()
    return _Pass([_closed(track, embed, degrees) for track in tracker.ended if _is_face(track)], looked, samples)


def _faces(engine: Engine, tracks: list[Track]) -> list[Track]:
    """Leave out what is hardly a face and beside one, such as a hand; mark what is doubtful of the rest."""
    rows = [(track, faceness(engine, track.stills) >= FACE) for track in tracks]
    sure = [track for track, is_face in rows if is_face]
    return [
        replace(track, doubtful=not is_face or is_away(track.stills))
        for track, is_face in rows
        if is_face or not any(beside(track, face) for face in sure)
    ]


def _is_turned_face(engine: Engine, track: Track) -> bool:
    best = max(still.detection.score for still in track.stills)
    return best >= SURE_SCORE and faceness(engine, track.stills) >= TURNED_FACE and not turn_of(engine, track.stills)


def _is_face(track: Open) -> bool:
    return len(track.seen) > 1 or track.best_score >= SURE_SCORE


def _closed(track: Open, embed: Callable[[Still], Vector], degrees: int) -> Track:
    rows = np.stack([embed(still) for still in track.stills[:_TEMPLATES_OF_A_TRACK]])
    mean = rows.mean(axis=0)
    size = track.stills[0].frame_size
    return Track(
        track.seen[0],
        track.seen[-1],
        tuple(track.seen),
        unturned(track.boxes[0], size, degrees),
        unturned(track.boxes[-1], size, degrees),
        tuple(replace(still, turned=degrees) for still in track.stills),
        (mean / np.linalg.norm(mean)).astype(np.float32),
    )
