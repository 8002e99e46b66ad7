"""Forms of int8 beside the float graph: texts a second, time to open, first answer, agreement, dependence on company.

``folded`` and ``int8`` are one file, as ``limbeck export --int8`` writes it: folded back to float by a session option,
or run by onnxruntime's MatMulNBits with activations rounded in blocks of 32 (``int8``) or 128 (``int8-128``).
``dynamic`` is onnxruntime's quantize_dynamic. ``rows`` are MatMulInteger products of activations with a scale a row
and weights of 7 bits, so that unsigned by signed products fit 16 bits where a processor has no VNNI.

Forms take turns, so that they share the machine's drift; the best run counts for speed, the median for the rest.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnx
import records
from onnx import TensorProto, helper, numpy_helper

from limbeck.artefact.manifest import FLOAT_GRAPH, INT8_GRAPH
from limbeck.data import read
from limbeck.metrics import softmax
from limbeck.passes import quantise
from limbeck.runtime import load, session
from limbeck.runtime.predictor import Predictor
from limbeck.runtime.session import Session

ALONE = 64
"""Texts asked alone as well."""


@dataclass
class Form:
    """One way to answer, and what was measured of it."""

    graph: Path
    options: Mapping[str, str] = field(default_factory=dict)
    open_s: list[float] = field(default_factory=list)
    quick_open_s: list[float] = field(default_factory=list)
    first_s: list[float] = field(default_factory=list)
    texts_s: list[float] = field(default_factory=list)
    probs: Any = None
    alone: Any = None

    def open(self, threads: int | None, *, quick: bool = False) -> Session:
        """A session with the form's own entries in place of limbeck's."""
        before = session._INT8
        session._INT8 = dict(self.options)
        try:
            return Session(self.graph, threads=threads, quick=quick)
        finally:
            session._INT8 = before


def rows_form(model: onnx.ModelProto) -> onnx.ModelProto:
    """The float graph with every matrix as 7 bits and its activations rounded row by row."""
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    constants = {"inverse": np.float32(1 / 127), "least": np.float32(1e-9), "middle": np.float32(128)}
    for name, value in {**constants, "middle.u8": np.uint8(128)}.items():
        model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
    nodes: list[Any] = []
    rounded: set[str] = set()
    for node in model.graph.node:
        tensor = tensors.get(node.input[1]) if node.op_type == "MatMul" else None
        if tensor is None:
            nodes.append(node)
            continue
        weight = numpy_helper.to_array(tensor)
        scale = (np.abs(weight).max(axis=0) / 63).astype(np.float32)
        values = np.rint(weight / scale).astype(np.int8)
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
        model.graph.initializer.append(numpy_helper.from_array(scale, f"{tensor.name}.scale"))
        value, made = node.input[0], node.output[0]
        if value not in rounded:
            rounded.add(value)
            nodes += _round_rows(value)
        product = [f"{value}/u8", tensor.name, "middle.u8"]
        nodes += [
            helper.make_node("MatMulInteger", product, [f"{made}/i32"]),
            helper.make_node("Cast", [f"{made}/i32"], [f"{made}/f32"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{made}/f32", f"{value}/scale"], [f"{made}/rows"]),
            helper.make_node("Mul", [f"{made}/rows", f"{tensor.name}.scale"], [made]),
        ]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def _round_rows(value: str) -> list[Any]:
    return [
        helper.make_node("Abs", [value], [f"{value}/abs"]),
        helper.make_node("ReduceMax", [f"{value}/abs"], [f"{value}/most"], axes=[-1], keepdims=1),
        helper.make_node("Mul", [f"{value}/most", "inverse"], [f"{value}/step"]),
        helper.make_node("Max", [f"{value}/step", "least"], [f"{value}/scale"]),
        helper.make_node("Div", [value, f"{value}/scale"], [f"{value}/scaled"]),
        helper.make_node("Round", [f"{value}/scaled"], [f"{value}/round"]),
        helper.make_node("Add", [f"{value}/round", "middle"], [f"{value}/shifted"]),
        helper.make_node("Cast", [f"{value}/shifted"], [f"{value}/u8"], to=TensorProto.UINT8),
    ]


def forms(folder: Path, home: Path) -> dict[str, Form]:
    """The graphs of all forms, made from a float model."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantise.apply(folder, home / "int8")
    plain = home / "float.onnx"
    onnx.save(onnx.load(folder / FLOAT_GRAPH), plain)  # in one file, wherever the weights stood
    kinds = {"weight_type": QuantType.QInt8, "extra_options": {"DefaultTensorType": TensorProto.FLOAT}}
    quantize_dynamic(str(plain), str(home / "dynamic.onnx"), **kinds)
    onnx.save(rows_form(onnx.load(plain)), home / "rows.onnx")
    int8 = home / "int8" / INT8_GRAPH
    return {
        "float": Form(plain),
        "folded": Form(int8, session._FLOAT32),
        "int8": Form(int8, session._INT8),
        "int8-128": Form(int8, {**session._INT8, "session.qdq_matmulnbits_block_size": "-1"}),
        "rows": Form(home / "rows.onnx"),
        "dynamic": Form(home / "dynamic.onnx"),
    }


