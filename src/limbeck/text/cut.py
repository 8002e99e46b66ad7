"""Which tokens of an overlong text are kept: pure functions of lengths."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray


def share(lengths: tuple[int, ...], budget: int) -> tuple[int, ...]:
    """How many tokens each part of an input keeps, so that the sum fits ``budget``.

    The longer part of a pair gives way first (transformers' ``longest_first``): a short question is not cut
    because its passage is long.

    >>> share((300,), 254), share((10, 300), 253), share((200, 300), 253)
    ((254,), (10, 243), (127, 126))
    """
    if sum(lengths) <= budget:
        return lengths
    if len(lengths) == 1:
        return (budget,)
    first, second = lengths
    half = budget // 2
    if first <= half:
        return first, budget - first
    if second <= half:
        return budget - second, second
    return budget - half, half


def head_and_tail(length: int, keep: int, head: float) -> NDArray[np.int64]:
    """Positions kept of a part of ``length`` tokens: its beginning and its end, in order.

    Args:
        length: tokens there are.
        keep: tokens to keep, at most ``length``.
        head: share of the kept tokens that comes from the beginning.

    >>> head_and_tail(10, 4, 0.25).tolist()
    [0, 7, 8, 9]
    """
    if keep >= length:
        return np.arange(length)
    n_head = min(keep, round(keep * head))
    return np.concatenate([np.arange(n_head), np.arange(length - (keep - n_head), length)])


def windows(length: int, size: int) -> list[tuple[int, int]]:
    """Spans ``(start, stop)`` that cover ``length`` tokens in as few windows of at most ``size`` as possible.

    The windows are as even as can be: a remainder of three tokens would say nothing alone, yet weigh like a full one.

    >>> windows(10, 4)
    [(0, 4), (4, 7), (7, 10)]
    """
    n_windows = max(1, -(-length // size))
    width, wider = divmod(length, n_windows)
    edges = [n * width + min(n, wider) for n in range(n_windows + 1)]
    return list(itertools.pairwise(edges))
