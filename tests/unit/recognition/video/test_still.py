"""What a still shows, and which stills of a track are kept."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.factories.models import engine, hopper

from plainview.recognition.video.still import THUMBNAIL, best_of, make_still, rank, thumbnail


def still(pts: int = 0, overall: int = 50, width: float = 60.0, damaged: bool = False) -> Any:
    return SimpleNamespace(
        pts=pts,
        damaged=damaged,
        quality=SimpleNamespace(overall=overall),
        detection=SimpleNamespace(box=(0.0, 0.0, width, 80.0)),
    )


@pytest.mark.parametrize(
    "box", [(100.0, 120.0, 100.0, 100.0), (125.0, 120.0, 50.0, 100.0), (100.0, 145.0, 100.0, 50.0)]
)
def test_a_thumbnail_shows_the_box_in_its_middle(box: tuple[float, float, float, float]) -> None:
    pixels = np.zeros((400, 300, 3), np.uint8)
    pixels[120:220, 100:200] = 255
    shown = thumbnail(pixels, box)
    assert (shown.shape, shown.dtype) == ((THUMBNAIL, THUMBNAIL, 3), np.uint8)
    rows, columns = np.nonzero((shown > 128).all(axis=2))
    edge = THUMBNAIL * 0.4 / 1.8  # the box is 1 of 1.8 sides
    for places in (rows, columns):
        assert abs(places.min() - edge) <= 1
        assert abs(places.max() + 1 - (THUMBNAIL - edge)) <= 1


def test_a_thumbnail_is_grey_where_the_frame_ends() -> None:
    shown = thumbnail(np.full((100, 100, 3), 255, np.uint8), (-50.0, -50.0, 100.0, 100.0))
    assert (shown[:90, :90] == 128).all()
    assert (shown[100:, 100:] == 255).all()
    shown = thumbnail(np.full((100, 100, 3), 255, np.uint8), (50.0, 50.0, 100.0, 100.0))
    assert (shown[:90, :90] == 255).all()
    assert (shown[100:, 100:] == 128).all()


@pytest.mark.parametrize("box", [(500.0, 10.0, 20.0, 20.0), (10.0, -500.0, 20.0, 20.0), (-500.0, 10.0, 20.0, 20.0)])
def test_a_box_beyond_the_frame_is_all_grey(box: tuple[float, float, float, float]) -> None:
    assert (thumbnail(np.full((100, 100, 3), 255, np.uint8), box) == 128).all()


def test_a_box_without_a_size_is_shown() -> None:
    assert (thumbnail(np.full((9, 9, 3), 40, np.uint8), (4.0, 4.0, 0.0, 0.0)) == 40).all()


def test_a_still_says_where_it_is_from() -> None:
    picture = hopper()
    (face,) = engine().faces(picture)
    frame: Any = SimpleNamespace(pts=7, sha256="s", pixels=picture.pixels, one_field=True, damaged=False)
    made = make_still(frame, face.detection, face.quality)
    assert (made.pts, made.sha256, made.detection, made.quality) == (7, "s", face.detection, face.quality)
    height, width = picture.pixels.shape[:2]
    assert made.frame_size == (width, height)
    assert (made.one_field, made.damaged) == (True, False)


def test_whole_frames_then_quality_then_width_then_the_earliest_come_first() -> None:
    best = [
        still(9, overall=60, width=50),
        still(8, overall=50, width=70.04),
        still(3, overall=50, width=60),
        still(4, overall=50, width=60.04),  # as wide, to a tenth
        still(1, overall=99, width=99, damaged=True),
    ]
    backwards = best[::-1]
    assert sorted(backwards, key=rank) == best


def test_each_second_has_its_best_and_a_track_has_eight() -> None:
    stills = [still(pts, overall=pts % 7) for pts in range(0, 200, 5)]
    kept = best_of(stills, 20)
    assert len(kept) == 8
    assert len({one.pts // 20 for one in kept}) == 8
    assert kept == sorted(kept, key=rank)
    every = {second: min((s for s in stills if s.pts // 20 == second), key=rank) for second in range(10)}
    assert kept == sorted(every.values(), key=rank)[:8]
    assert len(best_of(stills[:3], 0)) == 3  # a time base of less than one unit a second


def test_a_thumbnail_of_a_box_at_the_edge_has_the_pixels_that_are_there() -> None:
    """Not enlarged or shrunk: the side is 1.8 times 107 pixels, cut to 192."""
    pixels = np.random.default_rng(1).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    for x, y in ((0.0, 0.0), (-60.0, 20.0), (250.0, 260.0), (90.0, 100.0)):
        shown = thumbnail(pixels, (x, y, 107.0, 50.0))
        left, top = int(x + 53.5 - 96.3), int(y + 25 - 96.3)
        wide = np.pad(pixels, ((500, 500), (500, 500), (0, 0)), constant_values=128)
        assert (shown == wide[500 + top :, 500 + left :][:THUMBNAIL, :THUMBNAIL]).all()
