"""Ways of making more of an encoder, with a few labels, than a layer on what it says as it is.

The one fine-tunes it from the fitted layer on (LP-FT, Kumar et al. 2022, arXiv 2202.10054). The other fine-tunes it by
pairs of texts, and fits a layer to what it has become (SetFit, Tunstall et al. 2022, arXiv 2209.11055); that asks for
classes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from limbeck.models import TextModel, Watch, frozen
from limbeck.models._average import added_weights, reading_layer
from limbeck.models._features import features_of
from limbeck.models._linear_head import Layer, fit_at
from limbeck.models.transformer import TransformerModel
from limbeck.train import contrast
from limbeck.train.checkpoint import Progress
from limbeck.train.loop import Loop, Work
from limbeck.train.progress import Reporter, Silent
from limbeck.train.settings import FitSettings
from limbeck.train.step import Collator

if TYPE_CHECKING:
    from limbeck.train.learner import Learner

_UPDATES, _EPOCHS = 160, (4, 10)
"""Updates that fine-tuning aims at, and epochs that it may take for them."""
_ROWS = 16
"""Rows a step where nothing is said: a batch of a thousand tokens would be a third of such a file."""
_STEP_DECAY = 0.9
"""Decay of the rate from layer to layer."""
_PAIRED_STRENGTH = 1.0
"""Of the layer on what pairs have made of the encoder, which has pulled these very rows apart: folds of them would
choose the weakest, and answers that are sure of everything."""


@dataclass(frozen=True)
class Trial:
    """What a way fits: some of a learner's training rows, under some settings."""

    learner: Learner
    model: TextModel
    """The encoder as it is; it is changed."""
    fit: FitSettings
    rows: NDArray[np.int64]
    layer: Layer
    """The output layer fitted to these rows with the encoder as it is."""
    watch: Watch | None = None
    """Moved by the rows read, forward and back, where this is a trial, of which no log is kept."""


@dataclass(frozen=True)
class Way:
    """A way of fine-tuning."""

    how: str
    """Its name for people."""
    settings: Callable[[Learner, int], FitSettings]
    """How so many rows are fitted."""
    fit: Callable[[Trial], Progress]
    """Leaves the model fitted, its output layer too."""
    reads: int
    """Texts read for a row and an epoch."""
    pairs: bool = False
    """Whether it learns pairs of texts, which want classes."""


def tuning(learner: Learner, n_rows: int) -> FitSettings:
    """How ``n_rows`` rows are fine-tuned: what the user named stays."""
    fit, asked = learner.fit_settings, learner.asked
    if asked.batch_size is None and asked.batch_tokens is None:
        fit = replace(fit, batch_size=_ROWS, batch_tokens=None)
    fit = fit.aimed_at(_UPDATES, learner.encoded.lengths[:n_rows], epochs=asked.epochs, between=_EPOCHS)
    decay = asked.layer_decay if asked.layer_decay != 1.0 else _STEP_DECAY
    return replace(fit, layer_decay=decay)


def tune(trial: Trial) -> Progress:
    """Fine-tune from the fitted layer on; the average of the tokens stays one."""
    frozen.write_layer(trial.model, trial.layer)
    return _run(trial, _work(trial), n_read=len(trial.rows))


def pairing(learner: Learner, n_rows: int) -> FitSettings:
    """How ``n_rows`` rows are fine-tuned by pairs: what the user named stays, but for batches and layers that join."""
    return contrast.settings_of(learner.fit_settings, learner.asked, learner.encoded.lengths[:n_rows])


def pair(trial: Trial) -> Progress:
    """Fine-tune by pairs, then fit the layer to the same rows."""
    learner, model = trial.learner, trial.model
    work, twin = _work(trial), _twin(trial)
    rows = work.collate
    assert isinstance(rows, Collator)
    layer = model.output_layer() if twin is None else reading_layer(twin)
    work = replace(work, step=contrast.step(layer), collate=contrast.PairCollator(rows, trial.fit.seed))
    progress = _run(trial, work, n_read=2 * len(trial.rows))
    encoded = learner.encoded.take(trial.rows)
    features = features_of(model, encoded, pad_id=learner.encoder.pad_id, watch=Silent().watch)
    kind = frozen.kind_of(learner.task, "--auto")
    frozen.write_layer(model, fit_at(kind, features, rows.targets, factor=_PAIRED_STRENGTH))
    return progress


WAYS = (
    Way("fine-tuned from the frozen encoder", tuning, tune, reads=1),
    Way("fine-tuned by pairs of texts", pairing, pair, reads=2, pairs=True),
)


def _work(trial: Trial) -> Work:
    """What the loop works on in ordinary fine-tuning of the trial's rows."""
    learner = trial.learner
    encoded, targets = learner.encoded.take(trial.rows), learner.job().train.targets[trial.rows]
    collate = Collator(encoded.ids, encoded.type_ids, targets, pad_id=learner.encoder.pad_id)
    twin = _twin(trial)
    held: frozenset[str] = frozenset() if twin is None else added_weights(twin)
    work = replace(
        learner.work(), model=trial.model.module, collate=collate, lengths=encoded.lengths, validate=None, held=held
    )
    return work if trial.watch is None else replace(work, listeners=())


def _twin(trial: Trial) -> TransformerModel | None:
    """The model, where it is the twin that averages."""
    model = trial.model
    return model if isinstance(model, TransformerModel) and model is not trial.learner.model else None


def _run(trial: Trial, work: Work, *, n_read: int) -> Progress:
    reporter: Reporter = trial.learner.reporter
    if trial.watch is not None:
        reporter = _Counting(trial.watch, n_read * (trial.fit.epochs or 1))
    return Loop(work, trial.fit, checkpoints=None, reporter=reporter).run()


class _Counting(Silent):
    """Moves a watch over the rows of several fits."""

    def __init__(self, watch: Watch, n_rows: int) -> None:
        self._watch, self._n_rows, self._total, self._done = watch, n_rows, 1, 0

    def begin(self, done: int, total: int) -> None:
        """Learn how many updates there will be."""
        del done
        self._total = total

    def update(self, done: int, loss: float) -> None:
        """Count the rows of one update."""
        del loss
        rows = self._n_rows * done // self._total
        self._watch.advance(rows - self._done)
        self._done = rows
