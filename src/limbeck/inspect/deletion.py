"""Whether an explanation is true to its model: what becomes of the answer as the words it names are taken away.

Words are deleted one after the other, those first that are said to speak most for the answer, and the class's
probability is watched. If the effects are right it falls sooner than when words go in a random order; the area between
the two curves says by how much (the deletion metric of Petsiuk et al. 2018, arXiv 1806.07421, beside random orders).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from limbeck.inspect.occlude import Masks

Ask = Callable[[Masks], NDArray[np.float64]]
"""Gives the probability of the explained class for each mask: shape ``(N, n_words) -> (N,)``."""


def deletion_masks(order: Sequence[int] | NDArray[np.int64]) -> Masks:
    """Masks that leave out the first 0, 1, ... all words of ``order``: shape ``(n_words + 1, n_words)``.

    >>> deletion_masks([1, 0]).astype(int).tolist()
    [[1, 1], [1, 0], [0, 0]]
    """
    rank = np.empty(len(order), np.int64)
    rank[np.asarray(order, np.int64)] = np.arange(len(order))
    masks: Masks = rank[None, :] >= np.arange(len(order) + 1)[:, None]
    return masks


def curve_area(probs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area under curves over the share of words deleted, from 0 to 1: shape ``(..., n_words + 1) -> (...,)``.

    >>> float(curve_area(np.array([1.0, 0.5, 0.0])))
    0.5
    """
    area: NDArray[np.float64] = (probs[..., 1:] + probs[..., :-1]).sum(axis=-1) / (2 * (probs.shape[-1] - 1))
    return area


def deletion_gain(effects: NDArray[np.float64], ask: Ask, *, n_random: int = 10, seed: int = 0) -> float:
    """By how much the answer falls sooner than by chance: the area under random orders less that under ``effects``.

    Args:
        effects: what each word is said to do for the answer: shape ``(n_words,)``, at least one.
        ask: asks the model.
        n_random: random orders, whose areas are averaged.
        seed: of these orders.

    Returns:
        A difference of probabilities in [-1, 1], averaged over the share of words deleted; 0 is no better than chance.
    """
    random = np.random.default_rng(seed)
    orders = [np.argsort(-effects, kind="stable"), *(random.permutation(len(effects)) for _ in range(n_random))]
    probs = ask(np.concatenate([deletion_masks(order) for order in orders]))
    areas = curve_area(probs.reshape(len(orders), len(effects) + 1))
    return float(areas[1:].mean() - areas[0])
