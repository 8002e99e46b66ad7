"""Learning labels without forgetting what an encoder knows: the vectors of texts stay near the encoder's own.

Those of the training texts, or of other texts, some of which are read beside each micro-batch: then the labels may move
their own texts' vectors freely. The encoder may be the one that the model was made of, or one with a larger vocabulary
than the model has: each reads a text by its own tokenizer. It is asked about every text once, before the training
begins; a resume asks it again.

Source: Li & Hoiem 2016 (Learning without Forgetting, arXiv 1606.09282) hold the old tasks' answers while a new task is
learnt; an encoder's answer is its vector. Other texts: rehearsal, Robins 1995 (Connection Science 7).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from limbeck import models
from limbeck.data import Dataset
from limbeck.errors import ModelError, SettingsError
from limbeck.losses import Loss, vectors
from limbeck.models import Batch, _hub
from limbeck.models.transformer import TransformerModel, load, max_positions
from limbeck.text import Encoded, Encoder, Input, TextSettings
from limbeck.text.pad import pad
from limbeck.train.identity import weights_hash
from limbeck.train.processes import join
from limbeck.train.readable import readable
from limbeck.train.remember_settings import RememberSettings
from limbeck.train.scoring import vectors_of
from limbeck.train.step import MicroBatch, Step, StepResult

if TYPE_CHECKING:
    from limbeck.train.learner import Learner

LABELS, REMEMBERED = "labels", "remembered"
"""Names of the loss's parts."""

SHARE = 0.25
"""Tokens of other texts beside a micro-batch, padding counted, as a share of its own."""


def remember(learner: Learner, settings: RememberSettings, texts: Dataset | None = None) -> None:
    """Have ``learner`` hold texts' vectors near an encoder's from now on; nothing where ``settings`` name none.

    Args:
        learner: of a model whose encoder is trained.
        settings: the encoder and the weight; their files are not read here.
        texts: whose vectors are held; those of the training rows where None.

    Raises:
        SettingsError: the model is one whose encoder is not trained, or that has none.
        ModelError: the encoder cannot be used, or is of another width.
        DataError: none of ``texts`` has anything to read.
    """
    if settings.remember is None:
        return
    encoder = _encoder(learner, settings.remember)
    weight, loss = settings.remember_weight, learner.objective.loss
    if texts is None:
        step = remembering(torch.from_numpy(_vectors(encoder, learner, learner.train)), weight=weight, loss=loss)
    else:
        texts, encoded = readable(learner.encoder, texts, "text")
        held = Held(encoded, torch.from_numpy(_vectors(encoder, learner, texts)), learner.encoder.pad_id)
        step = rehearsing(held, weight=weight, loss=loss)
    told: dict[str, Any] = {} if texts is None else {"remember_texts": len(texts), "texts_held": texts.fingerprint}
    learner.take_step(
        step,
        parts=(LABELS, REMEMBERED),
        remember=models.shown(settings.remember),
        remember_weight=weight,
        remembered=weights_hash(encoder),
        **told,
    )


def remembering(targets: Tensor, *, weight: float, loss: Loss) -> Step:
    """The step: the labels' loss + weight (1 - cosine of the text's vector and its target).

    Args:
        targets: the encoder's vectors, by row: shape ``(N, D)``.
        weight: of the vectors' part.
        loss: that of the labels.
    """

    def step(model: nn.Module, micro: MicroBatch) -> StepResult:
        output = model(micro.batch, states=True)
        wanted = targets[micro.rows].to(output.logits.device)
        apart = vectors.loss(output.states[-1], wanted, micro.batch.attention_mask)
        parts = {LABELS: loss(output.logits, micro.targets), REMEMBERED: weight * apart}
        return StepResult(parts[LABELS] + parts[REMEMBERED], output.logits, parts)

    return step


