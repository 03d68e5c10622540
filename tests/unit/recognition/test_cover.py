"""The cover component: uncovered portraits stay below its limit, covered ones do not, however they are lit or sized."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from tests.factories import models

from plainview.evaluation.covers import draw_cover
from plainview.recognition.align import align
from plainview.recognition.cover import COVERED, FEATURES, cover, features
from plainview.recognition.cover_weights import WEIGHTS
from plainview.recognition.quality import assess
from plainview.recognition.types import Picture, Pixels

PORTRAITS = {"hopper": models.hopper, "collins": models.collins}


def _seen(picture: Picture) -> Pixels:
    face = models.engine().faces(picture)[0]
    return align(picture.pixels, face.detection.points)


def _covered(picture: Picture, kind: int) -> Picture:
    face = models.engine().faces(picture)[0]
    return models.picture(draw_cover(picture.pixels, face.detection.points, kind))


@pytest.mark.parametrize("name", PORTRAITS)
@pytest.mark.parametrize("factor", [1.0, 0.5, 0.25])
def test_an_uncovered_portrait_stays_below_the_limit(name: str, factor: float) -> None:
    assert cover(_seen(models.scaled(PORTRAITS[name](), factor))) < COVERED / 2


@pytest.mark.parametrize("name", PORTRAITS)
@pytest.mark.parametrize("kind", range(8))
@pytest.mark.parametrize("factor", [1.0, 0.5])
def test_every_kind_of_drawn_mask_is_noticed(name: str, kind: int, factor: float) -> None:
    assert cover(_seen(models.scaled(_covered(PORTRAITS[name](), kind), factor))) >= COVERED


@pytest.mark.parametrize("name", PORTRAITS)
def test_light_and_colour_of_the_picture_decide_nothing(name: str) -> None:
    plain, masked = PORTRAITS[name](), _covered(PORTRAITS[name](), 1)
    for change in (
        lambda p: (p * 0.5).astype(np.uint8),
        lambda p: np.clip(p * 1.3, 0, 255).astype(np.uint8),
        lambda p: cv2.cvtColor(cv2.cvtColor(p, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR),
        lambda p: p[:, ::-1].copy(),
    ):
        assert cover(_seen(models.picture(change(plain.pixels)))) < COVERED
        assert cover(_seen(models.picture(change(masked.pixels)))) >= COVERED


def test_a_scarf_up_to_the_eyes_is_noticed() -> None:
    aligned = _seen(models.hopper()).copy()
    aligned[66:] = (60, 40, 120)
    assert cover(aligned) >= COVERED


def test_the_number_lies_between_0_and_1_for_any_pixels() -> None:
    rng = np.random.default_rng(1)
    for pixels in (
        np.zeros((112, 112, 3), np.uint8),
        np.full((112, 112, 3), 255, np.uint8),
        rng.integers(0, 256, (112, 112, 3), dtype=np.uint8),
    ):
        assert 0 <= cover(pixels) <= 1
        row = features(pixels)
        assert row.shape == (FEATURES,) == (len(WEIGHTS),)
        assert row.dtype == np.float32
        assert np.isfinite(row).all()
        assert cover(pixels) == cover(pixels.copy())


def test_quality_carries_it_and_says_it_without_calling_the_picture_bad() -> None:
    plain, masked = models.hopper(), _covered(models.hopper(), 0)
    detection = models.engine().faces(plain)[0].detection
    before, after = assess(plain.pixels, detection), assess(masked.pixels, detection)
    said = "Mouth or nose seem covered, or out of the picture."
    assert before.components["cover"] < COVERED <= after.components["cover"]
    assert said not in before.advice
    assert after.advice[-1] == said
    assert after.overall >= 80
