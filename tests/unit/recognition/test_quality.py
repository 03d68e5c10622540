"""Quality: each component measures what it says, and worse pictures never score better."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from tests.factories import models

from plainview.recognition import quality as measuring
from plainview.recognition.align import TEMPLATES
from plainview.recognition.quality import COMPONENTS, assess, explain, pose, summarise
from plainview.recognition.types import Detection, Picture, Quality

GOOD = {
    "face_width": 120.0,
    "inter_eye_distance": 50.0,
    "sharpness": 0.8,
    "detail_width": 90.0,
    "luminance_mean": 130.0,
    "contrast": 40.0,
    "under_exposed": 0.0,
    "over_exposed": 0.0,
    "yaw": 0.0,
    "pitch": 0.0,
    "roll": 0.0,
    "detector_score": 0.93,
    "cover": 0.0,
    "eye_cover": 0.0,
    "noise": 0.03,
    "compression_artifacts": 1.1,
    "motion_blur": 0.6,
    "outside": 0.0,
}


def _hopper() -> Detection:
    return models.engine().detector.detect(models.hopper().pixels)[0]


def _of(picture: Picture) -> Quality:
    return assess(picture.pixels, models.engine().detector.detect(picture.pixels)[0])


def _with(change: object) -> Quality:
    """Hopper's picture changed, her face where it was."""
    return assess(change(models.hopper().pixels), _hopper())  # type: ignore[operator]


