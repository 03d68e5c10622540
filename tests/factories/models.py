"""Real portraits, the installed default pack, and tiny ONNX models for the tests of recognition.

Owns nothing but functions. The portraits are public domain: Grace Hopper (matplotlib) and Eileen Collins (NASA).
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import cv2
import matplotlib.cbook
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from plainview.cli.portraits import bundled_portraits
from plainview.recognition.engine import Engine
from plainview.recognition.errors import PackError
from plainview.recognition.install import default_models_dir
from plainview.recognition.packs import YUNET_SFACE
from plainview.recognition.types import Picture, Pixels


@functools.cache
def hopper() -> Picture:
    """Grace Hopper, 512 x 600 pixels, one face about 170 pixels wide."""
    path = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    return picture(cv2.imread(str(path)))


@functools.cache
def collins() -> Picture:
    """Eileen Collins, 512 x 512 pixels, one face about 90 pixels wide."""
    return picture(cv2.imread(str(bundled_portraits()["eileen-collins.png"])))


def picture(pixels: Pixels) -> Picture:
    return Picture(pixels, "PNG", (pixels.shape[1], pixels.shape[0]))


def scaled(source: Picture, factor: float) -> Picture:
    kind = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return picture(cv2.resize(source.pixels, None, fx=factor, fy=factor, interpolation=kind))


def turned(source: Picture, degrees: float) -> Picture:
    """The picture turned clockwise about its middle, on a canvas that holds all of it."""
    height, width = source.pixels.shape[:2]
    side = int(np.hypot(height, width))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    matrix[:, 2] += [(side - width) / 2, (side - height) / 2]
    return picture(cv2.warpAffine(source.pixels, matrix, (side, side)))


@functools.cache
def engine() -> Engine:
    """The default pack as `make models` installs it."""
    try:
        return Engine.load()
    except PackError as error:
        pytest.fail(f"The default pack is not installed: run `make models`. ({error.why})")


def installed(name: str) -> Path:
    """A file of the installed default pack."""
    path = default_models_dir() / YUNET_SFACE.folder_name / name
    if not path.is_file():
        pytest.fail("The default pack is not installed: run `make models`.")
    return path


def random_points(seed: int) -> NDArray[np.float32]:
    """Five points in a plausible place: the alignment template, turned, scaled, moved and shaken."""
    from plainview.recognition.align import TEMPLATES

    rng = np.random.default_rng(seed)
    angle, scale = rng.uniform(-np.pi, np.pi), rng.uniform(0.2, 6)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = TEMPLATES["arcface-112"] @ turn.T + rng.uniform(-50, 500, 2)
    return (moved + rng.normal(0, scale, (5, 2))).astype(np.float32)


def tiny_quantised(slopes: NDArray[np.float32], *, seed: int = 0) -> bytes:
    """A model with everything that folding knows: blocks that do not divide their axis, constant Reshape,
    Conv, PRelu, Dropout, a Reshape of activations. Input "x" (1, 3, 4, 4), output "y" (1, 16, c)."""
    rng = np.random.default_rng(seed)
    channels = len(slopes)
    constants = {
        "w_q": rng.integers(-128, 128, (channels, 27), dtype=np.int8),
        "w_s": rng.uniform(0.001, 0.02, (channels, 3)).astype(np.float32),
        "w_z": rng.integers(-20, 20, (channels, 3), dtype=np.int8),
        "w_shape": np.array([channels, 3, 3, 3], np.int64),
        "slopes": slopes.reshape(-1, 1, 1).astype(np.float32),
        "y_shape": np.array([1, -1, channels], np.int64),
    }
    nodes = [
        helper.make_node("DequantizeLinear", ["w_q", "w_s", "w_z"], ["w"], axis=1, block_size=10),
        helper.make_node("Reshape", ["w", "w_shape"], ["kernel"]),
        helper.make_node("Conv", ["x", "kernel"], ["conv"], pads=[1, 1, 1, 1]),
        helper.make_node("PRelu", ["conv", "slopes"], ["active"]),
        helper.make_node("Dropout", ["active"], ["kept"]),
        helper.make_node("Transpose", ["kept"], ["last"], perm=[0, 2, 3, 1]),
        helper.make_node("Reshape", ["last", "y_shape"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 16, channels])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return onnx_bytes(graph, 21)


def tiny_recogniser(dimension: int = 8, *, input_name: str = "face", output_name: str = "template") -> bytes:
    """A recognition network: the mean colour of an aligned face, times a fixed matrix."""
    matrix = np.random.default_rng(1).normal(size=(3, dimension)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", [input_name], ["mean"]),
            helper.make_node("Flatten", ["mean"], ["flat"]),
            helper.make_node("MatMul", ["flat", "matrix"], [output_name]),
        ],
        "recogniser",
        [helper.make_tensor_value_info(input_name, TensorProto.FLOAT, [1, 3, 112, 112])],
        [helper.make_tensor_value_info(output_name, TensorProto.FLOAT, [1, dimension])],
        [numpy_helper.from_array(matrix, "matrix")],
    )
    return onnx_bytes(graph, 13)


def onnx_bytes(graph: onnx.GraphProto, opset: int) -> bytes:
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", opset)])
    onnx.checker.check_model(model)
    return model.SerializeToString()


def manifest(network: bytes, **changes: str | None) -> str:
    """A manifest that describes `tiny_recogniser`; a change replaces a line by its key, None takes it out."""
    lines = {
        "manifest": "manifest = 1",
        "name": 'name = "tiny"',
        "version": 'version = "1.2"',
        "summary": 'summary = "The mean colour of a face."',
        "maker": 'maker = "The Plainview tests"',
        "licence": 'licence = "CC0-1.0"',
        "training_data": 'training_data = "none"',
        "permitted_uses": 'permitted_uses = ["investigation", "research"]',
        "extra": "",
        "[model]": "[model]",
        "file": 'file = "tiny.onnx"',
        "bytes": f"bytes = {len(network)}",
        "sha256": f'sha256 = "{hashlib.sha256(network).hexdigest()}"',
        "input": 'input = "face"',
        "output": 'output = "template"',
        "colour": 'colour = "RGB"',
        "mean": "mean = [127.5, 127.5, 127.5]",
        "std": "std = [128, 128, 128]",
        "template": 'template = "arcface-112"',
        "dimension": "dimension = 8",
        "[calibration]": "[calibration]",
        "data": 'data = "10 pictures"',
        "measured_by": 'measured_by = "the tests"',
        "cosine_at_fmr": 'cosine_at_fmr = { "1e-3" = 0.3, "1e-4" = 0.4 }',
    }
    unknown = changes.keys() - lines.keys()
    assert not unknown, unknown
    lines |= {key: value or "" for key, value in changes.items()}
    return "\n".join(lines.values()) + "\n"
