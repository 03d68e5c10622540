"""A segment looked through: the people who are there, each still where it says, the same on every run."""

from __future__ import annotations

import itertools
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.factories.clips import clip, people
from tests.factories.models import engine

from plainview.evaluation.footage import Walk, film
from plainview.evaluation.video import decode_seconds, measure, run, shown
from plainview.recognition.types import Detection
from plainview.recognition.video import segment as segmenting
from plainview.recognition.video import wire
from plainview.recognition.video.faceness import unturned
from plainview.recognition.video.reader import VideoReader
from plainview.recognition.video.segment import (
    EVERY_FRAME,
    SEGMENT_SECONDS,
    Sampling,
    Segment,
    _faces,
    _is_face,
    _is_turned_face,
    _pass,
    cut_up,
    process,
)
from plainview.recognition.video.track import Open, iou
from plainview.recognition.video.types import BytesSource, Frame, FrameIndex, Part, Track, VideoInfo


def test_two_people_are_found_where_they_are() -> None:
    footage = clip(frames=50)
    result = run(footage.data, engine())
    assert shown(result, footage) == {"hopper", "collins"}
    assert len(result.persons) == 2
    assert result.looked < 20
    for number, still in result.best:
        assert max(iou(box, still.detection.box) for _, box in footage.truth[number]) > 0.5
        assert still.quality.overall > 80


@pytest.mark.long
def test_the_same_segment_gives_the_same_stills() -> None:
    def stills() -> list[tuple[int, str]]:
        with VideoReader(BytesSource(clip(frames=50).data)) as reader:
            found = process(reader, Segment(0, 10**9), engine())
            assert found.looked <= found.decoded
            return [(still.pts, still.sha256) for track in found.tracks for still in track.stills]

    assert stills() == stills()


def test_a_cut_between_rooms_parts_the_tracks_and_the_grouping_joins_them() -> None:
    a, b = people()
    walks = [
        Walk(a, 0, 49, (200, 150), (200, 150), (60, 60)),
        Walk(b, 0, 24, (450, 150), (450, 150), (60, 60)),
    ]
    footage = film(walks, 50, size=(640, 360), cuts=[25])
    result = run(footage.data, engine())
    assert sorted(len(tracks) for tracks in result.persons) == [1, 2]


def test_what_passes_is_told_and_can_stop() -> None:
    class Stop(Exception):
        pass

    told: list[int] = []

    def passed(pts: int) -> None:
        told.append(pts)
        if len(told) == 2:
            raise Stop

    with VideoReader(BytesSource(clip(frames=50).data)) as reader, pytest.raises(Stop):
        process(reader, Segment(0, 10**9), engine(), passed=passed)
    assert told == sorted(told)


def test_segments_begin_where_decoding_can_start_and_cover_everything() -> None:
    info = VideoInfo("avi", "h264", 1, (), 1, 1, Fraction(1, 100), Fraction(25), 0, 0, 0)
    stamps = np.arange(0, 30_000, 4)
    index = FrameIndex(stamps, stamps[::250], 0)
    rows = cut_up(info, index, 60)
    assert rows[0].first == 0
    assert rows[-1].end == stamps[-1] + 1
    assert all(a.end == b.first for a, b in itertools.pairwise(rows))
    assert all(row.first in index.keys for row in rows)
    assert all(row.end - row.first >= 6000 for row in rows[:-1])
    assert cut_up(info, FrameIndex(stamps[:1], stamps[:1], 0)) == [Segment(0, 1)]


@pytest.mark.long
def test_measuring_counts_people_and_time() -> None:
    footage = clip(frames=50)
    assert decode_seconds(footage.data) > 0
    result = measure([footage], engine(), Fraction(25))
    assert result["persons_found_share"] == 1
    assert (result["persons"], result["persons_found"], result["missed_against_every_frame"]) == (2, 2, 0)
    assert result["thumbnails_of_no_face"] == 0
    full = run(footage.data, engine(), EVERY_FRAME)
    assert full.looked == full.frames == 50