def _seen_from(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """The average face of `quality.pose`, turned in space and seen from far away."""
    y, p, r = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    solid = np.linalg.pinv(measuring._MODEL_INVERSE)
    return ((about_z @ about_y @ about_x @ solid)[:2].T * 1.7 + [300, 200]).astype(np.float32)


def test_a_portrait_is_good_and_needs_no_advice() -> None:
    result = _of(models.hopper())
    assert result.overall >= 90
    assert result.advice == ()
    assert result.components.keys() == COMPONENTS.keys()
    assert all(isinstance(value, float) for value in result.components.values())


def test_sizes_are_those_of_the_detection() -> None:
    found = _hopper()
    components = assess(models.hopper().pixels, found).components
    assert components["face_width"] == found.box[2]
    assert components["inter_eye_distance"] == pytest.approx(np.linalg.norm(found.points[1] - found.points[0]))
    assert components["detector_score"] == found.score


@pytest.mark.parametrize("factor", [0.2, 0.35, 0.6, 2.0])
def test_sharpness_falls_with_blur_alike_at_every_size(factor: float) -> None:
    source = models.scaled(models.hopper(), factor)
    found = models.engine().detector.detect(source.pixels)[0]
    crop_scale = max(1.0, float(np.linalg.norm(found.points[1] - found.points[0])) / 35.2)
    values = [assess(source.pixels, found).components["sharpness"]]
    for sigma in (1.0, 2.0, 4.0):
        blurred = cv2.GaussianBlur(source.pixels, (0, 0), sigma * crop_scale)
        values.append(assess(blurred, found).components["sharpness"])
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.7 or factor > 1  # enlarging adds no detail
    assert values[1] == pytest.approx(0.6, abs=0.09)
    assert values[2] == pytest.approx(0.46, abs=0.04)
    assert values[3] < 0.41


def test_sharpness_does_not_depend_on_contrast_or_brightness() -> None:
    plain = _with(lambda p: p).components["sharpness"]
    flat = _with(lambda p: (p * 0.4 + 60).astype(np.uint8)).components["sharpness"]
    assert flat == pytest.approx(plain, abs=0.05)


def test_light_is_measured_on_the_face() -> None:
    dark = _with(lambda p: (p * 0.1).astype(np.uint8))
    assert dark.components["luminance_mean"] == pytest.approx(14.5, abs=1.5)
    assert dark.components["under_exposed"] == 1.0
    assert "The face is very dark." in dark.advice
    bright = _with(lambda p: np.clip(p.astype(int) * 3, 0, 255).astype(np.uint8))
    assert bright.components["over_exposed"] > 0.7
    assert any("too bright" in sentence for sentence in bright.advice)
    half = _with(lambda p: (p * 0.5).astype(np.uint8))
    assert half.components["contrast"] == pytest.approx(_of(models.hopper()).components["contrast"] / 2, abs=1)

    def lit_around(pixels: np.ndarray) -> np.ndarray:
        changed = np.full_like(pixels, 255)
        changed[110:350, 170:370] = pixels[110:350, 170:370]
        return changed

    assert _with(lit_around).components["luminance_mean"] == pytest.approx(
        _of(models.hopper()).components["luminance_mean"], abs=1
    )


def test_faces_as_dark_as_real_dark_skin_are_not_marked_down() -> None:
    # The darkest one in a hundred of a balanced set of faces measured 46 to 83 by group.
    assert summarise(GOOD | {"luminance_mean": 42.0, "contrast": 13.0, "under_exposed": 0.3}).overall == 100


@pytest.mark.parametrize(
    ("yaw", "pitch", "roll"),
    [(0, 0, 0), (30, 0, 0), (-50, 0, 0), (0, 25, 0), (0, -30, 0), (0, 0, 70), (20, -15, 30)],
)
def test_the_pose_of_the_average_face_is_found(yaw: float, pitch: float, roll: float) -> None:
    assert pose(_seen_from(yaw, pitch, roll)) == pytest.approx((yaw, pitch, roll), abs=0.5)


def test_pose_signs_are_those_of_the_picture() -> None:
    nose_right, nose_up = TEMPLATES["arcface-112"].copy(), TEMPLATES["arcface-112"].copy()
    nose_right[2, 0] += 8
    nose_up[2, 1] -= 8
    assert pose(nose_right)[0] > 15
    assert pose(nose_up)[1] > 15
    upright = _of(models.hopper()).components
    mirrored = _of(models.picture(np.ascontiguousarray(models.hopper().pixels[:, ::-1]))).components
    assert mirrored["yaw"] == pytest.approx(-upright["yaw"], abs=6)
    clockwise = _of(models.turned(models.hopper(), 25)).components
    assert clockwise["roll"] - upright["roll"] == pytest.approx(25, abs=5)


def test_pose_of_points_on_a_line_is_some_angle_not_an_error() -> None:
    line = np.column_stack([np.arange(5), np.zeros(5)]).astype(np.float32)
    assert np.isfinite(pose(line)).all()


WORSE = {
    "detail_width": [60, 50, 32, 24, 20, 16, 12, 8, 2],
    "noise": [0.1, 0.2, 0.5, 1.0, 2.0, 3.0],
    "luminance_mean": [35, 20, 10, 5, 0],
    "contrast": [12, 6, 4, 2, 1, 0],
    "compression_artifacts": [1.5, 1.9, 2.4, 4.0, 8.0],
    "motion_blur": [0.45, 0.35, 0.2, 0.1, 0.0],
    "outside": [0.02, 0.2, 0.5, 0.8, 1.0],
    "over_exposed": [0.2, 0.4, 0.5, 0.9, 1.0],
    "yaw": [20, -30, 45, -60, 70, 90],
    "pitch": [-15, 20, -30, 45, -60, 70],
    "detector_score": [0.92, 0.8, 0.6, 0.4, 0.3, 0.2],
}


@pytest.mark.parametrize("name", WORSE)
def test_worse_is_never_better_and_what_is_worse_adds_up(name: str) -> None:
    scores = [summarise(GOOD | {name: value}).overall for value in WORSE[name]]
    assert scores[0] == 100
    assert scores == sorted(scores, reverse=True)
    assert scores[1] < 100
    assert scores[-1] <= 60
    assert min(scores) >= 0
    together = next((group for group in measuring._TOGETHER if name in group), ())
    other, value, points = (
        ("compression_artifacts", 2.4, 22) if name != "compression_artifacts" else ("outside", 0.2, 30)
    )
    assert other not in together
    both = summarise(GOOD | {name: WORSE[name][-1], other: value}).overall
    assert both == max(0, scores[-1] - points)


def test_of_components_that_one_fault_moves_only_the_worst_counts() -> None:
    noisy = summarise(GOOD | {"noise": 1.25}).overall
    assert summarise(GOOD | {"noise": 1.25, "luminance_mean": 10.0, "cover": 0.9}).overall == noisy == 54


def test_bright_faces_lose_too() -> None:
    assert [summarise(GOOD | {"luminance_mean": v}).overall for v in (210.0, 235.0, 250.0)] == [100, 40, 0]


def test_advice_is_given_in_plain_sentences_worst_first() -> None:
    small = summarise(GOOD | {"face_width": 25.0, "detail_width": 23.0, "yaw": -60.0})
    assert small.advice == (
        "The head is turned about 60 degrees to the side.",
        "The face is 25 pixels wide. 60 or more is usual.",
    )
    blurred = summarise(GOOD | {"face_width": 120.0, "detail_width": 20.0})
    assert blurred.advice == ("The face is blurred: it shows as much as a sharp face 20 pixels wide.",)
    dark = summarise(GOOD | {"luminance_mean": 8.0, "under_exposed": 1.0})
    assert dark.advice == ("The face is very dark.",)


def test_a_turned_face_is_said_and_costs_no_quality() -> None:
    turned = summarise(GOOD | {"roll": 178.0, "turned": 180.0})
    assert turned.overall == summarise(GOOD).overall
    assert turned.advice == ("The face is turned by 180 degrees in the picture. It is compared turned upright.",)


def test_every_component_below_good_has_its_own_sentence() -> None:
    said = {name: summarise(GOOD | {name: values[-1]}).advice for name, values in WORSE.items()}
    said |= {name: summarise(GOOD | {name: 0.9}).advice for name in ("cover", "eye_cover")}
    assert all(len(sentences) == 1 for sentences in said.values()), said
    assert len(set(said.values())) == len(said)


@pytest.mark.parametrize(("factor", "low", "high"), [(1.0, 90, 100), (0.3, 85, 100), (0.15, 65, 95), (0.1, 10, 55)])
def test_overall_falls_with_size(factor: float, low: int, high: int) -> None:
    assert low <= _of(models.scaled(models.hopper(), factor)).overall <= high


def test_a_face_cut_by_the_edge_or_half_blank_is_partly_outside() -> None:
    whole, found = models.hopper().pixels, _hopper()
    middle = int(found.points[2, 0])
    cut = assess(np.ascontiguousarray(whole[:, :middle]), found).components["outside"]
    blank = whole.copy()
    blank[:, middle:] = (90, 120, 60)
    assert cut == pytest.approx(0.5, abs=0.1)
    assert assess(blank, found).components["outside"] == pytest.approx(cut, abs=0.1)
    assert assess(whole, found).components["outside"] == 0.0


@pytest.mark.parametrize("angle", [0, 30, 90, 135])
def test_movement_is_seen_in_every_direction_and_defocus_is_none(angle: int) -> None:
    line = np.zeros((31, 31), np.float32)
    reach = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))]) * 12
    cv2.line(line, *[tuple(np.rint(15 + sign * reach).astype(int).tolist()) for sign in (-1, 1)], 1.0)
    moved = _with(lambda p: cv2.filter2D(p, -1, line / line.sum())).components["motion_blur"]
    assert moved < 0.3 < _with(lambda p: cv2.GaussianBlur(p, (0, 0), 5)).components["motion_blur"]


