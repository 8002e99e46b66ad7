"""Models: token ids in, logits out. A model knows no loss, no file format of data, no HTTP. One file a family.

A family's module defines ``start(request) -> Prepared`` (a model ready to be trained, with its tokenizer),
``DEFAULTS`` (:class:`Defaults`) and ``export(folder)`` (the graph of a saved model). One that is not fitted by gradient
steps defines ``fit(job) -> Fitted`` as well, which takes the training loop's place. Listing the names imports none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from limbeck.table import Table
from limbeck.text import Encoded, Input

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from onnx import ModelProto
    from torch import Tensor, device, nn

    from limbeck.tasks import TaskLike

MODELS = Table("limbeck.models", noun="model family", flag="--model")
DEFAULT = "sentiment"
"""Where a training starts that names no model: the weights that ship with limbeck."""
_FROZEN = "frozen"


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
class Attention:
    """What an encoder layer's attention compares and mixes, all heads side by side."""

    queries: Tensor
    """Shape ``(B, T, D)``."""
    keys: Tensor
    """Shape ``(B, T, D)``, without the layer's bias: it adds one number to all scores of a query."""
    values: Tensor
    """Shape ``(B, T, D)``."""
    n_heads: int


@dataclass(frozen=True)
class Output:
    """What a model gives."""

    logits: Tensor
    """Shape ``(B, C)``."""
    states: tuple[Tensor, ...] = ()
    """Where they were asked for: the embeddings, then each layer's hidden states, shape ``(B, T, D)`` each."""
    attention: Attention | None = None
    """Of the last layer, where states were asked for and the family's forward pass is our own."""


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
    """How a family likes to be trained where the user does not say; None for one that defines ``fit``."""

    epochs: int | None
    lr: float | None


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


class Watch(Protocol):
    """Is told how many rows are done; a context manager."""

    def advance(self, n_rows: int) -> None:
        """Count rows that are done."""
        ...

    def __enter__(self) -> Watch: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


WatchRows = Callable[[str, int], Watch]
"""Makes a :class:`Watch` of some work, in a word or two, over so many rows."""


@dataclass(frozen=True)
class Labelled:
    """Rows to learn from."""

    encoded: Encoded
    targets: NDArray[Any]
    """As the task's loss takes them, numbers standardised: shape ``(N,)``."""


@dataclass(frozen=True)
class Job:
    """What a family is given that fits its models itself."""

    model: TextModel
    """As ``start`` prepared it."""
    task: TaskLike
    train: Labelled
    valid: Labelled | None
    pad_id: int
    seed: int
    watch: WatchRows


@dataclass(frozen=True)
class Fitted:
    """What such a family gives back."""

    model: TextModel
    """The one to keep; it may be another than the job's."""
    record: dict[str, Any]
    """What ``metrics.jsonl`` keeps of the fit."""
    summary: str
    """The same in a line for people."""


def family_of(source: str) -> str:
    """The family that makes the model called ``source``: its own name, or ``transformer`` for folders and hub names.

    >>> family_of("small"), family_of("frozen:org/name"), family_of("org/name")
    ('small', 'frozen', 'transformer')
    """
    if source.startswith(f"{_FROZEN}:"):
        return _FROZEN
    return source if source in MODELS else "transformer"


def is_encoder(source: str) -> bool:
    """Whether the model called ``source`` starts from the weights of an encoder, all of which are trained.

    >>> is_encoder("sentiment"), is_encoder("org/name"), is_encoder("small")
    (True, True, False)
    """
    return family_of(source) in ("transformer", DEFAULT)


def shown(source: str) -> str:
    """The name of a model as an artefact's settings record it: a folder, gone or not, by its last part alone."""
    if source.startswith(f"{_FROZEN}:"):
        return f"{_FROZEN}:{shown(origin(source))}"
    path = Path(source)
    return path.resolve().name if path.is_dir() or path.is_absolute() else source


def named_by(folder: Path) -> str:
    """The source that names the model in a folder, also where the folder is called as a family is.

    >>> named_by(Path("small")), named_by(Path("models/small"))
    ('./small', 'models/small')
    """
    return str(folder) if folder.name != str(folder) else f".{os.sep}{folder}"


def origin(source: str) -> str:
    """Where the weights come from that the model called ``source`` starts with: a frozen one's encoder.

    >>> origin("frozen:org/name"), origin("frozen"), origin("org/name")
    ('org/name', 'sentiment', 'org/name')
    """
    return DEFAULT if source == _FROZEN else source.removeprefix(f"{_FROZEN}:")


def frozen_name(encoder: str) -> str:
    """The name of the model called ``encoder`` with its encoder as it is.

    >>> frozen_name("org/name"), frozen_name("sentiment")
    ('frozen:org/name', 'frozen')
    """
    return _FROZEN if encoder == DEFAULT else f"{_FROZEN}:{encoder}"


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


def own_fit(source: str) -> Callable[[Job], Fitted] | None:
    """How the family of ``source`` fits its models; None where the training loop does."""
    fit: Callable[[Job], Fitted] | None = getattr(MODELS.module(family_of(source)), "fit", None)
    return fit


def export(folder: Path, family: str) -> ModelProto:
    """The graph of a saved model, from the weights in its folder."""
    graph: ModelProto = MODELS.module(family).export(folder)
    return graph


def write_graph(folder: Path, family: str) -> None:
    """Export the model saved in ``folder`` to its ``onnx/model.onnx``, in place of one that stands there.

    Where the weights stand beside the graph, ``config.json`` says so to transformers.js.
    """
    from limbeck.graph.write import write_folder

    write_folder(folder, export(folder, family))
