"""A handful of labels: too few to hold any back, so that folds of the training rows decide what is kept.

The candidates: the encoder as it is, under a logistic (ridge) regression, and the ways of fine-tuning it in
:mod:`limbeck.train.few_ways`. All answer rows that they did not learn from. A fine-tuned one may be taken where its
mean loss is lower by more than the standard error of the difference, and it is right no less often; of several the one
of the lowest loss is. Where the folds cannot tell, the frozen one stays, which has few ways of being wrong.

So few rows that folds can hardly tell are learnt by pairs, which is what they are for, unless the folds speak against
it by more than twice the standard error: the draws of 8, 32 and 128 labels a class that were tried gained by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from limbeck import models
from limbeck.inspect.calibrate import BOUNDS, temperature
from limbeck.models import TextModel, frozen
from limbeck.models._features import features_of
from limbeck.models._linear_head import N_FOLDS, fit_head, folds
from limbeck.passes.calibrate import MIN_ROWS
from limbeck.settings import record
from limbeck.train.checkpoint import Progress
from limbeck.train.few_ways import WAYS, Trial, Way
from limbeck.train.freeze import trains_layers
from limbeck.train.loss_settings import LossSettings
from limbeck.train.rounds import Round
from limbeck.train.scoring import logits_of
from limbeck.train.settings import FitSettings

if TYPE_CHECKING:
    from limbeck.train.learner import Learner

MOST_ROWS = 1000
"""Rows that are cross-validated; of more, a tenth held back tells enough."""
LOOK_ROWS = 2000
"""Rows with validation rows beside them, over which the frozen encoder is still tried."""
_ALL_FOLDS = 200
"""Rows up to which every fold is tried; of more rows two folds judge as well as five of these."""
_HARDLY_TELL = 200
"""Judged rows up to which folds do not overrule pairs lightly, all of so many or two fifths of 500: of 64 the standard
error of a difference is still a tenth of the losses."""


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
    share = N_FOLDS - 1 if n_rows <= _ALL_FOLDS else 2 * (1 - 1 / N_FOLDS)
    passes = [way.reads * (way.settings(learner, n_rows).epochs or 1) for way in _ways(learner)]
    return share * sum(passes) + max(passes)


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
    """Choose between the frozen and the fine-tuned encoders by folds; keep the best one, fitted to all rows."""
    best = frozen.best_head(learner.job())
    judged = _judge(learner, best.model, best.head.held_back, best.head.logits)
    taken = min((way for way in judged if judged[way].takes_tuned), key=lambda way: judged[way].losses[1], default=None)
    if taken is None or learner.limit.is_up():
        why = "; ".join(one.why for one in judged.values()) or "there are too few rows to judge fine-tuning by"
        _tell(learner, "frozen encoder", why, judged)
        layer, progress = best.head.layer, Progress(log=[{"fit": {"name": "frozen", "features": best.features}}])
        frozen.write_layer(best.model, layer)
        best.model.module.eval()
        return _keep(learner, best.model, learner.fit_settings, progress)
    _tell(learner, taken.how, judged[taken].why, judged)
    every = np.arange(len(learner.train))
    trial = Trial(learner, best.model, taken.settings(learner, len(every)), every, best.head.layer)
    progress = taken.fit(trial)
    if judged[taken].temperature != 1.0:
        _scale(best.model.output_layer(), 1 / judged[taken].temperature)
    return _keep(learner, best.model, trial.fit, progress)


def _ways(learner: Learner) -> list[Way]:
    """Those that are tried: of classes with next to no rows the pairs alone, which want layers that learn."""
    if not learner.task.classes or not trains_layers(learner.model.module, learner.fit_settings):
        return [way for way in WAYS if not way.pairs]
    return [way for way in WAYS if way.pairs or len(learner.train) >= MIN_ROWS]


@dataclass(frozen=True)
class Judged:
    """What rows said that neither candidate learnt from."""

    rows: int
    how: str
    """Of the fine-tuned one: :attr:`limbeck.train.few_ways.Way.how`."""
    losses: tuple[float, float]
    """Mean loss of the frozen encoder, and of the fine-tuned one, each at its own temperature."""
    right: tuple[float, float] | None
    """Share of the rows that each got right; None for numbers."""
    error: float
    """Standard error of the difference of the losses."""
    temperature: float
    """Of the fine-tuned one's logits; 1 for numbers, and no less where there are too few rows to tell."""
    is_likely: bool = False
    """Whether the fine-tuned one is the better one as far as is known, whatever few rows say."""

    @property
    def takes_tuned(self) -> bool:
        """Whether fine-tuning is better, or where that is likely, not worse, by more than chance would have it."""
        if self.is_likely:
            return self.losses[1] - self.losses[0] <= 2 * self.error
        return self._is_lower and (self.right is None or self.right[1] >= self.right[0])

    @property
    def _is_lower(self) -> bool:
        """Whether fine-tuning loses less by more than the standard error."""
        return self.losses[0] - self.losses[1] > self.error

    @property
    def why(self) -> str:
        """The comparison in words."""
        right = "" if self.right is None else f", right {self.right[0]:.1%} and {self.right[1]:.1%}"
        is_guessed = self.takes_tuned and not self._is_lower
        cannot_tell = "; so few rows cannot tell, and pairs help as a rule" if is_guessed else ""
        return (
            f"on {self.rows} rows of folds the frozen encoder loses {self.losses[0]:.4f}, {self.how} "
            f"{self.losses[1]:.4f}, give or take {self.error:.4f}{right}{cannot_tell}"
        )


