"""The sum of gradients over processes: one flat tensor travels, without rows that no process has a gradient for.

A table of token vectors has a gradient at the few pieces that a step's texts are made of, and is half of what MiniLM
weighs: sending all of it took more of an update than anything but the model itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

TABLE_ROWS = 4096
"""Matrices with at least so many rows are looked through: more than a layer of a BERT-family encoder has, fewer than
there are pieces in a vocabulary that is worth it."""

AllReduce = Callable[[Tensor], None]
"""Overwrites a flat tensor with its sum over all processes."""


class Exchange:
    """Sums the gradients of the same parameters, update after update.

    The tensor that travels is made once and grows: a fresh one of this size costs more than filling it.

    Args:
        all_reduce: brings the processes together.
        device: where the tensors are that it takes.
    """

    def __init__(self, all_reduce: AllReduce, device: torch.device) -> None:
        self._all_reduce, self._device = all_reduce, device
        self._held = torch.empty(0, device=device)

    def sum(self, parameters: Sequence[nn.Parameter], numbers: Sequence[float]) -> list[float]:
        """Sum the gradients in place, and ``numbers``.

        A gradient is then float32's sum in the weight's own type. It may lie in a tensor that the next sum overwrites:
        it is for the update between them.

        Args:
            parameters: in the same order in every process; one without a gradient in any process stays without.
            numbers: few, as many in every process.

        Returns:
            The sums of ``numbers``.
        """
        rows = [_rows_with_gradient(value) if _is_table(value) else None for value in parameters]
        held = [float(value.grad is not None) for value in parameters]
        head = torch.cat(
            [torch.tensor([*numbers, *held], device=self._device), *(row.float() for row in rows if row is not None)]
        )
        self._all_reduce(head)
        told = head[: len(numbers) + len(held)].tolist()
        table_rows = iter(torch.split(head[len(told) :], [len(row) for row in rows if row is not None]))
        wanted = [None if row is None else next(table_rows).nonzero().flatten() for row in rows]
        sent = [
            (value, which)
            for value, which, holders in zip(parameters, wanted, told[len(numbers) :], strict=True)
            if holders
        ]
        self._exchange(sent)
        return told[: len(numbers)]

    def _exchange(self, sent: Sequence[tuple[nn.Parameter, Tensor | None]]) -> None:
        """Sum these gradients, of tables the rows that are told alone."""
        sizes = [value.numel() if rows is None else len(rows) * value.shape[1] for value, rows in sent]
        flat = self._flat(sum(sizes))
        parts = torch.split(flat, sizes)
        for (value, rows), part in zip(sent, parts, strict=True):
            if value.grad is None:
                part.zero_()
            else:
                part.copy_((value.grad if rows is None else value.grad[rows]).reshape(-1))
        if sizes:
            self._all_reduce(flat)
        for (value, rows), part in zip(sent, parts, strict=True):
            if rows is None:
                value.grad = part.view_as(value).to(value.dtype)
            else:
                value.grad = torch.zeros_like(value) if value.grad is None else value.grad
                value.grad[rows] = part.view(len(rows), value.shape[1]).to(value.dtype)

    def _flat(self, size: int) -> Tensor:
        if size > len(self._held):
            self._held = torch.empty(size + size // 8, device=self._device)
        return self._held[:size]


def _is_table(value: nn.Parameter) -> bool:
    return value.ndim == 2 and value.shape[0] >= TABLE_ROWS


def _rows_with_gradient(value: nn.Parameter) -> Tensor:
    """Which rows of a table have a gradient that is not 0 (one that is no number counts), shape ``(rows,)``."""
    if value.grad is None:
        return torch.zeros(len(value), dtype=torch.bool, device=value.device)
    return (value.grad.amax(dim=1) != 0) | (value.grad.amin(dim=1) != 0)
