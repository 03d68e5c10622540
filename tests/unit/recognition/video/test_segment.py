"""A segment looked through: the people who are there, each still where it says, the same on every run."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from tests.factories.clips import clip, people
from tests.factories.models import engine

from plainview.evaluation.footage import Walk, film
from plainview.evaluation.video import decode_seconds, measure, run, shown
from plainview.recognition.video.reader import VideoReader
from plainview.recognition.video.segment import (
    EVERY_FRAME,
    SEGMENT_SECONDS,
    Sampling,
    Segment,
    _is_face,
    cut_up,
    process,
)
from plainview.recognition.video.track import Open, iou
from plainview.recognition.video.types import BytesSource, FrameIndex, VideoInfo


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
