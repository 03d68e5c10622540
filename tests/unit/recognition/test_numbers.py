"""The numbers that were measured or chosen are the ones whose source is beside them; a change needs its benchmark again.

What each does to a picture is in test_measured; here are those that a picture of a person does not show.
"""

from __future__ import annotations

import dataclasses

import pytest

from plainview.recognition import crop, detect, edits, fetch, fold, install, manifest, prepare, quality, turned
from plainview.recognition.sandbox import DecodeLimits
from plainview.recognition.video import faceness, fuse, persons, segment, still, timeline, track, wire
from plainview.recognition.video.process import VideoLimits

STATED = {
    "the least sure face of a first and of a last look": ((detect.MIN_SCORE, detect.SECOND_LOOK_SCORE), (0.6, 0.3)),
    "one face in two boxes": (
        (detect.NMS_IOU, detect.MERGE_IOU, detect.PART_SHARE, detect.PART_MARGIN),
        (0.3, 0.5, 0.8, 0.15),
    ),
    "sides at which a picture is looked at": (
        (detect.TINY_SIDE, detect.SMALL_SIDE, detect.MIDDLE_SIDE, detect.LARGE_SIDE),
        (100, 320, 640, 1280),
    ),
    "a face that lies turned": (
        (turned.SLANT, turned.SURER, turned.BELIEVED, turned.SEEN_AGAIN, turned.LEAST, turned.SUSPECT_BELOW),
        (25, 0.02, 0.83, 0.84, 0.15, 0.91),
    ),
    "widths of faces": ((quality.MIN_FACE_PX, quality.MIN_PROBE_PX, quality.USUAL_FACE_PX), (16, 12, 60)),
    "when a probe is prepared": ((prepare.NOISY, prepare.BLOCKY, prepare.DARK, prepare.BRIGHT), (0.3, 1.8, 60, 110)),
    "what an edit may do": (
        (edits.MAX_EDITS, edits.MAX_BRIGHTNESS, edits.CONTRAST, edits.GAMMA, edits.MAX_SMOOTHING, edits.MAX_GAIN),
        (20, 100, (0.5, 3.0), (0.3, 3.0), 20.0, 40.0),
    ),
    "a face cut for people": ((crop.SURROUND, crop.ABOUT, crop.EYES), ((128, 128, 128), 2.0, 0.22)),
    "a pack": (
        (manifest.MAX_BYTES, manifest.MAX_DIMENSION, fetch.MAX_BYTES, install.DOWNLOAD_SECONDS),
        (65_536, 4096, 2_147_483_648, 600),
    ),
    "a folded network": ((fold.OPSET, fold.IR_VERSION), (13, 7)),
    "a track": (
        (track.MIN_IOU, track.REACH, track.SAME_SIZE, track.SAME_FACE, track.LOST_AFTER, track.SURE_SCORE),
        (0.3, 3.0, 1.6, 0.3, 1.2, 0.8),
    ),
    "one person in several tracks": (
        (persons.TOGETHER, persons.CONTINUES, persons.RETURNS, persons.AWAY, persons.LINGERS),
        (0.42, 0.25, 0.3, 0.1, 5.0),
    ),
    "what is a face and what a thing": (
        (faceness.MARGIN, faceness.FACE, faceness.TURNED_FACE, faceness.AWAY, faceness.ARM),
        (0.02, 0.7, 0.8, 45.0, 6.0),
    ),
    "stills": ((still.MAX_STILLS, still.THUMBNAIL, fuse.MAX_FRAMES, segment.SEGMENT_SECONDS), (8, 192, 4, 30)),
    "stamps of a stream": (
        (timeline.BACK_SECONDS, timeline.TIME_OF_DAY_SECONDS, timeline.WRAP),
        (0.2, 100_000_000, 8_589_934_592),
    ),
    "what a file may hold": (
        (wire.MAX_STREAMS, wire.MAX_PARTS, wire.MAX_STAMP),
        (32, 10_000, 2_305_843_009_213_693_952),
    ),
}


@pytest.mark.parametrize("name", STATED)
def test_a_number_is_the_one_that_was_measured(name: str) -> None:
    numbers, stated = STATED[name]
    assert numbers == stated


def test_what_a_picture_and_a_video_may_cost() -> None:
    picture, video = DecodeLimits(), VideoLimits()
    assert (picture.max_bytes, picture.max_pixels, picture.min_side) == (67_108_864, 80_000_000, 16)
    assert picture.max_side == 2**15 - 2  # OpenCV's warp: SHRT_MAX
    assert (picture.cpu_seconds, picture.wall_seconds, picture.memory_bytes) == (20, 30.0, 2_147_483_648)
    assert (video.max_pixels, video.min_side, video.max_frames) == (4096 * 2304, 16, 4_000_000)
    assert (video.cpu_seconds, video.wall_seconds, video.index_seconds) == (30, 120.0, 1800.0)
    assert video.memory_bytes == 2_147_483_648


@pytest.mark.parametrize("limits", [DecodeLimits, VideoLimits])
def test_a_limit_is_positive(limits: type[DecodeLimits | VideoLimits]) -> None:
    for field in dataclasses.fields(limits):
        assert getattr(limits(**{field.name: 16}), field.name) == 16
        with pytest.raises(ValueError, match="must be positive"):
            limits(**{field.name: 0})


def test_the_shortest_side_is_at_most_the_longest() -> None:
    assert DecodeLimits(min_side=40, max_side=40).max_side == 40
    with pytest.raises(ValueError, match="min_side at most"):
        DecodeLimits(min_side=41, max_side=40)
