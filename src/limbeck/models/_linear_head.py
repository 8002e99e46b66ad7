"""A linear layer on features that stay as they are: logistic regression for classes, ridge regression for numbers.

Both are convex, so that the layer depends on the rows alone and not on a rate, an order or a start. The strength of
the L2 term is chosen on rows held back: five stratified folds, or the validation rows where there are many. All of it
is float64. What was rejected: scikit-learn at run time (60 MB for one function), and a strength that the user gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

N_FOLDS = 5
MANY_ROWS = 500
"""Validation rows that choose the strength as well as the folds do, at a fifth of the time."""
STRENGTHS = tuple(10.0 ** (half / 2) for half in range(4, -7, -1))
"""Strengths to choose from, times the number of features; the strongest first. As a prior on the weights they
say that logits of standardised features deviate from 0 by 0.1 at one end, by 32 at the other."""
_MIDDLE = 0.1
"""The factor of :data:`STRENGTHS` that is used where no row can be held back: logits that deviate by 3."""
_PATIENCE = 3
"""Strengths in a row without a lower loss that end the search, a factor of 32 together."""
_ROUGH, _EXACT = 1e-4, 1e-9
"""Largest entry of the gradient of the mean loss at which a fit ends: while strengths are compared, and at last."""
_MAX_ITERATIONS = 1000


@dataclass(frozen=True)
class Layer:
    """Weight of shape ``(C, D)`` and bias of shape ``(C,)``, float64."""

    weight: Tensor
    bias: Tensor

    def logits(self, features: Tensor) -> Tensor:
        """Shape ``(N, D)`` to ``(N, C)``."""
        return features @ self.weight.T + self.bias


@dataclass(frozen=True)
class HeadFit:
    """A fitted layer, and what rows held back said of its strength."""

    layer: Layer
    """Reads the features as they come: their standardisation is folded in."""
    strength: float
    """Of the L2 term: the layer minimises sum of the rows' losses + strength / 2 * sum of the squared weights."""
    losses: NDArray[np.float64]
    """Of each row that was held back, at that strength: in the folds' order, or the validation rows where those
    decided; none where no row could be."""
    held_back: NDArray[np.int64]
    """The training rows that were each held back in one of the folds; none where validation rows decided."""
    logits: NDArray[np.float64]
    """What the folds' layers said of them: shape ``(len(held_back), C)``."""

    @property
    def loss(self) -> float:
        """Mean loss of the rows held back; NaN where none could be."""
        return float(self.losses.mean()) if len(self.losses) else float("nan")


class Solver(Protocol):
    """Fits one set of rows at one strength after the other."""

    def at(self, strength: float, tolerance: float) -> Layer:
        """The layer at ``strength``; nearly the one that was asked for last is found soonest."""
        ...


@dataclass(frozen=True)
class Kind:
    """What is fitted: a solver of rows ``(N, D)`` with targets ``(N,)``, and the loss of each row."""

    solver: Callable[[Tensor, Tensor], Solver]
    losses: Callable[[Tensor, Tensor], Tensor]
    """From logits ``(N, C)`` and targets ``(N,)`` to ``(N,)``."""
    has_classes: bool


def logistic(n_classes: int) -> Kind:
    """Multinomial logistic regression of class indices."""
    return Kind(
        lambda features, targets: _Logistic(features, targets, n_classes),
        lambda logits, targets: F.cross_entropy(logits, targets, reduction="none"),
        has_classes=True,
    )


def ridge() -> Kind:
    """Ridge regression of numbers, best standardised."""
    return Kind(_Ridge, lambda logits, targets: (logits[:, 0] - targets).square(), has_classes=False)


