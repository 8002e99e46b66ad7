"""Learning labels without forgetting what an encoder knows: the vectors of texts stay near the encoder's own.

Those of the training texts, or of other texts, some of which are read beside each micro-batch: then the labels may move
their own texts' vectors freely. The encoder may be the one that the model was made of, or one with a larger vocabulary
than the model has: each reads a text by its own tokenizer. It is asked about every text once, before the training
begins; a resume asks it again.

Source: Li & Hoiem 2016 (Learning without Forgetting, arXiv 1606.09282) hold the old tasks' answers while a new task is
learnt; an encoder's answer is its vector. Other texts: rehearsal, Robins 1995 (Connection Science 7).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from limbeck import models, sentiment
from limbeck.data import Dataset
from limbeck.errors import ArtefactError, DataError, ModelError, SettingsError
from limbeck.losses import Loss, vectors
from limbeck.models import Batch, _hub
from limbeck.models.transformer import TransformerModel, load, max_positions
from limbeck.text import Encoded, Encoder, Input, TextSettings
from limbeck.text.pad import pad
from limbeck.train.freeze import freezes_encoder
from limbeck.train.identity import weights_hash
from limbeck.train.processes import join
from limbeck.train.readable import readable
from limbeck.train.scoring import vectors_of
from limbeck.train.step import MicroBatch, Step, StepResult

if TYPE_CHECKING:
    from limbeck.train.learner import Learner

LABELS, REMEMBERED = "labels", "remembered"
"""Names of the loss's parts."""

SHARE = 0.25
"""Tokens of other texts beside a micro-batch, padding counted, as a share of its own: so much longer it takes."""


def remember(learner: Learner, encoder: str, weight: float = 1.0, texts: Dataset | None = None) -> None:
    """Have ``learner`` hold texts' vectors near those of the encoder called ``encoder`` from now on.

    Args:
        learner: of a model whose encoder is trained, by labels alone until now.
        encoder: a folder, or a name on the hub.
        weight: of the vectors' part of the loss.
        texts: whose vectors are held; those of the training rows where None.

    Raises:
        SettingsError: the model is one whose encoder is not trained, or that has none, or it is taught already.
        ModelError: the encoder cannot be used, or is of another width.
        DataError: none of ``texts`` has anything to read, or they are pairs and the training rows are not.
    """
    _see_that_it_can(learner, encoder)
    if texts is not None and texts.is_pairs != learner.train.is_pairs:
        kinds = ["pairs" if part.is_pairs else "single texts" for part in (texts, learner.train)]
        raise DataError(
            f"{texts.name} holds {kinds[0]} and {learner.train.name} {kinds[1]}; remember texts of one kind"
        )
    module, loss = _encoder(learner, encoder), learner.objective.loss
    told: dict[str, Any] = {}
    if texts is None:
        step = remembering(torch.from_numpy(_vectors(module, learner, learner.train)), weight=weight, loss=loss)
    else:
        texts, encoded = readable(learner.encoder, texts, "text")
        held = Held(encoded, torch.from_numpy(_vectors(module, learner, texts)), learner.encoder.pad_id)
        step = rehearsing(held, weight=weight, loss=loss)
        told = {"remember_texts": len(texts), "texts_held": texts.fingerprint}
    learner.take_step(
        step,
        parts=(LABELS, REMEMBERED),
        remember=models.shown(encoder),
        remember_weight=weight,
        remembered=_fingerprint(module),
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


def _see_that_it_can(learner: Learner, name: str) -> None:
    """Raise where there is nothing whose vectors could be held.

    Raises:
        SettingsError: the encoder is not trained, there is none, or the learner has another step.
    """
    source, freeze = models.shown(learner.source), learner.fit_settings.freeze
    if models.own_fit(learner.source) is not None or not isinstance(learner.model, TransformerModel):
        raise SettingsError(
            f"--remember {name} holds an encoder's vectors while it is trained, and --model {source} trains none; "
            "leave --remember out"
        )
    if freezes_encoder(learner.model.module, learner.fit_settings):
        raise SettingsError(
            f"--freeze {freeze} leaves the encoder as it is, and --remember {name} holds what it would change; give "
            "one of the two"
        )
    if learner.taught:
        raise SettingsError(f"--remember {name}: this learner is taught already; make another")


def _encoder(learner: Learner, name: str) -> TransformerModel:
    """The encoder called ``name``, which is as wide as the learner's model.

    Raises:
        SettingsError: it is the name of a family without weights.
        ModelError: it cannot be used, or is of another width.
    """
    if not models.is_encoder(name):
        raise SettingsError(
            f"--remember {name} names a family of models, none of them with weights to remember; give "
            "the folder of an encoder or its hub name"
        )
    try:
        folder = sentiment.folder() if name == models.DEFAULT else _hub.find(name, flag="--remember", families=False)
        with torch.random.fork_rng(devices=()):  # a head that it lacks is drawn alike each time, and read by nobody
            torch.manual_seed(0)
            encoder = load(folder).to(join().accelerator.device)
    except (ModelError, ArtefactError) as error:
        told = str(error)
        raise ModelError(told if "--remember" in told else f"--remember {name}: {told}") from error
    assert isinstance(learner.model, TransformerModel)
    widths = [one.inner.config.hidden_size for one in (learner.model, encoder)]
    if widths[0] != widths[1]:
        raise ModelError(
            f"--remember {name}: its vectors have {widths[1]} numbers and those of --model "
            f"{models.shown(learner.source)} have {widths[0]}; name an encoder of {widths[0]}"
        )
    return encoder


def _vectors(encoder: TransformerModel, learner: Learner, texts: Dataset) -> NDArray[np.float16]:
    """The encoder's vector of every text, equal ones read once: shape ``(N, D)``.

    Raises:
        TrainingError: another process has other texts, or another encoder.
    """
    firsts: dict[bytes, Input] = {}
    for key, item in zip(texts.ids, texts.inputs, strict=True):
        firsts.setdefault(key, item)
    length = min(learner.text.max_length, max_positions(encoder.inner.config))
    reader = Encoder.from_string(encoder.tokenizer, TextSettings(max_length=length, head=learner.text.head))
    processes = join()
    processes.agree({"texts to remember": texts.fingerprint, "encoder to remember": _fingerprint(encoder)})
    with learner.reporter.watch("vectors to remember", len(firsts)) as watch:
        found = vectors_of(
            encoder,
            reader.encode(list(firsts.values())),
            pad_id=reader.pad_id,
            precision=learner.fit_settings.precision,
            processes=processes,
            advance=watch.advance,
        )
    at = {key: place for place, key in enumerate(firsts)}
    return found.astype(np.float16)[[at[key] for key in texts.ids]]


def _fingerprint(encoder: TransformerModel) -> str:
    """A short name of the encoder's weights and its pieces."""
    pieces = hashlib.sha256(encoder.tokenizer.encode()).hexdigest()
    return hashlib.sha256(f"{weights_hash(encoder)} {pieces}".encode()).hexdigest()[:16]