def test_enlarging_adds_no_detail() -> None:
    small = models.scaled(models.hopper(), 0.12)
    enlarged = _of(models.scaled(small, 6)).components
    assert enlarged["face_width"] > 120
    assert enlarged["detail_width"] < 45


@pytest.mark.parametrize("name", measuring._LOSSES)
def test_each_component_takes_off_the_points_of_its_table(name: str) -> None:
    values, points = measuring._LOSSES[name]
    assert [summarise(GOOD | {name: value}).overall for value in values] == [100 - lost for lost in points]


def test_what_an_earlier_version_did_not_measure_takes_nothing_off() -> None:
    earlier = {
        name: value for name, value in GOOD.items() if name not in ("noise", "eye_cover", "outside", "motion_blur")
    }
    assert summarise(earlier).overall == 100
    assert {row.name for row in explain(earlier)} < set(measuring._LOSSES)


def test_advice_begins_at_fifteen_points() -> None:
    assert summarise(GOOD | {"detail_width": 26.0}).advice == ()
    assert len(summarise(GOOD | {"detail_width": 24.0}).advice) == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"face_width": 60.0, "detail_width": 23.0}, "blurred"),
        ({"face_width": 38.0, "detail_width": 23.0}, "38 pixels wide. 60 or more is usual."),
        ({"face_width": 40.0, "detail_width": 23.0}, "blurred"),
        ({"pitch": 60.0}, "tipped about 60 degrees up"),
        ({"pitch": -60.0}, "tipped about 60 degrees down"),
        ({"luminance_mean": 8.0}, "very dark"),
        ({"luminance_mean": 245.0}, "too bright"),
        ({"cover": 0.5}, "covered"),
    ],
)
def test_the_advice_says_what_is_wrong(changed: dict[str, float], words: str) -> None:
    (sentence,) = summarise(GOOD | changed).advice
    assert words in sentence


def test_a_cover_below_the_limit_is_not_said() -> None:
    assert summarise(GOOD | {"cover": 0.499}).advice == ()


