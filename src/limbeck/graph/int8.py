"""Store an emitted graph's weights as int8: a byte a weight, in standard operators of opset 13 and up.

A matrix keeps a scale for each output, a table of embeddings one for each row. Matrices stand behind a
DequantizeLinear, so that one file serves twice: onnxruntime runs it with its int8 kernels (``MatMulNBits`` of 8 bits,
activations rounded by blocks within a row), or, asked by a session option, folds the weights back to float while it
opens the graph. Rows of tables are gathered as int8 and widened after. Nothing depends on a text's company.

Rejected: onnxruntime's ``quantize_dynamic`` (one activation scale for a whole batch; its unsigned by signed products
overflow 16 bits on processors without VNNI) and its ``MatMulNBitsQuantizer`` (a scale for each 32 to 256 weights, so
more bytes, behind operators that other runtimes lack); neither keeps the names that weights are found again by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from limbeck.errors import require

if TYPE_CHECKING:
    import onnx

    from limbeck.graph.builder import Array

SCALE = ".scale"
"""Put behind a tensor's name for its scales."""
TRANSPOSED = ".T"
"""Ends the name of a matrix that stands as (in, out), where model.safetensors has (out, in)."""

LEVELS = 127
"""The largest integer; -128 stays out, so that both signs reach alike."""
SAME = 1e-3
"""A weight so near to a whole step is that step: what float32 loses."""
NEAR = 0.22
"""Weights whose mean distance to a whole step is below this once stood on the grid; that of others is 0.25."""
_GOLDEN = (5**0.5 - 1) / 2
SMALL = 512
"""Tensors of fewer numbers stay float: scales and nodes would take what is saved."""


def quantise(model: onnx.ModelProto, *, small: int = SMALL) -> onnx.ModelProto:
    """Give ``model`` with its matrices and tables as int8; biases, norms and the last layer stay float.

    Args:
        model: a graph of :func:`limbeck.graph.emit`; it is taken apart.
        small: tensors of fewer numbers stay float.
    """
    onnx = require("onnx", "compress")
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    nodes: list[Any] = []
    for node in model.graph.node:
        tensor = tensors.get(_weight_of(node))
        if tensor is None or not _is_large(tensor, small):
            nodes.append(node)
            continue
        scale = _store(model, tensor, axis=0 if node.op_type == "MatMul" else 1)
        nodes += _REPLACED[node.op_type](onnx.helper.make_node, node, tensor.name, scale)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def round_to_int8(array: Array, axis: int) -> tuple[Array, Array]:
    """Give int8 values and float32 scales whose product is near to ``array``; one scale along ``axis``, kept as 1.

    Values are the nearest ones, unless the weights lie near whole steps already, as those do that were fine-tuned from
    int8 weights: training moved them by less than half a step, and the nearest values would undo all of it. Then what
    is left over decides how often a value goes up (dithering: the mean of many is right).

    >>> values, scales = round_to_int8(np.array([[3.0, -254.0], [0.0, 0.0]]), axis=1)
    >>> values.tolist(), scales.tolist()
    ([[2, -127], [0, 0]], [[2.0], [1.0]])
    """
    scales = (np.abs(array).max(axis=axis, keepdims=True) / LEVELS).astype(np.float32)
    scales[scales == 0] = 1
    steps = array / scales
    values = np.rint(steps)
    left = np.abs(steps - values)
    moved = left > SAME
    if _near_whole_steps(left[moved & (values != 0)]):
        values = np.where(moved, np.floor(steps + _dither(steps.shape)), values)
    return np.clip(values, -LEVELS, LEVELS).astype(np.int8), scales


def _near_whole_steps(left: Array) -> bool:
    """Whether distances to the nearest whole step are those of weights that once stood on one; few tell nothing.

    Args:
        left: of the weights that are no whole step; those that round to 0 say nothing of a grid and are left out.
    """
    return bool(left.size >= SMALL and left.mean() < NEAR)


def _dither(shape: tuple[int, ...]) -> Array:
    """Numbers from 0 to 1, evenly spread in every stretch, the same on every machine (Weyl's sequence of 1/phi)."""
    places = np.arange(int(np.prod(shape)), dtype=np.float64)
    return ((places * _GOLDEN) % 1).reshape(shape)


def _weight_of(node: Any) -> str:
    """The input that may be a weight: a matrix to multiply by, or a table whose rows are taken."""
    if node.op_type == "Gather" and any(entry.name == "axis" and entry.i != 0 for entry in node.attribute):
        return ""
    place = _WEIGHT_INPUTS.get(node.op_type)
    return "" if place is None else str(node.input[place])


_WEIGHT_INPUTS = {"MatMul": 1, "Gather": 0, "Slice": 0}
"""Where an operator reads the tensor that may be a weight."""


def _is_large(tensor: Any, small: int) -> bool:
    """Whether a tensor is a matrix or a table of floats worth the change."""
    rows = tensor.dims[0] if len(tensor.dims) == 2 else 0
    return bool(tensor.data_type == _FLOAT and rows > 2 and rows * tensor.dims[1] >= small)


_FLOAT = 1  # onnx.TensorProto.FLOAT; this file is imported where onnx may be missing
_INT8 = 3


def _store(model: Any, tensor: Any, axis: int) -> str:
    """Make an initializer int8 and add its scales; give their name."""
    array = np.frombuffer(tensor.raw_data, np.float32).reshape(tuple(tensor.dims))
    values, scales = round_to_int8(array, axis)
    tensor.data_type, tensor.raw_data = _INT8, values.tobytes()
    added = model.graph.initializer.add()
    added.name, added.data_type = tensor.name + SCALE, _FLOAT
    added.dims.extend(scales.shape[1:] if axis == 0 else scales.shape)
    added.raw_data = scales.tobytes()
    return str(added.name)


def _matrix(make_node: Any, node: Any, name: str, scale: str) -> list[Any]:
    """The product with a matrix that is dequantised column by column."""
    wide = make_node("DequantizeLinear", [name, scale], [f"{name}/float"], name=f"{name}/float", axis=1)
    node.input[1] = wide.output[0]
    return [wide, node]


def _rows(make_node: Any, node: Any, name: str, scale: str) -> list[Any]:
    """Rows of a table, by Gather or Slice, with their scales; the product has the name that the rows had."""
    rest, at = list(node.input[1:]), node.name
    attributes = {attribute.name: attribute.i for attribute in node.attribute}
    parts = [
        make_node(node.op_type, [tensor, *rest], [f"{at}/{part}"], name=f"{at}/{part}", **attributes)
        for part, tensor in (("int8", name), ("scale", scale))
    ]
    wide = make_node("Cast", [f"{at}/int8"], [f"{at}/float"], name=f"{at}/float", to=_FLOAT)
    return [*parts, wide, make_node("Mul", [f"{at}/float", f"{at}/scale"], list(node.output), name=at)]


_REPLACED = {"MatMul": _matrix, "Gather": _rows, "Slice": _rows}
