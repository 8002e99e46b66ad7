"""Fine-tuning an encoder by pairs of texts: of one class or of two is all that is asked, so that no layer is learnt.

A few labels make many pairs: 16 texts of two classes make 120. An output layer is then fitted to what the encoder has
become (SetFit, Tunstall et al. 2022, arXiv 2209.11055).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import nn

from limbeck.losses import contrastive
from limbeck.models import Output
from limbeck.models._features import tapped
from limbeck.train.settings import FitSettings
from limbeck.train.step import Collator, MicroBatch, Step, StepResult

UPDATES, EPOCHS = 80, (2, 40)
"""Updates that are aimed at, and epochs that may be taken for them. Of 60 updates at 2e-5 and 120 to 150 at 5e-5, tried
with all-MiniLM-L6-v2 on 16 sentences of SST-2 and 48 questions of TREC, neither was the better one throughout; 80 lie
between. What they give is in benchmarks/RESULTS.md (few labels)."""
ROWS = 8
"""Rows a step, each with a partner."""


class PairCollator:
    """Gives every row a partner of its class, drawn by the rows and the seed, so that each batch has pairs to learn."""

    def __init__(self, collate: Collator, seed: int) -> None:
        self.collate, self.seed = collate, seed
        self.alike = {
            target: np.flatnonzero(collate.targets == target) for target in np.unique(collate.targets).tolist()
        }

    def __call__(self, rows: NDArray[np.int64]) -> MicroBatch:
        """The micro-batch of ``rows`` and of as many partners behind them: token tensors of shape ``(2 B, T)``."""
        rng = np.random.default_rng([self.seed, *rows.tolist()])
        return self.collate(np.concatenate([rows, [self._partner(int(row), rng) for row in rows]]))

    def _partner(self, row: int, rng: np.random.Generator) -> int:
        """Another row of the class; the row itself where its class has no other."""
        alike = self.alike[self.collate.targets[row].item()]
        others = alike[alike != row]
        return int(rng.choice(others)) if len(others) else row


def step(layer: nn.Linear) -> Step:
    """The step of pairs: :func:`limbeck.losses.contrastive.loss` of what ``layer``, the output layer, is given.

    A row's loss is the mean of its own and its partner's.
    """

    def paired(model: nn.Module, micro: MicroBatch) -> StepResult:
        with tapped(layer) as given:
            output: Output = model(micro.batch)
        losses = contrastive.loss(given[0].flatten(start_dim=1), micro.targets)
        return StepResult(losses.view(2, -1).mean(dim=0), output.logits[: len(losses) // 2])

    return paired


def settings_of(fit: FitSettings, asked: FitSettings, lengths: NDArray[np.int64]) -> FitSettings:
    """How rows of such ``lengths`` in tokens are fine-tuned by pairs: rates and epochs that the user named stay.

    Batches do not: pairs are those of one batch, so that its size and accumulation are no matter of memory alone. Nor
    do layers join one by one, which begins with the output layer: pairs do not reach it.

    Args:
        fit: the settings as resolved.
        asked: the settings as given.
        lengths: tokens of each row, shape ``(N,)``.
    """
    fit = replace(fit, batch_size=ROWS, batch_tokens=None, accumulate=1, gradual=False)
    return fit.aimed_at(UPDATES, lengths, epochs=asked.epochs, between=EPOCHS)
