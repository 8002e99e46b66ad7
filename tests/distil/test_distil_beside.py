"""The teacher beside its student: what is compared, what stays as it is, and where the projection goes."""

from __future__ import annotations

import copy
import hashlib
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from torch import Tensor, nn

from limbeck.distil.beside import PROJECTION, Beside, layer_pairs
from limbeck.distil.beside_settings import BesideSettings
from limbeck.errors import ModelError, SettingsError
from limbeck.losses import cosine, hidden, relations
from limbeck.models import Batch, Output
from limbeck.models.transformer import TransformerModel, load
from limbeck.text import Encoder
from limbeck.text.pad import pad
from support.dummy.bag import Bag
from support.encoders import configuration, scatter, tokenizer_json

ALL = BesideSettings(hidden=1.0, cosine=1.0, relations=1.0)
TEXTS = ("a lovely film", "people at the window of an office near the river", "cold")


def model_of(family: str = "bert", *, seed: int = 5, tokenizer: str | None = None, **changes: Any) -> TransformerModel:
    config = configuration(family, num_labels=2, **changes)
    inner = transformers.AutoModelForSequenceClassification.from_config(config)
    scatter(inner, seed=seed)
    return TransformerModel(inner, tokenizer or tokenizer_json(family))


def batch_of(model: TransformerModel, *texts: str) -> Batch:
    encoder = Encoder.from_string(model.tokenizer)
    encoded = encoder.encode(texts or TEXTS)
    return Batch(**{k: torch.from_numpy(v) for k, v in pad(encoded.ids, encoded.type_ids, encoder.pad_id).items()})


def beside(teacher: TransformerModel, student: Any, settings: BesideSettings = ALL, **changes: Any) -> Beside:
    return Beside(teacher, student, settings, **{"pairs": False, "max_length": 32, "seed": 3, **changes})


def parts_of(made: Beside, batch: Batch) -> dict[str, Tensor]:
    student = made.student
    output: Output = student(batch, states=True)
    return made(output, batch)


@pytest.mark.parametrize("family", ["bert", "distilbert", "mpnet", "roberta", "electra"])
@torch.no_grad()
def test_an_exact_copy_is_nothing_apart_from_its_teacher(family: str) -> None:
    teacher = model_of(family)
    student = copy.deepcopy(teacher)
    parts = parts_of(beside(teacher, student), batch_of(student))
    assert list(parts) == ["hidden", "cosine", "relations"]
    for values in parts.values():
        assert values.shape == (3,)
        assert float(values.abs().max()) < 1e-6
    assert not hasattr(student, PROJECTION)


@torch.no_grad()
def test_parts_by_a_slow_reading_of_both() -> None:
    teacher, student = model_of(seed=1, num_hidden_layers=4).eval(), model_of(seed=2).eval()
    inputs = batch_of(student)
    parts = parts_of(beside(teacher, student), inputs)
    for n, text in enumerate(TEXTS):
        alone = batch_of(student, text)
        mine, its, mask = student(alone, states=True), teacher(alone, states=True), alone.attention_mask
        squares = [hidden.loss(mine.states[m], its.states[t], mask).mean() for m, t in ((1, 2), (2, 4))]
        assert parts["hidden"][n].item() == pytest.approx(float(torch.stack(squares).mean()), rel=1e-4)
        turned = cosine.loss(mine.states[2], its.states[4], mask).mean()
        assert parts["cosine"][n].item() == pytest.approx(turned.item(), rel=1e-4)
        related = relations.loss(mine.attention, its.attention, mask).mean()
        assert parts["relations"][n].item() == pytest.approx(related.item(), rel=1e-4)


@torch.no_grad()
def test_pads_change_no_part() -> None:
    made = beside(model_of(seed=1), model_of(seed=2))
    inputs = batch_of(made.student)
    wider = Batch(*(nn.functional.pad(part, (0, 4)) for part in vars(inputs).values()))
    plain, padded = parts_of(made, inputs), parts_of(made, wider)
    for name, values in plain.items():
        torch.testing.assert_close(padded[name], values, rtol=1e-4, atol=1e-6)


@torch.no_grad()
def test_the_teacher_reads_the_same_pieces_under_its_own_ids() -> None:
    teacher, student = model_of("mpnet"), model_of("bert")
    made, inputs = beside(teacher, student), batch_of(student)
    seen: list[Batch] = []
    handle = teacher.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    parts_of(made, inputs)
    handle.remove()
    expected = batch_of(teacher)
    attended = inputs.attention_mask == 1
    assert torch.equal(seen[0].input_ids[attended], expected.input_ids[attended])
    assert torch.equal(seen[0].attention_mask, inputs.attention_mask)