def compare(frozen_losses: NDArray[Any], tuned_losses: NDArray[Any]) -> tuple[tuple[float, float], float]:
    """Mean losses of two candidates on the same rows, and the standard error of their difference.

    >>> compare(np.array([1.0, 2.0, 3.0]), np.array([0.0, 2.0, 1.0]))
    ((2.0, 1.0), 0.5773502691896258)
    """
    difference = frozen_losses - tuned_losses
    error = float(difference.std(ddof=1) / np.sqrt(len(difference)))
    return (float(frozen_losses.mean()), float(tuned_losses.mean())), error


def _judge(learner: Learner, model: TextModel, held_back: NDArray[np.int64], said: NDArray[Any]) -> dict[Way, Judged]:
    """Fine-tune fold by fold in each way and compare; the model is left as it was. Empty: nothing to compare."""
    ways = _ways(learner)
    if len(held_back) < 2:
        return {}
    targets, seed = learner.job().train.targets, learner.fit_settings.seed
    fold_of = folds(targets if learner.task.classes else np.zeros(len(targets), np.int64), seed)
    tried = range(N_FOLDS if len(targets) <= _ALL_FOLDS else 2)
    fits = {way: way.settings(learner, len(targets)) for way in ways}
    features = features_of(model, learner.encoded, pad_id=learner.encoder.pad_id, watch=learner.reporter.watch)
    kind = frozen.kind_of(learner.task, "--auto")
    kept = {name: value.clone() for name, value in model.module.state_dict().items()}
    tuned: dict[Way, list[NDArray[np.float64]]] = {way: [] for way in ways}
    rows = []
    passes = sum(way.reads * (fit.epochs or 1) for way, fit in fits.items())
    total = passes * sum(int((fold_of != fold).sum()) for fold in tried)
    with learner.reporter.watch("trying fine-tuning", total) as watch:
        for fold in tried:
            learnt, out = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
            if not len(out) or learner.limit.is_up():
                continue
            layer = fit_head(kind, features[learnt], targets[learnt], seed=seed).layer
            for way, fit in fits.items():
                way.fit(Trial(learner, model, fit, learnt, layer, watch))
                tuned[way].append(_logits(learner, model, out))
                model.module.load_state_dict(kept)
            rows.append(out)
    if not rows:
        return {}
    asked = np.concatenate(rows)
    where = {int(row): n for n, row in enumerate(held_back)}
    plain = said[[where[int(row)] for row in asked]]
    return {way: _judged(learner, way, plain, np.concatenate(tuned[way]), targets[asked]) for way in ways}


def _judged(learner: Learner, way: Way, said: NDArray[Any], tuned: NDArray[Any], targets: NDArray[Any]) -> Judged:
    """Compare, each at its own temperature: only what it knows is to count, not how sure it is of that."""
    plain, heat, right, tells = 1.0, 1.0, None, len(targets) >= MIN_ROWS
    if learner.task.classes:
        plain, heat = temperature(said, targets), temperature(tuned, targets)
        if not tells:  # few rows may say that an answer is too sure of itself, not that it is too modest
            plain, heat = max(1.0, plain), max(1.0, heat)
        right = (float((said.argmax(1) == targets).mean()), float((tuned.argmax(1) == targets).mean()))
    pair = _losses(learner, _cooled(said, plain), targets), _losses(learner, _cooled(tuned, heat), targets)
    losses, error = compare(*pair)
    is_likely = way.pairs and len(targets) <= _HARDLY_TELL
    return Judged(len(targets), way.how, losses, right, error, heat, is_likely)


def _cooled(logits: NDArray[Any], heat: float) -> NDArray[Any]:
    """The logits at a temperature; all 0 at the highest, where they know nothing that the rows bear out."""
    return logits / heat if heat < BOUNDS[1] else np.zeros_like(logits)


def _losses(learner: Learner, logits: NDArray[Any], targets: NDArray[Any]) -> NDArray[np.float64]:
    kind = frozen.kind_of(learner.task, "--auto")
    wanted = torch.from_numpy(targets.astype(np.int64 if kind.has_classes else np.float64))
    found: Tensor = kind.losses(torch.from_numpy(logits.astype(np.float64)), wanted)
    return found.numpy()


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


def _tell(learner: Learner, how: str, why: str, judged: dict[Way, Judged]) -> None:
    told = {one.how: {"rows": one.rows, "losses": one.losses, "right": one.right} for one in judged.values()}
    tell(learner, how=how, why=why, **({"cross_validated": told} if told else {}))
