"""Turns a block-quantised ONNX file into a plain fp32 one that onnxruntime runs fast.

Owns the conversion at install: weights stored as 8-bit blocks become fp32 initialisers, slow operators
become fast equal ones, fixed input sizes become free. It works on bytes and gives bytes, and the same bytes
always give the same bytes, so that the result can be pinned by hash. It must never change what the model
computes, and it is the only module that imports `onnx` (lazily: reading and searching need onnxruntime
alone).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plainview.recognition.errors import PackError

OPSET = 13
"""The operator set written: the lowest that has what is left after folding as the source file means it."""

IR_VERSION = 7
"""The ONNX file format version that belongs to operator set 13 (onnx/docs/Versioning.md)."""

_PRODUCER = "plainview.recognition.fold"


def fold(source: bytes, *, free_axes: tuple[int, ...] = (0,)) -> bytes:
    """Fold a block-quantised model to fp32.

    Steps, in this order: DequantizeLinear of constants -> fp32; Reshape of constants -> done; Dropout ->
    removed (it does nothing when a model is used rather than trained); PRelu -> Relu and arithmetic; axes
    made free.

    Args:
        source: bytes of an ONNX file.
        free_axes: the axes of the inputs that may have any size: (0,) for the batch, (0, 2, 3) for the
            picture's height and width as well. Constant Reshapes of activations then take their batch from
            their input.

    Returns:
        Bytes of an ONNX file, operator set 13. Deterministic.

    Raises:
        PackError: the bytes are no ONNX file, or quantised in a way that this does not know.
    """
    import onnx

    try:
        model = onnx.load_model_from_string(source)
    except Exception as error:  # protobuf raises its own kinds, which differ between its versions
        raise _unfoldable("the file is not an ONNX model") from error
    graph = model.graph
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        for item in node.attribute if node.op_type == "Constant" else ():
            if item.name == "value":
                constants[node.output[0]] = onnx.numpy_helper.to_array(item.t)

    nodes = _rewrite_prelu(_fold_constants(graph.node, constants), constants)
    _free_batch_of_reshapes(nodes, constants)

    used = {name for node in nodes for name in node.input}
    inputs = [value for value in graph.input if value.name in used and value.name not in constants]
    folded = onnx.helper.make_graph(
        nodes,
        "folded",
        [_with_free_axes(value, free_axes) for value in inputs],
        [_with_free_axes(value, tuple(range(len(value.type.tensor_type.shape.dim)))) for value in graph.output],
        [onnx.numpy_helper.from_array(constants[name], name) for name in sorted(used & constants.keys())],
    )
    result = onnx.helper.make_model(
        folded,
        ir_version=IR_VERSION,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        producer_name=_PRODUCER,
    )
    try:
        onnx.checker.check_model(result)
    except onnx.checker.ValidationError as error:
        raise _unfoldable(f"the folded model is not valid ONNX ({str(error).splitlines()[0]})") from error
    return bytes(result.SerializeToString(deterministic=True))


def dequantise(
    values: NDArray[np.int8],
    scales: NDArray[np.float32],
    zeros: NDArray[np.int8],
    *,
    axis: int,
    block_size: int,
) -> NDArray[np.float32]:
    """Undo block quantisation: (value - zero) * scale, one scale and zero for each block along an axis.

    Args:
        values: int8 or uint8, any shape.
        scales: float32, the shape of `values` with ceil(size / block_size) along `axis`.
        zeros: dtype of `values`, shape of `scales`.
        axis: the axis that is cut into blocks.
        block_size: values in a block; the last block may be shorter.

    Returns:
        float32, shape of `values`.
    """
    keep = values.shape[axis]

    def spread(per_block: NDArray[Any]) -> NDArray[Any]:
        return np.repeat(per_block, block_size, axis=axis).take(range(keep), axis=axis)

    offset = values.astype(np.int32) - spread(zeros).astype(np.int32)
    return offset.astype(np.float32) * spread(scales).astype(np.float32)


def _fold_constants(nodes: Iterable[Any], constants: dict[str, NDArray[Any]]) -> list[Any]:
    """Compute what depends on constants alone into `constants`; return the other nodes in their order."""
    from onnx import helper

    remaining: list[Any] = []
    renamed: dict[str, str] = {}
    for node in nodes:
        inputs = [renamed.get(name, name) for name in node.input]
        constant = all(name in constants for name in inputs)
        attributes = {item.name: helper.get_attribute_value(item) for item in node.attribute}
        if node.op_type == "Constant" and node.output[0] in constants:
            continue
        if node.op_type == "DequantizeLinear":
            constants[node.output[0]] = _dequantise_node(inputs, attributes, constants)
        elif node.op_type == "Reshape" and constant:
            shape = [int(size) for size in constants[inputs[1]]]
            constants[node.output[0]] = constants[inputs[0]].reshape(shape)
        elif node.op_type in ("Dropout", "Identity"):
            renamed[node.output[0]] = inputs[0]
        else:
            copy = helper.make_node(node.op_type, inputs, list(node.output), name=node.name)
            copy.attribute.extend(node.attribute)
            remaining.append(copy)
    return remaining


def _dequantise_node(
    inputs: list[str], attributes: dict[str, Any], constants: dict[str, NDArray[Any]]
) -> NDArray[np.float32]:
    if len(inputs) != 3 or any(name not in constants for name in inputs):
        raise _unfoldable("it quantises activations, or has no zero points")
    values, scales, zeros = (constants[name] for name in inputs)
    axis, block_size = int(attributes.get("axis", 1)), int(attributes.get("block_size", 0))
    if values.dtype not in (np.int8, np.uint8) or not -values.ndim <= axis < values.ndim or block_size < 1:
        raise _unfoldable("its weights are not 8-bit blocks")
    blocks = list(values.shape)
    blocks[axis] = -(-blocks[axis] // block_size)
    if list(scales.shape) != blocks or list(zeros.shape) != blocks:
        raise _unfoldable("its scales do not fit its blocks")
    return dequantise(values, scales, zeros, axis=axis, block_size=block_size)


def _rewrite_prelu(nodes: Iterable[Any], constants: dict[str, NDArray[Any]]) -> list[Any]:
    """Write each PRelu as Relu and arithmetic; onnxruntime runs SFace almost three times faster for it.

    Two ways, both within rounding of PRelu. The fast one, y = a * x + Relu((1 - a) * x), is true for slopes
    a <= 1 only; onnxruntime merges its Relu and its sum into the convolutions of one pixel that it is written
    as. Layers with a slope above 1 use y = Relu(x) + a * (x - Relu(x)). Measured on SFace, one thread: PRelu
    23.4 ms, the second way everywhere 11.0 ms, the two together 8.5 ms.
    """
    from onnx import helper

    result: list[Any] = []
    for node in nodes:
        if node.op_type != "PRelu":
            result.append(node)
            continue
        x, slope_name = node.input
        (y,) = node.output
        slope = constants.get(slope_name)
        if slope is not None and slope.shape == (slope.size, 1, 1) and float(slope.max()) <= 1.0:
            one_pixel = {"group": slope.size, "kernel_shape": [1, 1]}
            constants[f"{y}.slope"] = slope.reshape(-1, 1, 1, 1)
            constants[f"{y}.rest"] = np.float32(1.0) - constants[f"{y}.slope"]
            result += [
                helper.make_node("Conv", [x, f"{y}.rest"], [f"{y}.scaled"], **one_pixel),
                helper.make_node("Relu", [f"{y}.scaled"], [f"{y}.positive"]),
                helper.make_node("Conv", [x, f"{y}.slope"], [f"{y}.line"], **one_pixel),
                helper.make_node("Add", [f"{y}.line", f"{y}.positive"], [y]),
            ]
        else:
            result += [
                helper.make_node("Relu", [x], [f"{y}.positive"]),
                helper.make_node("Sub", [x, f"{y}.positive"], [f"{y}.negative"]),
                helper.make_node("Mul", [f"{y}.negative", slope_name], [f"{y}.sloped"]),
                helper.make_node("Add", [f"{y}.positive", f"{y}.sloped"], [y]),
            ]
    return result


def _free_batch_of_reshapes(nodes: Iterable[Any], constants: dict[str, NDArray[Any]]) -> None:
    """A Reshape to (1, -1, n) fixes the batch at 1; 0 in place of 1 means "as the input has it"."""
    for node in nodes:
        if node.op_type == "Reshape" and node.input[1] in constants:
            shape = constants[node.input[1]].copy()
            if len(shape) and shape[0] == 1:
                shape[0] = 0
            constants[node.input[1]] = shape


def _with_free_axes(value: Any, free_axes: tuple[int, ...]) -> Any:
    from onnx import helper

    kind = value.type.tensor_type
    shape = [f"{value.name}_axis{i}" if i in free_axes else size.dim_value for i, size in enumerate(kind.shape.dim)]
    return helper.make_tensor_value_info(value.name, kind.elem_type, shape)


def _unfoldable(why: str) -> PackError:
    return PackError(
        f"This model file cannot be converted: {why}.",
        "Use the file that the pack's card names, or bring an fp32 ONNX file with a manifest.",
    )
