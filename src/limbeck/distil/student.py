"""A student cut out of an encoder: some of its layers, narrower ones, fewer pieces. It needs no torch.

The student is an encoder's folder like any other, so that training starts from it as from any other.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck import sentiment
from limbeck.artefact.manifest import TOKENIZER
from limbeck.distil import _encoder_folder as folders
from limbeck.distil.narrow import narrowed
from limbeck.errors import ModelError, SettingsError
from limbeck.models import DEFAULT, _hub
from limbeck.models._rates import is_rate
from limbeck.passes import _encoder_files as encoder_files
from limbeck.passes import trim
from limbeck.passes._tokenizer_file import kind_of
from limbeck.text import Encoder, Input, texts_in

DEPTHS = ("num_hidden_layers", "n_layers")
"""What a configuration calls its number of layers; the second is DistilBERT's."""
PER_LAYER = ("attention_window", "layer_types")
"""Entries of configurations that are lists with a value a layer (Longformer's and ModernBERT's)."""
DROPOUTS = {
    "distilbert": ("dropout", "attention_dropout", "seq_classif_dropout"),
    "albert": ("hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout_prob"),
}
"""Rates of dropout that a family has where its configuration is silent; others have :data:`_RATES`."""
_RATES = ("hidden_dropout_prob", "attention_probs_dropout_prob")
_LAYER = re.compile(r"(?P<before>(?:.*?\.)?layers?\.)(?P<number>\d+)(?P<after>\..*)")
_SPLITTER = "WordPiece"
"""The kind of tokenizer whose vocabulary can be trimmed."""


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


def folder_of(source: str, *, families: bool = True) -> Path:
    """The folder of the encoder called ``source``: one of that path, of the hub, or the one that ships with limbeck.

    ``families`` says whether a family such as ``small`` would do as well, which a message then offers.

    Raises:
        ModelError: there is none.
    """
    return sentiment.folder() if source == DEFAULT else _hub.find(source, flag="--student", families=families)


def make(source: Path, out: Path, cut: Cut, inputs: Sequence[Input] = ()) -> Path:
    """Write the student at ``out``, and give that.

    Args:
        source: folder of an encoder, or of a saved model; its output layer goes along.
        out: a folder that is not there yet.
        cut: what the student keeps.
        inputs: what it will learn from, by which the pieces of a smaller vocabulary are chosen.

    Raises:
        ModelError: the folder holds no BERT-like encoder.
        SettingsError: more layers than there are, a layer twice, a width that is no number of heads, too few pieces.
        ArtefactError: it is a saved model of limbeck with damaged files.
    """
    config, weights = encoder_files.read(source)
    if cut.vocabulary is not None:
        see_that_it_trims(source, cut.vocabulary)
    taken = layers_of(config, cut, name=source.name)
    config, weights = kept_layers(config, weights, taken, name=source.name)
    if cut.dropout is not None:
        config |= dict.fromkeys(_rates(config), cut.dropout)
    if cut.width is not None:
        config, weights = narrowed(config, weights, cut.width, name=source.name)
    shallow = out if cut.vocabulary is None else out.with_name(f"{out.name}.whole")
    folders.write(source, shallow, config, weights)
    if cut.vocabulary is not None:
        _trim(shallow, out, cut.vocabulary, inputs)
    folders.hand_on_manifest(source, out)
    return out


def layers_of(config: Mapping[str, Any], cut: Cut, *, name: str) -> tuple[int, ...]:
    """Which layers of an encoder with ``config`` the student takes.

    Raises:
        SettingsError: more than there are, one twice, or both a number of them and which.
        ModelError: the configuration tells of no layers.
    """
    depth = depth_of(config, name=name)
    if cut.layers is not None and cut.take is not None:
        raise SettingsError(f"--layers {cut.layers} and --take {_shown(cut.take)} exclude each other; give one of them")
    if cut.layers is not None and not 1 <= cut.layers <= depth:
        raise SettingsError(f"--layers {cut.layers}: {name} has {depth} layers; give 1 to {depth}")
    if cut.take is None:
        return evenly(depth, depth if cut.layers is None else cut.layers)
    wrong = sorted({number for number in cut.take if not 0 <= number < depth})
    if wrong:
        raise SettingsError(f"--take {_shown(cut.take)}: {name} has the layers 0 to {depth - 1}, not {_shown(wrong)}")
    if not cut.take or len(set(cut.take)) < len(cut.take) or list(cut.take) != sorted(cut.take):
        raise SettingsError(f"--take {_shown(cut.take)}: give each layer once, in ascending order")
    return tuple(cut.take)


