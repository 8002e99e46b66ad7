"""What to leave out of a text, and what its words did: pure functions of masks.

A mask is a row of booleans, one a word, True where the word stays. One word at a time says little where words repeat
each other ("a great, superb film") or belong together ("not good"), so that pairs of neighbours and many words at a
time are left out too, and a ridge regression spreads what all rows say over the words.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Masks = NDArray[np.bool_]

RIDGE = 0.1
"""Shrinks effects a little; one word that is left out once keeps ten elevenths of what it did."""
CHANCE_ROWS = 32
"""Rows that leave out many words, drawn by chance; each stands beside the row that leaves out the others."""


def neighbours(n_words: int, size: int) -> Masks:
    """Masks that leave out each run of ``size`` neighbours: shape ``(max(0, n_words - size + 1), n_words)``.

    >>> neighbours(3, 2).astype(int).tolist()
    [[0, 0, 1], [1, 0, 0]]
    """
    starts = np.arange(max(0, n_words - size + 1))[:, None]
    places = np.arange(n_words)[None, :]
    masks: Masks = (places < starts) | (places >= starts + size)
    return masks


def by_chance(n_words: int, n_rows: int) -> Masks:
    """Masks that leave out 1 to all but one words, any number as likely, and each mask's opposite.

    The draws are the same for the same number of words, so that an explanation is the same each time. Their shape is
    ``(n_rows, n_words)``, with ``n_rows`` even.

    Source:
        Lundberg and Lee 2017, arXiv 1705.07874, as the package shap draws: opposites together lower the variance.
    """
    random = np.random.default_rng(n_words)
    ranks = random.permuted(np.tile(np.arange(n_words), (n_rows // 2, 1)), axis=1)
    masks: Masks = ranks >= random.integers(1, max(2, n_words), (n_rows // 2, 1))
    return np.concatenate([masks, ~masks])


def first_masks(n_words: int, n_rows: int) -> Masks | None:
    """Masks of each word, of each two neighbours and of many words by chance, as far as ``n_rows`` hold each kind.

    None for more words than rows.
    """
    if n_words > n_rows:
        return None
    masks = neighbours(n_words, 1)
    if n_words < 3:
        return masks
    for more in (neighbours(n_words, 2), by_chance(n_words, CHANCE_ROWS)):
        if len(masks) + len(more) <= n_rows:
            masks = np.concatenate([masks, more])
    return masks


def split_strongest(
    groups: Sequence[NDArray[np.int64]], effects: NDArray[np.float64], n_parts: int
) -> tuple[list[int], list[NDArray[np.int64]]]:
    """Which groups of words to look into, and the parts to leave out one by one: their words, where these are few.

    >>> split_strongest([np.array([0, 1]), np.array([2, 3])], np.array([0.5, -2.0]), 3)
    ([1], [array([2]), array([3])])

    Args:
        groups: places of words.
        effects: what each group did to the answer: shape ``(len(groups),)``.
        n_parts: parts there may be, at least one.

    Returns:
        Numbers of the groups of the greatest effects, either sign, as many as fit whole; the strongest in any case,
        in parts of several words where it has more words than ``n_parts``.
    """
    chosen: list[int] = []
    parts: list[NDArray[np.int64]] = []
    for n in np.argsort(-np.abs(effects), kind="stable").tolist():
        if len(groups[n]) < 2:
            continue
        if len(parts) + len(groups[n]) > n_parts and chosen:
            break
        chosen.append(n)
        parts += np.array_split(groups[n], min(len(groups[n]), n_parts))
    return chosen, parts


def without(groups: Sequence[NDArray[np.int64]], n_words: int) -> Masks:
    """Masks that leave out each of ``groups``, given by their words' places: shape ``(len(groups), n_words)``."""
    masks = np.ones((len(groups), n_words), np.bool_)
    for mask, group in zip(masks, groups, strict=True):
        mask[group] = False
    return masks


def word_effects(masks: Masks, fell: NDArray[np.float64], *, ridge: float = RIDGE) -> NDArray[np.float64]:
    """What each word did to each output: shape ``(n_words, C)``.

    The effects are the ridge regression of ``fell`` on what was left out: min |Z w - fell|^2 + ridge |w|^2 with
    Z = 1 - masks, solved in the rows, which are few. Words that were left out only together share their effect evenly.

    >>> word_effects(np.array([[False, True], [True, False]]), np.array([[2.0], [1.0]]), ridge=0.0).tolist()
    [[2.0], [1.0]]

    Args:
        masks: True where a word stayed: shape ``(N, n_words)``.
        fell: by how much each output fell: shape ``(N, C)``.
        ridge: the weight of the penalty.

    Source:
        Ribeiro et al. 2016, arXiv 1602.04938, and Lundberg and Lee 2017, arXiv 1705.07874, section 4.1 (a linear model
        of masks); the rows here are chosen, and weigh the same.
    """
    left_out = (~masks).astype(np.float64)
    gram = left_out @ left_out.T
    gram[np.diag_indices_from(gram)] += ridge
    effects: NDArray[np.float64] = left_out.T @ np.linalg.lstsq(gram, fell, rcond=None)[0]
    return effects


def log_odds(probs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of p / (1 - p), in nats, at most 27.6 away from 0; the same shape as ``probs``.

    >>> round(float(log_odds(np.array(0.75))), 4)
    1.0986
    """
    clipped = np.clip(probs, 1e-12, 1.0 - 1e-12)
    odds: NDArray[np.float64] = np.log(clipped) - np.log1p(-clipped)
    return odds
