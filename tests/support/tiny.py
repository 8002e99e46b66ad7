"""A tiny artefact without training: a small vocabulary and a graph that averages random embeddings.

The graph has the three inputs of every limbeck graph, masks its padding, and adds a vector for the second segment, so
that pairs and padding are told apart; it takes a millisecond to run.
"""

from __future__ import annotations

import atexit
import functools
import shutil
import string
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from limbeck.artefact.manifest import Manifest
from limbeck.artefact.save import seal
from limbeck.runtime.predictor import Predictor
from limbeck.runtime.session import answer_probes
from limbeck.tasks import make_task
from limbeck.text import Encoder
from limbeck.text.learn import SPECIAL

SENTENCES = (
    "the film was a joy from start to end",
    "the film was a bore from end to start",
    "an hour i want back",
    "a kettle that boils slowly and leaks",
    "the soup is warm and the bread is fresh",
    "what a waste of time and money",
    "he plays the lead with wit",
    "she never answers the phone",
)
MAX_LENGTH = 24


def save_tiny(
    out: Path,
    *,
    classes: Sequence[str] = ("negative", "positive"),
    pairs: bool = False,
    task: str = "classify",
    max_length: int = MAX_LENGTH,
    seed: int = 7,
    data: dict[str, Any] | None = None,
    overwrite: bool = False,
) -> Manifest:
    """Seal a tiny artefact at ``out``."""
    made = make_task(task, **({"classes": list(classes)} if task == "classify" else {}))

    def fill(folder: Path) -> Manifest:
        tokenizer = tiny_tokenizer()
        (folder / "tokenizer.json").write_text(tokenizer, encoding="utf-8")
        (folder / "config.json").write_text('{"model_type": "tiny"}', encoding="utf-8")
        (folder / "model.safetensors").write_bytes(bytes(range(256)) * 4)
        (folder / "onnx").mkdir()
        n_pieces = len(Encoder.from_string(tokenizer))
        onnx.save(tiny_graph(n_pieces, made.n_outputs, seed), folder / "onnx" / "model.onnx")
        return Manifest(
            task=made.to_json(),
            text={"max_length": max_length, "head": 0.25},
            model={"family": "small", "model_type": "tiny", "parameters": n_pieces * 8, "source": "small"},
            inputs="pair" if pairs else "text",
            metrics={"accuracy": 0.75, "loss": 0.5},
            settings={"seed": seed},
            seed=seed,
            data=data or {},
        )

    return seal(out, fill=fill, probe=answer_probes, overwrite=overwrite)


def tiny_tokenizer() -> str:
    """A ``tokenizer.json`` in BERT's form that knows the words of :data:`SENTENCES` and all letters."""
    words = sorted({word for sentence in SENTENCES for word in sentence.split()} - set(string.ascii_lowercase))
    letters = [*string.ascii_lowercase, *(f"##{letter}" for letter in string.ascii_lowercase), *"?!.,"]
    pieces = dict.fromkeys([*SPECIAL, *letters, *words])
    tokenizer = Tokenizer(models.WordPiece({piece: n for n, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", SPECIAL.index("[CLS]")), ("[SEP]", SPECIAL.index("[SEP]"))],
    )
    return str(tokenizer.to_str())


def tiny_graph(n_pieces: int, n_outputs: int, seed: int = 7, width: int = 8) -> onnx.ModelProto:
    """Mean of the embeddings under the mask, then one linear layer; the second segment adds a vector."""
    random = np.random.default_rng(seed)
    weights = {
        "pieces": random.normal(size=(n_pieces, width)),
        "segments": np.stack([np.zeros(width), random.normal(size=width)]),
        "kernel": random.normal(size=(width, n_outputs)),
        "bias": random.normal(size=n_outputs),
    }
    constants = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()]
    constants += [
        numpy_helper.from_array(np.array([1], np.int64), "tokens"),
        numpy_helper.from_array(np.array([2], np.int64), "last"),
    ]
    nodes = [
        helper.make_node("Gather", ["pieces", "input_ids"], ["piece"]),
        helper.make_node("Gather", ["segments", "token_type_ids"], ["segment"]),
        helper.make_node("Add", ["piece", "segment"], ["embedded"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["wide"]),
        helper.make_node("Mul", ["embedded", "wide"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "tokens"], ["sum"], keepdims=0),
        helper.make_node("ReduceSum", ["mask", "tokens"], ["count"], keepdims=1),
        helper.make_node("Div", ["sum", "count"], ["mean"]),
        helper.make_node("MatMul", ["mean", "kernel"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["logits"]),
    ]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", n_outputs])]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def shared(kind: str = "text") -> Path:
    """A sealed artefact that tests read and never change: of kind ``text``, ``pair`` or ``regress``."""
    return _shared(kind)


def predictor(kind: str = "text") -> Predictor:
    """What answers by :func:`shared`."""
    return _predictor(kind)


@functools.cache
def _shared(kind: str) -> Path:
    home = Path(tempfile.mkdtemp(prefix="limbeck-tiny-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    save_tiny(home / "model", pairs=kind == "pair", task="regress" if kind == "regress" else "classify")
    return home / "model"


@functools.cache
def _predictor(kind: str) -> Predictor:
    return Predictor(_shared(kind), Manifest.read(_shared(kind)))
