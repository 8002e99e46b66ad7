"""limbeck's forward pass against transformers' own, and its dropout against the definition."""

from __future__ import annotations

import functools
from typing import Any

import pytest
import torch
import transformers
from torch import Tensor

from limbeck.models import Batch, Output
from limbeck.models._trunk import dropout, run, trunk_of
from support.encoders import configuration, scatter

FAMILIES = ("bert", "distilbert", "roberta", "xlm-roberta", "camembert", "mpnet", "electra")
FIRST_PIECE = 5
KEY_BIASES = ("key.bias", "k_lin.bias", "attn.k.bias")


@functools.cache
def model_of(family: str, **changes: Any) -> Any:
    config = configuration(family, num_labels=3, **changes)
    model = transformers.AutoModelForSequenceClassification.from_config(config)
    scatter(model)
    return model


def batch(model: Any, *lengths: int) -> Batch:
    """Random ids, padded; the second half of each row is the second segment where the family has one."""
    config = model.config
    generator = torch.Generator().manual_seed(sum(lengths))
    shape = (len(lengths), max(lengths))
    ids = torch.randint(FIRST_PIECE, config.vocab_size, shape, generator=generator)
    mask, types = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
    for n, length in enumerate(lengths):
        ids[n, length:] = config.pad_token_id
        mask[n, :length] = 1
        if has_segments(config):
            types[n, length // 2 : length] = 1
    return Batch(ids, mask, types)


def has_segments(config: Any) -> bool:
    return getattr(config, "type_vocab_size", 0) > 1 and config.model_type != "mpnet"


def asked(model: Any, inputs: Batch, **more: Any) -> Any:
    named = {"token_type_ids": inputs.token_type_ids} if has_segments(model.config) else {}
    return model(input_ids=inputs.input_ids, attention_mask=inputs.attention_mask, **named, **more)


def theirs(model: Any, inputs: Batch) -> Tensor:
    logits: Tensor = asked(model, inputs).logits
    return logits


def with_states(model: Any, inputs: Batch, *, training: bool = False) -> Output:
    trunk = trunk_of(model)
    assert trunk is not None
    return run(trunk, inputs, training=training, states=True)


def ours(model: Any, inputs: Batch, *, training: bool = False) -> Tensor:
    trunk = trunk_of(model)
    assert trunk is not None
    return run(trunk, inputs, training=training).logits


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("lengths", [(7,), (9, 2, 5), (1, 40)], ids=str)
@torch.no_grad()
def test_the_logits_are_transformers(family: str, lengths: tuple[int, ...]) -> None:
    model = model_of(family).eval()
    inputs = batch(model, *lengths)
    torch.testing.assert_close(ours(model, inputs), theirs(model, inputs), rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("family", ["bert", "electra", "roberta"])
@torch.no_grad()
def test_a_model_of_one_segment_reads_pairs(family: str) -> None:
    model = model_of(family, type_vocab_size=1).eval()
    inputs = batch(model, 9, 5)
    pairs = Batch(inputs.input_ids, inputs.attention_mask, torch.tensor([[0] * 4 + [1] * 5, [0] * 9]))
    torch.testing.assert_close(ours(model, pairs), theirs(model, inputs), rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("lengths", [(7,), (9, 2, 5)], ids=str)
@torch.no_grad()
def test_the_hidden_states_are_transformers(family: str, lengths: tuple[int, ...]) -> None:
    model = model_of(family).eval()
    inputs = batch(model, *lengths)
    expected = asked(model, inputs, output_hidden_states=True).hidden_states
    found = with_states(model, inputs)
    assert len(found.states) == len(expected) == 3  # the embeddings and two layers
    attended = inputs.attention_mask == 1
    for ours_, theirs_ in zip(found.states, expected, strict=True):
        assert ours_.shape == (len(lengths), max(lengths), 32)
        torch.testing.assert_close(ours_[attended], theirs_[attended], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found.logits, ours(model, inputs), rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize(
    "family", [name for name in FAMILIES if name != "mpnet"]
)  # its scores have a bias of their own
@torch.no_grad()
def test_queries_and_keys_give_transformers_attention(family: str) -> None:
    model = model_of(family).eval()
    model.set_attn_implementation("eager")  # the one that tells its weights
    try:
        inputs = batch(model, 8)
        expected = asked(model, inputs, output_attentions=True).attentions[-1]
    finally:
        model.set_attn_implementation("sdpa")
    attention = with_states(model, inputs).attention
    assert attention is not None and attention.n_heads == 4
    heads = [part.view(1, 8, 4, 8).transpose(1, 2) for part in (attention.queries, attention.keys)]
    scores = torch.matmul(heads[0], heads[1].transpose(-1, -2)) / 8**0.5
    torch.testing.assert_close(scores.softmax(dim=-1), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_values_are_the_last_layers(family: str) -> None:
    model = model_of(family).eval()
    inputs = batch(model, 6, 3)
    trunk = trunk_of(model)
    assert trunk is not None
    found = with_states(model, inputs)
    before = asked(model, inputs, output_hidden_states=True).hidden_states[-2]
    attended = inputs.attention_mask == 1
    assert found.attention is not None
    expected = trunk.layers[-1].value(before)
    torch.testing.assert_close(found.attention.values[attended], expected[attended], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_without_states_the_last_layer_reads_the_first_token_alone() -> None:
    model = model_of("bert").eval()
    inputs, seen = batch(model, 9, 4), []
    up = model.bert.encoder.layer[-1].intermediate.dense.register_forward_pre_hook(
        lambda _, given: seen.append(tuple(given[0].shape))
    )
    try:
        trunk = trunk_of(model)
        assert trunk is not None
        plain = run(trunk, inputs, training=False)
        with_states(model, inputs)
    finally:
        up.remove()
    assert seen == [(2, 1, 32), (2, 9, 32)]
    assert plain.states == () and plain.attention is None


@pytest.mark.parametrize("family", FAMILIES)
def test_the_gradients_are_transformers(family: str) -> None:
    model = model_of(family).train()  # every rate of dropout is 0
    inputs = batch(model, 9, 2, 5)
    found = []
    for forward in (theirs, functools.partial(ours, training=True)):
        model.zero_grad()
        torch.autograd.backward((forward(model, inputs) * torch.arange(9.0).view(3, 3)).sum())
        found.append({name: part.grad.clone() for name, part in model.named_parameters() if part.grad is not None})
    expected, got = found
    left_out = expected.keys() - got.keys()  # the bias of each key, whose gradient is rounding noise
    assert sorted(left_out) == sorted(name for name in expected if name.endswith(KEY_BIASES))
    assert all(float(expected[name].abs().max()) < 1e-3 for name in left_out)
    for name in got:
        largest = float(expected[name].abs().max())
        assert float((got[name] - expected[name]).abs().max()) <= 1e-4 * largest + 1e-5, name


@torch.no_grad()
def test_segments_and_company_are_told_apart() -> None:
    model = model_of("bert").eval()
    inputs = batch(model, 8, 20)
    alone = Batch(inputs.input_ids[:1, :8], inputs.attention_mask[:1, :8], inputs.token_type_ids[:1, :8])
    torch.testing.assert_close(ours(model, alone)[0], ours(model, inputs)[0], rtol=1e-5, atol=1e-5)
    one_text = Batch(alone.input_ids, alone.attention_mask, torch.zeros_like(alone.token_type_ids))
    assert float((ours(model, one_text) - ours(model, alone)).abs().max()) > 0.01


@torch.no_grad()
def test_roberta_ignores_segment_ids_that_it_has_no_row_for() -> None:
    model = model_of("roberta").eval()
    inputs = batch(model, 6)
    second = Batch(inputs.input_ids, inputs.attention_mask, torch.ones_like(inputs.token_type_ids))
    assert torch.equal(ours(model, second), ours(model, inputs))


def test_electra_without_a_projection() -> None:
    model = model_of("electra", embedding_size=32).eval()
    inputs = batch(model, 9, 4)
    with torch.inference_mode():
        torch.testing.assert_close(ours(model, inputs), theirs(model, inputs), rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("family", ["bert", "distilbert", "mpnet"])
def test_dropout_acts_in_training_only_and_follows_the_seed(family: str) -> None:
    model = transformers.AutoModelForSequenceClassification.from_config(configuration(family, dropout=True))
    scatter(model)
    inputs = batch(model, 9, 5)

    def answer(seed: int, *, training: bool) -> Tensor:
        torch.manual_seed(seed)
        with torch.no_grad():
            return ours(model.train(training), inputs, training=training)

    assert torch.equal(answer(1, training=False), answer(2, training=False))
    assert torch.equal(answer(1, training=True), answer(1, training=True))
    assert not torch.allclose(answer(1, training=True), answer(2, training=True))


def test_families_that_are_not_known_are_not_taken_apart() -> None:
    assert trunk_of(model_of("albert")) is None


def test_a_decoder_is_not_taken_apart() -> None:
    config = configuration("bert", is_decoder=True)
    assert trunk_of(transformers.AutoModelForSequenceClassification.from_config(config)) is None


@pytest.mark.parametrize("rate", [0.1, 0.25, 0.9])
def test_dropout_zeroes_its_share_and_keeps_the_mean(rate: float) -> None:
    torch.manual_seed(0)
    n = 400_000
    left = dropout(torch.ones(n), rate)
    values = torch.tensor(sorted(set(left.tolist())))
    assert values[0] == 0
    # each value is kept with k/65536 where k = 65536 - round(rate * 65536), and scaled by 65536/k
    k = 65536 - round(rate * 65536)
    torch.testing.assert_close(values[1:], torch.tensor([65536 / k]))
    deviation = (rate * (1 - rate) / n) ** 0.5
    assert abs(float((left == 0).double().mean()) - rate) < 5 * deviation + 1 / 65536
    assert abs(float(left.double().mean()) - 1) < 5 * deviation / (1 - rate)


def test_dropout_of_a_half_by_hand() -> None:
    torch.manual_seed(3)
    left = dropout(torch.full((2, 3, 5), 4.0), 0.5)
    assert left.shape == (2, 3, 5)
    assert set(left.flatten().tolist()) == {0.0, 8.0}


def test_values_next_to_each_other_are_dropped_independently() -> None:
    torch.manual_seed(1)
    dropped = dropout(torch.ones(400_000), 0.2) == 0
    for apart in (1, 2, 3, 4):
        both = float((dropped[:-apart] & dropped[apart:]).double().mean())
        assert both == pytest.approx(0.04, abs=0.002)


def test_no_rate_is_no_copy() -> None:
    states = torch.ones(3)
    assert dropout(states, 0.0) is states


def test_dropout_passes_gradients_to_what_is_kept() -> None:
    states = torch.ones(1000, requires_grad=True)
    left = dropout(states, 0.5)
    torch.autograd.backward(left.sum())
    assert states.grad is not None
    assert torch.equal(states.grad, left.detach())


def test_dropout_of_bfloat16_stays_bfloat16() -> None:
    left = dropout(torch.ones(64, dtype=torch.bfloat16), 0.5)
    assert left.dtype == torch.bfloat16
    assert set(left.tolist()) <= {0.0, 2.0}


@pytest.mark.parametrize("family", FAMILIES)
def test_dropout_stands_where_transformers_has_it(family: str) -> None:
    config = configuration(family, dropout=True)
    trunk = trunk_of(transformers.AutoModelForSequenceClassification.from_config(config))
    assert trunk is not None
    assert trunk.hidden_dropout > 0 and trunk.attention_dropout > 0
    assert trunk.attended_dropout == (0.0 if family == "distilbert" else trunk.hidden_dropout)
