"""Any Hugging Face encoder with a classification head, by local folder or hub name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import transformers
from numpy.typing import NDArray
from torch import nn

from limbeck import graph
from limbeck.artefact.copies import licences_in
from limbeck.artefact.manifest import NAME, OWN
from limbeck.artefact.verify import verify
from limbeck.errors import ModelError, require
from limbeck.graph import weights
from limbeck.models import Batch, Defaults, Output, Prepared, Request, shown
from limbeck.models._hub import find
from limbeck.models._lacking import refuse_lacking
from limbeck.models._pretrained import has_int8_alone, in_a_line, pretrained
from limbeck.models._trunk import run, trunk_of
from limbeck.text import Encoder

if TYPE_CHECKING:
    from onnx import ModelProto

    from limbeck.tasks import TaskLike


DEFAULTS = Defaults(epochs=3, lr=5e-5)
"""Within the ranges that Devlin et al. 2019 searched for fine-tuning (appendix A.3: 2 to 4 epochs, 2e-5 to 5e-5)."""

_OFFSET_FAMILIES = (
    *("roberta", "xlm-roberta", "camembert", "mpnet", "roberta-prelayernorm", "xlm-roberta-xl", "xmod"),
    *("data2vec-text", "ibert", "longformer", "lilt", "luke", "markuplm"),
)
"""Families whose position numbers begin behind the padding id, so that two rows of the table are never used."""

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()


class TransformerModel(nn.Module):
    """A transformers ``...ForSequenceClassification`` and the tokenizer it was made with.

    Args:
        inner: the model.
        tokenizer: text of its ``tokenizer.json``.
        licences: files that go wherever the weights do, by name.
    """

    def __init__(self, inner: Any, tokenizer: str, *, licences: Mapping[str, bytes] | None = None) -> None:
        super().__init__()
        self.inner = inner
        self.tokenizer = tokenizer
        self.licences = dict(licences or {})
        self._trunk = trunk_of(inner)

    @property
    def module(self) -> nn.Module:
        """Itself."""
        return self

    @property
    def shows_attention(self) -> bool:
        """Whether the last layer's attention comes with the hidden states: our own forward pass alone keeps it."""
        return self._trunk is not None

    def forward(self, batch: Batch, *, states: bool = False) -> Output:
        """Logits of a batch, shape ``(B, C)``, and where ``states`` are asked for the hidden states of all layers."""
        if self._trunk is not None:
            return run(self._trunk, batch, training=self.training, states=states)
        return self._plain(batch, states=states)

    def _plain(self, batch: Batch, *, states: bool) -> Output:
        """transformers' own forward, with segment ids where the family has them."""
        inputs = inputs_of(batch, self.inner.config)
        given = self.inner(**inputs, output_hidden_states=True) if states else self.inner(**inputs)
        return Output(given.logits, tuple(given.hidden_states) if states else ())

    def output_layer(self) -> nn.Linear:
        """The last linear layer with as many rows as there are labels."""
        n_labels = self.inner.config.num_labels
        layers = [
            part for part in self.inner.modules() if isinstance(part, nn.Linear) and part.out_features == n_labels
        ]
        return layers[-1]

    def write(self, folder: Path) -> None:
        """Write the model and its tokenizer as ``transformers.pipeline`` loads them, with their licences."""
        self.inner.save_pretrained(folder)
        write_tokenizer(folder, self.inner.config, self.tokenizer)
        write_licences(folder, self.licences)


def start(request: Request) -> Prepared:
    """Load an encoder and put a new output layer on it; of a saved one the rows of the same classes are kept.

    They are kept where every class has one, whatever their order and whatever other classes the saved layer has: its
    softmax over some of its classes is what it holds of them if it is told that it is one of these.

    Raises:
        ModelError: the folder or the hub name cannot be used.
        ArtefactError: it is a saved model of limbeck with damaged files.
    """
    folder = find(request.source)
    if (folder / NAME).is_file():
        verify(folder)
    config = config_of(folder)
    wanted = head_settings(request.task)
    kept = _saved_rows(config, request.task.classes)
    if kept is None:
        _set(config, wanted)
    torch.manual_seed(request.seed)
    inner = _load(folder, config, request.source, judges=kept is not None)
    model = wrap(inner, read_tokenizer(folder), licences=read_licences(folder))
    if kept is None:
        _fresh(model.output_layer(), getattr(config, "initializer_range", 0.02))
    else:
        _take_rows(model.output_layer(), kept)
        _set(inner.config, wanted)
        inner.num_labels = len(kept)
    limit = max_positions(config)
    notices = []
    if limit < request.max_length:
        notices.append(
            f"{shown(request.source)} has positions for {limit} tokens: texts are read up to that, "
            f"not {request.max_length}"
        )
    return Prepared(model, model.tokenizer, min(limit, request.max_length), tuple(notices))


