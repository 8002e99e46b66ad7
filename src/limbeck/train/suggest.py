"""Which learning rate a curve of losses speaks for: pure functions of numbers, without torch.

A range test gives a curve of losses over rates that rise geometrically. Three readings of it are here, each None where
the curve does not fall: they name rates that are far too high for a pretrained encoder (1e-3 where it wants 1e-5),
because they tell what lowers the loss of the next update, not what a whole training ends with. Pilot runs decide that:
:func:`next_rate` says which rate to try, :func:`vertex` what the tries speak for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limbeck.metrics import exponential_means

Numbers = Sequence[float] | NDArray[np.float64]

BETA = 0.9
"""Weight of the past in a smoothed loss: of twelve updates a decade it looks back over most of one."""
DIVERGED = 4.0
"""Losses of so many times the best end a range test (fastai's and ktrain's factor)."""
PERSISTS = 8
"""Losses in a row that make a divergence: single batches differ, those of a model that knows its rows a hundredfold."""
STEADY = 10
"""Updates after which a smoothed loss tells the usual from a lucky batch."""
LEAST_FALL = 0.05
"""Share of its beginning by which a curve must fall to say anything."""
HORIZON_POWER = 0.32
"""How the best rate falls with the length of a training: Bjorck et al. 2024 (arXiv 2409.19913), LR ~ length^-0.32."""
DOUBT = 0.05
"""Chance of taking noise for a finding."""


@dataclass(frozen=True)
class Trial:
    """A rate that was tried."""

    rate: float
    loss: float | None
    """Loss on rows held back; None where the training diverged."""


def smoothed(losses: Numbers) -> NDArray[np.float64]:
    """Exponential means of the losses so far with the weight :data:`BETA`: shape ``(N,)``."""
    return exponential_means(losses, BETA)


def has_diverged(losses: Numbers) -> bool:
    """Tell whether the last :data:`PERSISTS` losses all stand above :data:`DIVERGED` times the best before them."""
    return _runs_off(np.asarray(losses, np.float64), smoothed(losses), len(losses) - PERSISTS)


def divergence(losses: Numbers, *, then_no_number: bool = False) -> int | None:
    """Index of the first update that belongs to a divergence; None where there is none.

    That of the first :data:`PERSISTS` losses in a row above :data:`DIVERGED` times the best before them; fewer will do
    at the end where a loss followed that was no number.
    """
    raw, curve = np.asarray(losses, np.float64), smoothed(losses)
    last = len(raw) - (0 if then_no_number else PERSISTS - 1)
    return next((n for n in range(last) if _runs_off(raw, curve, n)), None)


def _runs_off(raw: NDArray[np.float64], curve: NDArray[np.float64], begin: int) -> bool:
    """Whether a divergence begins there; the best before is the lowest steady mean, or the highest of unsteady ones."""
    if begin < 1:
        return False
    best = curve[STEADY - 1 : begin].min() if begin >= STEADY else curve[:begin].max()
    return bool((raw[begin : begin + PERSISTS] > DIVERGED * best).all())


def _beginning(n_losses: int) -> int:
    """Updates of the first tenth of a curve, whose rates change nothing, and whose means are unsteady."""
    return max(1, n_losses // 10)


def _lowest(curve: NDArray[np.float64]) -> int:
    """Index of the lowest smoothed loss behind the beginning."""
    begin = _beginning(len(curve))
    return begin + int(curve[begin:].argmin())


def falls(losses: Numbers) -> bool:
    """Tell whether the smoothed loss falls by :data:`LEAST_FALL` of the mean of the first tenth of the updates.

    And by more than three standard errors of that mean, where there are losses enough to tell: batches differ.
    """
    raw = np.asarray(losses, np.float64)
    if len(raw) < 3:
        return False
    beginning, curve = raw[: _beginning(len(raw))], smoothed(raw)
    noise = 3 * float(beginning.std(ddof=1)) / math.sqrt(len(beginning)) if len(beginning) > 2 else 0.0
    mean = float(beginning.mean())
    return mean - float(curve[_lowest(curve)]) > max(noise, LEAST_FALL * mean)


def steepest(rates: Numbers, losses: Numbers) -> float | None:
    """The rate at which the smoothed loss falls fastest in the logarithm of the rate, before its minimum.

    The slope at an update is that of its two neighbours, and the index that is found is the index of the rate: a window
    that is cut off in front (ktrain's 0.41.4 slices the losses, not the rates) would name a rate many times too low.
    """
    if not falls(losses):
        return None
    curve, logs = smoothed(losses), np.log(np.asarray(rates, np.float64))
    end = _lowest(curve) + 1
    begin, slopes = _beginning(len(curve)), np.gradient(curve[:end], logs[:end])
    return float(rates[begin + int(slopes[begin:].argmin())])


def valley(rates: Numbers, losses: Numbers) -> float | None:
    """The middle of the longest valley: of the longest subsequence of smoothed losses that falls without a rise.

    Source: fastai's ``valley`` (fastai/callback/schedule.py), the middle in the logarithm of the rate. Its beginning is
    that of the subsequence itself; fastai takes the last index minus the length, as if no loss were left out.
    """
    if not falls(losses):
        return None
    curve = smoothed(losses)
    lengths, before = np.ones(len(curve), np.int64), np.full(len(curve), -1)
    for n in range(1, len(curve)):
        higher = np.flatnonzero(curve[:n] > curve[n])
        if len(higher):
            before[n] = higher[int(lengths[higher].argmax())]
            lengths[n] = lengths[before[n]] + 1
    end = start = int(lengths.argmax())
    while before[start] >= 0:
        start = int(before[start])
    return float(rates[(start + end) // 2])


def tenth_of_minimum(rates: Numbers, losses: Numbers) -> float | None:
    """A tenth of the rate at which the smoothed loss is lowest."""
    return float(rates[_lowest(smoothed(losses))]) / 10 if falls(losses) else None


def middle(readings: Sequence[float | None]) -> float | None:
    """The middle one of what a curve suggests, the lower of two; None where it suggests nothing.

    Each reading fails now and then: a valley begins early on a flat curve, a minimum stands right before the end.

    >>> middle([2e-2, 5e-5, 3e-3]), middle([None, 1e-3, 1e-4]), middle([None])
    (0.003, 0.0001, None)
    """
    found = sorted(reading for reading in readings if reading is not None)
    return found[(len(found) - 1) // 2] if found else None


def next_rate(
    trials: Sequence[Trial], *, start: float, factor: float, most: int, ceiling: float, learnt: float = math.inf
) -> float | None:
    """The rate to try next; None when what there is tells enough, or ``most`` are tried.

    A loss of ``learnt`` or more is that of a model that learnt nothing: its rate may be too low as well as too high. As
    long as there is no better one, rates lie one step below ``start`` and one above, then two, and so on. From a rate
    that learnt something the search goes by ``factor`` towards the lower loss, until there is a worse one on either
    side; then half a step to both sides of the best. No rate is above ``ceiling``.
    """
    start = min(start, ceiling)

    def position(rate: float) -> float:
        return float(round(2 * math.log(rate / start) / math.log(factor)) / 2)

    if len(trials) >= most:
        return None
    tried = {position(trial.rate): math.inf if trial.loss is None else trial.loss for trial in trials}
    best = min(tried, key=lambda place: (tried[place], place), default=0.0)
    if not tried or tried[best] >= learnt:
        places = [0.0, *(sign * float(step) for step in range(1, most) for sign in (-1, 1))]
    else:
        steps = (1.0, 0.5) if best == round(best) else (0.5,)
        places = [best + sign * step for step in steps for sign in (-1, 1)]
    for place in places:
        rate = start * math.pow(factor, place)
        if place not in tried and (rate <= ceiling or place == 0):
            return rate
    return None


def best(trials: Sequence[Trial]) -> Trial | None:
    """The trial of the lowest loss, of equal ones that of the lowest rate; None where all diverged."""
    finite = [trial for trial in trials if trial.loss is not None]
    return min(finite, key=lambda trial: (trial.loss, trial.rate), default=None)


def vertex(trials: Sequence[Trial]) -> float | None:
    """The rate at the lowest point of the parabola through the best trial and its neighbours, in the logarithm.

    The best trial's own rate where a neighbour is missing or diverged; None where all diverged.
    """
    lowest = best(trials)
    if lowest is None:
        return None
    order = sorted(trials, key=lambda trial: trial.rate)
    place = order.index(lowest)
    around = order[max(0, place - 1) : place + 2]
    if len(around) < 3 or any(trial.loss is None for trial in around):
        return lowest.rate
    (x0, x1, x2), (y0, y1, y2) = ([math.log(t.rate) for t in around], [float(t.loss or 0.0) for t in around])
    left, right = (y1 - y0) / (x1 - x0), (y2 - y1) / (x2 - x1)
    bend = (right - left) / (x2 - x0)
    if bend <= 0:
        return lowest.rate
    return math.exp(min(x2, max(x0, (x0 + x1) / 2 - left / (2 * bend))))


def for_longer(rate: float, *, tried: int, wanted: int) -> float:
    """The rate for a training of ``wanted`` updates, where ``rate`` is best for one of ``tried``; never a higher one.

    Source: :data:`HORIZON_POWER`. Four times the length: 0.64 times the rate.
    """
    return rate * math.pow(min(1.0, tried / wanted), HORIZON_POWER)


def evidence(n_rows: int, chance: float, loss: float, *, squared: bool) -> float:
    """How strongly rows held back speak for a model against a guess that knows no text, in nats.

    The logarithm of a likelihood ratio: cross-entropies as they are, squared errors as of a normal distribution each.
    Where labels have nothing to do with texts, and ``chance`` is the least loss of any such guess on these very rows,
    it passes ``log(1 / p)`` with a chance of at most p (Markov's inequality), however the model was made; of squared
    errors, whose variance is fitted to them, nearly so.
    """
    if squared:
        return n_rows / 2 * math.log(chance / loss) if chance > 0 and loss > 0 else 0.0
    return n_rows * (chance - loss)


def enough_evidence(n_looks: int) -> float:
    """The nats that :func:`evidence` must pass where the best of ``n_looks`` is taken."""
    return math.log(n_looks / DOUBT)


def convincing_loss(n_rows: int, chance: float, n_looks: int, *, squared: bool) -> float:
    """The loss on ``n_rows`` from which on :func:`evidence` is enough: anything below tells of something learnt."""
    needed = enough_evidence(n_looks) / n_rows
    return chance * math.exp(-2 * needed) if squared else chance - needed


def rounded(rate: float, ceiling: float = math.inf) -> float:
    """The rate to two significant digits, never above ``ceiling``.

    >>> rounded(8.04e-05), rounded(0.00123, ceiling=0.0012), rounded(0.00129, ceiling=0.00129)
    (8e-05, 0.0012, 0.0012)
    """
    near = float(f"{min(rate, ceiling):.1e}")
    if near <= ceiling:
        return near
    step = 10.0 ** (math.floor(math.log10(ceiling)) - 1)
    return float(f"{near - step:.1e}")
