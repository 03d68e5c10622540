"""The cover component: uncovered portraits stay below its limit, covered ones do not, however they are lit or sized."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from tests.factories import models

from plainview.evaluation.covers import draw_cover
from plainview.recognition import cover as covering
from plainview.recognition.align import align
from plainview.recognition.cover import COVERED, FEATURES, covers, doubt, features
from plainview.recognition.cover_weights import WEIGHTS
from plainview.recognition.disturbance import smoothing_of
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
    assert covers(_seen(models.scaled(PORTRAITS[name](), factor)))[0] < COVERED / 2


@pytest.mark.parametrize("name", PORTRAITS)
@pytest.mark.parametrize("kind", range(8))
@pytest.mark.parametrize("factor", [1.0, 0.5])
def test_every_kind_of_drawn_mask_is_noticed(name: str, kind: int, factor: float) -> None:
    assert covers(_seen(models.scaled(_covered(PORTRAITS[name](), kind), factor)))[0] >= COVERED


@pytest.mark.parametrize("name", PORTRAITS)
def test_light_and_colour_of_the_picture_decide_nothing(name: str) -> None:
    plain, masked = PORTRAITS[name](), _covered(PORTRAITS[name](), 1)
    for change in (
        lambda p: (p * 0.5).astype(np.uint8),
        lambda p: np.clip(p * 1.3, 0, 255).astype(np.uint8),
        lambda p: cv2.cvtColor(cv2.cvtColor(p, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR),
        lambda p: p[:, ::-1].copy(),
    ):
        assert covers(_seen(models.picture(change(plain.pixels))))[0] < COVERED
        assert covers(_seen(models.picture(change(masked.pixels))))[0] >= COVERED


def test_a_scarf_up_to_the_eyes_is_noticed() -> None:
    aligned = _seen(models.hopper()).copy()
    aligned[66:] = (60, 40, 120)
    assert covers(aligned)[0] >= COVERED


def test_the_number_lies_between_0_and_1_for_any_pixels() -> None:
    rng = np.random.default_rng(1)
    for pixels in (
        np.zeros((112, 112, 3), np.uint8),
        np.full((112, 112, 3), 255, np.uint8),
        rng.integers(0, 256, (112, 112, 3), dtype=np.uint8),
    ):
        assert 0 <= covers(pixels)[0] <= 1
        row = features(pixels)
        assert row.shape == (FEATURES,) == (len(WEIGHTS),)
        assert row.dtype == np.float32
        assert np.isfinite(row).all()
        assert covers(pixels) == covers(pixels.copy())


def test_quality_carries_it_says_it_and_falls_without_calling_the_picture_useless() -> None:
    plain, masked = models.hopper(), _covered(models.hopper(), 0)
    detection = models.engine().faces(plain)[0].detection
    before, after = assess(plain.pixels, detection), assess(masked.pixels, detection)
    said = "Mouth or nose seem covered, or out of the picture."
    assert before.components["cover"] < COVERED <= after.components["cover"]
    assert said not in before.advice
    assert after.advice[-1] == said
    assert 40 <= after.overall < before.overall - 20


def _poor(kind: str, pixels: Pixels) -> Pixels:
    random, small = np.random.default_rng(8), cv2.resize(pixels, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    if kind == "blurred":
        return np.asarray(cv2.GaussianBlur(small, (0, 0), 1.0), np.uint8)
    if kind == "compressed":
        return np.asarray(
            cv2.imdecode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 10])[1], cv2.IMREAD_COLOR)
        )
    light, noise = {"dark": (0.15, 0), "dark and noisy": (0.15, 4), "night": (0.08, 3), "noisy": (1.0, 30)}[kind]
    return np.clip(np.rint(small * light + random.normal(0, noise, small.shape)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", PORTRAITS)
@pytest.mark.parametrize("kind", ["blurred", "compressed", "dark", "dark and noisy", "night", "noisy"])
def test_a_poor_picture_is_no_cover_and_hides_none(name: str, kind: str) -> None:
    plain = models.scaled(PORTRAITS[name](), 0.4)
    detection = models.engine().faces(plain)[0].detection
    uncovered = assess(_poor(kind, PORTRAITS[name]().pixels), detection).components
    assert uncovered["cover"] < COVERED
    assert uncovered["eye_cover"] < COVERED
    for cover in (0, 5, 6):
        masked = assess(_poor(kind, _covered(PORTRAITS[name](), cover).pixels), detection).components
        assert masked["cover"] >= COVERED, cover
    glasses = assess(_poor(kind, _in_dark_glasses(PORTRAITS[name](), 25).pixels), detection).components
    assert glasses["eye_cover"] >= COVERED


def _in_dark_glasses(picture: Picture, shade: int) -> Picture:
    """The portrait with two dark lenses and a bridge, as wide as eyes and brows."""
    points = models.engine().faces(picture)[0].detection.points.astype(np.float64)
    across = points[1] - points[0]
    apart = float(np.hypot(*across))
    angle = float(np.degrees(np.arctan2(across[1], across[0])))
    pixels = picture.pixels.copy()
    for eye in points[:2]:
        middle = (round(float(eye[0])), round(float(eye[1] + 0.05 * apart)))
        cv2.ellipse(pixels, middle, (round(0.4 * apart), round(0.3 * apart)), angle, 0, 360, (shade,) * 3, -1)
    ends = [tuple(np.rint(points[0] + across * share).astype(int).tolist()) for share in (0.3, 0.7)]
    cv2.line(pixels, ends[0], ends[1], (shade,) * 3, max(1, round(0.06 * apart)))
    return models.picture(pixels)


@pytest.mark.parametrize("name", PORTRAITS)
@pytest.mark.parametrize("factor", [1.0, 0.5, 0.25])
def test_open_eyes_stay_below_the_limit_and_dark_glasses_do_not(name: str, factor: float) -> None:
    portrait = models.scaled(PORTRAITS[name](), factor)
    assert covers(_seen(portrait))[1] < COVERED / 2
    for shade in (5, 25, 45):
        assert covers(_seen(_in_dark_glasses(portrait, shade)))[1] >= COVERED, shade


def test_dark_glasses_are_no_mask_and_a_mask_is_no_glasses() -> None:
    portrait = models.scaled(models.hopper(), 0.5)
    assert covers(_seen(_in_dark_glasses(portrait, 20)))[0] < COVERED
    assert covers(_seen(_covered(portrait, 2)))[1] < COVERED


def test_quality_says_that_the_eyes_are_covered() -> None:
    picture = _in_dark_glasses(models.hopper(), 15)
    quality = assess(picture.pixels, models.engine().faces(picture)[0].detection)
    assert quality.components["eye_cover"] >= COVERED
    assert "The eyes seem covered, as by dark glasses." in quality.advice


@pytest.mark.parametrize("name", PORTRAITS)
def test_a_sharp_face_is_not_doubted_and_a_poor_one_at_most_by_four(name: str) -> None:
    sharp = _seen(PORTRAITS[name]())
    blurred, more = (np.asarray(cv2.GaussianBlur(sharp, (0, 0), by), np.uint8) for by in (4.0, 8.0))
    assert doubt(sharp) == 0 < doubt(blurred) <= doubt(more)
    assert doubt(more) == pytest.approx(2)
    assert doubt(more, 0.65) == doubt(more, 1.0) == pytest.approx(4)
    assert doubt(sharp, 0.15) < 0.1 < doubt(sharp, 0.2) < doubt(sharp, 0.4) < doubt(sharp, 0.65)


@pytest.mark.parametrize("noise", [0.0, 0.149, 0.15, 0.6])
@pytest.mark.parametrize("dark", [1, 8, 250])
def test_a_face_is_halved_calmed_and_brightened_before_its_cells_are_measured(noise: float, dark: int) -> None:
    pixels = (np.random.default_rng(1).integers(0, 256, (112, 112, 3)) // dark).astype(np.uint8)
    sigma = smoothing_of(noise) * 88
    calm = cv2.GaussianBlur(pixels.astype(np.float32), None, sigmaX=sigma, sigmaY=sigma) if noise >= 0.15 else pixels
    small = calm.astype(np.float64).reshape(56, 2, 56, 2, 3).mean(axis=(1, 3)) / 255
    light = (small[8:52, 8:48] @ [0.114, 0.587, 0.299]).mean()
    gain = min(40.0, max(1.0, 110 / 255 / light)) if light else 1.0
    lit = covering._lit(pixels, noise)
    assert lit.dtype == np.float32
    assert np.abs(lit - np.clip(small * gain, 0, 1)).max() < 1e-3


def sloping(across: float, down: float) -> np.ndarray:
    """A grey picture whose lightness changes by so much from pixel to pixel, about 50."""
    rows, columns = np.mgrid[:56, :56] - 27.5
    lab = np.zeros((56, 56, 3), np.float32)
    lab[:, :, 0] = 50 + across * columns + down * rows
    return cv2.cvtColor(lab, cv2.COLOR_LAB2BGR)


@pytest.mark.parametrize(
    ("across", "down", "bins"),
    [
        (1.0, 0.0, {4: 1.0}),
        (0.0, 1.0, {6: 1.0}),
        (-1.0, 0.0, {0: 1.0}),
        (0.0, -1.0, {2: 1.0}),
        (0.6, 0.6, {5: 1.0}),
        (0.6, -0.6, {3: 1.0}),
        (-0.6, -0.6, {1: 1.0}),
        (-0.6, 0.6, {7: 1.0}),
        (float(np.cos(np.pi / 8)), float(np.sin(np.pi / 8)), {4: 0.5, 5: 0.5}),  # shared by two directions
        (float(np.cos(np.pi / 16)), float(np.sin(np.pi / 16)), {4: 0.75, 5: 0.25}),
    ],
)
def test_an_edge_counts_by_its_direction_relative_to_the_contrast_of_the_face(
    across: float, down: float, bins: dict[int, float]
) -> None:
    edges, colours = covering._cells(sloping(across, down))
    assert edges.shape == (8, 7, 7)
    strength = float(np.hypot(across, down))
    for number in range(8):
        expected = bins.get(number, 0.0) * strength / (strength + 1)
        assert np.abs(edges[number, 1:6, 1:6] ** 2 - expected).max() < 0.02, number
    middles = (np.arange(7) - 3) * 8
    assert np.abs(colours[:, :, 0] - (50 + across * middles[None, :] + down * middles[:, None])).max() < 0.3
    assert np.abs(colours[:, :, 1:]).max() < 0.5


@pytest.mark.parametrize(("part", "rows", "about"), [(covering.MOUTH, (3, 7), (2, 4)), (covering.EYES, (1, 5), (4, 6))])
def test_colours_are_told_beside_the_middle_one_of_other_rows(
    part: covering.Part, rows: tuple[int, int], about: tuple[int, int]
) -> None:
    random = np.random.default_rng(1)
    edges = random.random((8, 7, 7)).astype(np.float32)
    colours = (random.random((7, 7, 3)) * 90).astype(np.float32)
    usual = np.median(colours[about[0] : about[1], 1:6].reshape(-1, 3), axis=0)
    other = np.clip((colours - usual) / [20, 8, 8], -3, 3)[rows[0] : rows[1]]
    numbers = covering._numbers(edges, colours, part)
    assert (numbers.shape, numbers.dtype) == ((392,), np.float32)
    assert numbers[:224].tolist() == edges[:, rows[0] : rows[1]].ravel().tolist()
    assert np.abs(numbers[224:308] - other.ravel()).max() < 1e-5
    assert np.abs(numbers[308:] - np.abs(other).ravel()).max() < 1e-5
