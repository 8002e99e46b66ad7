"""Token vectors and a weighted mean of them: the instant tier.

A token has two vectors: what it says, and its scope, what it does to the tokens behind it ("not" turns round what
follows, "very" makes it louder). A text is the mean of what its tokens say, each dimension of it weighted by the scopes
of the few tokens before, every one by its distance. A layer with ReLU and the output layer read that mean. Splitting a
text into tokens takes longer than all of it.

It starts from nothing, with a WordPiece vocabulary learnt from the training rows, and learns most from many texts that
a teacher has judged. Rejected, on SST-2 with a teacher's scores: hashed pairs of pieces, which cost more bytes and know
only the pairs that they have seen, where a scope works on every token behind it.

Sources: Iyyer et al. 2015 (deep averaging networks; words dropped in training), Polanyi and Zaenen 2006 (contextual
valence shifters); pairs are compared as by Conneau et al. 2017 (arXiv 1705.02364, section 3.1): u, v, |u - v|, u * v.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from limbeck import graph
from limbeck.errors import require
from limbeck.models import Batch, Defaults, Output, Prepared, Request
from limbeck.models.transformer import head_settings
from limbeck.text import Encoder, learn_wordpiece, texts_in
from limbeck.text.learn import SPECIAL

if TYPE_CHECKING:
    from onnx import ModelProto

    from limbeck.tasks import TaskLike

DEFAULTS = Defaults(epochs=10, lr=2e-3)
"""As many epochs as ``small`` takes; where a teacher has judged a hundred thousand texts, four are enough."""

VOCABULARY_SIZE = 12_000
WIDTH, REACH, HIDDEN = 64, 8, 64
DROPPED = 0.1
"""Share of the tokens that training reads as unknown, others each time, so that no text hangs on one word."""
_PAD, _UNKNOWN, _FIRST = (SPECIAL.index(name) for name in ("[PAD]", "[UNK]", "[CLS]"))


@dataclass(frozen=True)
class Shape:
    """The sizes that ``config.json`` records, by its names."""

    vocab_size: int
    hidden_size: int
    """Width D of a token's vectors."""
    reach: int
    """Tokens behind it that a token's scope acts on."""
    intermediate_size: int
    """Width of the layer with ReLU."""
    type_vocab_size: int
    """Texts of an input: 1, or 2 for pairs."""

    @property
    def n_features(self) -> int:
        """Width of what the layer with ReLU reads."""
        return self.hidden_size * (1 if self.type_vocab_size == 1 else 4)


class StaticModel(nn.Module):
    """Two vectors a token, the weighted mean, a layer with ReLU, the output layer."""

    def __init__(self, shape: Shape, task: TaskLike, tokenizer: str, max_length: int) -> None:
        super().__init__()
        self.shape, self.tokenizer, self.max_length = shape, tokenizer, max_length
        self.labels = head_settings(task)
        self.word_embeddings = nn.Embedding(shape.vocab_size, shape.hidden_size)
        self.scope_embeddings = nn.Embedding(shape.vocab_size, shape.hidden_size)
        self.reach = nn.Parameter(torch.full((shape.reach, shape.hidden_size), 0.5))
        self.dense = nn.Linear(shape.n_features, shape.intermediate_size)
        self.classifier = nn.Linear(shape.intermediate_size, task.n_outputs)
        nn.init.normal_(self.word_embeddings.weight, std=0.1)
        nn.init.zeros_(self.scope_embeddings.weight)  # until they are learnt, a text is the plain mean of its tokens

    @property
    def module(self) -> nn.Module:
        """Itself."""
        return self

    def forward(self, batch: Batch) -> Output:
        """Logits of a batch, shape ``(B, C)``."""
        ids = _some_unknown(batch.input_ids) if self.training else batch.input_ids
        said = self.word_embeddings(ids) * self._weights(self.scope_embeddings(ids))
        read = batch.attention_mask
        if self.shape.type_vocab_size == 1:
            features = _mean_of(said, read)
        else:
            first, second = (
                _mean_of(said, read * (1 - batch.token_type_ids)),
                _mean_of(said, read * batch.token_type_ids),
            )
            features = torch.cat([first, second, (first - second).abs(), first * second], dim=1)
        return Output(self.classifier(F.relu(self.dense(features))))

    def _weights(self, scopes: Tensor) -> Tensor:
        """What each token's vector is multiplied by, shape ``(B, T, D)``: 1, and the scopes before it by distance."""
        weights = torch.ones_like(scopes)
        n_tokens, n_before = scopes.shape[1], len(self.reach)
        before = F.pad(scopes, (0, 0, n_before, 0))
        for distance in range(1, n_before + 1):
            start = n_before - distance
            weights = weights + before[:, start : start + n_tokens] * self.reach[distance - 1]
        return weights

    def output_layer(self) -> nn.Linear:
        """The last linear layer."""
        return self.classifier

    def write(self, folder: Path) -> None:
        """Write ``config.json``, ``model.safetensors`` and the tokenizer, under names of transformers' kind.

        transformers itself knows no such model: limbeck, or any runtime of ONNX, answers by the folder.
        """
        config = {"model_type": "limbeck-static", **asdict(self.shape), "pad_token_id": _PAD, **self.labels}
        _write_json(folder / "config.json", config)
        _write_json(folder / "tokenizer_config.json", self._tokenizer_config())
        (folder / "tokenizer.json").write_text(self.tokenizer, encoding="utf-8")
        tensors = {name: value.detach().contiguous() for name, value in self.state_dict().items()}
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})

    def _tokenizer_config(self) -> dict[str, Any]:
        return {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": self.max_length,
            "model_input_names": ["input_ids", "token_type_ids", "attention_mask"],
            "pad_token": SPECIAL[_PAD],
            "unk_token": SPECIAL[_UNKNOWN],
            "clean_up_tokenization_spaces": False,
        }


def start(request: Request) -> Prepared:
    """Learn a vocabulary from the training inputs and draw the vectors by the seed."""
    texts = [text for item in request.inputs for text in texts_in(item)]
    tokenizer = learn_wordpiece(texts, vocabulary_size=VOCABULARY_SIZE)
    n_texts = 1 + any(isinstance(item, tuple) for item in request.inputs)
    shape = Shape(len(Encoder.from_string(tokenizer)), WIDTH, REACH, HIDDEN, n_texts)
    torch.manual_seed(request.seed)
    return Prepared(StaticModel(shape, request.task, tokenizer, request.max_length), tokenizer, request.max_length)


def export(folder: Path) -> ModelProto:
    """The graph of a saved folder, emitted from its weights."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    weights = require("safetensors.numpy", "compress").load_file(folder / "model.safetensors")
    return graph.emit(config, weights)


def _some_unknown(ids: Tensor) -> Tensor:
    """``ids`` with some tokens unknown; the first token of all texts stays."""
    known = (torch.rand(ids.shape, device=ids.device) >= DROPPED) | (ids == _FIRST)
    return torch.where(known, ids, _UNKNOWN)


def _mean_of(said: Tensor, read: Tensor) -> Tensor:
    """Mean of the vectors ``(B, T, D)`` where ``read`` is 1: shape ``(B, D)``; 0 where it is so nowhere."""
    number = read.sum(dim=1, keepdim=True).clamp(min=1)
    return (said * read[:, :, None]).sum(dim=1) / number


def _write_json(path: Path, record: dict[str, Any]) -> None:
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
