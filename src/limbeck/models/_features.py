"""What a model's output layer reads, for every row once: the features that a layer on a frozen encoder learns from."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from limbeck.errors import ModelError
from limbeck.models import Batch, TextModel, WatchRows
from limbeck.models._trunk import trunk_of
from limbeck.models.transformer import TransformerModel
from limbeck.plan import Budget, scoring_plan
from limbeck.text import Encoded
from limbeck.text.pad import pad

_TOKENS = 4096
"""Tokens a batch, as when scoring: no gradients are kept."""

Features = NDArray[np.float32]


@torch.inference_mode()
def features_of(model: TextModel, encoded: Encoded, *, pad_id: int, watch: WatchRows) -> Features:
    """The input of ``model``'s output layer in eval mode, in float32: shape ``(rows, D)``.

    Raises:
        ModelError: some of it is no finite number, so that no layer can be fitted to it.
    """
    layer = model.output_layer()
    result = np.zeros((len(encoded.ids), layer.in_features), np.float32)
    with _in_eval_mode(model.module), tapped(layer) as given:
        for rows, batch in _batches(model.module, encoded, pad_id, watch):
            model.module(batch)
            result[rows] = _flat(given)
    return _finite(result)


@torch.inference_mode()
def features_of_both(
    model: TransformerModel, twin: TransformerModel, encoded: Encoded, *, pad_id: int, watch: WatchRows
) -> tuple[Features, Features]:
    """:func:`features_of` a model and of its averaged twin, whose layers they share: each text is read once.

    Raises:
        ModelError: some of it is no finite number.
    """
    plain, average = trunk_of(model.inner), trunk_of(twin.inner)
    assert plain is not None and average is not None
    width = model.output_layer().in_features
    first, mean = (np.zeros((len(encoded.ids), width), np.float32) for _ in range(2))
    with contextlib.ExitStack() as stack:
        for part in (model, twin):
            stack.enter_context(_in_eval_mode(part.module))
        layers = (model.output_layer(), twin.output_layer(), average.layers[-1].value)
        of_first, of_mean, states = (stack.enter_context(tapped(layer)) for layer in layers)
        for rows, batch in _batches(twin.module, encoded, pad_id, watch):
            twin.module(batch)
            mean[rows] = _flat(of_mean)
            plain.head(states[0][:, :1])
            first[rows] = _flat(of_first)
    return _finite(first), _finite(mean)


def _finite(features: Features) -> Features:
    wrong = int((~np.isfinite(features)).any(axis=1).sum())
    if wrong:
        raise ModelError(
            f"the encoder gives no finite numbers for {wrong} of {len(features)} texts: its weights are damaged; copy "
            "its folder again, or name another --model"
        )
    return features


def _batches(
    module: nn.Module, encoded: Encoded, pad_id: int, watch: WatchRows
) -> Iterator[tuple[NDArray[np.int64], Batch]]:
    device = next(module.parameters()).device
    with watch("reading texts", len(encoded.ids)) as progress:
        for rows in scoring_plan(encoded.lengths, Budget(tokens=_TOKENS)):
            padded = pad([encoded.ids[row] for row in rows], [encoded.type_ids[row] for row in rows], pad_id)
            yield rows, Batch(**{name: torch.from_numpy(values) for name, values in padded.items()}).to(device)
            progress.advance(len(rows))


@contextlib.contextmanager
def _in_eval_mode(module: nn.Module) -> Iterator[None]:
    was_training = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(was_training)


@contextlib.contextmanager
def tapped(layer: nn.Linear) -> Iterator[list[Tensor]]:
    """While it is open, the list holds what the layer was given last."""
    given: list[Tensor] = []

    def keep(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        given[:] = inputs

    handle = layer.register_forward_pre_hook(keep)
    try:
        yield given
    finally:
        handle.remove()


def _flat(given: list[Tensor]) -> Features:
    """What was given, a row a text: shape ``(B, D)``."""
    values: Features = given[0].reshape(len(given[0]), -1).float().cpu().numpy()
    return values
