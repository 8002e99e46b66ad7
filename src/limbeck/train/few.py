"""A handful of labels: too few to hold any back, so that folds of the training rows decide what is kept.

Two candidates. The encoder as it is, under a logistic (ridge) regression, and the same encoder fine-tuned from there
(LP-FT, Kumar et al. 2022, arXiv 2202.10054). Both answer rows that they did not learn from; the fine-tuned one is
taken where its mean loss is lower by more than the standard error of the difference, and it is right no less often.
Where the folds cannot tell, the frozen one stays, which has few ways of being wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from limbeck import models
from limbeck.inspect.calibrate import temperature
from limbeck.models import TextModel, Watch, frozen
from limbeck.models._average import added_weights
from limbeck.models._features import features_of
from limbeck.models._linear_head import N_FOLDS, fit_head, folds
from limbeck.models.transformer import TransformerModel
from limbeck.passes.calibrate import MIN_ROWS
from limbeck.settings import record
from limbeck.train.checkpoint import Progress
from limbeck.train.loop import Loop
from limbeck.train.loss_settings import LossSettings
from limbeck.train.progress import Silent
from limbeck.train.rounds import Round
from limbeck.train.scoring import logits_of
from limbeck.train.settings import FitSettings
from limbeck.train.step import Collator

if TYPE_CHECKING:
    from limbeck.train.learner import Learner

MOST_ROWS = 1000
"""Rows that are cross-validated; of more, a tenth held back tells enough."""
LOOK_ROWS = 2000
"""Rows with validation rows beside them, over which the frozen encoder is still tried."""
_ALL_FOLDS = 200
"""Rows up to which every fold is tried; of more rows two folds judge as well as five of these."""
_UPDATES, _EPOCHS = 160, (4, 10)
"""Updates that fine-tuning aims at, and epochs that it may take for them."""
_ROWS = 16
"""Rows a step where nothing is said: a batch of a thousand tokens would be a third of such a file."""
_STEP_DECAY = 0.9
"""Decay of the rate from layer to layer."""


def needs_all(n_rows: int, *, source: str, task: str, loss: LossSettings) -> bool:
    """Whether so many rows of a task are all learnt from, none of them held back."""
    return n_rows <= MOST_ROWS and can_freeze(source=source, task=task, loss=loss)


def is_few(learner: Learner) -> bool:
    """Whether ``learner`` has nothing but a few training rows, and an encoder that knows something already."""
    kind = {"source": learner.source, "task": learner.task.name}
    return learner.valid is None and needs_all(len(learner.train), **kind, loss=learner.loss_settings)


def can_freeze(*, source: str, task: str, loss: LossSettings) -> bool:
    """Whether the frozen encoder is a candidate: a pretrained one, a task that has a layer, the plain loss."""
    return models.family_of(source) in frozen.ENCODERS and task in frozen.TASKS and not loss.given()


def n_epochs(learner: Learner) -> float:
    """Passes over all rows that :func:`fit_few` may take, forward and back."""
    n_rows = len(learner.train)
    share = (N_FOLDS - 1 if n_rows <= _ALL_FOLDS else 2 * (1 - 1 / N_FOLDS)) + 1
    return share * (tuning(learner, n_rows).epochs or 1)


def frozen_loss(learner: Learner) -> float | None:
    """What the frozen encoder loses on the validation rows, in the targets' units; None where that is not tried."""
    kind = {"source": learner.source, "task": learner.task.name}
    if learner.valid is None or len(learner.train) > LOOK_ROWS or not can_freeze(**kind, loss=learner.loss_settings):
        return None
    said = frozen.best_head(learner.job()).valid_logits
    if said is None:
        return None
    scale, offset = learner.scale  # numbers are fitted standardised, and validated as they are
    targets = learner.task.encode(learner.valid.targets or [])
    return float(learner.task.loss(said * scale + offset, targets).mean())


def take_frozen(learner: Learner) -> Progress:
    """Put the frozen encoder with its layer in place of the model, from the weights that the learner began with."""
    learner.begin_anew()
    fitted = frozen.fit(learner.job())
    return _keep(learner, fitted.model, learner.fit_settings, Progress(log=[{"fit": fitted.record}]))


