"""Three numbers and a temperature that make the probabilities of the two sides honest, of sentences and of reviews.

One temperature takes all logits for too large by as much; it cannot mend that sentences come out too positive and
reviews too negative. Texts of the two kinds differ most in how far neutral lies below the sides: so the logit of
positive against negative is made anew of what it was, of that distance and of a constant. It is matrix scaling (Guo et
al. 2017, arXiv 1706.04599, section 4.2) with one row of the matrix free; where neutral stands is divided by the
temperature alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.inspect.calibrate import temperature

Kinds = Mapping[str, tuple[NDArray[np.floating], NDArray[np.int64]]]
"""Kind of text -> logits of negative, neutral, positive, shape ``(N, 3)``, and 1 for each row that is positive."""

N_FOLDS = 5
_FREE = 1e6
"""scikit-learn's C: the numbers are held down by so little that it does not show."""


@dataclass(frozen=True)
class Scaling:
    """The logit of positive against negative becomes ``slope * side + lean * neutral + shift``."""

    slope: float
    """Of ``side``: the logit of positive less that of negative."""
    lean: float
    """Of ``neutral``: the logit of neutral less the mean of the other two."""
    shift: float
    temperature: float
    """Divides ``neutral``, and the mean of the other two."""

    def matrix(self) -> NDArray[np.float64]:
        """What three logits are multiplied by, from the left: shape ``(3, 3)``.

        >>> Scaling(slope=0.5, lean=0.0, shift=0.0, temperature=2.0).matrix().tolist()
        [[0.5, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.5]]
        """
        side, neutral = np.array([-1.0, 0, 1]), np.array([-0.5, 1, -0.5])
        half = (self.slope * side + self.lean * neutral) / 2
        middle = np.array([[0.5, 0, 0.5], [0, 1, 0], [0.5, 0, 0.5]])
        return middle / self.temperature + np.stack([-half, np.zeros(3), half])

    def bias(self) -> NDArray[np.float64]:
        """What is added to the three logits then: shape ``(3,)``."""
        return np.array([-self.shift / 2, 0.0, self.shift / 2])

    def __call__(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """Scaled logits, shape ``(N, 3)``."""
        return np.asarray(logits, np.float64) @ self.matrix().T + self.bias()


def fit(kinds: Kinds) -> Scaling:
    """The scaling with the least cross-entropy of the two sides, each kind of text counting as much as another."""
    logits = np.concatenate([rows for rows, _ in kinds.values()]).astype(np.float64)
    true = np.concatenate([targets for _, targets in kinds.values()])
    from sklearn.linear_model import LogisticRegression

    weight = np.concatenate([np.full(len(targets), len(true) / len(targets)) for _, targets in kinds.values()])
    model = LogisticRegression(C=_FREE, tol=1e-8, max_iter=1000)
    model.fit(_features(logits), true, sample_weight=weight)
    (slope, lean), (shift,) = model.coef_[0].tolist(), model.intercept_.tolist()
    return Scaling(slope, lean, shift, alone(kinds).temperature)


def alone(kinds: Kinds) -> Scaling:
    """The temperature alone, of as many rows of each kind."""
    n_each = min(len(targets) for _, targets in kinds.values())
    pairs = np.concatenate([rows[:n_each][:, [0, 2]] for rows, _ in kinds.values()]).astype(np.float64)
    found = temperature(pairs, np.concatenate([targets[:n_each] for _, targets in kinds.values()]))
    return Scaling(1 / found, 0.0, 0.0, found)


def judged(kinds: Kinds) -> dict[str, dict[str, float]]:
    """Of both ways to scale, on rows that they were not fitted to: the loss, and how much too positive each kind is.

    Every fifth row in turn is left out; the loss is the mean of the kinds'. What is too positive is in points.
    """
    told: dict[str, dict[str, float]] = {}
    for name, way in {"temperature": alone, "scaling": fit}.items():
        probs = {kind: np.empty(len(targets)) for kind, (_, targets) in kinds.items()}
        for fold in range(N_FOLDS):
            scaling = way({kind: (_but(logits, fold), _but(true, fold)) for kind, (logits, true) in kinds.items()})
            for kind, (logits, _) in kinds.items():
                probs[kind][fold::N_FOLDS] = positive(scaling(logits[fold::N_FOLDS]))
        told[name] = {"loss": float(np.mean([_loss(probs[kind], kinds[kind][1]) for kind in kinds]))}
        told[name] |= {kind: 100 * float((probs[kind] - kinds[kind][1]).mean()) for kind in kinds}
    return told


def positive(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Probability of positive against negative, shape ``(N,)``."""
    side: NDArray[np.float64] = 1 / (1 + np.exp(logits[:, 0] - logits[:, 2]))
    return side


def _features(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([logits[:, 2] - logits[:, 0], logits[:, 1] - (logits[:, 0] + logits[:, 2]) / 2], axis=1)


def _but(rows: NDArray[Any], fold: int) -> NDArray[Any]:
    return rows[np.arange(len(rows)) % N_FOLDS != fold]


def _loss(probs: NDArray[np.float64], true: NDArray[np.int64]) -> float:
    return float(-np.log(np.where(true == 1, probs, 1 - probs)).mean())
