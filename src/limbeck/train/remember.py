"""Learning labels without forgetting what an encoder knows: each text's vector stays near the encoder's own.

The encoder may be the one that the model was made of, or one with a larger vocabulary than the model has: each reads a
text by its own tokenizer. It is asked about every text once, before the training begins; a resume asks it again.

Source: Li & Hoiem 2016 (Learning without Forgetting, arXiv 1606.09282) hold the old tasks' answers on the new task's
inputs; an encoder's answer is its vector.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from limbeck import models
from limbeck.errors import ModelError, SettingsError
from limbeck.losses import Loss, vectors
from limbeck.models import _hub
from limbeck.models.transformer import TransformerModel, load, max_positions
from limbeck.text import Encoder, TextSettings
from limbeck.train.identity import weights_hash
from limbeck.train.processes import join
from limbeck.train.remember_settings import RememberSettings
from limbeck.train.scoring import vectors_of
from limbeck.train.step import MicroBatch, Step, StepResult

if TYPE_CHECKING:
    from limbeck.train.learner import Learner

LABELS, REMEMBERED = "labels", "remembered"
"""Names of the loss's parts."""


def remember(learner: Learner, settings: RememberSettings) -> None:
    """Have ``learner`` hold its texts' vectors near an encoder's from now on; nothing where ``settings`` name none.

    Raises:
        SettingsError: the model is one whose encoder is not trained, or that has none.
        ModelError: the encoder cannot be used, or is of another width.
    """
    model = learner.model
    if settings.remember is None:
        return
    if models.own_fit(learner.source) is not None or not isinstance(model, TransformerModel):
        raise SettingsError(
            f"--remember {settings.remember} holds an encoder's vectors while it is trained, and --model "
            f"{models.shown(learner.source)} trains none; leave --remember out"
        )
    with torch.random.fork_rng(devices=()):  # a head that it lacks is drawn alike each time, and read by nobody
        torch.manual_seed(0)
        encoder = load(_hub.find(settings.remember, flag="--remember", families=False))
    widths = [one.inner.config.hidden_size for one in (model, encoder)]
    if widths[0] != widths[1]:
        raise ModelError(
            f"--remember {settings.remember}: its vectors have {widths[1]} numbers and those of --model "
            f"{models.shown(learner.source)} have {widths[0]}; name an encoder of {widths[0]}"
        )
    learner.take_step(
        remembering(
            torch.from_numpy(_vectors(encoder, learner)), weight=settings.remember_weight, loss=learner.objective.loss
        ),
        parts=(LABELS, REMEMBERED),
        remember=models.shown(settings.remember),
        remember_weight=settings.remember_weight,
        remembered=weights_hash(encoder),
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


def _vectors(encoder: TransformerModel, learner: Learner) -> np.ndarray[tuple[int, ...], np.dtype[np.float16]]:
    """The encoder's vector of every training row, equal texts read once: shape ``(N, D)``."""
    train = learner.train
    firsts: dict[bytes, int] = {}
    for row, key in enumerate(train.ids):
        firsts.setdefault(key, row)
    length = min(learner.text.max_length, max_positions(encoder.inner.config))
    reader = Encoder.from_string(encoder.tokenizer, TextSettings(max_length=length, head=learner.text.head))
    each = [train.inputs[row] for row in firsts.values()]
    with learner.reporter.watch("vectors to remember", len(each)) as watch:
        found = vectors_of(
            encoder,
            reader.encode(each),
            pad_id=reader.pad_id,
            precision=learner.fit_settings.precision,
            processes=join(),
            advance=watch.advance,
        )
    at = {key: place for place, key in enumerate(firsts)}
    return found.astype(np.float16)[[at[key] for key in train.ids]]