def measure(form: Form, predictor: Predictor, encoded: Any, threads: int | None) -> None:
    """Add one run."""
    pad = predictor.encoder.pad_id

    def ask(opened: Session, rows: slice) -> Any:
        return opened.run(encoded.ids[rows], encoded.type_ids[rows], pad_id=pad)

    _, quick_s = _timed(lambda: form.open(threads, quick=True))
    opened, open_s = _timed(lambda: form.open(threads))
    _, first_s = _timed(lambda: ask(opened, slice(0, 1)))
    logits, all_s = _timed(lambda: ask(opened, slice(None)))
    form.quick_open_s.append(quick_s)
    form.open_s.append(open_s)
    form.first_s.append(first_s)
    form.texts_s.append(len(logits) / all_s)
    if form.probs is None:
        form.probs = softmax(logits.astype(np.float64))
        alone = [ask(opened, slice(n, n + 1)) for n in range(min(ALONE, len(logits)))]
        form.alone = softmax(np.concatenate(alone).astype(np.float64))


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    return work(), time.perf_counter() - start


def described(form: Form, reference: Form) -> dict[str, Any]:
    """The figures of a form; differences are of probabilities."""
    apart = np.abs(form.probs - reference.probs).max(axis=1)
    return {
        "graph_mb": round(form.graph.stat().st_size / 1e6, 2),
        "texts_s": round(max(form.texts_s), 1),
        "open_ms": round(1e3 * median(form.open_s), 1),
        "quick_open_ms": round(1e3 * median(form.quick_open_s), 1),
        "first_ms": round(1e3 * median(form.first_s), 1),
        "same_label": float((form.probs.argmax(axis=1) == reference.probs.argmax(axis=1)).mean()),
        "mean_apart": float(apart.mean()),
        "most_apart": float(apart.max()),
        "company": float(np.abs(form.alone - form.probs[: len(form.alone)]).max()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="a saved classifier in float32")
    parser.add_argument("--texts", type=Path, required=True, help="a file of texts")
    parser.add_argument("--most", type=int, default=2000, help="texts of it that are asked")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--out", type=Path, default=None, help="write the figures here as json too")
    args = parser.parse_args()
    predictor = load(args.model)
    inputs = read(args.texts, labelled=False).inputs[: args.most]
    encoded = predictor.encoder.encode(list(inputs))
    home = Path(tempfile.mkdtemp(prefix="limbeck-int8-"))
    try:
        sides = forms(args.model, home)
        for _ in range(args.runs):
            for form in sides.values():
                measure(form, predictor, encoded, args.threads)
        found = {name: described(form, sides["float"]) for name, form in sides.items()}
    finally:
        shutil.rmtree(home, ignore_errors=True)
    for name, figures in found.items():
        print(f"{name:<9}", "  ".join(f"{key} {value:.4g}" for key, value in figures.items()))
    if args.out:
        args.out.write_text(json.dumps({"forms": found, "texts": len(inputs), **records.stamp()}, indent=1) + "\n")


if __name__ == "__main__":
    main()