def test_parts_that_weigh_nothing_are_left_out() -> None:
    student = model_of(seed=2)
    made = beside(model_of(seed=1), student, BesideSettings(cosine=0.5))
    assert made.weights == {"cosine": 0.5}
    assert list(parts_of(made, batch_of(student))) == ["cosine"]


@torch.no_grad()
def test_hidden_states_of_the_last_layer_alone() -> None:
    teacher, student = model_of(seed=1, num_hidden_layers=4), model_of(seed=2).eval()
    made = beside(teacher, student, BesideSettings(hidden=1.0, hidden_layers="last"))
    assert made.layers == ((2, 4),)
    inputs = batch_of(student)
    losses = hidden.loss(
        student(inputs, states=True).states[2], teacher(inputs, states=True).states[4], inputs.attention_mask
    )
    found = parts_of(made, inputs)["hidden"]
    torch.testing.assert_close(found, losses.sum(dim=1) / inputs.attention_mask.sum(dim=1), rtol=1e-4, atol=1e-6)


def test_which_layer_looks_at_which() -> None:
    assert layer_pairs(6, 12) == ((1, 2), (2, 4), (3, 6), (4, 8), (5, 10), (6, 12))
    assert layer_pairs(1, 5) == ((1, 5),)
    for n_student in range(1, 13):
        for n_teacher in range(n_student, 25):
            mine, its = zip(*layer_pairs(n_student, n_teacher), strict=True)
            assert mine == tuple(range(1, n_student + 1))
            assert its[-1] == n_teacher
            steps = {after - before for before, after in zip((0, *its), its, strict=False)}
            assert steps <= {n_teacher // n_student, n_teacher // n_student + 1}


# the teacher is held


def digest(model: nn.Module) -> str:
    found = hashlib.sha256()
    for value in model.state_dict().values():
        found.update(value.numpy().tobytes())
    return found.hexdigest()


def test_the_teacher_stays_as_it_is_while_the_student_learns() -> None:
    teacher, student = model_of(seed=1, dropout=True).train(), model_of(seed=2)
    made, inputs, before = beside(teacher, student), batch_of(student), digest(teacher)
    optimizer = torch.optim.AdamW(student.parameters(), lr=1e-2)
    losses = []
    for _ in range(8):
        student.train()
        loss = torch.stack(list(parts_of(made, inputs).values())).sum(dim=0).mean()
        losses.append(loss.item())
        torch.autograd.backward(loss)
        optimizer.step()
        optimizer.zero_grad()
    assert losses[-1] < losses[0] / 2
    assert digest(teacher) == before
    assert all(value.grad is None and not value.requires_grad for value in teacher.parameters())


@torch.no_grad()
def test_the_teacher_drops_nothing_even_if_it_is_told_to_train() -> None:
    teacher, student = model_of(seed=1, dropout=True), model_of(seed=2)
    made, inputs = beside(teacher, student), batch_of(student)
    student.train()
    first = parts_of(made, inputs)
    teacher.train()
    second = parts_of(made, inputs)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_student_with_the_teachers_own_weights_is_refused() -> None:
    teacher = model_of()
    student = TransformerModel(teacher.inner, teacher.tokenizer)
    with pytest.raises(ModelError, match=r"the student shares weights with the teacher, .* copy them first"):
        beside(teacher, student)


# the projection


WIDE: dict[str, Any] = {"hidden_size": 48, "num_attention_heads": 6}


def test_a_narrower_student_learns_a_projection() -> None:
    teacher, student = model_of(seed=1, **WIDE), model_of(seed=2)
    made, inputs = beside(teacher, student), batch_of(student)
    projection = student.get_submodule(PROJECTION)
    assert isinstance(projection, nn.Linear)
    assert (projection.in_features, projection.out_features) == (32, 48)
    parts = parts_of(made, inputs)
    read, theirs = student(inputs, states=True), teacher(inputs, states=True)
    expected = hidden.loss(projection(read.states[2]), theirs.states[2], inputs.attention_mask)
    wide = beside(teacher, student, BesideSettings(hidden=1.0, hidden_layers="last"))
    torch.testing.assert_close(
        parts_of(wide, inputs)["hidden"], expected.sum(dim=1) / inputs.attention_mask.sum(dim=1), rtol=1e-4, atol=1e-6
    )
    gradients = torch.autograd.grad(parts["hidden"].sum() + parts["cosine"].sum(), list(projection.parameters()))
    assert all(float(gradient.abs().sum()) > 0 for gradient in gradients)


def test_relations_need_no_projection() -> None:
    student = model_of(seed=2)
    made = beside(model_of(seed=1, **WIDE), student, BesideSettings(relations=1.0))
    assert not hasattr(student, PROJECTION)
    assert parts_of(made, batch_of(student))["relations"].shape == (3,)


def test_the_projection_follows_the_seed_and_leaves_other_random_numbers_alone() -> None:
    teacher = model_of(seed=1, **WIDE)

    def drawn(seed: int) -> Tensor:
        student = model_of(seed=2)
        beside(teacher, student, seed=seed)
        weight: Tensor = student.get_parameter(f"{PROJECTION}.weight")
        return weight.detach()

    assert torch.equal(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))
    student = model_of(seed=2)
    before = torch.get_rng_state()
    beside(teacher, student)
    assert hasattr(student, PROJECTION)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_training_that_begins_anew_has_the_same_projection() -> None:
    made = beside(model_of(seed=1, **WIDE), first := model_of(seed=2))
    weight = first.get_parameter(f"{PROJECTION}.weight")
    made.attach(again := model_of(seed=2))
    assert made.student is again
    assert torch.equal(again.get_parameter(f"{PROJECTION}.weight"), weight)
    with torch.no_grad():
        again.get_parameter(f"{PROJECTION}.weight").zero_()
    made.attach(again)  # it keeps what it has
    assert not again.get_parameter(f"{PROJECTION}.weight").any()