def load(folder: Path, *, judges: bool = False) -> TransformerModel:
    """A saved model as it is, its output layer included.

    Args:
        folder: as transformers writes it, or of a saved model.
        judges: refuse one whose output layer or pooler is not all there; else what is missing begins anew.

    Raises:
        ModelError: the folder cannot be used.
        ArtefactError: it is a saved model of limbeck with damaged files.
    """
    if (folder / NAME).is_file():
        verify(folder)
    inner = _load(folder, config_of(folder), str(folder), judges=judges)
    return wrap(inner, read_tokenizer(folder), licences=read_licences(folder))


def _load(folder: Path, config: Any, name: str, *, judges: bool = False) -> Any:
    """The encoder of ``folder`` with a head of ``config``'s labels; a head of another size begins anew.

    A folder for the runtime alone has no model.safetensors: its int8 graph gives the weights, dequantised.

    Raises:
        ModelError: it cannot be loaded; the message calls it ``name``.
    """
    auto = transformers.AutoModelForSequenceClassification
    try:
        if has_int8_alone(folder):
            return _dequantised(auto.from_config(config, dtype=torch.float32), weights.read(folder))
        inner, told = pretrained(auto, folder, config)
    except Exception as error:  # a configuration that cannot be made raises whatever its model runs into
        raise ModelError(f"{name} cannot be loaded as an encoder: {in_a_line(error)}") from None
    refuse_lacking(told, inner, name, heads=judges)
    return inner


def _dequantised(inner: Any, found: Mapping[str, NDArray[Any]]) -> Any:
    """``inner`` with the weights found, but a head of another size."""
    own = inner.state_dict()
    lacking = [name for name in own if name not in found]
    if lacking:
        raise ValueError(f"its int8 graph holds no {', '.join(lacking[:3])}")
    other = [name for name in own if found[name].shape != own[name].shape]
    n_labels = inner.config.num_labels
    wrong = [name for name in other if own[name].shape != (n_labels, *found[name].shape[1:])]
    if wrong:
        raise ValueError(
            f"{wrong[0]} has the shape {found[wrong[0]].shape}, and config.json asks {own[wrong[0]].shape}"
        )
    fitting = {name: torch.from_numpy(found[name]) for name in own if name not in other}
    inner.load_state_dict(fitting, strict=False)
    return inner


def head_settings(task: TaskLike) -> dict[str, Any]:
    """What transformers' configuration says of a task: number and names of the labels, and the kind of problem."""
    names = dict(enumerate(task.classes)) or {0: "score"}
    return {
        "num_labels": task.n_outputs,
        "id2label": names,
        "label2id": {name: n for n, name in names.items()},
        "problem_type": "regression" if task.name == "regress" else "single_label_classification",
    }


def wrap(inner: Any, tokenizer: str, *, licences: Mapping[str, bytes] | None = None) -> TransformerModel:
    """Pair a transformers model with its tokenizer, rid of the cut and the padding that the file may carry.

    Raises:
        ModelError: the tokenizer has pieces that the model has no embedding for.
    """
    return TransformerModel(inner, fitting_tokenizer(inner.config, tokenizer), licences=licences)


def fitting_tokenizer(config: Any, tokenizer: str) -> str:
    """The text of a tokenizer, rid of the cut and the padding that its file may carry.

    Raises:
        ModelError: it has pieces that a model with ``config`` has no embedding for.
    """
    encoder = Encoder.from_string(tokenizer)
    needed = 1 + max(encoder.tokenizer.get_vocab(with_added_tokens=True).values(), default=-1)  # ids may have gaps
    if needed > config.vocab_size:
        raise ModelError(
            f"the tokenizer's pieces need {needed} embeddings, the model has {config.vocab_size}: "
            "they do not belong together; give a folder whose tokenizer.json and config.json agree"
        )
    return encoder.tokenizer.to_str()


def inputs_of(batch: Batch, config: Any) -> dict[str, torch.Tensor]:
    """What transformers' own forward is given: segment ids where the family has them."""
    inputs = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask}
    if getattr(config, "type_vocab_size", 0) > 1:
        inputs["token_type_ids"] = batch.token_type_ids
    return inputs


def max_positions(config: Any) -> int:
    """Tokens that the position table reaches, special tokens included."""
    positions = int(getattr(config, "max_position_embeddings", 512))
    if config.model_type in _OFFSET_FAMILIES:
        return positions - int(config.pad_token_id) - 1
    return positions


