"""The exact DistilBERT of a BERT: its ``distilbert`` form, every second layer, embeddings and masked-LM head copied.

As in the published script (``extract_distilbert.py``) the student has neither segments nor pooler. In one thing ours
differs: the vector of segment 0 is added to the table of positions, where the script drops it. BERT adds it to every
token of a single text, so that the sum that the layers read stays the teacher's, for no parameter and no time.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck import graph
from limbeck.distil import _encoder_folder as folders
from limbeck.distil import student
from limbeck.distil.student import WHOLE, Cut
from limbeck.errors import ModelError, together
from limbeck.passes import _encoder_files as encoder_files
from limbeck.passes._encoder_folder import TOKENIZER_CONFIG, tokenizer_config
from limbeck.text import Encoder, Input

NAME, TEACHER = "distilbert", "bert"
_PREFIX = {name: f"{name}." for name in (NAME, TEACHER)}
_POSITIONS, _SEGMENTS = "embeddings.position_embeddings.weight", "embeddings.token_type_embeddings.weight"
_WORDS, _NORM = "embeddings.word_embeddings.weight", "embeddings.LayerNorm"
_HEAD = {
    "cls.predictions.transform.dense": "vocab_transform",
    "cls.predictions.transform.LayerNorm": "vocab_layer_norm",
}
_DECODER, _DECODER_BIAS = "cls.predictions.decoder.weight", "cls.predictions.decoder.bias"
_BIAS = "cls.predictions.bias"
_OLD_NAMES = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}
"""What checkpoints call a norm's two vectors that were made from TensorFlow's, bert-base-uncased among them."""

Weights = Mapping[str, NDArray[Any]]


def make(source: Path, out: Path, cut: Cut = WHOLE, inputs: Sequence[Input] = ()) -> Path:
    """Write the DistilBERT of the BERT in ``source`` at ``out``, and give that.

    It is a ``DistilBertForMaskedLM`` where the teacher has a masked-LM head, else a ``DistilBertModel``; other heads
    stay behind.

    Args:
        source: folder of a BERT, of any depth and width.
        out: a folder that is not there yet.
        cut: which layers, half of them where neither ``layers`` nor ``take`` is given (0, 2, 4, 7, 9, 11 of 12); width,
            vocabulary and dropout as for any student.
        inputs: what it will learn from, by which the pieces of a smaller vocabulary are chosen.

    Raises:
        ModelError: the folder holds no BERT, or tensors are missing.
        SettingsError: more layers than there are, a width that is no number of heads, too few pieces.
        ArtefactError: it is a saved model of limbeck with damaged files.

    Source: Sanh et al. 2019 (arXiv 1910.01108), section 3; transformers' research project ``distillation``.
    """
    config = encoder_files.read_config(source)
    _see_that_it_is_bert(config, name=source.name)
    staging = out.with_name(f"{out.name}.{TEACHER}")
    try:
        student.make(source, staging, halved(config, cut, name=source.name), inputs)
        made, tensors = as_distilbert(*encoder_files.read(staging), name=source.name)
        if cut.dropout is not None:
            made |= dict.fromkeys(student.DROPOUTS[NAME], cut.dropout)
        folders.write(staging, out, made, tensors)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    _write_tokenizer_config(source, out, made)
    return out


def halved(config: Mapping[str, Any], cut: Cut, *, name: str) -> Cut:
    """The cut with half the layers of ``config``, at least one, where it says nothing of layers.

    Raises:
        ModelError: the configuration tells of no layers.
    """
    if cut.layers is not None or cut.take is not None:
        return cut
    return replace(cut, layers=max(1, student.depth_of(config, name=name) // 2))


def as_distilbert(
    config: Mapping[str, Any], weights: Weights, *, name: str
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Configuration and weights of a BERT as DistilBERT has them, all layers kept: the same answers for single texts.

    A norm's epsilon is 1e-12 in every DistilBERT, whatever the BERT's was.

    Args:
        config: what BERT's config.json holds.
        weights: its tensors, named with or without ``bert.`` in front.
        name: of the model, for messages.

    Raises:
        ModelError: it is no BERT, or tensors are missing.
    """
    _see_that_it_is_bert(config, name=name)
    found = {_today(key): value for key, value in weights.items()}
    has_head = f"{next(iter(_HEAD))}.weight" in found
    made = _configuration(config, has_head=has_head)
    parts = _parts(config, made, has_head=has_head)
    wanted = [f"{part}.{kind}" for part in parts for kind in ("weight", "bias")]
    missing = [key for key in (_WORDS, _POSITIONS, *wanted) if key not in found]
    if has_head and not found.keys() & {_BIAS, _DECODER_BIAS}:
        missing.append(_BIAS)
    if missing:
        raise ModelError(f"{name} is no whole BERT: model.safetensors has no {', '.join(missing)}; copy it anew")
    tensors = {_WORDS: found[_WORDS], _POSITIONS: _positions(found)}
    tensors |= {f"{parts[part]}.{kind}": found[f"{part}.{kind}"] for part in parts for kind in ("weight", "bias")}
    made |= {"vocab_size": len(found[_WORDS]), "max_position_embeddings": len(found[_POSITIONS])}
    made["dtype"] = str(found[_WORDS].dtype)
    if not has_head:
        return made, tensors
    projector = _projector(config, found)
    made["tie_word_embeddings"] = "vocab_projector.weight" not in projector
    heads = tuple(_HEAD.values())
    prefixed = {key if key.startswith(heads) else _PREFIX[NAME] + key: value for key, value in tensors.items()}
    return made, prefixed | projector