@pytest.mark.parametrize(
    ("keys", "last", "begins"),
    [
        ([0, 99, 100], 200, [0, 100]),
        ([0, 100, 199, 200], 400, [0, 100, 200]),
        ([0, 100], 125, [0, 100]),
        ([0, 100], 124, [0]),  # the last would be shorter than a quarter
    ],
)
def test_a_segment_begins_at_the_first_key_that_leaves_both_long_enough(
    keys: list[int], last: int, begins: list[int]
) -> None:
    info = VideoInfo("avi", "h264", 1, (), 1, 1, Fraction(1, 100), Fraction(25), 0, 0, 0)
    rows = cut_up(info, FrameIndex(np.arange(last + 1), np.array(keys), 0), 1)
    assert [row.first for row in rows] == begins
    assert rows[-1].end == last + 1


@pytest.mark.parametrize(
    ("seen", "score", "face"), [([1], 0.8, True), ([1], 0.79, False), ([1, 2], 0.1, True), ([1, 2, 3], 0.1, True)]
)
def test_a_single_sighting_must_be_sure(seen: list[int], score: float, face: bool) -> None:
    assert _is_face(Open(seen, [], best_score=score)) is face


def test_the_sampling_that_was_measured() -> None:
    assert Sampling() == Sampling(0.2, 1.0, 0.12, 8, 1.0, 960)
    assert Sampling(0, 0, 0, 0, whole=0) == EVERY_FRAME
    assert SEGMENT_SECONDS == 30


PIXELS = np.zeros((40, 2000, 3), np.uint8)


class Frames:
    """A reader that gives these frames, whatever is due, and notes what it was asked."""

    def __init__(self, frames: list[Frame], base: Fraction = Fraction(1, 100)) -> None:
        self.info: Any = SimpleNamespace(time_base=base)
        self.frames, self.asked, self.sought = frames, list[tuple[int, ...]](), list[int]()
        self.decoded, self.shown = 7, np.empty(0, np.int64)

    def seek(self, place: int) -> None:
        self.sought.append(place)
        self.left = iter(self.frames)

    def next(self, due: int, at_latest: int, end: int, *, motion: int = 0) -> Frame | None:
        self.asked.append((due, at_latest, end, motion))
        self.decoded += 1
        return next(self.left, None)

    def ask_ahead(self, due: int, at_latest: int, end: int, *, motion: int = 0) -> Any:
        frame = self.next(due, at_latest, end, motion=motion)
        return SimpleNamespace(result=lambda: frame)


class Looks:
    """An engine that sees one face of 50 pixels where it is told to, and notes at which side it looks."""

    def __init__(self, seen: dict[int, float] | None = None) -> None:
        self.seen, self.sides = seen or {}, list[tuple[tuple[int, ...], int]]()

    def glance(self, view: np.ndarray, longest: int, *_: float) -> list[Detection]:
        number = len(self.sides)
        self.sides.append((view.shape[:2], longest))
        points = np.array([[15, 20], [35, 20], [25, 30], [18, 40], [32, 40]], np.float32)
        return [Detection((5.0, 0.0, 50.0, 40.0), points, self.seen[number])] if number in self.seen else []

    def aligned_template(self, aligned: np.ndarray) -> np.ndarray:
        return np.array([3.0, 4.0], np.float32)


def passed_through(reader: Frames, engine: Looks, segment: Segment, degrees: int = 0) -> tuple[Any, list[int]]:
    told: list[int] = []
    return _pass(reader, segment, engine, Sampling(), told.append, degrees), told  # type: ignore[arg-type]


def test_frames_are_due_by_what_is_still_unsure_and_whole_ones_are_looked_at_once_a_second() -> None:
    frames = [Frame(at, PIXELS, "", cut=at == 250) for at in (90, 100, 199, 200, 250, 349, 350)]
    reader, looks = Frames(frames), Looks({1: 0.9, 2: 0.9, 3: 0.9})
    made, told = passed_through(reader, looks, Segment(100, 400))
    assert told == [frame.pts for frame in frames]  # the first is before the segment and is not looked at
    assert [side for _, side in looks.sides] == [1280, 960, 1280, 1280, 960, 1280]
    assert reader.sought == [100]
    assert reader.asked[0] == (100, 100, 400, 0)
    assert [asked[1:] for asked in reader.asked[1:]] == [(frame.pts + 100, 400, 8) for frame in frames]
    assert (made.looked, reader.asked[1][0]) == (6, 110)


