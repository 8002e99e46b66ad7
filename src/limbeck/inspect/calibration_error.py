"""How far probabilities are from the shares that come true, freed of the upward push that few rows a bin give.

Binned errors are biased: even honest probabilities miss the share of a bin by chance. The debiased estimator takes the
expected chance part off each bin, so that honest probabilities measure about 0 at any number of rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.errors import DataError, SettingsError, together

BINS = 15


@dataclass(frozen=True)
class CalibrationError:
    """A debiased error and its bootstrap interval, as shares between 0 and 1."""

    value: float
    low: float
    high: float
    rows: int
    bins: int


def debiased_error(probs: NDArray[Any], came_true: NDArray[Any], *, bins: int = BINS) -> float:
    """Give the root of the debiased squared calibration error, 0 where the estimate is below 0.

    Bins are of equal mass: the rows sorted by probability, cut into ``bins`` parts of like size. Of a bin with n rows,
    mean probability s and share of truths y, the estimate takes (s - y)^2 - y (1 - y) / (n - 1).

    Source: Kumar, Liang and Ma 2019, "Verified Uncertainty Calibration" (arXiv 1909.10155), definition 4.1, with s the
    bin's mean probability.

    Args:
        probs: of an event, each between 0 and 1: shape ``(N,)``.
        came_true: whether it happened, 0 or 1: shape ``(N,)``.
        bins: fewer are taken where they would hold less than two rows.

    Raises:
        DataError: fewer than two rows, shapes that differ, or values out of range.
        SettingsError: less than one bin.

    >>> round(debiased_error(np.array([.2, .2, .2, .2, .8, .8, .8, .8]), np.array([0, 0, 0, 1, 0, 1, 1, 1]), bins=2), 9)
    0.0
    """
    probs, truths = _checked(probs, came_true, bins)
    return math.sqrt(max(0.0, _squared(probs, truths, bins, debiased=True)))


def calibration_error(
    probs: NDArray[Any],
    came_true: NDArray[Any],
    *,
    bins: int = BINS,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> CalibrationError:
    """Give :func:`debiased_error` with a bootstrap interval.

    Rows are drawn anew with replacement. Of what was drawn from the rows, the rows' own plain error is the truth, and
    the debiased estimates scatter around it as the estimate here scatters around the unknown one: the pivotal interval
    (Efron and Tibshirani 1993, section 13.3, "basic"), in squares, cut at 0. Percentiles of the estimates themselves
    would lie too high: the rows drawn have the chance part of the error twice.

    Args:
        probs: of an event, each between 0 and 1: shape ``(N,)``.
        came_true: whether it happened, 0 or 1: shape ``(N,)``.
        bins: of equal mass.
        resamples: how often rows are drawn.
        level: share of intervals that hold the true error.
        seed: of the draws.

    Raises:
        DataError: as :func:`debiased_error`.
        SettingsError: less than one bin or resample, or ``level`` is no share.
    """
    if resamples < 1 or not 0 < level < 1:
        raise SettingsError(f"resamples {resamples} and level {level}: give 1 or more, and a share between 0 and 1")
    probs, truths = _checked(probs, came_true, bins)
    estimate, truth = (_squared(probs, truths, bins, debiased=debiased) for debiased in (True, False))
    random = np.random.default_rng(seed)
    errors = np.empty(resamples)
    for n in range(resamples):
        rows = random.integers(0, len(probs), len(probs))
        errors[n] = _squared(probs[rows], truths[rows], bins, debiased=True) - truth
    below, above = np.quantile(errors, [(1 - level) / 2, (1 + level) / 2])
    value, low, high = (math.sqrt(max(0.0, float(square))) for square in (estimate, estimate - above, estimate - below))
    return CalibrationError(value, low, high, rows=len(probs), bins=_n_bins(len(probs), bins))


def _squared(probs: NDArray[Any], truths: NDArray[Any], bins: int, *, debiased: bool) -> float:
    """Mean over the rows of their bin's squared error."""
    order = np.argsort(probs, kind="stable")
    edges = np.linspace(0, len(probs), _n_bins(len(probs), bins) + 1).round().astype(np.int64)
    sizes = np.diff(edges)
    said = np.add.reduceat(probs[order], edges[:-1]) / sizes
    true = np.add.reduceat(truths[order], edges[:-1]) / sizes
    squares = (said - true) ** 2
    if debiased:
        squares = squares - true * (1 - true) / (sizes - 1)
    return float((sizes * squares).sum() / len(probs))


def _n_bins(n_rows: int, bins: int) -> int:
    """Two rows a bin at least: one tells no chance part."""
    return min(bins, n_rows // 2)


def _checked(
    probs: NDArray[Any], came_true: NDArray[Any], bins: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if bins < 1:
        raise SettingsError(f"{bins} bins hold no row; give 1 or more, {BINS} as a rule")
    probs, truths = np.asarray(probs, np.float64), np.asarray(came_true, np.float64)
    problems = []
    if probs.ndim != 1 or probs.shape != truths.shape:
        problems.append(f"probabilities of the shape {probs.shape} and truths of {truths.shape}; give two of (N,)")
    if probs.size < 2:
        problems.append(f"{probs.size} rows tell no calibration error; give two or more, hundreds for a useful one")
    if not ((probs >= 0) & (probs <= 1)).all():  # false for nan as well
        problems.append("a probability is not between 0 and 1; give probabilities, not logits")
    if not np.isin(truths, (0.0, 1.0)).all():
        problems.append("a truth is neither 0 nor 1; give whether the event happened")
    if problems:
        raise DataError(together(problems))
    return probs, truths
