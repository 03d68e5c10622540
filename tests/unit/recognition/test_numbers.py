"""The numbers that were measured or chosen are the ones whose source is beside them; a change needs its benchmark again.

What each does to a picture is in test_measured; here are those that a picture of a person does not show.
"""

from __future__ import annotations

import dataclasses

import pytest

from plainview.recognition import (
    align,
    as_text,
    box,
    cover,
    crop,
    decode,
    decode_colour,
    detect,
    disturbance,
    edits,
    fetch,
    fold,
    install,
    manifest,
    near,
    prepare,
    quality,
    sandbox,
    turned,
)
from plainview.recognition.sandbox import DecodeLimits
from plainview.recognition.video import (
    boxes,
    decoding,
    faceness,
    fuse,
    opening,
    persons,
    planes,
    process,
    segment,
    still,
    timeline,
    track,
    wire,
)
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
    "a tiny picture and a crowd": ((detect._TINY_SCALE, detect._FEW, detect._UNSURE), (3.0, 2, 0.8)),
    "how a tilted face is looked at again": (
        (detect._LOOK_FACE, detect._LOOK_SIDE, detect._STRAIGHTEN_LOOKS),
        (80, 160, 3),
    ),
    "how much a tilted face is turned": ((detect._TILT_START, detect._TILT_STOP, detect._TILT_GAIN), (3.0, 1.5, 2.0)),
    "the looks before a template": (
        (detect.STEADY_LOOKS, detect._STEADY_REACH),
        ({4: ((1.0, 160), (1.5, 224)), 2: ((0.75, 128),)}, 0.35),
    ),
    "YuNet's grids": ((detect._STRIDES, detect._ALIGN, detect._FARTHEST), ((8, 16, 32), 32, 1e6)),
    "a box that a person drew": (
        (box._TURNS, box._SIZES, box._SCORE, box._SPREAD),
        ((0, -30, 30, -60, 60, 90, -90, 120, -120, 150, -150, 180), (48, 96), 0.15, 0.25),
    ),
    "the square around a face that may lie turned": (
        (turned.SIDE, turned.FACE, turned._SQUARE, turned._OFF_MIDDLE),
        (96, 48, 15, 17),
    ),
    "the part of an aligned face that is measured": (
        (quality._ROWS, quality._COLUMNS, quality._SPOTS, quality._ADVISE_FROM, quality._NOSE_DEPTH),
        ((0.25, 0.95), (0.2, 0.8), 16, 15, 17.0),
    ),
    "sharpness and blur": (
        quality._BLUR,
        ((0.34, 0.36, 0.375, 0.40, 0.45, 0.505, 0.60, 0.70, 0.80), (8, 6, 4, 3, 2, 1.5, 1, 0.5, 0)),
    ),
    "points that a fault takes off": (
        quality._LOSSES,
        {
            "detail_width": ((8, 12, 16, 20, 24, 32, 60), (95, 72, 50, 33, 17, 7, 0)),
            "noise": ((0.1, 0.38, 0.5, 0.76, 1.25, 2.0), (0, 11, 16, 30, 46, 70)),
            "luminance_mean": ((5, 7, 13, 19, 35, 210, 235, 250), (70, 52, 22, 10, 0, 0, 60, 100)),
            "contrast": ((1, 2, 4, 12), (60, 30, 5, 0)),
            "over_exposed": ((0.2, 0.5, 0.9), (0, 40, 100)),
            "cover": ((0.5, 0.6, 0.9), (0, 15, 35)),
            "compression_artifacts": ((1.5, 1.9, 2.4, 4.0, 6.0), (0, 10, 22, 52, 75)),
            "eye_cover": ((0.3, 0.5, 0.9), (0, 25, 42)),
            "outside": ((0.02, 0.2, 0.5, 0.8), (0, 30, 70, 100)),
            "motion_blur": ((0.05, 0.13, 0.22, 0.35, 0.45), (85, 62, 30, 5, 0)),
            "yaw": ((20, 45, 70, 90), (0, 25, 70, 100)),
            "pitch": ((15, 30, 45, 70), (0, 30, 60, 100)),
            "detector_score": ((0.0, 0.2, 0.3, 0.6, 0.75, 0.85, 0.92), (100, 80, 65, 40, 25, 8, 0)),
        },
    ),
    "noise and blocks of a face": (
        (disturbance.SEEN_WIDTH, disturbance.SMALL_FACE, disturbance._BLOCK, disturbance._FEWEST, disturbance._ENOUGH),
        (100, 40, 8, 24, 96),
    ),
    "how a noisy face is smoothed": (
        (disturbance._SMOOTHING, disturbance._MAD, disturbance._COARSE),
        (((0.2, 0.38, 0.6, 0.76, 1.25, 2.0), (0.0085, 0.0126, 0.0163, 0.020, 0.025, 0.031)), 0.6745, 1 / 40),
    ),
    "how a blocky face is smoothed": (
        (prepare._BLOCK_SMOOTHING, prepare._BLOCKS_IN, prepare._BLOCK_MOST),
        (((1.8, 2.4, 4.0), (0.9, 1.1, 1.6)), 200, 0.017),
    ),
    "what covers a face": (
        (cover.COVERED, cover._SIDE, cover._CELL, cover._LOWER, cover._TURNS, cover._SPREAD.tolist(), cover._MOST),
        (0.5, 56, 8, 3, 8, [20, 8, 8], 3.0),
    ),
    "doubt about what covers a face": (
        (cover._GRAIN, cover._FACE_WIDTH, cover._DETAIL, cover._DOUBT_SLOPE, cover._GRAINY, cover._DOUBT_MOST),
        (0.15, 88, -0.37, 6.0, 0.5, 2.0),
    ),
    "light of a face that may be covered": ((cover._LIGHT, cover._MOST_GAIN), (110 / 255, 40.0)),
    "a picture like another": (
        (near.HASH_BYTES, near.MAX_DISTANCE, near.MIN_QUALITY, near._SIDE, near._NEAREST),
        (32, 31, 50, 128, 4),
    ),
    "how a face is shown": ((crop._TURNED, crop._SMALL, crop._EYE_LEVEL), (1.25, 64, 0.42)),
    "a child's start and its pipe": (
        (sandbox._START_SECONDS, sandbox._PIPE_BYTES, process._START_SECONDS, process._PIPE_BYTES),
        (30.0, 1_048_576, 60.0, 1_048_576),
    ),
    "a scene and a damaged file": (
        (decoding._CUT_DIFFERENCE, decoding._BAD_PACKETS, decoding._USUAL_RATE),
        (28, 500, 25),
    ),
    "a stream beside others": ((opening._AUXILIARY, opening._UNITS, opening._UNITS_IN), (16, 8, 65_536)),
    "boxes of a file": (boxes._MOST, 200_000),
    "memory and pictures of a child": ((sandbox._KEEP_BYTES, decode._PICTURES_PER_CHILD), (67_108_864, 256)),
    "small faces, and pictures sent as text": ((align._ENLARGED, as_text._SURE), (2.0, 20)),
    "what shows through": (decode_colour._NEUTRAL, (128, 128, 128)),
    "cells of a frame": (planes._THUMBNAIL, (64, 36)),
    "tracks that are compared all with all": (persons._AT_ONCE, 1000),
    "parts of a covered face": (
        (cover.MOUTH.rows, cover.MOUTH.about, cover.EYES.rows, cover.EYES.about, cover.FEATURES, cover._ROWS),
        (slice(3, 7), slice(2, 4), slice(1, 5), slice(4, 6), 392, 7),
    ),
    "a face in a thumbnail": ((faceness._SIZES, faceness._LOWEST, faceness._STILLS), ((96, 128, 192), 0.1, 2)),
    "a time line": ((timeline._REORDERED, timeline._BESIDE, timeline._WRAP_SECONDS), (10, 3, 10)),
    "a segment": (
        (segment._TEMPLATES_OF_A_TRACK, segment._SAMPLES, segment._SAMPLED, still._AROUND),
        (3, 10, 3, 1.8),
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
