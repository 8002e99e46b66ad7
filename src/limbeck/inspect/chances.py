"""How likely a label is wrong, from how often an opinion as sure as this one is contradicted.

An opinion that says 0.8 is not wrong in a fifth of its rows: it errs where a text is hard, and it has seen labels of
which some are wrong. Both make it contradict a label, and only the second is a fault of the label. They are told apart
by the rows of which the opinion is surest, the anchors: there it hardly errs, so that what is contradicted is the
noise. Where it is less sure more is contradicted, and what goes beyond the noise is its own error.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from limbeck.errors import require

EXTRA = "explain"
LEAST_ROWS = 500
"""Fewer rows are too few to read the noise off their anchors: of 500 they are 100."""
ANCHORS = 0.2
"""Share of the rows, those of the surest opinion, that the noise is read off."""

Array = NDArray[np.float64]


def wrong_chances(probs: Array, targets: NDArray[np.int64]) -> Array:
    """The chance that each label is wrong: shape ``(N,)``.

    The share of contradicted labels falls with how sure the opinion is, and is fitted so (isotonic regression).

    Args:
        probs: the opinion, of rows that all have one: shape ``(N, C)``.
        targets: the labels' numbers: shape ``(N,)``.

    Raises:
        MissingExtra: scikit-learn, which cleanlab brings, is not installed.

    Source: Patrini et al. 2017, "Making deep neural networks robust to label noise", arXiv 1609.03683, section 4.2 (the
    noise is read off the rows of the surest opinion); the rest is Bayes' rule, see :func:`chance_of`.
    """
    isotonic = require("sklearn.isotonic", EXTRA).IsotonicRegression(increasing=False, out_of_bounds="clip")
    sure = probs.max(axis=1)
    contradicted = probs.argmax(axis=1) != targets
    anchors = np.argsort(-sure, kind="stable")[: max(1, round(ANCHORS * len(sure)))]
    noise = float(contradicted[anchors].mean())
    shares = np.maximum(isotonic.fit(sure, contradicted.astype(np.float64)).predict(sure), noise)
    return chance_of(shares, noise, contradicted, probs.shape[1])


def chance_of(shares: Array, noise: float, contradicted: NDArray[np.bool_], n_classes: int) -> Array:
    """The chance that a label is wrong, given how often labels are contradicted there: shape ``(N,)``.

    With the noise n, spread evenly over the other of C classes, and the opinion's own error e, a label is contradicted
    with the share s = n (1 - e) + e (1 - n / (C - 1)), which gives e, at most that of a guess. A contradicted label is
    wrong with the chance (n (1 - e) + e n (C - 2) / (C - 1)) / s, one that is not with e n / (C - 1) / (1 - s).

    Args:
        shares: how often labels are contradicted where the opinion is as sure as of this row: shape ``(N,)``.
        noise: share of labels that are wrong, between 0 and 1.
        contradicted: whether the opinion contradicts this label: shape ``(N,)``.
        n_classes: C, two at least.

    >>> chance_of(np.array([0.1, 0.34, 0.34]), 0.1, np.array([True, True, False]), 2).round(4).tolist()
    [1.0, 0.2059, 0.0455]
    """
    others = n_classes - 1
    most = others / n_classes  # no opinion errs more often than a guess
    left = 1 - noise * n_classes / others  # of 1, what the opinion's own error can add to the noise
    error = np.clip((shares - noise) / left, 0, most) if left > 0 else np.full_like(shares, most)
    wrong = noise * (1 - error) + error * noise * (others - 1) / others
    agreed = error * noise / others
    contradicts = noise * (1 - error) + error * (1 - noise / others)
    tiny = np.finfo(np.float64).tiny
    chance: Array = np.where(contradicted, wrong / np.maximum(contradicts, tiny), agreed / (1 - contradicts + tiny))
    return np.clip(chance, 0, 1)
