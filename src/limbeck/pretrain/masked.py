"""An encoder with its masked-LM head, run so that logits are computed where a loss needs them and nowhere else.

A head is two parts: a transform of single hidden states, and a linear layer over the pieces whose weight is mostly the
word table. Of every seven tokens one is masked, and the table is a third of all products: seven times fewer logits, and
the last layer for these tokens alone, are most of what a step gains on a plain loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
import torch.nn.functional as F
import transformers
from torch import Tensor, nn

from limbeck.artefact.manifest import NAME
from limbeck.artefact.verify import verify
from limbeck.errors import ModelError
from limbeck.graph import weights
from limbeck.models import Attention, Batch
from limbeck.models._lacking import refuse_lacking
from limbeck.models._pretrained import has_int8_alone, in_a_line, pretrained
from limbeck.models._rates import rates_of
from limbeck.models._trunk import hidden_states, taken, trunk_of
from limbeck.models.transformer import (
    config_of,
    fitting_tokenizer,
    inputs_of,
    read_licences,
    read_tokenizer,
    write_licences,
    write_tokenizer,
)

_TOLERANCE = 1e-3
"""How far logits of the head as it is taken apart may be from transformers' own: they are the same products."""


@dataclass(frozen=True)
class Seen:
    """What a model made of a batch."""

    chosen: Tensor
    """Last hidden states at the places that were asked for, shape ``(B, P, D)``; what the head reads."""
    states: tuple[Tensor, ...] = ()
    """The embeddings, then each layer's hidden states, ``(B, T, D)`` each, where they were asked for."""
    attention: Attention | None = None
    """Of the last layer, over all tokens, where states were asked for and the family's forward pass is our own."""


@dataclass(frozen=True)
class Head:
    """A masked-LM head, taken apart."""

    transform: Callable[[Tensor], Tensor]
    """From hidden states ``(..., D)`` to what the decoder reads."""
    decoder: nn.Linear
    """To logits over all pieces."""


class MaskedModel(nn.Module):
    """A transformers ``...ForMaskedLM`` and the tokenizer it was made with.

    Args:
        inner: the model.
        tokenizer: text of its ``tokenizer.json``.
        kept: entries of the configuration that are written otherwise than they are while it learns.
        licences: files that go wherever the weights do, by name.

    Raises:
        ModelError: the tokenizer has pieces that the model has no embedding for, or the head is of an unknown kind.
    """

    def __init__(
        self,
        inner: Any,
        tokenizer: str,
        *,
        kept: Mapping[str, Any] | None = None,
        licences: Mapping[str, bytes] | None = None,
    ) -> None:
        super().__init__()
        self.licences = dict(licences or {})
        self.kept = dict(kept or {})
        self.inner, self.tokenizer = inner, fitting_tokenizer(inner.config, tokenizer)
        self._trunk = trunk_of(inner)
        self._head = head_of(inner)
        self._see_that_the_head_is_whole()

    @property
    def shows_attention(self) -> bool:
        """Whether the last layer's attention comes with the hidden states: our own forward pass alone keeps it."""
        return self._trunk is not None

    def forward(self, batch: Batch, at: Tensor, *, states: bool = False) -> Seen:
        """Hidden states of a batch at the places ``at``, shape ``(B, P)``, and where asked for those of all layers."""
        if self._trunk is None:
            found = self._plain(batch)
            return Seen(taken(found[-1], at), found if states else ())
        places = None if states else at
        found, attention = hidden_states(self._trunk, batch, training=self.training, at=places)
        if not states:
            return Seen(found[-1])
        return Seen(taken(found[-1], at), found, attention)

    def logits(self, hidden: Tensor, pieces: Tensor | None = None) -> Tensor:
        """What the head says of hidden states ``(..., D)``: shape ``(..., V)``, or of some ``pieces`` alone."""
        wide, decoder = self._head.transform(hidden), self._head.decoder
        if pieces is None:
            return cast(Tensor, decoder(wide))
        return F.linear(wide, decoder.weight[pieces], None if decoder.bias is None else decoder.bias[pieces])

    @property
    def decoder(self) -> nn.Linear:
        """The head's last layer."""
        return self._head.decoder

    def transform_layers(self) -> list[nn.Linear]:
        """The linear layers of the head below the decoder."""
        base = self.inner.base_model
        inside = {id(part) for part in base.modules()} | {id(self.decoder)}
        return [part for part in self.inner.modules() if isinstance(part, nn.Linear) and id(part) not in inside]

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        """The weights by name, each once: what is tied to another has no entry of its own."""
        tied = self._tied()
        return {name: value for name, value in super().state_dict(*args, **kwargs).items() if name not in tied}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Put back what :meth:`state_dict` gave.

        Raises:
            RuntimeError: a weight is missing, or one is too many.
        """
        found = super().load_state_dict(state_dict, strict=False, assign=assign)
        lacking = [name for name in found.missing_keys if name not in self._tied()]
        if strict and (lacking or found.unexpected_keys):
            raise RuntimeError(f"missing: {lacking}, unknown: {found.unexpected_keys}")
        return found

    def n_parameters(self) -> int:
        """Weights of the encoder and of its head, tied ones counted once."""
        return sum(value.numel() for value in self.inner.parameters())

    def write(self, folder: Path) -> None:
        """Write the model and its tokenizer as transformers loads them."""
        config = self.inner.config
        now = {name: getattr(config, name) for name in self.kept}
        config.update(self.kept)
        self.inner.save_pretrained(folder)
        config.update(now)
        write_tokenizer(folder, config, self.tokenizer)
        write_licences(folder, self.licences)

    def _plain(self, batch: Batch) -> tuple[Tensor, ...]:
        """Hidden states of all layers by transformers' own forward pass."""
        found = self.inner.base_model(**inputs_of(batch, self.inner.config), output_hidden_states=True)
        return (*found.hidden_states[:-1], found.last_hidden_state)

    def _tied(self) -> set[str]:
        every = {name for name, _ in self.named_parameters(remove_duplicate=False)}
        return every - {name for name, _ in self.named_parameters()}

    @torch.no_grad()
    def _see_that_the_head_is_whole(self) -> None:
        """Hold the parts against transformers' own forward pass on four tokens.

        Raises:
            ModelError: their logits differ.
        """
        was_training, ids = self.training, torch.arange(4)[None] + 1
        self.eval()
        batch = Batch(ids, torch.ones_like(ids), torch.zeros_like(ids))
        ours = self.logits(self(batch, torch.arange(4)[None]).chosen)
        theirs = self.inner(input_ids=ids, attention_mask=batch.attention_mask).logits
        self.train(was_training)
        apart = (ours - theirs).abs().max() / theirs.abs().max().clamp(min=1.0)
        if not apart < _TOLERANCE:
            raise ModelError(
                f"the masked-LM head of the family {self.inner.config.model_type!r} is not understood: its logits are "
                f"{float(apart):.2g} off transformers' own; give an encoder of another family"
            )


