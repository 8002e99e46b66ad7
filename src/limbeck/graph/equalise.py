"""Even out the channels between an encoder's value and output matrices: the answers stay the same, int8 rounds less.

Attention mixes values channel by channel, so that a channel may be scaled in the value matrix and scaled back in the
next one. A checkpoint whose channels differ much there would lose the small ones to int8: one scale serves a whole
row of the next matrix, and a block of activations. Factors are powers of two, so that not a bit of float changes.

Source: Nagel et al. 2019, Data-free quantization through weight equalization and bias correction (arXiv 1906.04721),
section 4.1, equation 11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from limbeck.graph.blocks import LayerNames

if TYPE_CHECKING:
    from limbeck.graph.builder import Array


def equalise(weights: Mapping[str, Array], layers: Iterable[LayerNames]) -> dict[str, Array]:
    """Give ``weights`` as float32 with every layer's value and attention output matrices evened out.

    Tensors that are missing or of unlike width are left to :func:`limbeck.graph.emit`, which names them.
    """
    changed = dict(weights)
    for names in layers:
        value, bias, output = f"{names.value}.weight", f"{names.value}.bias", f"{names.attention_output}.weight"
        if not {value, bias, output} <= changed.keys() or len(changed[value]) != changed[output].shape[-1]:
            continue
        factors = channel_factors(changed[value], changed[output])
        changed[value] = changed[value].astype(np.float32) * factors[:, None]
        changed[bias] = changed[bias].astype(np.float32) * factors
        changed[output] = changed[output].astype(np.float32) / factors
    return changed


def channel_factors(value: Array, output: Array) -> Array:
    """Give the power of two for each channel that brings both its ranges nearest to each other, shape ``(C,)``.

    Args:
        value: the value matrix, (C, in): a row a channel.
        output: the next matrix, (out, C): a column a channel.

    >>> channel_factors(np.array([[512.0], [0.5]]), np.array([[1 / 512, 0.5]])).tolist()
    [0.001953125, 1.0]
    """
    before = np.abs(value.astype(np.float64)).max(axis=1)
    after = np.abs(output.astype(np.float64)).max(axis=0)
    alive = (before > 0) & (after > 0)
    ratio = np.divide(after, before, out=np.ones_like(after), where=alive)
    factors: Array = np.exp2(np.rint(np.log2(ratio) / 2)).astype(np.float32)
    return factors