def tell(learner: Learner, *, how: str, why: str, **chosen: Any) -> None:
    """Say what ``--auto`` chose and why, with the numbers among ``chosen``, and keep all of it for the record."""
    learner.chosen = {**learner.chosen, "how": how, **chosen, "why": why}
    numbers = ", ".join(f"{name} {value:g}" for name, value in chosen.items() if isinstance(value, int | float))
    learner.reporter.line(f"autofit: {how}{numbers and ': ' + numbers} ({why})")


def fit_few(learner: Learner) -> Progress:
    """Choose between the frozen and the fine-tuned encoder by folds; keep the better one, fitted to all rows."""
    job = learner.job()
    best = frozen.best_head(job)
    judged = _judge(learner, best.model, best.head.held_back, best.head.logits)
    if judged is None or not judged.takes_tuned or learner.limit.is_up():
        why = "there are too few rows to judge fine-tuning by" if judged is None else judged.why
        _tell(learner, "frozen encoder", why, judged)
        layer, progress = best.head.layer, Progress(log=[{"fit": {"name": "frozen", "features": best.features}}])
        frozen.write_layer(best.model, layer)
        best.model.module.eval()
        return _keep(learner, best.model, learner.fit_settings, progress)
    _tell(learner, "fine-tuned from the frozen encoder", judged.why, judged)
    frozen.write_layer(best.model, best.head.layer)
    fit = tuning(learner, len(learner.train))
    progress = _tune(learner, best.model, fit, np.arange(len(learner.train)))
    if judged.temperature != 1.0:
        _scale(best.model.output_layer(), 1 / judged.temperature)
    return _keep(learner, best.model, fit, progress)


@dataclass(frozen=True)
class Judged:
    """What rows said that neither candidate learnt from."""

    rows: int
    losses: tuple[float, float]
    """Mean loss of the frozen encoder, and of the fine-tuned one at its temperature."""
    right: tuple[float, float] | None
    """Share of the rows that each got right; None for numbers."""
    error: float
    """Standard error of the difference of the losses."""
    temperature: float
    """Of the fine-tuned one's logits; 1 for numbers, and where there are too few rows to tell."""

    @property
    def takes_tuned(self) -> bool:
        """Whether fine-tuning is better by more than chance would have it."""
        is_right = self.right is None or self.right[1] >= self.right[0]
        return is_right and self.losses[0] - self.losses[1] > self.error

    @property
    def why(self) -> str:
        """The comparison in words."""
        right = "" if self.right is None else f", right {self.right[0]:.1%} and {self.right[1]:.1%}"
        return (
            f"on {self.rows} rows of folds the frozen encoder loses {self.losses[0]:.4f}, fine-tuned "
            f"{self.losses[1]:.4f}, give or take {self.error:.4f}{right}"
        )


def compare(frozen_losses: NDArray[Any], tuned_losses: NDArray[Any]) -> tuple[tuple[float, float], float]:
    """Mean losses of two candidates on the same rows, and the standard error of their difference.

    >>> compare(np.array([1.0, 2.0, 3.0]), np.array([0.0, 2.0, 1.0]))
    ((2.0, 1.0), 0.5773502691896258)
    """
    difference = frozen_losses - tuned_losses
    error = float(difference.std(ddof=1) / np.sqrt(len(difference)))
    return (float(frozen_losses.mean()), float(tuned_losses.mean())), error


def tuning(learner: Learner, n_rows: int) -> FitSettings:
    """How ``n_rows`` rows are fine-tuned: what the user named stays."""
    fit, asked = learner.fit_settings, learner.asked
    if asked.batch_size is None and asked.batch_tokens is None:
        fit = replace(fit, batch_size=_ROWS, batch_tokens=None)
    an_epoch = len(fit.steps(learner.encoded.lengths[:n_rows]))
    epochs = asked.epochs or min(max(round(_UPDATES / an_epoch), _EPOCHS[0]), _EPOCHS[1])
    decay = asked.layer_decay if asked.layer_decay != 1.0 else _STEP_DECAY
    return replace(fit, epochs=epochs, layer_decay=decay, patience=None, validations=1, output_layer="fresh")