@dataclass(frozen=True)
class Held:
    """Texts whose vectors are held, beside the training rows."""

    encoded: Encoded
    """By the model's own tokenizer."""
    targets: Tensor
    """The encoder's vector of each: shape ``(N, D)``."""
    pad_id: int

    @cached_property
    def by_length(self) -> NDArray[np.int64]:
        """The texts' numbers, the shortest first."""
        return np.argsort(self.encoded.lengths, kind="stable")

    def drawn(self, micro: MicroBatch) -> tuple[Batch, Tensor]:
        """Some of the texts, of about one length, and their targets: a place in :attr:`by_length` is drawn, and the
        texts before it are taken as far as :data:`SHARE` of the tokens that ``micro`` has, padding counted, goes.

        Over the updates all texts count alike. They are the same for the same micro-batch of the same update, which
        seeds torch; no random state changes.
        """
        most = SHARE * micro.batch.input_ids.numel()
        random = np.random.default_rng([torch.initial_seed() % 2**63, int(micro.rows[0])])
        place = int(random.integers(len(self.by_length)))
        n_texts = max(1, int(most // self.encoded.lengths[self.by_length[place]]))
        rows = self.by_length[max(0, place + 1 - n_texts) : place + 1]
        ids, kinds = ([part[row] for row in rows] for part in (self.encoded.ids, self.encoded.type_ids))
        padded = pad(ids, kinds, self.pad_id)
        return Batch(**{name: torch.from_numpy(part) for name, part in padded.items()}), self.targets[rows]


def rehearsing(held: Held, *, weight: float, loss: Loss) -> Step:
    """The step: the labels' loss + weight (1 - cosine of a held text's vector and its target, mean of those drawn).

    Args:
        held: the texts that are drawn from.
        weight: of the vectors' part.
        loss: that of the labels.
    """

    def step(model: nn.Module, micro: MicroBatch) -> StepResult:
        output = model(micro.batch)
        device = output.logits.device
        batch, wanted = held.drawn(micro)
        batch = batch.to(device)
        apart = vectors.loss(model(batch, states=True).states[-1], wanted.to(device), batch.attention_mask)
        labels = loss(output.logits, micro.targets)
        parts = {LABELS: labels, REMEMBERED: weight * apart.mean().expand(len(labels))}
        return StepResult(parts[LABELS] + parts[REMEMBERED], output.logits, parts)

    return step


def _encoder(learner: Learner, name: str) -> TransformerModel:
    """The encoder called ``name``, which fits the learner's model.

    Raises:
        SettingsError: the model's encoder is not trained, or it has none.
        ModelError: it cannot be used, or is of another width.
    """
    model = learner.model
    if models.own_fit(learner.source) is not None or not isinstance(model, TransformerModel):
        raise SettingsError(
            f"--remember {name} holds an encoder's vectors while it is trained, and --model "
            f"{models.shown(learner.source)} trains none; leave --remember out"
        )
    with torch.random.fork_rng(devices=()):  # a head that it lacks is drawn alike each time, and read by nobody
        torch.manual_seed(0)
        encoder = load(_hub.find(name, flag="--remember", families=False)).to(join().accelerator.device)
    widths = [one.inner.config.hidden_size for one in (model, encoder)]
    if widths[0] != widths[1]:
        raise ModelError(
            f"--remember {name}: its vectors have {widths[1]} numbers and those of --model "
            f"{models.shown(learner.source)} have {widths[0]}; name an encoder of {widths[0]}"
        )
    return encoder


def _vectors(encoder: TransformerModel, learner: Learner, texts: Dataset) -> NDArray[np.float16]:
    """The encoder's vector of every text, equal ones read once: shape ``(N, D)``."""
    firsts: dict[bytes, Input] = {}
    for key, item in zip(texts.ids, texts.inputs, strict=True):
        firsts.setdefault(key, item)
    length = min(learner.text.max_length, max_positions(encoder.inner.config))
    reader = Encoder.from_string(encoder.tokenizer, TextSettings(max_length=length, head=learner.text.head))
    with learner.reporter.watch("vectors to remember", len(firsts)) as watch:
        found = vectors_of(
            encoder,
            reader.encode(list(firsts.values())),
            pad_id=reader.pad_id,
            precision=learner.fit_settings.precision,
            processes=join(),
            advance=watch.advance,
        )
    at = {key: place for place, key in enumerate(firsts)}
    return found.astype(np.float16)[[at[key] for key in texts.ids]]
