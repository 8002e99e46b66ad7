"""Losses of single tokens: numbers by hand, and that pads never count, whatever stands in them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from limbeck.losses import cosine, hidden, mean_of_each, mean_over_attended, relations, soft
from limbeck.models import Attention

WIDTH = 6
CompareTokens = Callable[[Tensor, Tensor, Tensor], Tensor]


def attention(states: Tensor, n_heads: int = 2) -> Attention:
    """Queries, keys and values that are told apart, made of some states."""
    return Attention(states, states.flip(-1) * 0.5, states * 2 - states.mean(dim=-1, keepdim=True), n_heads)


def of_soft(ours: Tensor, theirs: Tensor, mask: Tensor) -> Tensor:
    return soft.loss(ours, theirs, temperature=2.0, mask=mask)


def of_relations(ours: Tensor, theirs: Tensor, mask: Tensor) -> Tensor:
    return relations.loss(attention(ours), attention(theirs), mask)


EACH: dict[str, CompareTokens] = {
    "soft": of_soft,
    "hidden": hidden.loss,
    "cosine": cosine.loss,
    "relations": of_relations,
}
every_loss = pytest.mark.parametrize("compare", EACH.values(), ids=EACH)


def drawn(seed: int, lengths: list[int], longest: int) -> tuple[Tensor, Tensor, Tensor]:
    """States of a student and of its teacher, with a mask of so many tokens a text."""
    random = np.random.default_rng(seed)
    ours, theirs = (
        torch.from_numpy(random.normal(size=(len(lengths), longest, WIDTH)).astype(np.float32)) for _ in range(2)
    )
    return ours, theirs, (torch.arange(longest) < torch.tensor(lengths)[:, None]).long()


def test_hidden_by_hand() -> None:
    states = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [9.0, 9.0]]], requires_grad=True)
    targets = torch.tensor([[[0.0, 0.0], [3.0, 2.0], [0.0, 0.0]]])
    found = hidden.loss(states, targets, torch.tensor([[1, 1, 0]]))
    assert found.tolist() == [[2.5, 2.0, 0.0]]
    (gradient,) = torch.autograd.grad(found.sum(), states)
    assert gradient.tolist() == [[[1.0, 2.0], [0.0, 2.0], [0.0, 0.0]]]  # 2 (s - t) / D: towards the teacher


def test_cosine_by_hand() -> None:
    states = torch.tensor([[[1.0, 0.0], [1.0, 1.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]])
    targets = torch.tensor([[[0.0, 1.0], [2.0, 2.0], [-3.0, 0.0], [1.0, 1.0], [0.0, 1.0]]])
    found = cosine.loss(states, targets, torch.tensor([[1, 1, 1, 1, 0]]))
    assert found[0].tolist() == pytest.approx([1.0, 0.0, 2.0, 1 - math.sqrt(0.5), 0.0], abs=1e-6)


def test_the_gradient_of_the_cosine_turns_towards_the_teacher() -> None:
    states = torch.tensor([[[2.0, 0.0]]], requires_grad=True)
    found = cosine.loss(states, torch.tensor([[[1.0, 1.0]]]), torch.ones(1, 1))
    (gradient,) = torch.autograd.grad(found.sum(), states)
    np.testing.assert_allclose(gradient.numpy(), [[[0.0, -math.sqrt(0.5) / 2]]], atol=1e-6)  # its length stays


def test_relations_by_hand() -> None:
    three, none = math.log(3.0), torch.zeros(1, 2, 4)
    queries, keys, values = none.clone(), none.clone(), none.clone()
    queries[0, 0, 0], keys[0, 1, 0] = 2 * three, 1.0  # over sqrt(4): the first token attends 1/4 and 3/4
    values[0, 0, 0] = math.sqrt(2 * three)  # and its value relates 3/4 to itself
    found = relations.loss(Attention(queries, keys, values, 1), Attention(none, none, none, 1), torch.ones(1, 2))
    each = math.log(4 / 3) / 2  # 1/2 log (1/2 / 1/4) + 1/2 log (1/2 / 3/4)
    assert found[0].tolist() == pytest.approx([2 * each, 0.0], abs=1e-6)


def slow_relations(ours: Attention, theirs: Attention, lengths: list[int], n_heads: int) -> NDArray[np.float64]:
    """The definition, token by token and head by head."""

    def related(left: Tensor, right: Tensor, text: int, head: int, token: int) -> NDArray[np.float64]:
        width = left.shape[-1] // n_heads
        place, length = slice(head * width, (head + 1) * width), lengths[text]
        one = left[text, token, place].double().numpy()
        scores = right[text, :length, place].double().numpy() @ one / math.sqrt(width)
        weights = np.exp(scores - scores.max())
        shares: NDArray[np.float64] = weights / weights.sum()
        return shares

    found = np.zeros(ours.values.shape[:2])
    for text, length in enumerate(lengths):
        for token in range(length):
            for head in range(n_heads):
                for left, right in (("queries", "keys"), ("values", "values")):
                    q, p = (
                        related(getattr(model, left), getattr(model, right), text, head, token)
                        for model in (ours, theirs)
                    )
                    found[text, token] += float((p * np.log(p / q)).sum()) / n_heads
    return found


def some_attention(seed: int, width: int, n_heads: int) -> Attention:
    random = np.random.default_rng(seed)
    queries, keys, values = (torch.from_numpy(random.normal(size=(3, 5, width)).astype(np.float32)) for _ in range(3))
    return Attention(queries, keys, values, n_heads)


@pytest.mark.parametrize(
    ("ours", "theirs", "heads"),
    [((8, 2), (8, 2), 2), ((6, 3), (24, 3), 3), ((8, 2), (24, 6), 4), ((10, 5), (14, 7), 2), ((5, 1), (9, 3), 1)],
    ids=str,
)
def test_relations_of_any_width_and_number_of_heads(ours: tuple[int, int], theirs: tuple[int, int], heads: int) -> None:
    student, teacher, lengths = some_attention(1, *ours), some_attention(2, *theirs), [5, 3, 1]
    mask = (torch.arange(5) < torch.tensor(lengths)[:, None]).long()
    assert relations.shared_heads(student, teacher) == heads
    found = relations.loss(student, teacher, mask)
    np.testing.assert_allclose(found.numpy(), slow_relations(student, teacher, lengths, heads), rtol=1e-4, atol=1e-6)


def test_relations_of_a_given_number_of_heads() -> None:
    student, teacher = some_attention(1, 8, 2), some_attention(2, 8, 2)
    found = relations.loss(student, teacher, torch.ones(3, 5), n_heads=4)
    np.testing.assert_allclose(found.numpy(), slow_relations(student, teacher, [5, 5, 5], 4), rtol=1e-4, atol=1e-6)


def test_relations_under_autocast_are_computed_in_float32() -> None:
    student, teacher, mask = some_attention(1, 8, 2), some_attention(2, 8, 2), torch.ones(3, 5)
    with torch.autocast("cpu", torch.bfloat16):
        found = relations.loss(student, teacher, mask)
    assert torch.equal(found, relations.loss(student, teacher, mask))


@every_loss
def test_half_precision_is_widened_first(compare: CompareTokens) -> None:
    ours, theirs, mask = drawn(1, [4, 2], 4)
    found = compare(ours.bfloat16(), theirs.bfloat16(), mask)
    assert found.dtype == torch.float32
    if compare is not of_relations:  # whose vectors the helper above rounds in bfloat16
        torch.testing.assert_close(found, compare(ours.bfloat16().float(), theirs.bfloat16().float(), mask))


@every_loss
@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**31), st.lists(st.integers(1, 5), min_size=1, max_size=3))
def test_nothing_where_both_are_the_same(compare: CompareTokens, seed: int, lengths: list[int]) -> None:
    ours, _, mask = drawn(seed, lengths, 5)
    assert float(compare(ours, ours.clone(), mask).abs().max()) < 4e-6


@every_loss
@settings(deadline=None, max_examples=25)
@given(
    st.integers(0, 2**31),
    st.lists(st.integers(0, 4), min_size=1, max_size=3),
    st.integers(1, 4),
    st.sampled_from([0.0, 1e30, math.inf, -math.inf, math.nan]),
)
def test_pads_never_count(compare: CompareTokens, seed: int, lengths: list[int], n_more: int, content: float) -> None:
    ours, theirs, mask = drawn(seed, lengths, 4)
    plain = compare(ours, theirs, mask)
    assert torch.equal(plain[mask == 0], torch.zeros_like(plain[mask == 0]))
    longer = [torch.nn.functional.pad(part, (0, 0, 0, n_more)) for part in (ours, theirs)]
    longer_mask = torch.nn.functional.pad(mask, (0, n_more))
    student, teacher = (part.masked_fill(longer_mask[..., None] == 0, content).requires_grad_() for part in longer)
    found = compare(student, teacher, longer_mask)
    torch.testing.assert_close(found[:, :4], plain, rtol=1e-5, atol=1e-6)
    assert found[:, 4:].abs().sum() == 0
    if compare is of_relations and not math.isfinite(content):
        return  # the helper above mixes a token's own numbers, so that its gradient there is the helper's
    (gradient,) = torch.autograd.grad(found.sum(), student)
    assert torch.isfinite(gradient).all()
    assert gradient[longer_mask == 0].abs().sum() == 0


def test_relations_give_pads_no_gradient_whatever_stands_in_them() -> None:
    mask = torch.tensor([[1, 1, 0]])
    parts = [torch.randn(1, 3, 4).masked_fill(mask[..., None] == 0, math.nan).requires_grad_() for _ in range(3)]
    found = relations.loss(Attention(parts[0], parts[1], parts[2], 2), some_other(), mask)
    for gradient in torch.autograd.grad(found.sum(), parts):
        assert torch.isfinite(gradient).all()
        assert gradient[mask == 0].abs().sum() == 0
        assert gradient[mask == 1].abs().sum() > 0


def some_other() -> Attention:
    torch.manual_seed(1)
    return Attention(torch.randn(1, 3, 4), torch.randn(1, 3, 4), torch.randn(1, 3, 4), 2)


VALUES = torch.tensor([[1.0, 2.0, math.nan], [4.0, math.inf, 9.0], [7.0, 7.0, 7.0]])
MASK = torch.tensor([[1, 1, 0], [1, 0, 0], [0, 0, 0]])


def test_means_by_hand() -> None:
    assert mean_over_attended(VALUES, MASK).item() == pytest.approx(7 / 3)
    assert mean_of_each(VALUES, MASK).tolist() == [1.5, 4.0, 0.0]  # whose own mean weighs the short text more


def test_micro_batches_add_up_to_the_steps_mean() -> None:
    parts = [mean_over_attended(VALUES[n : n + 1], MASK[n : n + 1], n_tokens=3) for n in range(3)]
    assert sum(part.item() for part in parts) == pytest.approx(mean_over_attended(VALUES, MASK).item())


def test_means_of_nothing() -> None:
    assert mean_over_attended(VALUES, torch.zeros(3, 3)).item() == 0.0
    assert mean_over_attended(VALUES, torch.zeros(3, 3), n_tokens=0).item() == 0.0


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**31), st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_the_mean_is_that_of_the_tokens_one_after_the_other(seed: int, lengths: list[int]) -> None:
    values = torch.from_numpy(np.random.default_rng(seed).normal(size=(len(lengths), 6)).astype(np.float32))
    mask = torch.arange(6) < torch.tensor(lengths)[:, None]
    flat = torch.cat([row[:length] for row, length in zip(values, lengths, strict=True)])
    torch.testing.assert_close(mean_over_attended(values, mask), flat.mean(), rtol=1e-4, atol=1e-6)
    weighed = mean_of_each(values, mask) @ torch.tensor(lengths, dtype=torch.float32) / sum(lengths)
    torch.testing.assert_close(weighed, flat.mean(), rtol=1e-4, atol=1e-6)


# a copied example left T squared out, and a trainer counted pads: three texts of 7, 4 and 1 tokens tell


LENGTHS = [7, 4, 1]


def slow_step(compare: Callable[[NDArray[np.float64], NDArray[np.float64]], float]) -> float:
    """Mean over the twelve attended tokens, one after the other, in double precision."""
    ours, theirs, _ = drawn(15, LENGTHS, 7)
    found = [
        compare(ours[text, token].double().numpy(), theirs[text, token].double().numpy())
        for text, length in enumerate(LENGTHS)
        for token in range(length)
    ]
    assert len(found) == 12
    return sum(found) / 12


@pytest.mark.parametrize("temperature", [1.0, 2.0, 4.0])
def test_the_soft_loss_of_a_step(temperature: float) -> None:
    def divergence(student: NDArray[np.float64], teacher: NDArray[np.float64]) -> float:
        q, p = (np.exp(part / temperature) / np.exp(part / temperature).sum() for part in (student, teacher))
        return float(temperature**2 * (p * np.log(p / q)).sum())

    ours, theirs, mask = drawn(15, LENGTHS, 7)
    values = soft.loss(ours, theirs, temperature=temperature, mask=mask)
    expected = slow_step(divergence)
    assert mean_over_attended(values, mask).item() == pytest.approx(expected, rel=1e-5)
    counted = soft.loss(ours, theirs, temperature=temperature).mean().item()  # pads and all
    of_means = mean_of_each(values, mask).mean().item()
    the_other_way = mean_over_attended(soft.loss(theirs, ours, temperature=temperature, mask=mask), mask).item()
    for wrong in (counted, of_means, the_other_way, expected * 12 / 3, expected / WIDTH):
        assert wrong != pytest.approx(expected, rel=1e-3)


def test_the_cosine_loss_of_a_step() -> None:
    def turned(student: NDArray[np.float64], teacher: NDArray[np.float64]) -> float:
        return float(1 - student @ teacher / np.linalg.norm(student) / np.linalg.norm(teacher))

    ours, theirs, mask = drawn(15, LENGTHS, 7)
    found = mean_over_attended(cosine.loss(ours, theirs, mask), mask).item()
    assert found == pytest.approx(slow_step(turned), rel=1e-5)
    assert found != pytest.approx(cosine.loss(ours, theirs, torch.ones(3, 7)).mean().item(), rel=1e-3)