def depth_of(config: Mapping[str, Any], *, name: str) -> int:
    """The number of layers.

    Raises:
        ModelError: the configuration tells of none, or of a decoder.
    """
    if config.get("is_encoder_decoder"):
        raise ModelError(f"{name} is no BERT-like encoder: it has a decoder")
    found = next((config[key] for key in DEPTHS if key in config), None)
    if not isinstance(found, int) or found < 1:
        raise ModelError(f"{name} is no BERT-like encoder: its config.json tells of no {' and no '.join(DEPTHS)}")
    return found


def kept_layers(
    config: Mapping[str, Any], weights: Mapping[str, NDArray[Any]], taken: Sequence[int], *, name: str
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Configuration and weights with the layers ``taken`` alone, numbered anew.

    ALBERT's layers are one that is run so many times: its weights stay.

    Raises:
        ModelError: the weights of single layers are not told apart by their names.
    """
    depth = depth_of(config, name=name)
    trunk = _trunk(weights, depth)
    if not trunk and config.get("num_hidden_groups") != 1:
        raise ModelError(
            f"{name} has no tensors called layer.0 to layer.{depth - 1}: its layers cannot be told apart; give a "
            "BERT-like encoder, or leave --layers and --take out"
        )
    place = {number: n for n, number in enumerate(taken)}
    kept: dict[str, NDArray[Any]] = {}
    for key, value in weights.items():
        layer = _LAYER.fullmatch(key)
        if layer is None or layer["before"] not in trunk:
            kept[key] = value
        elif int(layer["number"]) in place:
            kept[f"{layer['before']}{place[int(layer['number'])]}{layer['after']}"] = value
    config = _with_kinds(config, depth)
    changed: dict[str, Any] = {key: len(taken) for key in DEPTHS if key in config}
    for key in PER_LAYER:
        if isinstance(config.get(key), list) and len(config[key]) == depth:
            changed[key] = [config[key][number] for number in taken]
    return {**config, **changed}, kept


def _with_kinds(config: Mapping[str, Any], depth: int) -> Mapping[str, Any]:
    """The configuration with the kind of each layer's attention, which ModernBERT's older files tell by its number
    alone: every third looks at all tokens. A layer that is numbered anew keeps its kind."""
    if config.get("model_type") != "modernbert" or config.get("layer_types"):
        return config
    every = int(config.get("global_attn_every_n_layers", 3))
    kinds = ["sliding_attention" if number % every else "full_attention" for number in range(depth)]
    return {**config, "layer_types": kinds}


def _trunk(weights: Mapping[str, NDArray[Any]], depth: int) -> set[str]:
    """How the names of tensors begin that stand in the encoder's layers: one for each of them, and no other."""
    numbers: dict[str, set[int]] = {}
    for key in weights:
        if layer := _LAYER.fullmatch(key):
            numbers.setdefault(layer["before"], set()).add(int(layer["number"]))
    return {before for before, found in numbers.items() if found == set(range(depth))}


def _rates(config: Mapping[str, Any]) -> list[str]:
    """The entries of a configuration that are rates of dropout, those that it takes for granted included."""
    named = [key for key, value in config.items() if is_rate(key) and not isinstance(value, bool | str)]
    return list(dict.fromkeys([*named, *DROPOUTS.get(str(config.get("model_type")), _RATES)]))


def see_that_it_trims(source: Path, pieces: int) -> None:
    """Raise before anything is written.

    Raises:
        ModelError: the tokenizer is of another kind, or cannot be read.
        ArtefactError: it is none.
    """
    kind = kind_of(folders.tokenizer(source), name=str(source / TOKENIZER))
    if kind != _SPLITTER:
        raise ModelError(
            f"--vocabulary {pieces}: the tokenizer of {source.name} is of the kind {kind!r}, and vocabularies of the "
            f"kind {_SPLITTER!r} can be trimmed; leave --vocabulary out"
        )


def _trim(shallow: Path, out: Path, pieces: int, inputs: Sequence[Input]) -> None:
    """Move the encoder in ``shallow`` to ``out`` with the pieces that ``inputs`` use most.

    Raises:
        SettingsError: they are too few.
    """
    encoder = Encoder.from_string(folders.tokenizer(shallow))
    texts = [text for item in inputs for text in texts_in(item)]
    try:
        trim_to(shallow, out, pieces, trim.piece_counts(encoder, texts))
    finally:
        shutil.rmtree(shallow)


def trim_to(source: Path, out: Path, pieces: int, counts: NDArray[np.int64]) -> None:
    """Write the encoder in ``source`` to ``out`` with the pieces of the highest ``counts``.

    Raises:
        SettingsError: they are too few; the flag is named.
        ModelError: the tokenizer cannot be trimmed.
    """
    try:
        trim.trim_folder(source, out, counts, pieces=pieces)
    except SettingsError as error:
        raise SettingsError(f"--vocabulary {pieces}: {error}") from None


def _shown(numbers: Sequence[int]) -> str:
    return ",".join(map(str, numbers))
