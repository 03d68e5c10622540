"""Folding: the same numbers out, in fp32, at any batch; the same bytes every time."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from tests.factories import models

from plainview.recognition.errors import PackError
from plainview.recognition.fold import OPSET, dequantise, fold
from plainview.recognition.packs import YUNET_SFACE

SLOPES_BELOW_1 = np.array([0.25, -0.5, 0.0, 1.0], np.float32)
SLOPES_ABOVE_1 = np.array([0.25, 1.125, -2.0, 1.0], np.float32)


def _run(model: bytes, feed: dict[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return [np.asarray(value) for value in session.run(None, feed)]


def _kinds(model: bytes) -> set[str]:
    return {node.op_type for node in onnx.load_model_from_string(model).graph.node}


def test_blocks_are_undone_by_hand() -> None:
    values = np.array([[1, 2, 3, 4, 5]], np.int8)
    scales, zeros = np.array([[0.5, 2.0, 10.0]], np.float32), np.array([[1, -1, 0]], np.int8)
    result = dequantise(values, scales, zeros, axis=1, block_size=2)
    assert result.dtype == np.float32
    assert result.tolist() == [[0.0, 0.5, 8.0, 10.0, 50.0]]


def test_blocks_along_the_first_axis_and_without_overflow() -> None:
    values = np.array([[-128], [127], [127]], np.int8)
    scales, zeros = np.array([[1.0], [1.0]], np.float32), np.array([[127], [-128]], np.int8)
    assert dequantise(values, scales, zeros, axis=0, block_size=2).tolist() == [[-255.0], [0.0], [255.0]]


@pytest.mark.parametrize("slopes", [SLOPES_BELOW_1, SLOPES_ABOVE_1], ids=["below 1", "above 1"])
def test_a_folded_model_computes_what_the_original_does(slopes: NDArray[np.float32]) -> None:
    original = models.tiny_quantised(slopes)
    x = np.random.default_rng(5).normal(0, 3, (1, 3, 4, 4)).astype(np.float32)
    (expected,) = ReferenceEvaluator(onnx.load_model_from_string(original)).run(None, {"x": x})
    folded = fold(original)
    (result,) = _run(folded, {"x": x})
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-5)
    assert _kinds(folded).isdisjoint({"DequantizeLinear", "PRelu", "Dropout"})
    assert onnx.load_model_from_string(folded).opset_import[0].version == OPSET


def test_only_layers_without_slopes_above_1_are_written_as_convolutions() -> None:
    assert "Mul" not in _kinds(fold(models.tiny_quantised(SLOPES_BELOW_1)))
    assert "Mul" in _kinds(fold(models.tiny_quantised(SLOPES_ABOVE_1)))


def test_the_batch_is_free() -> None:
    folded = fold(models.tiny_quantised(SLOPES_BELOW_1))
    x = np.random.default_rng(6).normal(size=(3, 3, 4, 4)).astype(np.float32)
    (together,) = _run(folded, {"x": x})
    assert together.shape == (3, 16, 4)
    for i in range(3):
        np.testing.assert_allclose(together[i : i + 1], _run(folded, {"x": x[i : i + 1]})[0], rtol=0, atol=1e-6)


def test_the_same_bytes_in_give_the_same_bytes_out() -> None:
    original = models.tiny_quantised(SLOPES_ABOVE_1)
    assert fold(original) == fold(original)


@pytest.mark.parametrize("junk", [b"not a model", b"\x08\x01\xff\xff"])
def test_what_is_no_model_is_refused(junk: bytes) -> None:
    with pytest.raises(PackError, match="not an ONNX model"):
        fold(junk)


def _quantised_by(values: NDArray[np.generic], scales: NDArray[np.float32], **attributes: int) -> bytes:
    zeros = np.zeros(scales.shape, values.dtype)
    graph = helper.make_graph(
        [
            helper.make_node("DequantizeLinear", ["q", "s", "z"], ["w"], **attributes),
            helper.make_node("Add", ["x", "w"], ["y"]),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])],
        [numpy_helper.from_array(v, n) for n, v in (("q", values), ("s", scales), ("z", zeros))],
    )
    return models.onnx_bytes(graph, 21)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (_quantised_by(np.zeros((1, 4), np.int8), np.ones(4, np.float32), axis=1), "not 8-bit blocks"),
        (
            _quantised_by(np.zeros((1, 4), np.int16), np.ones((1, 2), np.float32), axis=1, block_size=2),
            "not 8-bit blocks",
        ),
        (
            _quantised_by(np.zeros((1, 4), np.int8), np.ones((1, 3), np.float32), axis=1, block_size=2),
            "scales do not fit",
        ),
    ],
)
def test_other_kinds_of_quantisation_are_refused(model: bytes, said: str) -> None:
    with pytest.raises(PackError, match=said):
        fold(model)


def test_the_default_pack_folds_to_the_pinned_bytes() -> None:
    for file in YUNET_SFACE.files:
        folded = fold(models.installed(file.source_name).read_bytes(), free_axes=file.free_axes)
        assert hashlib.sha256(folded).hexdigest() == file.sha256


def test_folded_sface_gives_what_opencv_gives_with_the_original() -> None:
    original = cv2.dnn.readNetFromONNX(str(models.installed(YUNET_SFACE.recogniser.source_name)))
    face = cv2.resize(models.hopper().pixels[120:333, 183:353], (112, 112), interpolation=cv2.INTER_AREA)
    blob = np.ascontiguousarray(face[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32))
    original.setInput(blob, "data")
    expected = original.forward()
    (result,) = _run(models.installed("sface.onnx").read_bytes(), {"data": blob})
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("size", [(512, 512), (320, 256)])
def test_folded_yunet_finds_what_opencv_finds_with_the_original(size: tuple[int, int]) -> None:
    assert YUNET_SFACE.detector is not None
    path = str(models.installed(YUNET_SFACE.detector.source_name))
    picture = cv2.resize(models.collins().pixels, size)
    yunet = cv2.FaceDetectorYN.create(path, "", size, score_threshold=0.6, nms_threshold=0.3)
    _, expected = yunet.detect(picture)
    found = models.engine().detector._look(picture, 1.0, 0.6)
    best = found[found[:, 14].argmax()]
    assert len(expected) == 1
    np.testing.assert_allclose(best, expected[0], rtol=0, atol=0.02)