def test_everything_is_explained_worst_first_with_its_unit() -> None:
    rows = explain(GOOD | {"yaw": -50.0, "contrast": 2.0})
    assert {row.name for row in rows} == set(measuring._LOSSES)
    assert [(row.name, row.measured) for row in rows[:2]] == [("yaw", "50°"), ("contrast", "2 grey levels")]
    assert [bool(row.advice) for row in rows] == [True, True, *[False] * (len(rows) - 2)]


@pytest.mark.parametrize(
    ("sharpness", "blur"), [(0.34, 8), (0.36, 6), (0.375, 4), (0.4, 3), (0.45, 2), (0.505, 1.5), (0.6, 1), (0.7, 0.5)]
)
def test_a_blur_takes_detail_as_its_variance_says(sharpness: float, blur: float) -> None:
    assert measuring._detail_width(100, sharpness) == pytest.approx(100 / (1 + (blur / 0.7) ** 2) ** 0.5)
    assert measuring._detail_width(100, 0.8) == 100


def test_the_widths_that_were_measured() -> None:
    assert (measuring.MIN_PROBE_PX, measuring.MIN_FACE_PX, measuring.USUAL_FACE_PX) == (12, 16, 60)


@pytest.mark.parametrize(
    ("right", "down", "spots"),
    [
        (0, 0, 0),
        (-22.89, 0, 0),
        (-22.91, 0, 16),  # a column of the 16 by 16 spots at which the face is looked up
        (21.89, 0, 0),
        (21.91, 0, 16),
        (0, -28.49, 0),
        (0, -28.51, 16),
        (0, 5.09, 0),
        (0, 5.11, 16),
        (40, 0, 80),  # from 22.4 on every 4.48 pixels: the last five are beyond 111.5
        (0, 40, 112),  # from 28 on every 5.2267 pixels
        (-40, 0, 64),
        (0, -40, 48),
        (40, 40, 80 + 112 - 35),
        (500, 0, 256),
    ],
)
def test_the_part_of_a_face_outside_the_picture_is_looked_up_at_256_spots(
    right: float, down: float, spots: int
) -> None:
    """An aligned face moved over a picture of its size: the face is from 22.4 to 89.6 across and 28 to 106.4 down."""
    points = TEMPLATES["arcface-112"].astype(np.float64) + np.array([right, down])
    share = measuring._outside(np.zeros((112, 112, 3), np.uint8), points)  # type: ignore[arg-type]
    assert share * 256 == pytest.approx(spots)


def test_columns_of_one_colour_from_forehead_to_chin_are_blank() -> None:
    """Of the 67 columns from 22 on that show the face; one grey level of noise is none."""
    aligned = np.random.default_rng(1).integers(0, 255, (112, 112, 3), dtype=np.uint8)
    assert measuring._blank(aligned) == 0
    aligned[28:106, 22:32] = 90
    assert measuring._blank(aligned) == pytest.approx(10 / 67)
    aligned[50, 22:32, 1] = 91
    assert measuring._blank(aligned) == pytest.approx(10 / 67)
    aligned[50, 22, 1] = 92
    assert measuring._blank(aligned) == pytest.approx(9 / 67)
    aligned[28:106, 22:89] = 90
    assert measuring._blank(aligned) == 1
    aligned[28, 22:89] = 99
    assert measuring._blank(aligned) == 0


@pytest.mark.parametrize(
    ("grey", "under", "over"), [(25, 1.0, 0.0), (26, 0.0, 0.0), (246, 0.0, 0.0), (247, 0.0, 1.0), (0, 1.0, 0.0)]
)
def test_a_face_of_one_grey_level_is_dark_up_to_25_and_bright_from_247(grey: int, under: float, over: float) -> None:
    components = assess(np.full((600, 512, 3), grey, np.uint8), _hopper()).components
    assert (components["under_exposed"], components["over_exposed"]) == (under, over)
    assert (components["luminance_mean"], components["contrast"]) == (grey, 0)


def test_advice_begins_at_fifteen_points_exactly() -> None:
    for yaw, said in ((35.0, True), (-35.0, True), (34.99, False)):  # a point a degree from 20 on
        assert bool(summarise(GOOD | {"yaw": yaw}).advice) is said
        assert [bool(row.advice) for row in explain(GOOD | {"yaw": yaw}) if row.name == "yaw"] == [said]
    for cover, said in ((0.5, True), (0.499, False)):
        assert ("The eyes seem covered, as by dark glasses." in summarise(GOOD | {"eye_cover": cover}).advice) is said


def test_the_worst_is_nothing_and_never_less() -> None:
    assert summarise(GOOD | {"detector_score": 0.0}).overall == 0
    assert summarise(GOOD | {"detector_score": 0.0, "yaw": 90.0, "detail_width": 8.0}).overall == 0
