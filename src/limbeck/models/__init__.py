"""Models: token ids in, logits out. A model knows no loss, no file format of data, no HTTP. One file a family.

A family's module defines ``start(request) -> Prepared`` (a model ready to be trained, with its tokenizer) and
``DEFAULTS`` (:class:`Defaults`). Listing the names imports none of them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from limbeck.table import Table
from limbeck.text import Input

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch import Tensor, device, nn

    from limbeck.tasks import TaskLike

MODELS = Table("limbeck.models", noun="model family", flag="--model")


@dataclass(frozen=True)
class Batch:
    """What a model reads: padded token ids."""

    input_ids: Tensor
    """Shape ``(B, T)``, int64."""
    attention_mask: Tensor
    """Shape ``(B, T)``, int64: 1 for a token, 0 for padding, which stands at the end."""
    token_type_ids: Tensor
    """Shape ``(B, T)``, int64: 0 for the first text, 1 for the second."""

    def to(self, device: device) -> Batch:
        """The same on ``device``; itself where it is there."""
        return Batch(self.input_ids.to(device), self.attention_mask.to(device), self.token_type_ids.to(device))


@dataclass(frozen=True)
class Output:
    """What a model gives."""

    logits: Tensor
    """Shape ``(B, C)``."""


@dataclass(frozen=True)
class Request:
    """What a family needs to make a model."""

    source: str
    """The name the user gave: a family's own, a folder, or a hub name."""
    inputs: Sequence[Input]
    """The training inputs, for families that learn their vocabulary."""
    task: TaskLike
    max_length: int
    """Tokens the user wants read; a family may give less (see ``Prepared.max_length``)."""
    seed: int


@dataclass(frozen=True)
class Defaults:
    """How a family likes to be trained where the user does not say."""

    epochs: int
    lr: float


class TextModel(Protocol):
    """The contract of a model."""

    @property
    def module(self) -> nn.Module:
        """The torch module that holds the parameters; calling it runs :meth:`forward`."""
        ...

    def output_layer(self) -> nn.Linear:
        """The last linear layer, whose rows are the logits."""
        ...

    def write(self, folder: Path) -> None:
        """Write ``config.json``, ``model.safetensors`` and the tokenizer's files as transformers reads them."""
        ...


@dataclass(frozen=True)
class Prepared:
    """A model ready to be trained."""

    model: TextModel
    tokenizer: str
    """Text of its ``tokenizer.json``."""
    max_length: int
    """Tokens it will read: the user's wish, or what its positions allow."""
    notices: tuple[str, ...] = ()


def family_of(source: str) -> str:
    """The family that makes the model called ``source``: its own name, or ``transformer`` for folders and hub names."""
    return source if source in MODELS else "transformer"


def shown(source: str) -> str:
    """The name of a model as an artefact records it: a folder by its last part alone."""
    return Path(source).resolve().name if Path(source).is_dir() else source


def prepare(request: Request) -> Prepared:
    """Make the model that ``request.source`` names.

    Raises:
        ModelError: the folder or hub name cannot be used.
    """
    prepared: Prepared = MODELS.module(family_of(request.source)).start(request)
    return prepared


def defaults(source: str) -> Defaults:
    """How the model called ``source`` likes to be trained."""
    values: Defaults = MODELS.module(family_of(source)).DEFAULTS
    return values


def export(folder: Path, family: str) -> ModelProto:
    """The graph of a saved model, from the weights in its folder."""
    graph: ModelProto = MODELS.module(family).export(folder)
    return graph


def write_graph(folder: Path, family: str) -> None:
    """Export the model saved in ``folder`` to its ``onnx/model.onnx``, in place of one that stands there.

    Where the weights stand beside the graph, ``config.json`` says so to transformers.js.
    """
    from limbeck.graph.write import write

    path = folder / "onnx" / "model.onnx"
    path.parent.mkdir(exist_ok=True)
    if write(export(folder, family), path):
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        config["transformers.js_config"] = {"use_external_data_format": {path.name: True}}
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