def _see_that_it_is_bert(config: Mapping[str, Any], *, name: str) -> None:
    kind = config.get("model_type")
    if kind != TEACHER:
        raise ModelError(
            f"--student {NAME}: {name} is of the family {kind!r}, and DistilBERT is made from {TEACHER!r}; "
            f"leave --student {NAME} out for a student of {name}'s own family"
        )
    if reasons := graph.obstacles(config):
        raise ModelError(f"--student {NAME}: {name} cannot become a DistilBERT: {together(reasons)}")


def _today(key: str) -> str:
    """A tensor's name without the family's in front, and as today's files have it."""
    key = key.removeprefix(_PREFIX[TEACHER])
    for old, new in _OLD_NAMES.items():
        if key.endswith(old):
            return key.removesuffix(old) + new
    return key


def _parts(bert: Mapping[str, Any], distilbert: Mapping[str, Any], *, has_head: bool) -> dict[str, str]:
    """BERT's name of each part with a weight and a bias -> DistilBERT's, both without the family's in front."""
    parts = {_NORM: _NORM}
    for theirs, ours in zip(graph.layers(bert), graph.layers(distilbert), strict=True):
        for field in fields(theirs):
            before, after = (getattr(layer, field.name) for layer in (theirs, ours))
            parts[before.removeprefix(_PREFIX[TEACHER])] = after.removeprefix(_PREFIX[NAME])
    return parts | (_HEAD if has_head else {})


def _positions(found: Weights) -> NDArray[Any]:
    """The table of positions with segment 0 in it."""
    positions, segments = found[_POSITIONS], found.get(_SEGMENTS)
    if segments is None:
        return positions
    both: NDArray[Any] = (positions.astype(np.float32) + segments[0].astype(np.float32)).astype(positions.dtype)
    return both


def _projector(config: Mapping[str, Any], found: Weights) -> dict[str, NDArray[Any]]:
    """The head's last layer. Its weight is the table of pieces, and not stored, unless BERT's is one of its own:
    transformers ties the two where the configuration says so and a stored one is the same."""
    made = {"vocab_projector.bias": found[_DECODER_BIAS if _DECODER_BIAS in found else _BIAS]}
    weight = found.get(_DECODER)
    if weight is None or (config.get("tie_word_embeddings", True) and np.array_equal(weight, found[_WORDS])):
        return made
    return made | {"vocab_projector.weight": weight}


def _configuration(bert: Mapping[str, Any], *, has_head: bool) -> dict[str, Any]:
    """What transformers' ``DistilBertConfig`` writes, but for the sizes that the tensors tell."""
    return {
        "architectures": ["DistilBertForMaskedLM" if has_head else "DistilBertModel"],
        "model_type": NAME,
        "activation": bert.get("hidden_act", "gelu"),
        "attention_dropout": bert.get("attention_probs_dropout_prob", 0.1),
        "bos_token_id": bert.get("bos_token_id"),
        "dim": bert.get("hidden_size", 768),
        "dropout": bert.get("hidden_dropout_prob", 0.1),
        "eos_token_id": bert.get("eos_token_id"),
        "hidden_dim": bert.get("intermediate_size", 3072),
        "initializer_range": bert.get("initializer_range", 0.02),
        "n_heads": bert.get("num_attention_heads", 12),
        "n_layers": bert.get("num_hidden_layers", 12),
        "pad_token_id": bert.get("pad_token_id", 0),
        "qa_dropout": 0.1,
        "seq_classif_dropout": 0.2,
        "sinusoidal_pos_embds": False,
        "tie_word_embeddings": True,
    }


def _write_tokenizer_config(source: Path, out: Path, config: Mapping[str, Any]) -> None:
    """BERT's own class would hand the student segments, which it does not read."""
    tokenizer = Encoder.from_string(folders.tokenizer(out)).tokenizer
    unknown = getattr(tokenizer.model, "unk_token", None)
    record = tokenizer_config(source, tokenizer.get_vocab(with_added_tokens=True), unknown, config)
    record["model_input_names"] = ["input_ids", "attention_mask"]
    (out / TOKENIZER_CONFIG).write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
