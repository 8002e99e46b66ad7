"""The small model: from scratch, from the training rows alone."""

from __future__ import annotations

import torch

from limbeck.models import Batch, Prepared, Request, prepare
from limbeck.models.transformer import TransformerModel
from limbeck.tasks import make_task
from limbeck.text import Encoder, Input

TASK = make_task("classify", classes=("bad", "good"))


def start(inputs: list[Input], *, seed: int = 0, max_length: int = 16) -> Prepared:
    return prepare(Request("small", inputs, TASK, max_length, seed))


def test_the_vocabulary_is_the_training_rows() -> None:
    encoder = Encoder.from_string(start(["kettle kettle", "a kettle"]).tokenizer)
    assert encoder.tokenizer.token_to_id("kettle") is not None
    assert encoder.tokenizer.token_to_id("film") is None


def test_pairs_teach_both_of_their_texts() -> None:
    encoder = Encoder.from_string(start([("kettle kettle", "spoon spoon")]).tokenizer)
    assert None not in (encoder.tokenizer.token_to_id("kettle"), encoder.tokenizer.token_to_id("spoon"))


def test_the_seed_decides_the_weights() -> None:
    first, again, other = (start(["a kettle", "a spoon"], seed=seed).model.output_layer().weight for seed in (4, 4, 5))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_it_reads_as_much_as_is_asked_for() -> None:
    prepared = start(["a kettle"], max_length=16)
    assert (prepared.max_length, prepared.notices) == (16, ())
    ids = torch.full((1, 16), 5)
    logits = prepared.model.module.eval()(Batch(ids, torch.ones_like(ids), torch.zeros_like(ids))).logits
    assert logits.shape == (1, 2)


def test_class_names_are_in_its_configuration() -> None:
    model = start(["a kettle"]).model
    assert isinstance(model, TransformerModel)
    assert model.inner.config.id2label == {0: "bad", 1: "good"}


def test_a_number_has_one_output() -> None:
    prepared = prepare(Request("small", ["a kettle"], make_task("regress"), 16, 0))
    assert prepared.model.output_layer().out_features == 1
