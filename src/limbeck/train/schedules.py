"""Courses of the learning rate: pure functions of the update, and the torch scheduler that applies them."""

from __future__ import annotations

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR


def linear(update: int, *, total: int, warmup: float) -> float:
    """Factor on the rate: up over the first ``warmup`` share, then straight down, ending just above 0.

    The first update already moves, and the last one too: factors are 1/w, 2/w ... 1 over w warm-up updates.

    >>> [linear(n, total=5, warmup=0.4) for n in range(5)]
    [0.5, 1.0, 1.0, 0.6666666666666666, 0.3333333333333333]
    """
    rising = round(total * warmup)
    if update < rising:
        return (update + 1) / rising
    return max(0.0, (total - update) / max(1, total - rising))


def constant(update: int, *, total: int, warmup: float) -> float:
    """Factor on the rate: up over the first ``warmup`` share, then 1."""
    rising = round(total * warmup)
    return (update + 1) / rising if update < rising else 1.0


def make_scheduler(name: str, optimizer: Optimizer, *, total: int, warmup: float) -> LRScheduler:
    """The torch scheduler called ``name``, over ``total`` updates.

    1cycle is Smith's (arXiv 1803.09820) as torch has it: lr/10 up to lr over 30 % of the updates, down to lr/1000,
    beta1 from 0.95 to 0.85 and back.
    """
    if name == "1cycle":
        rates = [group["lr"] for group in optimizer.param_groups]  # each group's own, where layers have theirs
        return OneCycleLR(
            optimizer, max_lr=rates, total_steps=max(2, total), pct_start=0.3, div_factor=10.0, final_div_factor=100.0
        )
    course = {"linear": linear, "constant": constant}[name]
    return LambdaLR(optimizer, lambda update: course(update, total=total, warmup=warmup))
