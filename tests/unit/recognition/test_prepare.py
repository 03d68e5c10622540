"""Preparation: a clean picture is not touched, a dark or noisy one is found and ranked better, and the chain says how."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from tests.factories import models

from plainview.recognition.disturbance import Signal, signal
from plainview.recognition.edits import MAX_GAIN, Prepared, apply, read, says, written
from plainview.recognition.engine import Engine
from plainview.recognition.errors import BadMedia
from plainview.recognition.prepare import BLOCKY, DARK, NOISY, _nearest, looked_at, preparation, ready
from plainview.recognition.types import Detection, Face, Picture, Quality

CLEAN = Signal(light=120.0, contrast=36.0, noise=0.8, blocks=1.2)


def _dark(source: Picture, light: float = 0.06, noise: float = 4.0) -> Picture:
    random = np.random.default_rng(1)
    values = source.pixels * light + random.normal(0, noise, source.pixels.shape)
    return models.picture(np.clip(np.rint(values), 0, 255).astype(np.uint8))


def _smaller(source: Picture) -> Picture:
    """Collins with a face of 90 pixels: what a network sees, so that noise is not averaged away."""
    return models.scaled(source, 0.9)


@pytest.mark.parametrize("source", [models.hopper, models.collins])
def test_a_clean_picture_keeps_its_pixels_its_chain_and_its_template(source: object) -> None:
    picture = source()  # type: ignore[operator]
    done = ready(models.engine(), picture, ())
    number, face = models.engine().probe_face(picture)
    assert (done.chain, done.number) == ((), number)
    assert done.picture is picture
    assert done.face.quality == face.quality
    before = models.engine().template(picture, face.detection)
    assert (models.engine().template(done.picture, done.face.detection) == before).all()


def test_a_dark_noisy_face_comes_nearer_to_its_own_picture_in_good_light() -> None:
    engine, good = models.engine(), models.scaled(models.hopper(), 0.5)
    reference = engine.template(good, engine.faces(good)[0].detection)
    dark = _dark(good, light=0.06)
    done = ready(engine, dark, ())
    plain = engine.template(dark, engine.faces(dark)[0].detection)
    score = float(reference @ engine.template(done.picture, done.face.detection))
    assert score > float(reference @ plain) + 0.2


def test_a_face_that_cannot_be_seen_in_the_dark_is_found_by_preparing_the_whole_picture() -> None:
    dark = _dark(_smaller(models.collins()), light=0.04)
    assert models.engine().faces(dark) == []
    done = ready(models.engine(), dark, ())
    assert isinstance(done.chain[-1], Prepared)
    assert [face.detection.box for face, _ in looked_at(models.engine(), dark, ())] == [
        face.detection.box for face in models.engine().faces(done.picture)
    ]


def test_a_picture_without_a_face_is_refused_as_before() -> None:
    with pytest.raises(BadMedia, match="No face was found"):
        ready(models.engine(), models.picture(np.full((200, 200, 3), 128, np.uint8)), ())


def test_the_chain_gives_the_same_pixels_and_template_again() -> None:
    engine, dark = models.engine(), _dark(_smaller(models.collins()), light=0.12)
    done = ready(engine, dark, ())
    again = ready(engine, dark, read(written(done.chain)), done.number)
    assert again.chain == done.chain
    assert (again.picture.pixels == done.picture.pixels).all()
    assert (apply(dark, read(written(done.chain))).pixels == done.picture.pixels).all()
    assert (
        engine.template(again.picture, again.face.detection) == engine.template(done.picture, done.face.detection)
    ).all()


def test_an_empty_preparation_keeps_the_picture_as_it_is() -> None:
    dark = _dark(_smaller(models.collins()), light=0.12)
    done = ready(models.engine(), dark, read(["prepared:0,1"]))
    assert (done.picture.pixels == dark.pixels).all()
    assert says(done.chain[0]) == "Searched as it is, without preparation"


def test_the_quality_is_that_of_the_picture_before() -> None:
    dark = _dark(_smaller(models.collins()), light=0.12)
    done = ready(models.engine(), dark, ())
    assert done.face.quality.components["luminance_mean"] < DARK


def test_the_chosen_face_stays_chosen_among_several() -> None:
    one = _smaller(models.collins()).pixels
    left, right = one, cv2.resize(one, (one.shape[1] * 3 // 4, one.shape[0] * 3 // 4))
    pair = np.zeros((one.shape[0], left.shape[1] + right.shape[1], 3), np.uint8)
    pair[:, : left.shape[1]] = left
    pair[: right.shape[0], left.shape[1] :] = right
    dark = _dark(models.picture(pair), light=0.15)
    second = models.engine().faces(dark)[1].detection.box
    done = ready(models.engine(), dark, (), 2)
    assert abs(done.face.detection.box[0] - second[0]) < second[2] / 2


@pytest.mark.parametrize(
    ("found", "width", "expected"),
    [
        (CLEAN, 95, None),
        (Signal(37, 11, 0.8, 1.1), 95, None),  # dark, without noise: brightening alone loses faces
        (Signal(120, 36, 36 * NOISY - 0.1, 1.1), 95, None),
        (Signal(120, 36, 36 * NOISY + 0.1, 1.1), 95, (0.0109 * 95, 1.0)),
        (Signal(120, 36, 36 * NOISY + 0.1, 1.1), 30, None),  # detail of a small face looks like noise
        (Signal(120, 36, 13, 1.0), 400, None),  # averaged away before the network sees it
        (Signal(11, 4, 2, 1.0), 95, (0.0146 * 95, 10.0)),
        (Signal(1, 0.3, 2, 1.0), 95, (0.031 * 95, MAX_GAIN)),
        (Signal(120, 36, 0.8, BLOCKY), 95, (0.9, 1.0)),
        (Signal(120, 36, 0.8, BLOCKY - 0.01), 95, None),
        (Signal(120, 36, 0.8, 4.0), 300, None),
        (Signal(120, 36, 0.8, 4.0), 40, (0.68, 1.0)),
    ],
)
def test_what_is_prepared_follows_noise_light_and_blocks(
    found: Signal, width: float, expected: tuple[float, float] | None
) -> None:
    step = preparation(found, width)
    if expected is None:
        assert step is None
    else:
        assert step is not None
        assert (step.smoothing, step.gain) == pytest.approx(expected, abs=0.02)


def test_noise_is_measured_within_a_tenth_and_blocks_show_from_quality_ten() -> None:
    picture = models.scaled(models.hopper(), 0.5)
    box = models.engine().faces(picture)[0].detection.box
    noisy = models.picture(
        np.clip(picture.pixels + np.random.default_rng(3).normal(0, 12, picture.pixels.shape), 0, 255).astype(np.uint8)
    )
    grey = 12 * float(np.hypot(np.hypot(0.114, 0.587), 0.299))
    added = signal(noisy.pixels, box).noise ** 2 - signal(picture.pixels, box).noise ** 2
    assert added**0.5 == pytest.approx(grey, rel=0.12)
    _, data = cv2.imencode(".jpg", picture.pixels, [cv2.IMWRITE_JPEG_QUALITY, 10])
    blocky = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    assert signal(blocky, box).blocks > BLOCKY > signal(picture.pixels, box).blocks
    assert signal(picture.pixels, (-50, -50, 1, 1)).blocks == 1.0


def test_a_chain_that_is_prepared_already_says_of_no_face_that_it_would_be() -> None:
    engine, dark = models.engine(), _dark(_smaller(models.collins()), light=0.12)
    done = ready(engine, dark, ())
    assert [said != "" for _, said in looked_at(engine, dark, ())] == [True]
    ((face, said),) = looked_at(engine, dark, done.chain)
    assert said == ""
    assert face.detection.box == done.face.detection.box


def test_a_face_that_is_not_there_in_the_prepared_picture_is_searched_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, dark = models.engine(), _dark(_smaller(models.collins()), light=0.12)
    number, face = engine.probe_face(dark)
    faces = Engine.faces

    def lost(self: Engine, picture: Picture) -> list[Face]:
        return faces(self, picture) if picture is dark or (picture.pixels == dark.pixels).all() else []

    monkeypatch.setattr(Engine, "faces", lost)
    done = ready(engine, dark, ())
    assert (done.chain, done.number, done.face.detection.box) == ((), number, face.detection.box)
    assert (done.picture.pixels == dark.pixels).all()


def test_the_face_before_a_preparation_is_the_one_whose_middle_is_nearest_within_half_its_width() -> None:
    def face(x: float, y: float, width: float = 40, height: float = 60) -> Face:
        detection = Detection((x, y, width, height), np.zeros((5, 2), np.float32), 0.9)
        return Face(detection, Quality(0, (), {}))

    before = face(100, 100)  # its middle is at 120, 130
    assert _nearest([], before) is None
    assert _nearest([face(80, 100)], before) == 1  # 20 pixels away
    assert _nearest([face(79, 100)], before) is None
    assert _nearest([face(100, 120)], before) == 1
    assert _nearest([face(100, 121)], before) is None
    assert _nearest([face(100, 105), face(96, 100), face(103, 104)], before) == 2
    assert _nearest([face(110, 120, 20, 20)], before) == 1  # at the same place
    assert _nearest([face(100, 100, 81, 60)], before) is None
    assert _nearest([face(100, 100, 40, 101)], before) is None
