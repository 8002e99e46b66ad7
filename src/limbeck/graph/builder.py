"""Collect nodes and initializers of one graph; turn them into a ``ModelProto``.

A family asks for its tensors by the names of ``model.safetensors``. Missing and misshapen ones are remembered, not
raised, so that one message lists them all; until then a block of zeros stands in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from limbeck.errors import ModelError, closest, require, together

if TYPE_CHECKING:
    import onnx

Array = npt.NDArray[Any]

OPSET = 17
"""The first with LayerNormalization as an operator; every onnxruntime since 1.13 runs it."""

IR_VERSION = 8
"""What opset 17 came with; onnxruntime 1.20 reads up to 10."""

TENSOR_LIMIT_BYTES = 2**31 - 2**20
"""Protobuf's limit, less a margin. All tensors together may be larger: ``limbeck.graph.write`` puts them beside."""

MOST_PROBLEMS = 8
"""Tensors named in one message: a wrong prefix makes hundreds miss, and the first few tell it."""


class Graph:
    """A graph under construction: nodes, initializers, and the weights they are drawn from.

    Raises:
        MissingExtra: onnx is not installed.
    """

    def __init__(self, family: str, weights: Mapping[str, Array]) -> None:
        self.family = family
        self.problems: list[str] = []
        self._onnx: Any = require("onnx", "compress")
        self._weights = weights
        # Filled in place: helper.make_graph and make_model would copy all weights twice.
        self._model: Any = self._onnx.ModelProto(ir_version=IR_VERSION, producer_name="limbeck")
        self._model.opset_import.append(self._onnx.helper.make_opsetid("", OPSET))
        self._stored: set[str] = set()

    def weight(self, name: str, shape: Sequence[int | None]) -> Array:
        """Return tensor ``name`` as float32; ``None`` in ``shape`` accepts any size.

        A tensor that is missing, of another shape or not of floats goes to ``problems``, and zeros are returned.
        """
        stand_in = np.zeros([size or 1 for size in shape], dtype=np.float32)
        if name not in self._weights:
            # only where it will be told: of hundreds that miss, each would be compared with hundreds
            close = closest(name, self._weights, cutoff=0.5) if len(self.problems) < MOST_PROBLEMS else []
            hint = f"; there is {close[0]!r} (nearest)" if close else ""
            self._complain(f"tensor {name!r} is missing, a {self.family} model needs it{hint}")
            return stand_in
        array = np.asarray(self._weights[name])
        fits = array.ndim == len(shape) and all(
            want in (None, have) for want, have in zip(shape, array.shape, strict=False)
        )
        if not fits:
            accepted = "(" + ", ".join("any" if size is None else str(size) for size in shape) + ")"
            self._complain(f"tensor {name!r} has shape {array.shape}, config.json asks for {accepted}")
            return stand_in
        # bfloat16 comes from ml_dtypes and is of no kind that numpy knows.
        if array.dtype.kind != "f" and array.dtype.name != "bfloat16":
            self._complain(f"tensor {name!r} holds {array.dtype}, accepted are float32, float16, bfloat16, float64")
            return stand_in
        return array.astype(np.float32, copy=False)

    def _complain(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)

    def constant(self, name: str, array: Array) -> str:
        """Store ``array`` under ``name`` and return the name; the same name twice is stored once."""
        if name not in self._stored:
            self._stored.add(name)
            if array.nbytes > TENSOR_LIMIT_BYTES:
                self._complain(
                    f"tensor {name!r} takes {array.nbytes / 2**30:.2f} GB in float32, and a graph holds tensors of up "
                    "to 2; trim the vocabulary or take a smaller model"
                )
                return name
            tensor = self._model.graph.initializer.add()
            tensor.name = name
            tensor.data_type = self._onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
            tensor.dims.extend(array.shape)
            tensor.raw_data = np.ascontiguousarray(array).tobytes()
        return name

    def ints(self, *values: int) -> str:
        """Return the name of a 1-d int64 constant."""
        return self.constant(f"ints.{'_'.join(map(str, values))}", np.array(values, dtype=np.int64))

    def int_scalar(self, value: int) -> str:
        """Return the name of a 0-d int64 constant."""
        return self.constant(f"int.{value}", np.array(value, dtype=np.int64))

    def scalar(self, value: float) -> str:
        """Return the name of a 0-d float32 constant."""
        return self.constant(f"float.{value!r}", np.array(value, dtype=np.float32))

    def op(self, op_type: str, *inputs: str, at: str, output: str = "", **attributes: Any) -> str:
        """Add one node called ``at`` and return the name of its output, ``at``/out unless ``output`` is given."""
        output = output or f"{at}/out"
        node = self._onnx.helper.make_node(op_type, list(inputs), [output], name=at, **attributes)
        self._model.graph.node.append(node)
        return output

    def cast(self, value: str, kind: str, *, at: str) -> str:
        """Return ``value`` as ``kind``: a member of ``TensorProto``, for instance "FLOAT"."""
        return self.op("Cast", value, at=at, to=getattr(self._onnx.TensorProto, kind))

    def shaped(self, value: str, *shape: str | int) -> str:
        """Declare the shape of float32 ``value`` and return it.

        onnxruntime fuses residual and norm only where it can see that both sides have one shape.
        """
        helper = self._onnx.helper
        self._model.graph.value_info.append(helper.make_tensor_value_info(value, self._onnx.TensorProto.FLOAT, shape))
        return value

    def finish(self, inputs: Sequence[str], logits: str, n_outputs: int) -> onnx.ModelProto:
        """Return the model: int64 (batch, sequence) ``inputs``, float32 ``logits`` (batch, n_outputs).

        Raises:
            ModelError: a tensor was missing, misshapen, or of over 2 GB.
        """
        if self.problems:
            more = len(self.problems) - MOST_PROBLEMS
            raise ModelError(together(self.problems[:MOST_PROBLEMS] + [f"and {more} more like these"] * (more > 0)))
        helper, tensor, graph = self._onnx.helper, self._onnx.TensorProto, self._model.graph
        graph.name = self.family
        graph.input.extend(helper.make_tensor_value_info(name, tensor.INT64, ["batch", "sequence"]) for name in inputs)
        graph.output.append(helper.make_tensor_value_info(logits, tensor.FLOAT, ["batch", n_outputs]))
        return self._model