def _judge(learner: Learner, model: TextModel, held_back: NDArray[np.int64], said: NDArray[Any]) -> Judged | None:
    """Fine-tune fold by fold and compare; the model is left as it was. None where there is nothing to compare."""
    if len(held_back) < 2:
        return None
    targets = learner.job().train.targets
    fold_of = folds(targets if learner.task.classes else np.zeros(len(targets), np.int64), learner.fit_settings.seed)
    tried = range(N_FOLDS if len(targets) <= _ALL_FOLDS else 2)
    fit = tuning(learner, len(targets))
    features = features_of(model, learner.encoded, pad_id=learner.encoder.pad_id, watch=learner.reporter.watch)
    kind = frozen.kind_of(learner.task, "--auto")
    kept = {name: value.clone() for name, value in model.module.state_dict().items()}
    tuned, rows = [], []
    total = sum(int((fold_of != fold).sum()) * (fit.epochs or 1) for fold in tried)
    with learner.reporter.watch("trying fine-tuning", total) as watch:
        for fold in tried:
            learnt, out = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
            if not len(out) or learner.limit.is_up():
                continue
            head = fit_head(kind, features[learnt], targets[learnt], seed=learner.fit_settings.seed)
            frozen.write_layer(model, head.layer)
            _tune(learner, model, fit, learnt, watch)
            tuned.append(_logits(learner, model, out))
            rows.append(out)
            model.module.load_state_dict(kept)
    if not rows:
        return None
    asked = np.concatenate(rows)
    where = {int(row): n for n, row in enumerate(held_back)}
    return _judged(learner, said[[where[int(row)] for row in asked]], np.concatenate(tuned), targets[asked])


def _judged(learner: Learner, said: NDArray[Any], tuned: NDArray[Any], targets: NDArray[Any]) -> Judged:
    heat, right = 1.0, None
    if learner.task.classes:
        heat = temperature(tuned, targets) if len(targets) >= MIN_ROWS else 1.0
        right = (float((said.argmax(1) == targets).mean()), float((tuned.argmax(1) == targets).mean()))
    losses, error = compare(_losses(learner, said, targets), _losses(learner, tuned / heat, targets))
    return Judged(len(targets), losses, right, error, heat)


def _losses(learner: Learner, logits: NDArray[Any], targets: NDArray[Any]) -> NDArray[np.float64]:
    kind = frozen.kind_of(learner.task, "--auto")
    wanted = torch.from_numpy(targets.astype(np.int64 if kind.has_classes else np.float64))
    found: Tensor = kind.losses(torch.from_numpy(logits.astype(np.float64)), wanted)
    return found.numpy()


def _tune(
    learner: Learner, model: TextModel, fit: FitSettings, rows: NDArray[np.int64], watch: Watch | None = None
) -> Progress:
    """Fine-tune ``model`` on some of the training rows; the average of the tokens stays one."""
    encoded, targets = learner.encoded.take(rows), learner.job().train.targets[rows]
    collate = Collator(encoded.ids, encoded.type_ids, targets, pad_id=learner.encoder.pad_id)
    held: frozenset[str] = frozenset()
    if isinstance(model, TransformerModel) and model is not learner.model:  # the twin that averages
        held = added_weights(model)
    work = replace(
        learner.work(), model=model.module, collate=collate, lengths=encoded.lengths, validate=None, held=held
    )
    reporter = learner.reporter
    if watch is not None:  # a trial, which no log is of
        work, reporter = replace(work, listeners=()), _Counting(watch, len(rows) * (fit.epochs or 1))
    return Loop(work, fit, checkpoints=None, reporter=reporter).run()


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


def _logits(learner: Learner, model: TextModel, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    encoded, pad_id = learner.encoded.take(rows), learner.encoder.pad_id
    return logits_of(model.module, encoded, pad_id=pad_id, precision=learner.fit_settings.precision)


def _scale(layer: nn.Linear, factor: float) -> None:
    with torch.no_grad():
        layer.weight.mul_(factor)
        layer.bias.mul_(factor)


def _keep(learner: Learner, model: TextModel, fit: FitSettings, progress: Progress) -> Progress:
    learner.model = model
    learner.settings = {**learner.settings, **record(fit)}
    learner.rounds = (*learner.rounds, Round(fit, progress))
    return progress


def _tell(learner: Learner, how: str, why: str, judged: Judged | None) -> None:
    told = None if judged is None else {"rows": judged.rows, "losses": judged.losses, "right": judged.right}
    tell(learner, how=how, why=why, **({"cross_validated": told} if told else {}))
