"""A student cut out of an encoder: some of its layers, narrower ones, fewer pieces. It needs no torch.

The student is an encoder's folder like any other, so that training starts from it as from any other.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck import sentiment
from limbeck.artefact.manifest import INT8_GRAPH, NAME, TOKENIZER, Manifest
from limbeck.artefact.verify import sha256
from limbeck.distil.narrow import narrowed
from limbeck.errors import ModelError, SettingsError, require
from limbeck.graph import weights as graph_weights
from limbeck.models import DEFAULT, _hub
from limbeck.passes import trim
from limbeck.text import Encoder, Input

CONFIG, WEIGHTS = "config.json", "model.safetensors"
DEPTHS = ("num_hidden_layers", "n_layers")
"""What a configuration calls its number of layers; the second is DistilBERT's."""
DROPOUTS = (
    *("hidden_dropout_prob", "attention_probs_dropout_prob"),
    *("dropout", "attention_dropout", "seq_classif_dropout", "classifier_dropout"),
)
"""What configurations call the rates of dropout; behind the first two DistilBERT's, and that of heads."""
_LAYER = re.compile(r"(?P<before>.*\blayers?\.)(?P<number>\d+)(?P<after>\..*)")
_COPIED = (TOKENIZER, "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "vocab.json", "merges.txt")
_LICENCES = ("LICEN", "NOTICE", "COPYING")


@dataclass(frozen=True)
class Cut:
    """What a student keeps of an encoder."""

    layers: int | None = None
    """How many layers, evenly spaced."""
    take: Sequence[int] | None = None
    """Or which, counted from 0."""
    width: int | None = None
    """Of the hidden states; all of it where None."""
    vocabulary: int | None = None
    """Pieces; all of them where None."""
    dropout: float | None = None
    """Of the student while it learns; that of its configuration where None."""

    @property
    def is_whole(self) -> bool:
        """Whether the encoder is taken as it is."""
        return self == WHOLE


WHOLE = Cut()


def evenly(n_layers: int, kept: int) -> tuple[int, ...]:
    """Which ``kept`` of ``n_layers`` layers a student takes: evenly spaced, the first and the last among them.

    Of 12 layers six are those of DistilBERT (its ``extract_distilbert.py``); a single one is the first.

    >>> evenly(12, 6), evenly(6, 3), evenly(6, 1)
    ((0, 2, 4, 7, 9, 11), (0, 2, 5), (0,))
    """
    return tuple(int(place) for place in np.round(np.linspace(0, n_layers - 1, kept)))


def folder_of(source: str) -> Path:
    """The folder of the encoder called ``source``: one of that path, of the hub, or the one that ships with limbeck.

    Raises:
        ModelError: there is none.
    """
    return sentiment.folder() if source == DEFAULT else _hub.find(source)


def make(source: Path, out: Path, cut: Cut, inputs: Sequence[Input] = ()) -> Path:
    """Write the student at ``out``, and give that.

    Args:
        source: folder of an encoder, or of a saved model; its output layer goes along.
        out: a folder that is not there yet.
        cut: what the student keeps.
        inputs: what it will learn from, by which the pieces of a smaller vocabulary are chosen.

    Raises:
        ModelError: the folder holds no BERT-like encoder.
        SettingsError: more layers than there are, a layer twice, a width that is no number of heads.
    """
    config, weights = read(source)
    taken = layers_of(config, cut, name=source.name)
    config, weights = kept_layers(config, weights, taken)
    if cut.dropout is not None:
        config |= {key: cut.dropout for key in DROPOUTS if key in config or key in DROPOUTS[:2]}
    if cut.width is not None:
        config, weights = narrowed(config, weights, cut.width, name=source.name)
    shallow = out if cut.vocabulary is None else out.with_name(f"{out.name}.whole")
    _write(source, shallow, config, weights)
    if cut.vocabulary is not None:
        encoder = Encoder.from_string((shallow / TOKENIZER).read_text(encoding="utf-8"))
        texts = [text for item in inputs for text in (item if isinstance(item, tuple) else (item,))]
        trim.trim_folder(shallow, out, trim.piece_counts(encoder, texts), pieces=cut.vocabulary)
        shutil.rmtree(shallow)
    _hand_on_manifest(source, out)
    return out


def read(source: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Configuration and float weights of an encoder's folder; those of an int8 model are dequantised.

    Raises:
        ModelError: a file is missing.
    """
    if not (source / CONFIG).is_file():
        raise ModelError(f"{source} has no {CONFIG}; give the folder of an encoder or of a saved model")
    config: dict[str, Any] = json.loads((source / CONFIG).read_text(encoding="utf-8"))
    if (source / WEIGHTS).is_file():
        return config, require("safetensors.numpy", "compress").load_file(source / WEIGHTS)
    if (source / INT8_GRAPH).is_file():
        return config, graph_weights.read(source)
    raise ModelError(f"{source} has no {WEIGHTS}; give an encoder's folder with its weights in that form")


def layers_of(config: Mapping[str, Any], cut: Cut, *, name: str) -> tuple[int, ...]:
    """Which layers of an encoder with ``config`` the student takes.

    Raises:
        SettingsError: more than there are, or one twice.
        ModelError: the configuration tells of no layers.
    """
    depth = next((int(config[key]) for key in DEPTHS if key in config), None)
    if depth is None:
        raise ModelError(f"{name} is no BERT-like encoder: its {CONFIG} tells of no {' and no '.join(DEPTHS)}")
    if cut.layers is not None and cut.layers > depth:
        raise SettingsError(f"--layers {cut.layers}: {name} has {depth} layers; give 1 to {depth}")
    if cut.take is None:
        return evenly(depth, depth if cut.layers is None else cut.layers)
    wrong = sorted({number for number in cut.take if number >= depth})
    if wrong:
        raise SettingsError(f"--take {_shown(cut.take)}: {name} has the layers 0 to {depth - 1}, not {_shown(wrong)}")
    if len(set(cut.take)) < len(cut.take) or list(cut.take) != sorted(cut.take):
        raise SettingsError(f"--take {_shown(cut.take)}: give each layer once, in ascending order")
    return tuple(cut.take)


def kept_layers(
    config: Mapping[str, Any], weights: Mapping[str, NDArray[Any]], taken: Sequence[int]
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Configuration and weights with the layers ``taken`` alone, numbered anew."""
    place = {number: n for n, number in enumerate(taken)}
    kept: dict[str, NDArray[Any]] = {}
    for name, value in weights.items():
        layer = _LAYER.fullmatch(name)
        if layer is None:
            kept[name] = value
        elif int(layer["number"]) in place:
            kept[f"{layer['before']}{place[int(layer['number'])]}{layer['after']}"] = value
    changed = {key: len(taken) for key in DEPTHS if key in config}
    return {**config, **changed}, kept


def _write(source: Path, out: Path, config: Mapping[str, Any], weights: Mapping[str, NDArray[Any]]) -> None:
    out.mkdir(parents=True)
    (out / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    whole = {name: np.ascontiguousarray(value) for name, value in weights.items()}
    require("safetensors.numpy", "compress").save_file(whole, out / WEIGHTS, metadata={"format": "pt"})
    for path in source.iterdir():
        if path.is_file() and (path.name in _COPIED or path.name.upper().startswith(_LICENCES)):
            shutil.copy2(path, out / path.name)


def _hand_on_manifest(source: Path, out: Path) -> None:
    """What a saved model says of its languages and of its way of reading goes along."""
    if (source / NAME).is_file():
        files = {path.name: {"bytes": path.stat().st_size, "sha256": sha256(path)} for path in sorted(out.iterdir())}
        (out / NAME).write_bytes(replace(Manifest.read(source), files=files, probes={}, metrics={}).to_bytes())


def _shown(numbers: Sequence[int]) -> str:
    return ",".join(map(str, numbers))