def config_of(folder: Path) -> Any:
    """What transformers makes of a folder's ``config.json``.

    Raises:
        ModelError: it cannot be used.
    """
    path = folder / "config.json"
    try:
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        max_positions(config)  # some families have no number of them, and are read from the other end
        return config
    except Exception as error:  # its entries may be anything, and each family looks at its own
        if family := own_family(path):
            raise ModelError(
                f"{folder} is a {family} model, which no training starts from; --model {family} trains one anew"
            ) from None
        raise ModelError(f"{path} is not a configuration that can be used: {in_a_line(error)}") from None


def own_family(path: Path) -> str:
    """The family that a ``config.json`` names, where it is one of limbeck's own; else the empty string."""
    try:
        kind = str(json.loads(path.read_text(encoding="utf-8")).get("model_type"))
    except (OSError, ValueError, AttributeError):
        return ""
    return kind.removeprefix(OWN) if kind.startswith(OWN) else ""


def _set(config: Any, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(config, name, value)


def has_output_layer(architectures: Sequence[object] | None) -> bool:
    """Whether the saved model has an output layer, by what its configuration says under ``architectures``."""
    return any("ForSequenceClassification" in str(name) for name in architectures or [])


def _saved_rows(config: Any, classes: Sequence[str]) -> list[int] | None:
    """Which row of the saved output layer belongs to each class; None without such a layer, or without one of them.

    A number has no class: its layer is in the unit of other targets.
    """
    if not has_output_layer(getattr(config, "architectures", None)):
        return None
    rows = {str(name): int(row) for row, name in (getattr(config, "id2label", None) or {}).items()}
    return [rows[name] for name in classes] if classes and all(name in rows for name in classes) else None


def _take_rows(layer: nn.Linear, rows: list[int]) -> None:
    """Leave of a layer the rows that are named, in their order."""
    with torch.no_grad():
        layer.weight = nn.Parameter(layer.weight[rows].clone())
        if layer.bias is not None:
            layer.bias = nn.Parameter(layer.bias[rows].clone())
    layer.out_features = len(rows)


def _fresh(layer: nn.Linear, deviation: float) -> None:
    nn.init.normal_(layer.weight, std=deviation)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def read_tokenizer(folder: Path) -> str:
    """The text of a folder's ``tokenizer.json``, made from its older files where it has none.

    Raises:
        ModelError: there is no tokenizer that transformers can turn into one.
    """
    path = folder / "tokenizer.json"
    try:
        if path.is_file():
            return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} cannot be read: {error}; copy the folder again") from None
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        text = str(tokenizer.backend_tokenizer.to_str())
    except (OSError, ValueError, AttributeError, ImportError) as error:
        reason = str(error)
    else:
        if len(tokenizer) > len(set(tokenizer.all_special_tokens)):
            return text
        reason = "there is no vocabulary among them"  # transformers makes a tokenizer of nothing, without a word
    raise ModelError(f"{folder} has no tokenizer.json, and none can be made from its files: {reason}")


def write_tokenizer(folder: Path, config: Any, tokenizer: str) -> None:
    """Write a tokenizer beside the model with ``config``, so that transformers loads it as it is."""
    folder.joinpath("tokenizer.json").write_text(tokenizer, encoding="utf-8")
    record = _tokenizer_config(config, tokenizer)
    folder.joinpath("tokenizer_config.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def read_licences(folder: Path) -> dict[str, bytes]:
    """The files that have to stand wherever a folder's weights do, by name.

    Raises:
        ModelError: one cannot be read.
    """
    try:
        return licences_in(folder)
    except OSError as error:
        raise ModelError(f"{error.filename} cannot be read: {error.strerror}; copy the folder again") from None


def write_licences(folder: Path, licences: Mapping[str, bytes]) -> None:
    """Write the files that :func:`read_licences` gave."""
    for name, content in licences.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def _tokenizer_config(config: Any, tokenizer: str) -> dict[str, Any]:
    """What makes transformers load ``tokenizer.json`` as it is, whatever the family's own class would add to it."""
    encoder = Encoder.from_string(tokenizer)
    pad = encoder.tokenizer.id_to_token(int(config.pad_token_id or 0))
    unknown = getattr(encoder.tokenizer.model, "unk_token", None)
    names = ["input_ids", "attention_mask"]
    if getattr(config, "type_vocab_size", 0) > 1:
        names.insert(1, "token_type_ids")
    record = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": max_positions(config),
        "model_input_names": names,
        "pad_token": pad,
        "clean_up_tokenization_spaces": False,
    }
    return record if unknown is None else {**record, "unk_token": unknown}


def export(folder: Path) -> ModelProto:
    """The graph of a saved folder: emitted from its weights, or traced by torch for a family that ``graph`` lacks."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if graph.can_emit(config):
        numpy_weights = require("safetensors.numpy", "compress").load_file(folder / "model.safetensors")
        return graph.emit(config, numpy_weights)
    from limbeck.models._torch_export import trace

    return trace(folder)
