"""Measures the video pipeline: speed beside plain decoding, and people found beside looking at every frame.

Owns the comparison. A person counts as found when the picture that stands for some person of the answer, the best
still, shows that person: this is what an examiner sees.
"""

from __future__ import annotations

import io
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import av

from plainview.evaluation.footage import Footage
from plainview.recognition.engine import Engine
from plainview.recognition.video.persons import group
from plainview.recognition.video.reader import VideoReader
from plainview.recognition.video.segment import (
    DEFAULT_SAMPLING,
    EVERY_FRAME,
    Sampling,
    cut_up,
    process,
)
from plainview.recognition.video.still import rank
from plainview.recognition.video.track import iou
from plainview.recognition.video.types import BytesSource, Still, Track, VideoInfo


@dataclass(frozen=True, slots=True)
class Run:
    """A whole video looked through: wall and CPU time in seconds, frames, the best still of each person."""

    seconds: float
    cpu: float
    frames: int
    looked: int
    decoded: int
    persons: list[list[Track]]
    best: list[tuple[int, Still]]
    info: VideoInfo


def run(data: bytes, engine: Engine, sampling: Sampling = DEFAULT_SAMPLING) -> Run:
    """Look through a whole video, as `plainview video` does, without storing anything."""
    began, cpu = time.perf_counter(), _cpu()
    tracks: list[Track] = []
    looked = decoded = 0
    with VideoReader(BytesSource(data)) as reader:
        index = reader.index()
        for segment in cut_up(reader.info, index):
            pieces = process(reader, segment, engine, sampling)
            tracks += pieces.tracks
            looked += pieces.looked
            decoded += pieces.decoded
        info = reader.info
    numbers = group(tracks, max(1, round(1 / info.time_base)))
    persons: list[list[Track]] = [[] for _ in range(max(numbers, default=-1) + 1)]
    for track, number in zip(tracks, numbers, strict=True):
        persons[number].append(track)
    best = [min((still for track in person for still in track.stills), key=rank) for person in persons]
    seconds = time.perf_counter() - began
    numbered = [(index.number(still.pts), still) for still in best]
    return Run(seconds, _cpu() - cpu, len(index.stamps), looked, decoded, persons, numbered, info)


def _cpu() -> float:
    """CPU seconds of this process and of its children that have ended."""
    own, ended = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def shown(run: Run, footage: Footage) -> set[str]:
    """The people whom the best stills show."""
    times = set()
    for number, still in run.best:
        rows = footage.truth.get(number, [])
        overlaps = [(iou(box, still.detection.box), person) for person, box in rows]
        if overlaps and max(overlaps)[0] >= 0.3:
            times.add(max(overlaps)[1])
    return times


def decode_seconds(data: bytes) -> float:
    """Seconds that PyAV takes to decode every frame, with as many threads as it likes and nothing else done."""
    began = time.perf_counter()
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for _ in container.decode(stream):
            pass
    return time.perf_counter() - began


def measure(clips: Sequence[Footage], engine: Engine, rate: Fraction) -> dict[str, object]:
    """Run every clip three ways and sum up.

    Returns:
        realtime_factor: seconds of video a second; ratio_to_decode: our time over that of plain decoding;
        persons_found_share: of the people whom every-frame processing shows, those that we show too.
    """
    ours = limit = every = cpu = 0.0
    frames = looked = decoded = 0
    here: set[tuple[int, str]] = set()
    there: set[tuple[int, str]] = set()
    thumbnails = thumbnails_every = false = 0
    for number, clip in enumerate(clips):
        limit += decode_seconds(clip.data)
        quick = run(clip.data, engine)
        full = run(clip.data, engine, EVERY_FRAME)
        ours, every, cpu = ours + quick.seconds, every + full.seconds, cpu + quick.cpu
        frames, looked, decoded = frames + quick.frames, looked + quick.looked, decoded + quick.decoded
        here |= {(number, person) for person in shown(quick, clip)}
        there |= {(number, person) for person in shown(full, clip)}
        thumbnails += len(quick.best)
        thumbnails_every += len(full.best)
        false += sum(
            not any(iou(box, s.detection.box) >= 0.3 for _, box in clip.truth.get(n, [])) for n, s in quick.best
        )
    seconds = float(frames / rate)
    people = sum(len(clip.people) for clip in clips)
    return {
        "realtime_factor": round(seconds / ours, 2),
        "ratio_to_decode": round(ours / limit, 2),
        "persons_found_share": round(len(here & there) / max(1, len(there)), 4),
        "cpu_s_a_video_s": round(cpu / seconds, 3),
        "frames_per_s": round(frames / ours, 1),
        "decode_frames_per_s": round(frames / limit, 1),
        "every_frame_realtime_factor": round(seconds / every, 2),
        "decode_share": round(decoded / frames, 3),
        "looked_share": round(looked / frames, 3),
        "video_seconds": round(seconds, 1),
        "persons": people,
        "persons_found": len(here),
        "persons_found_every_frame": len(there),
        "missed_against_every_frame": len(there - here),
        "found_beyond_every_frame": len(here - there),
        "thumbnails": thumbnails,
        "thumbnails_every_frame": thumbnails_every,
        "thumbnails_of_no_face": false,
    }