def fit_head(
    kind: Kind,
    features: NDArray[np.float32],
    targets: NDArray[np.generic],
    *,
    seed: int,
    valid: tuple[NDArray[np.float32], NDArray[np.generic]] | None = None,
) -> HeadFit:
    """Choose the strength, then fit all training rows at it.

    A class with one row is never held back; a class without rows gets the bias of half a row. Features that do not
    vary get no weight. Rows that a plane parts are no trouble: the L2 term keeps the weights finite.

    Args:
        kind: :func:`logistic` or :func:`ridge`.
        features: of the training rows, shape ``(N, D)``.
        targets: class indices or numbers, shape ``(N,)``.
        seed: decides the folds.
        valid: features and targets of the validation rows, which choose where there are :data:`MANY_ROWS`.
    """
    rows, mean, scale = _standardised(features)
    wanted = _as_tensor(targets, kind)
    trials = _trials(kind, rows, wanted, seed)
    if valid is not None and len(valid[1]) >= MANY_ROWS:
        other = ((torch.from_numpy(valid[0]).double() - mean) / scale, _as_tensor(valid[1], kind))
        trials = [_Trial(kind.solver(rows, wanted), *other, None)]
    factor, losses, logits = _choose(kind, trials, rows.shape[1])
    strength = factor * rows.shape[1]
    layer = _unscaled(kind.solver(rows, wanted).at(strength, _EXACT), mean, scale)
    folds = [trial.held_back for trial in trials if trial.held_back is not None]
    held_back = np.concatenate(folds) if folds else np.zeros(0, np.int64)
    said = logits if folds else np.zeros((0, len(layer.weight)))
    return HeadFit(layer, strength, losses, held_back, said)


def fit_at(kind: Kind, features: NDArray[np.float32], targets: NDArray[np.generic], *, factor: float) -> Layer:
    """The layer at one strength, ``factor`` times the number of features: see :data:`STRENGTHS`."""
    rows, mean, scale = _standardised(features)
    solver = kind.solver(rows, _as_tensor(targets, kind))
    return _unscaled(solver.at(factor * rows.shape[1], _EXACT), mean, scale)


def _standardised(features: NDArray[np.float32]) -> tuple[Tensor, Tensor, Tensor]:
    """The features with mean 0 and deviation 1, and what their means and deviations were."""
    wide = torch.from_numpy(features).double()
    mean, scale = wide.mean(dim=0), wide.std(dim=0, correction=0)
    scale[scale <= 1e-7 * wide.abs().amax(dim=0)] = torch.inf  # a constant, up to rounding
    return (wide - mean) / scale, mean, scale


def _unscaled(layer: Layer, mean: Tensor, scale: Tensor) -> Layer:
    """The same layer for features as they come."""
    weight = layer.weight / scale
    return Layer(weight, layer.bias - weight @ mean)


@dataclass(frozen=True)
class _Trial:
    """Rows to fit, and others to measure on."""

    solver: Solver
    features: Tensor
    targets: Tensor
    held_back: NDArray[np.int64] | None
    """Their numbers among the training rows, where they stand there."""


def _trials(kind: Kind, rows: Tensor, targets: Tensor, seed: int) -> list[_Trial]:
    fold_of = folds(targets.numpy() if kind.has_classes else np.zeros(len(targets), np.int64), seed)
    trials = []
    for fold in range(N_FOLDS):
        out = np.flatnonzero(fold_of == fold)
        if len(out):
            kept = torch.from_numpy(fold_of != fold)
            solver = kind.solver(rows[kept], targets[kept])
            trials.append(_Trial(solver, rows[~kept], targets[~kept], out))
    return trials


