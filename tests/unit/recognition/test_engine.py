"""The engine on real faces: same person high, strangers low, each step of the way needed."""

from __future__ import annotations

import dataclasses
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.factories import models

from plainview.recognition import engine as engines
from plainview.recognition import helper
from plainview.recognition.align import align
from plainview.recognition.embed import Embedder
from plainview.recognition.engine import Engine, compare
from plainview.recognition.errors import BadMedia, PackError, PackMissing
from plainview.recognition.install import default_models_dir, install_manifest
from plainview.recognition.packs import YUNET_SFACE
from plainview.recognition.quality import MIN_FACE_PX, MIN_PROBE_PX
from plainview.recognition.types import Detection, Face, Picture, Pixels, Quality, Vector


def _template(picture: Picture) -> Vector:
    _, face = models.engine().probe_face(picture)
    return models.engine().template(picture, face.detection)


def _changed(change: Callable[[Pixels], Pixels]) -> Picture:
    return models.picture(change(models.hopper().pixels))


def _recompressed(pixels: Pixels) -> Pixels:
    return cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 15])[1], cv2.IMREAD_COLOR)


DEGRADED = {
    "blurred": _changed(lambda p: cv2.GaussianBlur(p, (0, 0), 3)),
    "recompressed": _changed(_recompressed),
    "cropped": _changed(lambda p: np.ascontiguousarray(p[90:380, 130:400])),
    "dark": _changed(lambda p: (p * 0.2).astype(np.uint8)),
    "small": models.scaled(models.hopper(), 0.2),
    "large": models.scaled(models.hopper(), 3.3),
    "tilted": models.turned(models.hopper(), 30),
    "mirrored": _changed(lambda p: np.ascontiguousarray(p[:, ::-1])),
}


@pytest.mark.parametrize("name", DEGRADED)
def test_the_same_person_scores_high_in_a_worse_picture(name: str) -> None:
    assert compare(_template(models.hopper()), _template(DEGRADED[name])) > 0.5


def test_two_people_score_low() -> None:
    assert compare(_template(models.hopper()), _template(models.collins())) < 0.3


def test_a_template_is_a_unit_vector_and_the_same_on_every_run() -> None:
    first = _template(models.hopper())
    again = Engine.load()
    picture = models.picture(models.hopper().pixels.copy())
    second = again.template(picture, again.probe_face(picture)[1].detection)
    assert first.dtype == np.float32
    assert first.shape == (YUNET_SFACE.dimension,)
    assert float(np.linalg.norm(first.astype(np.float64))) == pytest.approx(1.0, abs=1e-6)
    assert first.tobytes() == second.tobytes()


def test_no_helper_thread_of_opencv_spins_beside_the_engine() -> None:
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(2)
        Engine.load()
        assert cv2.getNumThreads() == 1
    finally:
        cv2.setNumThreads(before)


