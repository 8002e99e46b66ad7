"""Tries that leave no trace: weights, modes, gradients and random states are put back, whatever happens."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn


@contextmanager
def untouched(module: nn.Module) -> Iterator[Callable[[], None]]:
    """While it is open, ``module`` may be trained; afterwards it and all random states are as they were.

    Yields:
        What puts the weights back at once, before another try. Weights stay on the device where a try moved them.
    """
    weights = {name: value.detach().clone() for name, value in module.state_dict().items()}
    modes = {part: part.training for part in module.modules()}
    wanted = {parameter: parameter.requires_grad for parameter in module.parameters()}
    gradients = {parameter: parameter.grad for parameter in module.parameters()}
    torchs, numpys, pythons = torch.get_rng_state(), np.random.get_state(), random.getstate()
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else None

    def put_back() -> None:
        module.load_state_dict(weights)

    for parameter in gradients:
        parameter.grad = None  # or a try would add to it
    try:
        yield put_back
    finally:
        put_back()
        for part, training in modes.items():
            part.training = training
        for parameter in module.parameters():
            parameter.requires_grad = wanted.get(parameter, True)
            parameter.grad = gradients.get(parameter)
        torch.set_rng_state(torchs)
        np.random.set_state(numpys)
        random.setstate(pythons)
        if devices is not None:
            torch.cuda.set_rng_state_all(devices)
