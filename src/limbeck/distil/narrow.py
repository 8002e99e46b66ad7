"""A narrower encoder out of a wide one: whole heads, and evenly spaced dimensions of its hidden states.

What is left is a start, better than chance and far from the encoder's answers: the residual stream loses dimensions
that every layer reads. A student of another width is therefore taught longer than one of fewer layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck import graph
from limbeck.errors import ModelError, SettingsError, together
from limbeck.passes._encoder_folder import BY_PIECE

WIDTHS = ("hidden_size", "dim")
HEADS = ("num_attention_heads", "n_heads")
INNER = ("intermediate_size", "hidden_dim")
"""What configurations call the width, the heads and the width inside the feed-forward; the second is DistilBERT's."""
OUTPUT = ("classifier.weight", "classifier.bias", "classifier.out_proj.weight", "classifier.out_proj.bias")
"""The tensors whose rows are classes."""
_TABLES = "embeddings.weight"
"""How the names of tables end, whose rows are pieces, positions or segments."""


@dataclass(frozen=True)
class _Kept:
    """Which rows and columns stay."""

    width: int
    """Of the encoder as it is."""
    dims: NDArray[np.int64]
    """Of the hidden states."""
    heads: NDArray[np.int64]
    within_heads: NDArray[np.int64]
    """Of queries, keys and values."""
    inner: NDArray[np.int64]
    """Of the feed-forward."""


def narrowed(
    config: Mapping[str, Any], weights: Mapping[str, NDArray[Any]], width: int, *, name: str
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Configuration and weights with hidden states of ``width``; heads keep their size, the rest its proportions.

    The encoder's own width leaves it as it is: a student on the way to another has it already.

    Raises:
        SettingsError: ``width`` is no number of whole heads, or more than the encoder's.
        ModelError: the family's tensors are not known by name, or the configuration tells of no sizes.
    """
    reasons = graph.obstacles(config)
    reasons += [
        f"its config.json tells of no {keys[0]}" for keys in (WIDTHS, HEADS, INNER) if not config.keys() & {*keys}
    ]
    if reasons:
        raise ModelError(f"{name} cannot be made narrower: {together(reasons)}")
    before, n_heads, inner = (_entry(config, keys) for keys in (WIDTHS, HEADS, INNER))
    size = before // n_heads
    accepted = _accepted(weights, size, n_heads)
    if width not in accepted:
        raise SettingsError(
            f"--width {width}: {name} has {n_heads} heads of {size}; give {', '.join(map(str, accepted))}"
        )
    if width == before:
        return dict(config), dict(weights)
    heads = _spaced(n_heads, width // size)
    kept = _Kept(
        width=before,
        dims=_spaced(before, width),
        heads=heads,
        within_heads=(heads[:, None] * size + np.arange(size)).reshape(-1),
        inner=_spaced(inner, inner * width // before),
    )
    changed = {key: width for key in WIDTHS if key in config}
    changed |= {key: len(heads) for key in HEADS if key in config}
    changed |= {key: len(kept.inner) for key in INNER if key in config}
    if config.get("embedding_size") == before:  # ELECTRA, where it embeds in the full width
        changed["embedding_size"] = width
    return {**config, **changed}, _cut(config, weights, kept)


def _accepted(weights: Mapping[str, NDArray[Any]], size: int, n_heads: int) -> list[int]:
    """Whole heads, up to all of them. ELECTRA projects embeddings that are narrower than its states, and has no such
    layer where they are not: a student as wide as its embeddings would lose it."""
    projected = {value.shape[1] for name, value in weights.items() if name.endswith("embeddings_project.weight")}
    return [size * n for n in range(1, n_heads + 1) if size * n not in projected]


def _entry(config: Mapping[str, Any], keys: tuple[str, ...]) -> int:
    return next(int(config[key]) for key in keys if key in config)


def _cut(config: Mapping[str, Any], weights: Mapping[str, NDArray[Any]], kept: _Kept) -> dict[str, NDArray[Any]]:
    rows: dict[str, NDArray[np.int64]] = {}
    columns: dict[str, NDArray[np.int64]] = {}
    for layer in graph.layers(config):
        for part in (layer.query, layer.key, layer.value):
            rows[_plain(part)] = kept.within_heads
        columns[_plain(layer.attention_output)] = kept.within_heads
        rows[_plain(layer.up)] = kept.inner
        columns[_plain(layer.down)] = kept.inner
    family = graph.layers(config)[0].query.partition(".")[0]
    cut = {}
    for name, value in weights.items():
        part = name.rpartition(".")[0].removeprefix(f"{family}.")
        if name.endswith("relative_attention_bias.weight"):
            cut[name] = value[:, kept.heads]
            continue
        if not np.issubdtype(value.dtype, np.floating):  # numbers of positions, which older files keep
            cut[name] = value
            continue
        if not name.endswith((_TABLES, *BY_PIECE)) and name not in OUTPUT:
            value = value[rows[part]] if part in rows else _along(value, 0, kept)
        cut[name] = value if value.ndim < 2 else value[:, columns[part]] if part in columns else _along(value, 1, kept)
    return cut


def _plain(part: str) -> str:
    """The name without the family's in front: an encoder that was saved without a head does not have it."""
    return part.partition(".")[2]


def _along(value: NDArray[Any], axis: int, kept: _Kept) -> NDArray[Any]:
    """The dimensions of the hidden states that stay, where the axis has such."""
    return np.take(value, kept.dims, axis=axis) if value.shape[axis] == kept.width else value


def _spaced(n: int, kept: int) -> NDArray[np.int64]:
    return np.round(np.linspace(0, n - 1, kept)).astype(np.int64)