def test_threads_get_the_same_templates_as_one() -> None:
    pictures = [models.hopper(), models.collins(), *DEGRADED.values()] * 2
    alone = [_template(picture).tobytes() for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        assert [vector.tobytes() for vector in pool.map(_template, pictures)] == alone


def test_colour_order_matters() -> None:
    """Red first gives what OpenCV gives with the original network; blue first does not."""
    engine = models.engine()
    detection = engine.faces(models.hopper())[0].detection
    network = cv2.dnn.readNetFromONNX(str(models.installed(YUNET_SFACE.recogniser.source_name)))
    aligned = align(models.hopper().pixels, detection.points)
    network.setInput(np.ascontiguousarray(aligned[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32)), "data")
    red_first = network.forward()[0]
    assert compare(engine.plain_template(models.hopper(), detection), red_first) > 0.9999
    swapped = Embedder(engine._embedder._session, dataclasses.replace(engine.pack.embed, colour="BGR"), 128)
    assert compare(swapped.template(aligned), red_first) < 0.97


def test_alignment_matters() -> None:
    engine = models.engine()
    detection = engine.faces(models.hopper())[0].detection
    x, y, width, height = (round(value) for value in detection.box)
    cut = cv2.resize(models.hopper().pixels[y : y + height, x : x + width], (112, 112), interpolation=cv2.INTER_AREA)
    unaligned = engine._embedder.template(cut)
    right = _template(DEGRADED["tilted"])
    assert compare(right, unaligned) < compare(right, _template(models.hopper())) - 0.1


def test_faces_come_largest_first_with_quality() -> None:
    both = np.zeros((600, 1024, 3), np.uint8)
    both[:, 512:] = models.hopper().pixels
    both[:512, :512] = models.collins().pixels
    faces = models.engine().faces(models.picture(both))
    assert [face.detection.box[0] > 512 for face in faces] == [True, False]
    assert all(face.quality.overall > 60 for face in faces)
    picture = models.picture(both)
    assert models.engine().probe_face(picture)[0] == 1
    number, second = models.engine().probe_face(picture, 2)
    assert number == 2
    collins = models.engine().template(picture, second.detection)
    assert compare(collins, _template(models.collins())) > 0.9
    assert len(models.engine().enrol_faces(picture)) == 2


@pytest.mark.parametrize("number", [0, -1, 2, 99])
def test_a_face_number_that_is_not_there_is_refused(number: int) -> None:
    with pytest.raises(BadMedia, match=rf"There is no face {number}: the picture has one face\.") as caught:
        models.engine().probe_face(models.hopper(), number)
    assert caught.value.code == "no_such_face"


def test_a_picture_without_a_face_is_refused() -> None:
    black = models.picture(np.zeros((200, 300, 3), np.uint8))
    assert models.engine().faces(black) == []
    for ask in (models.engine().probe_face, models.engine().enrol_faces):
        with pytest.raises(BadMedia) as caught:
            ask(black)
        assert caught.value.code == "no_face"


def test_a_face_too_small_to_compare_is_refused_with_its_width() -> None:
    for ask, least in ((models.engine().probe_face, MIN_PROBE_PX), (models.engine().enrol_faces, MIN_FACE_PX)):
        tiny = models.scaled(models.hopper(), (least - 2) / 170)
        (face,) = models.engine().faces(tiny)
        assert least - 4 < face.detection.box[2] < least
        with pytest.raises(BadMedia, match=rf"The face is \d+\.\d pixels wide; {least} are needed") as caught:
            ask(tiny)
        assert caught.value.code == "face_too_small"


def test_a_face_too_small_to_enrol_may_be_searched_with() -> None:
    tiny = models.scaled(models.hopper(), (MIN_PROBE_PX + 2) / 170)
    _, face = models.engine().probe_face(tiny)
    assert MIN_PROBE_PX <= face.detection.box[2] < MIN_FACE_PX


def test_small_faces_beside_a_large_one_are_not_enrolled() -> None:
    both = np.zeros((600, 560, 3), np.uint8)
    both[:, :512] = models.hopper().pixels
    tiny = models.scaled(models.hopper(), 14 / 170).pixels
    both[200 : 200 + tiny.shape[0], 514 : 514 + tiny.shape[1]] = tiny
    picture = models.picture(both)
    assert len(models.engine().enrol_faces(picture)) == 1
    assert models.engine().enrol_faces(picture)[0].detection.box[2] > 100


def test_a_single_doubtful_face_is_enrolled() -> None:
    covered = models.hopper().pixels.copy()
    covered[215:345, 170:370] = 30
    picture = models.picture(cv2.GaussianBlur(covered, (0, 0), 9))
    (face,) = models.engine().enrol_faces(picture)
    assert face.detection.score < 0.6
    assert face.quality.overall < 80
    assert any("not sure" in sentence for sentence in face.quality.advice)


@pytest.fixture
def own_models(tmp_path: Path) -> Path:
    models.engine()
    shutil.copytree(default_models_dir() / YUNET_SFACE.folder_name, tmp_path / YUNET_SFACE.folder_name)
    return tmp_path


@pytest.mark.parametrize("name", ["yunet.onnx", "sface.onnx"])
def test_an_altered_network_does_not_load(own_models: Path, name: str) -> None:
    path = own_models / YUNET_SFACE.folder_name / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(PackError, match="differs from the file on the pack's card"):
        Engine.load(models_dir=own_models)


def test_a_pack_that_is_not_installed_does_not_load(tmp_path: Path) -> None:
    with pytest.raises(PackMissing, match="not installed"):
        Engine.load(models_dir=tmp_path)


def _bring(own_models: Path, network: bytes, **changes: str | None) -> None:
    folder = own_models / "bring"
    folder.mkdir()
    (folder / "tiny.onnx").write_bytes(network)
    (folder / "mine.toml").write_text(models.manifest(network, **changes), encoding="utf-8")
    install_manifest(folder / "mine.toml", own_models)


def test_a_pack_with_a_manifest_makes_its_own_templates_with_the_default_detector(own_models: Path) -> None:
    _bring(own_models, models.tiny_recogniser())
    engine = Engine.load("tiny", own_models)
    assert engine.pack.identity == "tiny 1.2"
    number, face = engine.probe_face(models.hopper())
    assert number == 1
    assert engine.template(models.hopper(), face.detection).shape == (8,)


def test_a_use_that_the_licence_forbids_does_not_load(own_models: Path) -> None:
    changes: dict[str, str | None] = {"permitted_uses": 'permitted_uses = ["research"]'}
    _bring(own_models, models.tiny_recogniser(), **changes)
    Engine.load("tiny", own_models, declared_use="research")
    with pytest.raises(PackError, match="does not permit investigation"):
        Engine.load("tiny", own_models)
    with pytest.raises(PackError, match="'anything' is unknown"):
        Engine.load(declared_use="anything")


@pytest.mark.parametrize(
    ("network", "changes", "said"),
    [
        (models.tiny_recogniser(9), {}, "does not return 8 numbers"),
        (models.tiny_recogniser(input_name="other"), {}, "different inputs or outputs"),
        (models.tiny_recogniser(output_name="other"), {}, "different inputs or outputs"),
        (b"no model at all", {}, "does not run in this onnxruntime"),
    ],
    ids=["dimension", "input", "output", "junk"],
)
def test_a_network_that_does_not_do_what_its_manifest_says_does_not_load(
    own_models: Path, network: bytes, changes: dict[str, str | None], said: str
) -> None:
    _bring(own_models, network, **changes)
    with pytest.raises(PackError, match=said):
        Engine.load("tiny", own_models)


def test_a_template_is_the_mean_of_the_steady_face_and_its_mirror_image() -> None:
    engine, pixels = models.engine(), models.hopper().pixels
    face = engine.faces(models.hopper())[0].detection
    aligned = align(pixels, engine.detector.steady(pixels, face.points, engine.pack.looks))
    both = [engine._embedder.template(each) for each in (aligned, np.ascontiguousarray(aligned[:, ::-1]))]
    mean = (both[0] + both[1]) / np.linalg.norm(both[0] + both[1])
    assert engine.template(models.hopper(), face) == pytest.approx(mean, abs=1e-6)
    assert engine.plain_template(models.hopper(), face) == pytest.approx(
        engine._embedder.template(align(pixels, face.points)), abs=1e-6
    )
    assert engine.reference_template(models.hopper(), face) == pytest.approx(both[0], abs=1e-6)
    for mirrored, reference, probe in (("never", both[0], both[0]), ("always", mean, mean)):
        other = Engine(dataclasses.replace(YUNET_SFACE, mirrored=mirrored), engine.detector, engine._embedder)
        assert other.reference_template(models.hopper(), face) == pytest.approx(reference, abs=1e-6)
        assert other.template(models.hopper(), face) == pytest.approx(probe, abs=1e-6)


def test_a_second_thread_makes_the_mirrored_pass_and_the_template_stays_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine, picture = models.engine(), models.hopper()
    face = engine.faces(picture)[0]
    alone = engine.template(picture, face.detection)
    made_by, embed = [], Embedder.template

    def watched(self: Embedder, aligned: Pixels) -> Vector:
        made_by.append(threading.current_thread())
        return embed(self, aligned)

    monkeypatch.setattr(helper, "cores", lambda: 2)
    monkeypatch.setattr(Embedder, "template", watched)
    assert np.array_equal(engine.template(picture, face.detection, helped=True), alone)
    assert len(set(made_by)) == 2
    made_by.clear()
    engine.template(picture, face.detection)
    assert made_by == [threading.current_thread()] * 2


def test_a_picture_and_its_mirror_image_have_nearly_one_template() -> None:
    mirrored = models.picture(np.ascontiguousarray(models.hopper().pixels[:, ::-1]))
    assert compare(_template(models.hopper()), _template(mirrored)) > 0.97


def test_a_face_that_was_cut_out_has_the_template_of_the_network() -> None:
    engine, picture = models.engine(), models.hopper()
    detection = engine.faces(picture)[0].detection
    template = engine.aligned_template(align(picture.pixels, detection.points))
    assert (template.shape, template.dtype) == ((128,), np.float32)
    assert float(template @ engine.template(picture, detection)) > 0.9


def sized(width: float, score: float = 0.9) -> Face:
    return Face(Detection((0.0, 0.0, width, 30.0), np.zeros((5, 2), np.float32), score), Quality(50, (), {}))


def test_a_face_is_wide_and_sure_enough_at_the_limit_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, faces = models.engine(), list[Face]()
    monkeypatch.setattr(type(engine), "faces", lambda self, picture: faces)
    for shown, numbers in (
        ([sized(90), sized(16.0)], [0, 1]),
        ([sized(90), sized(15.99)], [0]),
        ([sized(90, 0.6), sized(80, 0.59)], [0]),
        ([sized(90, 0.59), sized(80, 0.58)], [0]),
        ([sized(15, 0.9), sized(40, 0.3)], [1]),
    ):
        faces[:] = shown
        assert [shown.index(face) for face in engine.enrol_faces(models.hopper())] == numbers
    faces[:] = [sized(12.0), sized(11.99), sized(90)]
    assert engine.probe_face(models.hopper()) == (1, faces[0])
    assert engine.probe_face(models.hopper(), 3) == (3, faces[2])
    with pytest.raises(BadMedia, match=r"12\.0 pixels wide; 12 are needed"):
        engine.probe_face(models.hopper(), 2)
    for number in (0, 4, -1):
        with pytest.raises(BadMedia, match="the picture has 3 faces"):
            engine.probe_face(models.hopper(), number)
    faces[:] = [sized(15.99)]
    with pytest.raises(BadMedia, match="16 are needed"):
        engine.enrol_faces(models.hopper())


def test_a_network_runs_in_one_thread_on_the_processor_and_says_only_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[bytes, Any, list[str]]] = []
    monkeypatch.setattr(
        engines.onnxruntime, "InferenceSession", lambda content, how, providers: asked.append((content, how, providers))
    )
    engines._session(b"network", YUNET_SFACE)
    ((content, how, providers),) = asked
    assert (content, providers) == (b"network", ["CPUExecutionProvider"])
    assert (how.intra_op_num_threads, how.inter_op_num_threads, how.log_severity_level) == (1, 1, 3)