def test_another_look_is_due_soon_after_a_face_was_seen_once() -> None:
    frames = [Frame(at, PIXELS, "") for at in (0, 20, 40, 60)]
    reader = Frames(frames)
    passed_through(reader, Looks({1: 0.9, 2: 0.9}), Segment(0, 400))
    assert [asked[0] for asked in reader.asked] == [0, 20, 40, 52, 80]


def test_ten_frames_of_a_segment_are_kept_small_and_at_most_three_seconds_apart() -> None:
    def kept(end: int, step: int, degrees: int = 0) -> list[int]:
        frames = [Frame(at, np.full((4, 2000, 3), at // step, np.uint8), "") for at in range(0, end, step)]
        samples = passed_through(Frames(frames), Looks(), Segment(0, end), degrees)[0].samples
        assert {sample.shape[1] for sample in samples} <= {960}
        return [int(sample[0, 0, 0]) * step for sample in samples]

    assert kept(2000, 100) == [*range(0, 2000, 200)]
    assert kept(6000, 100) == [*range(0, 3000, 300)]
    assert kept(2010, 67) == [0, 201, 402, 603, 804, 1005, 1206, 1407, 1608, 1809]
    assert kept(2000, 100, degrees=90) == []


def test_a_pass_through_turned_frames_tells_tracks_in_pixels_of_the_upright_ones() -> None:
    frames = [Frame(at, np.zeros((300, 200, 3), np.uint8), "") for at in (0, 20)]
    looks = Looks({0: 0.9, 1: 0.9})
    (track,) = passed_through(Frames(frames), looks, Segment(0, 400), 90)[0].tracks
    assert looks.sides[0][0] == (200, 300)
    assert (track.first, track.last, track.seen) == (0, 20, (0, 20))
    assert track.first_box == track.last_box == unturned((5.0, 0.0, 50.0, 40.0), (300, 200), 90)
    assert {still.turned for still in track.stills} == {90}
    assert track.template.tolist() == pytest.approx([0.6, 0.8])
    assert track.template.dtype == np.float32


def test_a_second_is_a_unit_at_least() -> None:
    reader = Frames([Frame(0, PIXELS, ""), Frame(1, PIXELS, "")], Fraction(3))
    passed_through(reader, Looks(), Segment(0, 400))
    assert reader.asked[1] == (0, 0, 400, 8)


def test_what_was_decoded_of_a_segment_is_told_by_how_it_went() -> None:
    class Noted(Frames):
        def next(self, due: int, at_latest: int, end: int, *, motion: int = 0) -> Frame | None:
            frame = super().next(due, at_latest, end, motion=motion)
            if frame is None:
                kinds = [(30, 0), (10, wire.HURT), (20, wire.FAILED), (10, wire.HURT), (5, 0)]
                self.shown = np.array([place << 2 | kind for place, kind in kinds], np.int64)
            return frame

    reader, passes = Noted([Frame(0, PIXELS, ""), Frame(20, PIXELS, "")]), list[int]()
    result = process(reader, Segment(0, 400), Looks(), passed=passes.append)  # type: ignore[arg-type]
    assert (result.tracks, result.looked, result.decoded) == ((), 2, 3)
    assert (result.shown.tolist(), result.failed.tolist(), result.damaged.tolist()) == ([5, 10, 30], [20], [10])
    assert passes == [0, 20]


def test_each_turn_that_shows_a_face_is_passed_through_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """A track found upright whose face lies turned is dropped; it comes from the pass through turned frames."""
    calls: list[int] = []
    track = {degrees: SimpleNamespace(stills=(degrees,)) for degrees in (0, 90, 180, 270)}

    def walk(reader: Any, segment: Any, engine: Any, sampling: Any, passed: Any, degrees: int) -> Any:
        calls.append(degrees)
        tracks = [track[0], track[90]] if degrees == 0 else [track[degrees], track[0]]
        return SimpleNamespace(tracks=tracks, looked=3, samples=[])

    monkeypatch.setattr(segmenting, "_pass", walk)
    monkeypatch.setattr(segmenting, "turn_of", lambda engine, stills: stills[0])
    monkeypatch.setattr(segmenting, "turns_seen", lambda engine, samples, side: {270} if side == 960 else set())
    monkeypatch.setattr(segmenting, "_is_turned_face", lambda engine, one: one.stills[0] != 0)
    monkeypatch.setattr(segmenting, "_faces", lambda engine, tracks: tracks)
    reader = Frames([])
    result = process(reader, Segment(0, 400), Looks())  # type: ignore[arg-type]
    assert calls == [0, 90, 270]
    assert result.tracks == (track[0], track[90], track[270])


def judged(monkeypatch: pytest.MonkeyPatch, sure: float, turned: int = 0, away: bool = False) -> None:
    monkeypatch.setattr(segmenting, "faceness", lambda engine, stills: sure)
    monkeypatch.setattr(segmenting, "turn_of", lambda engine, stills: turned)
    monkeypatch.setattr(segmenting, "is_away", lambda stills: away)


@pytest.mark.parametrize(
    ("scores", "sure", "turned", "face"),
    [
        ((0.5, 0.8), 0.8, 0, True),
        ((0.5, 0.79), 0.8, 0, False),
        ((0.5, 0.8), 0.79, 0, False),
        ((0.5, 0.8), 0.8, 90, False),
    ],
)
def test_a_turned_face_is_sure_of_itself_and_upright_in_its_turn(
    monkeypatch: pytest.MonkeyPatch, scores: tuple[float, ...], sure: float, turned: int, face: bool
) -> None:
    judged(monkeypatch, sure, turned)
    track: Any = SimpleNamespace(stills=[SimpleNamespace(detection=SimpleNamespace(score=score)) for score in scores])
    assert _is_turned_face(Looks(), track) is face  # type: ignore[arg-type]


def test_a_hand_beside_a_face_is_left_out_and_what_is_hardly_a_face_is_doubtful(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    template = np.zeros(2, np.float32)

    def track(name: str) -> Track:
        return Track(0, 1, (0, 1), (0, 0, 1, 1), (0, 0, 1, 1), (name,), template)  # type: ignore[arg-type]

    sure = {"face": 0.7, "away": 0.9, "hand": 0.69, "mask": 0.2}
    monkeypatch.setattr(segmenting, "faceness", lambda engine, stills: sure[stills[0]])
    monkeypatch.setattr(segmenting, "is_away", lambda stills: stills[0] == "away")
    monkeypatch.setattr(segmenting, "beside", lambda one, face: (one.stills[0], face.stills[0]) == ("hand", "face"))
    looks: Any = Looks()
    left = _faces(looks, [track(name) for name in ("face", "away", "hand", "mask")])
    assert [(one.stills[0], one.doubtful) for one in left] == [("face", False), ("away", True), ("mask", True)]
    assert [one.stills[0] for one in _faces(looks, [track("hand")])] == ["hand"]


def test_each_part_of_a_time_line_is_cut_up_on_its_own() -> None:
    info = VideoInfo("avi", "h264", 1, (), 1, 1, Fraction(1, 100), Fraction(25), 0, 0, 0)
    stamps = np.array([*range(10, 60), *range(100, 150)])
    keys = np.array([10, 30, 50, 100, 120])
    index = FrameIndex(stamps, keys, 0, (Part(10, 0), Part(100, 41)))
    assert cut_up(info, index, 0.2) == [
        Segment(10, 30),
        Segment(30, 50),
        Segment(50, 60),
        Segment(100, 120),
        Segment(120, 150),
    ]
    assert cut_up(info, index, 1) == [Segment(10, 60), Segment(100, 150)]
    assert cut_up(info, FrameIndex(stamps, keys, 0)) == [Segment(10, 150)]
