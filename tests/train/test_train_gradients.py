"""The sum of gradients over processes: what it comes to, and that rows without a gradient stay at home."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from limbeck.train import gradients
from limbeck.train.gradients import TABLE_ROWS, Exchange

CPU = torch.device("cpu")


class Meeting:
    """Stands in for the network between processes, which are threads here; remembers what travelled."""

    def __init__(self, count: int) -> None:
        self._barrier, self._given = Barrier(count, timeout=20), [torch.empty(0)] * count
        self.sizes: list[int] = []

    def all_reduce(self, number: int, flat: Tensor) -> None:
        self._given[number] = flat.clone()
        self._barrier.wait()
        if number == 0:
            assert len({len(one) for one in self._given}) == 1, "processes sent tensors of unequal size"
            self.sizes.append(len(flat))
        flat.copy_(torch.stack(self._given).sum(dim=0))
        self._barrier.wait()


def summed(sides: list[list[nn.Parameter]], numbers: list[list[float]]) -> tuple[Meeting, list[list[float]]]:
    """Have each side exchange; give what travelled and each side's numbers."""
    meeting = Meeting(len(sides))

    def one(number: int) -> list[float]:
        exchange = Exchange(lambda flat: meeting.all_reduce(number, flat), CPU)
        return exchange.sum(sides[number], numbers[number])

    with ThreadPoolExecutor(len(sides)) as pool:
        return meeting, list(pool.map(one, range(len(sides))))


def weight(*shape: int, gradient: Tensor | None, dtype: torch.dtype = torch.float32) -> nn.Parameter:
    value = nn.Parameter(torch.zeros(*shape, dtype=dtype))
    value.grad = gradient
    return value


def table(rows: dict[int, float], *, width: int = 2) -> nn.Parameter:
    gradient = torch.zeros(TABLE_ROWS, width)
    for row, value in rows.items():
        gradient[row] = value
    return weight(TABLE_ROWS, width, gradient=gradient)


def test_numbers_and_gradients_are_summed() -> None:
    sides = [[weight(2, gradient=torch.tensor([1.0, 2.0]))], [weight(2, gradient=torch.tensor([10.0, -2.0]))]]
    meeting, told = summed(sides, [[0.5, 0.0], [0.25, 1.0]])
    assert told == [[0.75, 1.0]] * 2
    for (value,) in sides:
        assert value.grad is not None and value.grad.tolist() == [11.0, 0.0]
    assert meeting.sizes == [2 + 1, 2]  # the numbers and who has a gradient, then the gradient


def test_rows_of_a_table_that_nobody_has_a_gradient_for_do_not_travel() -> None:
    sides = [[table({3: 1.0, 7: 2.0})], [table({7: 0.5, TABLE_ROWS - 1: -1.0})]]
    meeting, _ = summed(sides, [[0.0], [0.0]])
    assert meeting.sizes == [1 + 1 + TABLE_ROWS, 3 * 2]
    expected = torch.zeros(TABLE_ROWS, 2)
    expected[3], expected[7], expected[-1] = 1.0, 2.5, -1.0
    for (value,) in sides:
        assert value.grad is not None and torch.equal(value.grad, expected)


def test_no_number_travels_too() -> None:
    sides = [[table({3: float("nan")})], [table({5: float("inf")})]]
    summed(sides, [[0.0], [0.0]])
    for (value,) in sides:
        assert value.grad is not None and value.grad[3].isnan().all() and value.grad[5].isinf().all()


def test_a_gradient_that_is_missing_somewhere() -> None:
    """In one process it counts as 0; in all of them it stays missing."""
    sides = [
        [weight(2, gradient=None), weight(1, gradient=None), table({1: 4.0})],
        [weight(2, gradient=torch.tensor([1.0, 2.0])), weight(1, gradient=None), weight(TABLE_ROWS, 2, gradient=None)],
    ]
    summed(sides, [[0.0], [0.0]])
    for dense, never, rows in sides:
        assert dense.grad is not None and dense.grad.tolist() == [1.0, 2.0]
        assert never.grad is None
        assert rows.grad is not None and rows.grad[1].tolist() == [4.0, 4.0] and rows.grad.sum() == 8.0


def test_nothing_to_train_sends_numbers_alone() -> None:
    meeting, told = summed([[], []], [[1.0], [2.0]])
    assert (meeting.sizes, told) == ([1], [[3.0], [3.0]])
    meeting, told = summed([[weight(2, gradient=None)], [weight(2, gradient=None)]], [[1.0], [2.0]])
    assert (meeting.sizes, told) == ([2], [[3.0], [3.0]])


def test_gradients_keep_the_type_of_their_weight() -> None:
    ones = torch.ones(2, dtype=torch.bfloat16)
    sides = [[weight(2, gradient=ones.clone(), dtype=torch.bfloat16)] for _ in range(3)]
    summed(sides, [[0.0]] * 3)
    for (value,) in sides:
        assert value.grad is not None and value.grad.dtype == torch.bfloat16 and value.grad.tolist() == [3.0, 3.0]


def test_the_tensor_that_travels_is_made_once() -> None:
    exchange = Exchange(lambda flat: None, CPU)
    value = weight(100, gradient=torch.ones(100))
    exchange.sum([value], [0.0])
    place = exchange._held.data_ptr()
    value.grad = torch.full((100,), 2.0)
    exchange.sum([value], [0.0])
    assert value.grad is not None and value.grad.tolist() == [2.0] * 100
    value.grad = None
    small = weight(10, gradient=torch.ones(10))
    exchange.sum([small], [0.0])
    assert exchange._held.data_ptr() == place


cells = st.sampled_from([0.0, -0.0, 1.0, -2.5, 1e-30])


@given(data=st.data(), n_rows=st.integers(1, 6), count=st.integers(2, 3))
def test_any_gradients_come_to_their_plain_sum(data: st.DataObject, n_rows: int, count: int) -> None:
    given_to = [
        data.draw(st.one_of(st.none(), st.lists(cells, min_size=2 * n_rows, max_size=2 * n_rows))) for _ in range(count)
    ]
    held = [None if one is None else torch.tensor(one).view(n_rows, 2) for one in given_to]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gradients, "TABLE_ROWS", 3)
        sides = [[weight(n_rows, 2, gradient=None if one is None else one.clone())] for one in held]
        summed(sides, [[0.0]] * count)
    present = [one for one in held if one is not None]
    for (value,) in sides:
        if not present:
            assert value.grad is None
        else:
            assert value.grad is not None and torch.equal(value.grad, torch.stack(present).sum(dim=0))
