"""An onnxruntime session over one graph, and padded batches through it.

A batch holds at most so many tokens, padding counted, and texts of like length: padding is computed like any token.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from limbeck.errors import ArtefactError, nearest
from limbeck.plan import Budget, scoring_plan

if TYPE_CHECKING:
    from limbeck.artefact.manifest import Manifest
    from limbeck.runtime.precision import Way
    from limbeck.text import Input

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
BATCH_TOKENS = 1024
"""Padded tokens a batch. Measured with all-MiniLM-L6-v2 on texts of 39 tokens on average, on two cores that other work
shared: 512 to 2,048 cost much the same a token (within a fifth, the measurement's own doubt), 4,096 a third to a half
more, 16,384 three times as much (activations leave the cache)."""
_TYPES: dict[str, Any] = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(float)": np.float32}


_FLOAT32 = {"session.disable_quant_qdq": "1"}
"""Constant folding may then take DequantizeLinear too, so that int8 weights become float ones."""
_INT8 = {"session.qdq_matmulnbits_accuracy_level": "4", "session.qdq_matmulnbits_block_size": "32"}
"""DequantizeLinear and MatMul become MatMulNBits, which rounds activations to int8 by blocks of 32 within a row. A
float graph has no DequantizeLinear. onnxruntime does so with a scale a column from 1.25 on."""


class Session:
    """A graph that gives logits.

    Args:
        graph: path of the ONNX file.
        threads: of one computation; None takes as many as there are cores.
        quick: open sooner and compute slower, for a process that answers a text or two: weights are not copied into the
            layout that large products like best, which takes a quarter of the opening of a 90 MB graph.
        dequantised: fold int8 weights back to float and compute in float32; a float graph stays as it is.

    Raises:
        ArtefactError: the graph cannot be loaded, wants other inputs, or does not say how many logits it gives.
    """

    def __init__(
        self, graph: Path, *, threads: int | None = None, quick: bool = False, dequantised: bool = False
    ) -> None:
        self.graph = graph
        try:
            options = _options(threads, quick=quick, dequantised=dequantised)
            self._session: Any = onnxruntime.InferenceSession(
                os.fspath(graph), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own exceptions share no base but this
            raise ArtefactError(f"onnxruntime {onnxruntime.__version__} cannot load {graph}: {error}") from None
        self._inputs = [(entry.name, _TYPES.get(entry.type, np.int64)) for entry in self._session.get_inputs()]
        for name, _ in self._inputs:
            if name not in INPUTS:
                raise ArtefactError(f"{graph} wants the input {name!r}; a text model has {nearest(name, INPUTS)}")
        shape = self._session.get_outputs()[0].shape
        if len(shape) != 2 or not isinstance(shape[1], int):
            raise ArtefactError(
                f"{graph} gives logits of the shape {shape}; a classifier's width is fixed: export it again"
            )
        self.n_outputs: int = shape[1]
        """Width of the logits."""

    def run(
        self,
        ids: Sequence[NDArray[np.int32]],
        type_ids: Sequence[NDArray[np.int32]],
        *,
        pad_id: int = 0,
        batch_tokens: int = BATCH_TOKENS,
    ) -> NDArray[np.float32]:
        """Logits of rows of token ids, in the rows' order: shape ``(rows, n_outputs)``.

        Args:
            ids: token ids of each row.
            type_ids: segment ids of each row.
            pad_id: fills short rows up; the mask hides it.
            batch_tokens: padded tokens computed at once.
        """
        logits = np.zeros((len(ids), self.n_outputs), np.float32)
        lengths = np.fromiter((len(row) for row in ids), np.int64, len(ids))
        for rows in scoring_plan(lengths, Budget(tokens=batch_tokens)):
            logits[rows] = self._batch([ids[row] for row in rows], [type_ids[row] for row in rows], pad_id)
        return logits

    def _batch(
        self, ids: list[NDArray[np.int32]], type_ids: list[NDArray[np.int32]], pad_id: int
    ) -> NDArray[np.float32]:
        from limbeck.text.pad import pad  # tokenizers come with it, and need not come before the graph is opened

        arrays = pad(ids, type_ids, pad_id)
        fed = {name: arrays[name].astype(dtype, copy=False) for name, dtype in self._inputs}
        result: NDArray[np.float32] = self._session.run(None, fed)[0]
        return result


def open_session(folder: Path, way: Way, *, threads: int | None = None, quick: bool = False) -> Session:
    """The session that answers for ``folder`` in the way chosen.

    ``quick`` is for float32 alone: without the copied layout onnxruntime computes int8 products in float, and a text on
    the command line would get other digits than the same text in a file.
    """
    quick = quick and way.precision == "float32"
    threads = threads or (1 if way.one_thread else None)
    return Session(folder / way.graph, threads=threads, quick=quick, dequantised=way.dequantised)


def answer_probes(folder: Path, manifest: Manifest, texts: Sequence[Input]) -> list[list[float]]:
    """Logits of ``folder``, which need not be sealed yet, for ``texts``: :func:`limbeck.artefact.save.seal` asks it."""
    from limbeck.runtime.predictor import Predictor  # which opens a session itself

    logits, _ = Predictor(folder, manifest).logits(texts, refuse=False)
    return [[float(value) for value in row] for row in logits]


def _options(threads: int | None, *, quick: bool = False, dequantised: bool = False) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or _cores()
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.enable_mem_pattern = False  # it keeps a plan for each shape ever seen, and every batch has its own
    options.log_severity_level = 3
    if quick:
        options.add_session_config_entry("session.disable_prepacking", "1")
        # folding constants is what matters; looking for what more to fuse costs more than a few texts gain by it
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        # a second thread that waits for work by spinning takes the core that reads the tokenizer meanwhile
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    for key, value in (_FLOAT32 if dequantised else _INT8).items():
        options.add_session_config_entry(key, value)
    return options


def _cores() -> int:
    """Cores that this process may use: a container or ``taskset`` may leave it fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