@torch.no_grad()
def test_the_projection_is_no_part_of_what_is_written(tmp_path: Path) -> None:
    student = model_of(seed=2).eval()
    inputs = batch_of(student)
    before = student(inputs).logits
    plain = {name for name, _ in load_written(student, tmp_path / "plain").named_parameters()}
    beside(model_of(seed=1, **WIDE), student)
    written = load_written(student, tmp_path / "student")
    assert {name for name, _ in written.named_parameters()} == plain
    torch.testing.assert_close(written(inputs).logits, before)


def load_written(model: TransformerModel, folder: Path) -> TransformerModel:
    folder.mkdir()
    model.write(folder)
    return load(folder).eval()


# what cannot stand beside each other


def test_all_that_is_wrong_is_told_at_once() -> None:
    student = model_of("albert", num_hidden_layers=5, tokenizer=tokenizer_json("bert"))
    with pytest.raises(ModelError) as caught:
        beside(model_of("bert"), student, max_length=64)
    message = str(caught.value)
    assert "3 problems:" in message
    assert "the student has 5 layers and the teacher 2: give --layers 2 or fewer" in message
    assert "the teacher reads 40 tokens of a text: give --max-length 40 or less" in message
    assert "--relations 1 compares attention, which is not seen inside the student's family 'albert'" in message


@torch.no_grad()
def test_a_family_whose_attention_is_not_seen_has_its_states_compared() -> None:
    teacher = model_of("albert", tokenizer=tokenizer_json("bert"))
    student = copy.deepcopy(teacher)
    parts = parts_of(beside(teacher, student, BesideSettings(hidden=1.0, cosine=1.0)), batch_of(student))
    assert all(float(values.abs().max()) < 1e-6 for values in parts.values())


def test_pieces_that_do_not_align() -> None:
    with pytest.raises(ModelError, match="the teacher cannot read the student's pieces"):
        beside(model_of("roberta"), model_of("bert"))
    with pytest.raises(ModelError, match="between the texts"):
        beside(model_of("mpnet"), model_of("bert"), pairs=True)


def test_a_student_without_hidden_states() -> None:
    student = Bag(40, 2, tokenizer_json("bert"))
    with pytest.raises(ModelError, match="has none to compare: leave --hidden, --cosine, --relations out"):
        beside(model_of(), student)


def test_an_output_without_states_is_a_mistake_of_the_caller() -> None:
    student = model_of(seed=2)
    made, inputs = beside(model_of(seed=1), student), batch_of(student)
    with pytest.raises(ValueError, match="states=True"):
        made(student(inputs), inputs)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"hidden": -1.0}, "--hidden -1.0 is no weight; give 0 to leave it out, or a number above"),
        ({"relations": float("nan")}, "--relations nan is no weight"),
        ({"cosine": float("inf"), "hidden": -2.0}, "2 problems:"),
        ({"hidden_layers": "lats"}, r"--hidden-layers 'lats' names no layers; it takes 'last' \(nearest\), 'all'"),
    ],
)
def test_settings_that_cannot_work(values: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        BesideSettings(**values)


def test_settings_at_rest_ask_for_no_teacher() -> None:
    assert BesideSettings().weights == {}
