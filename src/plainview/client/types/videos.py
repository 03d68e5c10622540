"""Answers of the API: videos; `make openapi` writes this file."""

from __future__ import annotations

from typing import TypedDict


class VideoRow(TypedDict):
    """A video in a list."""

    id: str
    case: str
    name: str
    state: str
    size: int
    received: int


class Videos(TypedDict):
    """A part of the list of videos."""

    items: list[VideoRow]
    next: str | None


class Stream(TypedDict):
    """A stream of pictures in a video's file, as of one camera."""

    number: int
    codec: str
    width: int
    height: int
    rate: float
    seconds: float
    video_id: str | None


class Joined(TypedDict):
    """A part of a file that several recordings were joined to."""

    part: int
    from_s: float
    added_s: float


class Passed(TypedDict):
    """What was passed over."""

    from_s: float
    to_s: float
    frames: int
    reason: str


class Clock(TypedDict):
    """The stated clock of the recorder."""

    offset_s: float
    starts: str | None


class StillClock(TypedDict):
    """The time of a still, as far as it can be known: ISO 8601 without a zone."""

    offset_s: float
    recorder: str | None
    true: str | None


class Still(TypedDict):
    """A still: a face of one frame."""

    id: str
    time_s: float
    frame: int
    pts: int
    frame_sha256: str
    box: list[float]
    quality: int
    turned: int
    damaged: bool
    part: int | None
    part_time_s: float | None
    clock: StillClock | None


class Person(TypedDict):
    """A person of a video; numbered in it, never named."""

    id: int
    same: list[int]
    stills: list[Still]
    best: Still


class Video(TypedDict):
    """A video with its people and stills, as `plainview video --json` prints it."""

    video_id: str
    state: str
    seconds: float
    frames: int
    container: str
    codec: str
    stream: int
    streams: list[Stream]
    joined: list[Joined]
    passed_over: list[Passed]
    clock: Clock | None
    persons: list[Person]
    notes: list[str]
    sha256: str


class VideoErased(TypedDict):
    """An erased video."""

    id: str
    blobs: int