def folds(strata: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Deal the rows of each stratum out over the folds in a seeded order: shape ``(N,)``; -1 for one that is alone.

    The folds differ by at most one row in each stratum, and every fold leaves a row of each to the others.
    """
    rng = np.random.default_rng(seed)
    fold_of = np.full(len(strata), -1, np.int64)
    dealt = 0
    for stratum in np.unique(strata):
        rows = rng.permutation(np.flatnonzero(strata == stratum))
        if len(rows) > 1:
            fold_of[rows] = (dealt + np.arange(len(rows))) % N_FOLDS
            dealt += len(rows)
    return fold_of


_Point = tuple[float, NDArray[np.float64], NDArray[np.float64]]
"""A factor, the loss of each row held back, and the trials' logits of it."""


def _choose(kind: Kind, trials: list[_Trial], n_features: int) -> _Point:
    """The point of the lowest mean loss; from strong to weak until it only rises."""
    best: _Point = (_MIDDLE, np.zeros(0), np.zeros((0, 0)))
    rises = 0
    for point in _path(kind, trials, n_features):
        if not len(best[1]) or point[1].mean() < best[1].mean():
            best, rises = point, 0
        else:
            rises += 1
        if rises == _PATIENCE:
            break
    return best


def _path(kind: Kind, trials: list[_Trial], n_features: int) -> Iterator[_Point]:
    for factor in STRENGTHS if trials else ():
        said = [trial.solver.at(factor * n_features, _ROUGH).logits(trial.features) for trial in trials]
        losses = [kind.losses(logits, trial.targets) for logits, trial in zip(said, trials, strict=True)]
        yield factor, torch.cat(losses).numpy(), torch.cat(said).numpy()


def _as_tensor(targets: NDArray[np.generic], kind: Kind) -> Tensor:
    return torch.from_numpy(targets.astype(np.int64 if kind.has_classes else np.float64))


class _Logistic:
    """L-BFGS from the layer found last; the bias is not held down (as in scikit-learn's ``LogisticRegression``)."""

    def __init__(self, features: Tensor, targets: Tensor, n_classes: int) -> None:
        self.present, self.targets = torch.unique(targets, return_inverse=True)
        self.features, self.n_classes = features, n_classes
        self.weight = torch.zeros(len(self.present), features.shape[1], dtype=torch.float64, requires_grad=True)
        self.bias = torch.zeros(len(self.present), dtype=torch.float64, requires_grad=True)

    def at(self, strength: float, tolerance: float) -> Layer:
        """Minimise the mean cross-entropy + strength / 2 N * sum of the squared weights."""
        optimizer = torch.optim.LBFGS(
            [self.weight, self.bias],
            max_iter=_MAX_ITERATIONS,
            tolerance_grad=tolerance,
            tolerance_change=1e-15,
            line_search_fn="strong_wolfe",
        )

        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = F.cross_entropy(F.linear(self.features, self.weight, self.bias), self.targets)
            loss = loss + strength / (2 * len(self.features)) * self.weight.square().sum()
            loss.backward()  # type: ignore[no-untyped-call]
            return loss

        optimizer.step(closure)  # type: ignore[no-untyped-call]
        return self._of_all_classes()

    def _of_all_classes(self) -> Layer:
        """The layer found, with rows for classes that no row has: no weight, and a probability of about 1 / 2 N."""
        weight = torch.zeros(self.n_classes, self.features.shape[1], dtype=torch.float64)
        bias = torch.full((self.n_classes,), float(self.bias.detach().logsumexp(0)), dtype=torch.float64)
        bias -= float(np.log(2 * len(self.features)))
        weight[self.present], bias[self.present] = self.weight.detach(), self.bias.detach()
        return Layer(weight, bias)


class _Ridge:
    """The closed form over the eigenvectors of the features' covariance, found once for all strengths."""

    def __init__(self, features: Tensor, targets: Tensor) -> None:
        self.mean, self.offset = features.mean(dim=0), targets.mean()
        centred = features - self.mean
        self.values, self.vectors = torch.linalg.eigh(centred.T @ centred)
        self.projected = self.vectors.T @ (centred.T @ (targets - self.offset))

    def at(self, strength: float, tolerance: float) -> Layer:
        """Minimise half the sum of the squared errors + strength / 2 * sum of the squared weights."""
        del tolerance  # the form is exact
        weight = self.vectors @ (self.projected / (self.values.clamp(min=0) + strength))
        return Layer(weight[None], (self.offset - weight @ self.mean)[None])