def head_of(inner: Any) -> Head:
    """The two parts of a head, found by the names that transformers gives them.

    Raises:
        ModelError: it has other parts.
    """
    decoder, transform = inner.get_output_embeddings(), _transform_of(inner)
    if transform is None or not isinstance(decoder, nn.Linear):
        raise ModelError(
            f"the family {inner.config.model_type!r} has no masked-LM head that limbeck knows; give an encoder of "
            "bert, roberta, xlm-roberta, electra, distilbert, mpnet, albert or modernbert"
        )
    return Head(transform, decoder)


def _transform_of(inner: Any) -> Callable[[Tensor], Tensor] | None:
    """What stands between the last hidden states and the decoder; None where no family known here has it so."""
    if hasattr(inner, "cls"):  # BERT's
        return cast(nn.Module, inner.cls.predictions.transform)
    if hasattr(inner, "generator_predictions"):  # ELECTRA's
        return cast(nn.Module, inner.generator_predictions)
    if hasattr(inner, "vocab_transform"):  # DistilBERT's
        return lambda hidden: inner.vocab_layer_norm(inner.activation(inner.vocab_transform(hidden)))
    head: Any = getattr(inner, "lm_head", None)
    if hasattr(head, "layer_norm"):  # RoBERTa's and MPNet's
        return lambda hidden: head.layer_norm(F.gelu(head.dense(hidden)))
    if hasattr(inner, "predictions"):  # ALBERT's
        said = inner.predictions
        return lambda hidden: said.LayerNorm(said.activation(said.dense(hidden)))
    if hasattr(inner, "head"):  # ModernBERT's
        return cast(nn.Module, inner.head)
    return None


@dataclass(frozen=True)
class Opened:
    """An encoder, opened."""

    model: MaskedModel
    has_head: bool
    """Whether the folder holds a masked-LM head; where not, the model's begins anew."""


def open_masked(folder: Path, *, seed: int = 0, scratch: bool = False, dropout: float | None = None) -> Opened:
    """Open an encoder's folder with its masked-LM head, a new one where it has none.

    Args:
        folder: as transformers writes it, with or without a head, or a saved model of limbeck.
        seed: of new weights.
        scratch: take the shape and the tokenizer, and new weights for all.
        dropout: while it learns; what is written keeps the rates of its configuration. Those where not given.

    Raises:
        ModelError: it cannot be loaded.
        ArtefactError: it is a saved model of limbeck with damaged files.
    """
    if (folder / NAME).is_file():
        verify(folder)
    torch.manual_seed(seed)
    config = config_of(folder)
    kept = rates_of(config) if dropout is not None else {}
    config.update(dict.fromkeys(kept, dropout))
    try:
        inner, told = _loaded(folder, config, scratch=scratch)
    except Exception as error:  # a configuration that cannot be made raises whatever its model runs into
        raise ModelError(f"{folder} cannot be loaded as an encoder with a masked-LM head: {in_a_line(error)}") from None
    refuse_lacking(told, inner, str(folder))
    has_head = not (told["missing_keys"] or told["mismatched_keys"])
    tokenizer, licences = read_tokenizer(folder), read_licences(folder)
    try:
        model = MaskedModel(inner, tokenizer, kept=kept, licences=licences)
    except ModelError as error:
        raise ModelError(f"{folder}: {error}") from None
    return Opened(model, has_head)


def _loaded(folder: Path, config: Any, *, scratch: bool) -> tuple[Any, dict[str, Any]]:
    """The model, and what transformers tells of its weights. An int8 graph gives those of the encoder, dequantised."""
    auto = transformers.AutoModelForMaskedLM
    told: dict[str, Any] = {"missing_keys": [], "mismatched_keys": []}
    if scratch:
        return auto.from_config(config, dtype=torch.float32), told
    if has_int8_alone(folder):
        inner = auto.from_config(config, dtype=torch.float32)
        found = {name: torch.from_numpy(value) for name, value in weights.read(folder).items()}
        return inner, {**told, "missing_keys": inner.load_state_dict(found, strict=False).missing_keys}
    return pretrained(auto, folder, config)
