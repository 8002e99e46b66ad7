"""What a pre-training distillation takes: the published recipe by hand, the table, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import transformers
from hypothesis import given
from hypothesis import strategies as st

from limbeck.errors import ModelError, SettingsError
from limbeck.pretrain.scale import ScalePlan, plan
from support.encoders import configuration

BASE = transformers.BertConfig().to_dict()


def planned(config: Any = None, **changes: Any) -> ScalePlan:
    """The published recipe, on a corpus of a billion tokens."""
    values: dict[str, Any] = {
        "layers": 6,
        "length": 512,
        "batch_sequences": 5,
        "accumulate": 50,
        "processes": 8,
        "tokens": 10**9,
        "epochs": 3,
        "precision": "bf16",
        **changes,
    }
    return plan(BASE if config is None else config, **values)


def test_the_published_recipe_by_hand() -> None:
    found = planned()
    assert found.teacher.parameters().encoder == 109_482_240
    assert found.student.parameters().encoder == 66_362_880
    assert found.sequences_a_step == 5 * 50 * 8 == 2_000
    assert found.tokens_a_step == 1_024_000
    assert found.sequences_an_epoch == 1_953_125  # 10^9 / 512
    assert found.steps == 3 * 977  # 976.6 an epoch
    assert found.tokens == 3 * 10**9
    assert found.asked_a_sequence == 77  # 15 % of 512 are 76.8


def test_its_arithmetic_by_hand() -> None:
    trained = 6 * 42_467_328 + 12 * 6 * 768 * 512  # products, and attention: three times 4 L D T
    watched = 2 * 84_934_656 + 4 * 12 * 768 * 512
    assert trained + watched == 471_859_200
    head = (6 + 2) * 24_030_720
    found = planned()
    assert found.flops_a_sequence == 512 * 471_859_200 + 77 * head
    assert found.flops_a_step == 2_000 * found.flops_a_sequence == 512_789_667_840_000
    assert found.flops == 3 * 1_953_125 * found.flops_a_sequence


def test_logits_at_all_tokens_cost_their_share() -> None:
    some, every = planned(), planned(asked_share=1.0)
    assert every.asked_a_sequence == 512
    assert every.memory.logits * 77 == some.memory.logits * 512
    assert every.flops_a_sequence - some.flops_a_sequence == (512 - 77) * 8 * 24_030_720


def test_a_student_of_the_family_keeps_segments() -> None:
    found = planned(student="same")
    assert found.student.family == "bert"
    assert found.student.parameters().segments == 2 * 768
    assert found.student.layers == 6
    other = planned(configuration("distilbert").to_dict(), layers=1, length=40, student="same")
    assert (other.student.family, other.student.layers) == ("distilbert", 1)


def test_the_table_says_it_all() -> None:
    lines = planned().lines()
    text = "\n".join(lines)
    assert lines[0].split() == ["parameters", "bert", "distilbert"]
    assert lines[1].split() == ["words", "23,440,896", "23,440,896"]
    rows = {" ".join(line.split()) for line in lines}
    assert {
        "segments 1,536 0",
        "encoder, pooler included 109,482,240 66,362,880",
        "held: with head, without pooler 109,514,298 66,985,530",
        "memory of a process (bf16, 5 x 512 tokens) GB",
        "moments 0.536",
        f"at most, at a time {planned().memory.total / 1e9:.3f}",
        "sequences a step (5 x 50 accumulated x 8 processes) 2,000",
        "tokens a step (512 a sequence) 1,024,000",
        "of them given logits (77 a sequence) 154,000",
        "steps (3 epochs) 2,931",
        "floating-point operations a step 5.128e+14",
    } <= rows
    assert "projection" not in text  # of no part is told that neither has
    assert all(len(line) <= 80 for line in lines)
    assert "exchange" not in "\n".join(planned(processes=1).lines())


@given(st.integers(1, 64), st.integers(1, 64), st.integers(1, 16), st.integers(512, 10**12), st.integers(1, 10))
def test_steps_are_enough_and_none_is_idle(
    batch: int, accumulate: int, processes: int, tokens: int, epochs: int
) -> None:
    found = planned(batch_sequences=batch, accumulate=accumulate, processes=processes, tokens=tokens, epochs=epochs)
    an_epoch = found.steps // epochs
    assert (an_epoch - 1) * found.tokens_a_step < found.tokens / epochs <= an_epoch * found.tokens_a_step
    assert found.tokens <= tokens * epochs < found.tokens + 512 * epochs


@given(st.integers(1, 32), st.integers(1, 12), st.sampled_from(["float32", "bf16"]))
def test_memory_grows_with_the_batch_and_not_with_accumulation(batch: int, layers: int, precision: str) -> None:
    one = planned(batch_sequences=batch, layers=layers, precision=precision)
    more = planned(batch_sequences=batch + 1, layers=layers, precision=precision)
    assert more.memory.student_states > one.memory.student_states
    assert more.memory.total >= one.memory.total
    assert planned(batch_sequences=batch, layers=layers, precision=precision, accumulate=1).memory == one.memory


def test_all_that_cannot_be_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        planned(
            layers=13, length=513, batch_sequences=0, tokens=100, precision="bf61", student="distillbert", asked_share=0
        )
    assert str(caught.value) == (
        "7 problems:\n"
        "  - batch_sequences is 0; give a whole number from 1\n"
        "  - layers is 13; the teacher has 12, give 1 to 12\n"
        "  - length is 513; the teacher reads 512 tokens, give no more\n"
        "  - tokens is 100, less than one sequence of 513; give a larger corpus\n"
        "  - precision is 'bf61'; accepted are 'bf16' (nearest), 'float32'\n"
        "  - student is 'distillbert'; accepted are 'distilbert' (nearest), 'same'\n"
        "  - asked_share is 0; give a share over 0, and 1 at most"
    )


def test_the_distilbert_of_another_family_is_refused() -> None:
    with pytest.raises(ModelError, match="DistilBERT is made from 'bert', and this is 'roberta'"):
        planned(configuration("roberta").to_dict(), layers=1, length=40)
