"""Memory term by term: by hand, and what an encoder keeps against what autograd keeps."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers
from torch import Tensor, nn

from limbeck.pretrain.footprint import (
    Footprint,
    compared_bytes,
    footprint,
    kept_bytes,
    kept_in_head,
    logit_bytes,
    passing_bytes,
)
from limbeck.pretrain.shape import Shape, distilbert_of
from support.encoders import configuration

BASE = transformers.BertConfig().to_dict()
TOKENS = 5 * 512


def kept_by_autograd(module: nn.Module, inputs: Tensor) -> int:
    """Bytes of the floating-point tensors that a pass keeps for the way back, weights and inputs not counted."""
    held = {value.untyped_storage().data_ptr() for value in (*module.parameters(), *module.buffers())}
    kept: dict[int, tuple[int, Tensor]] = {}

    def pack(value: Tensor) -> Tensor:
        storage = value.untyped_storage()
        if value.is_floating_point() and storage.data_ptr() not in held:
            kept[storage.data_ptr()] = (storage.nbytes(), value)  # held, so that no other takes its place
        return value

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda value: value):
        module(inputs)
    return sum(size for size, _ in kept.values())


@pytest.mark.parametrize("family", ["bert", "distilbert", "electra"])
def test_an_encoder_keeps_so_many_bytes_in_float32(family: str) -> None:
    """Attention by torch's kernel for a CPU, which keeps what the memory-efficient ones do; no dropout, whose masks are
    wider there."""
    config = configuration(family, attn_implementation="sdpa")
    options: dict[str, Any] = {"add_pooling_layer": False} if family == "bert" else {}
    model = transformers.AutoModel.from_config(config, **options).train()
    ids = torch.arange(3 * 20).reshape(3, 20) + 5
    assert kept_by_autograd(model, ids) == kept_bytes(Shape.read(config.to_dict()), 60, width=4)


def test_the_head_keeps_so_many_bytes_in_float32() -> None:
    config = configuration("bert")
    head = transformers.AutoModelForMaskedLM.from_config(config).cls
    states = torch.randn(7, 32, requires_grad=True)
    assert kept_by_autograd(head, states) == kept_in_head(Shape.read(config.to_dict()), 7, width=4)


def test_a_layer_in_sixteen_bits_by_hand() -> None:
    """34 bytes a dimension are Korthikanti's, whose norms have 16 bits; two inputs of norms in 32 add four."""
    one, two = (Shape.read({**BASE, "num_hidden_layers": n}) for n in (1, 2))
    a_layer = kept_bytes(two, 1, width=2) - kept_bytes(one, 1, width=2)
    assert a_layer == (34 + 4) * 768 + 4 * 4 + 12 * 4  # statistics of the norms, and a logarithm a head
    assert kept_bytes(one, 1, width=2) - a_layer == 768 * (4 + 1) + 8


def test_without_dropout_no_byte_is_kept_for_it() -> None:
    shapes = [Shape.read({**BASE, "hidden_dropout_prob": rate}) for rate in (0.1, 0.0)]
    with_it, without = (kept_bytes(shape, 1, width=4) for shape in shapes)
    assert with_it - without == 12 * 2 * 768 + 768


def test_passing_through_holds_the_larger_half_of_a_layer() -> None:
    assert passing_bytes(Shape.read(BASE), TOKENS, width=2) == TOKENS * 2 * (768 + 2 * 3072)
    narrow = Shape.read({**BASE, "intermediate_size": 768})
    assert passing_bytes(narrow, TOKENS, width=4) == TOKENS * 4 * 5 * 768


def test_terms_of_the_published_recipe_by_hand() -> None:
    teacher, student = Shape.read(BASE), Shape.read(distilbert_of(BASE, 6))
    found = footprint(student, teacher, tokens=TOKENS, asked=5 * 77, processes=8, precision="bf16")
    assert found.weights == found.gradients == found.exchange == 4 * 66_985_530
    assert found.moments == 8 * 66_985_530
    assert found.weights_in_bf16 == 2 * (42_467_328 + 24_030_720)
    assert found.teacher == 2 * 109_514_298
    assert found.teacher_states == TOKENS * 2 * 6_912
    layer = 2 * (6 * 768 + 2 * 3_072) + 4 * (2 * 768 + 4) + 4 * 12 + 768
    assert found.student_states == TOKENS * (6 * layer + 4 * 770 + 768) + 385 * (2 * 3 * 768 + 4 * 770)
    assert found.states_compared == compared_bytes(student, TOKENS, width=2) == TOKENS * 768 * 10
    assert found.logits == logit_bytes(student, 385, width=2) == 385 * 30_522 * 24


def test_one_process_exchanges_nothing_and_float32_copies_nothing() -> None:
    teacher, student = Shape.read(BASE), Shape.read(distilbert_of(BASE, 6))
    found = footprint(student, teacher, tokens=TOKENS, asked=385, processes=1, precision="float32")
    assert found.exchange == found.weights_in_bf16 == 0
    assert found.teacher == 4 * 109_514_298
    assert found.logits == 385 * 30_522 * 28


@pytest.mark.parametrize(("exchange", "total"), [(0, 45), (7, 45), (100, 121)])
def test_gradients_are_exchanged_when_the_pass_is_over(exchange: int, total: int) -> None:
    found = Footprint(
        weights=1,
        weights_in_bf16=2,
        gradients=3,
        moments=4,
        exchange=exchange,
        teacher=11,
        teacher_states=5,
        student_states=6,
        states_compared=7,
        logits=6,
    )
    assert found.total == total
