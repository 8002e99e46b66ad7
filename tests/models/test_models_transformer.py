"""Encoders by folder or hub name: what is loaded, kept, and written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from limbeck.errors import ModelError
from limbeck.models import Batch, defaults, family_of
from limbeck.models._average import averaged
from limbeck.models.transformer import load, max_positions
from support.encoders import FAMILIES, POSITIONS, TRACED, configuration, folder, make, tokenizer_json, with_patch
from support.started import CLASSES, head_of, model_in, start


def some_batch() -> Batch:
    ids = torch.tensor([[2, 7, 8, 3], [2, 9, 3, 0]])
    return Batch(ids, (ids != 0).long(), torch.tensor([[0, 0, 1, 1], [0, 0, 0, 0]]))


# what a model is


def test_small_is_its_own_family_and_everything_else_is_a_transformer() -> None:
    assert [family_of(name) for name in ("small", "org/name", "./small")] == ["small", "transformer", "transformer"]
    assert (defaults("small").epochs, defaults("small").lr) == (10, 1e-3)
    assert (defaults("org/name").epochs, defaults("org/name").lr) == (3, 5e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_output_layer_has_a_row_a_class_and_starts_anew(family: str) -> None:
    prepared = start(folder(family))
    layer = prepared.model.output_layer()
    assert layer.out_features == 3
    assert not layer.bias.any()
    assert 0.1 < float(layer.weight.detach().std()) < 0.4  # initializer_range is 0.2
    assert prepared.model.module is model_in(prepared)
    config = model_in(prepared).inner.config
    assert config.id2label == {0: "no", 1: "yes", 2: "perhaps"}
    assert config.problem_type == "single_label_classification"


def test_as_many_classes_as_the_layers_are_wide() -> None:
    prepared = start(folder("bert"), classes=tuple(f"class {n:02}" for n in range(32)))
    inner = model_in(prepared).inner
    assert prepared.model.output_layer() is inner.classifier


@pytest.mark.parametrize("family", FAMILIES)
def test_the_encoder_keeps_the_folders_weights(family: str) -> None:
    inner = model_in(start(folder(family))).inner
    body = transformers.AutoModel.from_pretrained(folder(family))
    saved = dict(body.named_parameters())
    loaded = dict(inner.base_model.named_parameters())
    same = [name for name in saved if name in loaded and torch.equal(saved[name], loaded[name])]
    assert len(same) >= len(saved) - 2  # a pooler may be new


def test_the_seed_reaches_the_new_layers() -> None:
    first, again, other = (head_of(start(folder("bert"), seed=seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_families_without_a_trunk_run_transformers_own_forward() -> None:
    model = model_in(start(folder(TRACED))).eval()
    batch = some_batch()
    with torch.inference_mode():
        expected = model.inner(
            input_ids=batch.input_ids, attention_mask=batch.attention_mask, token_type_ids=batch.token_type_ids
        ).logits
        assert torch.equal(model(batch).logits, expected)
        without = Batch(batch.input_ids, batch.attention_mask, torch.zeros_like(batch.token_type_ids))
        assert not torch.allclose(model(without).logits, expected)


def test_regression_has_one_output() -> None:
    prepared = start(folder("roberta"), classes=())
    assert prepared.model.output_layer().out_features == 1
    assert model_in(prepared).inner.config.problem_type == "regression"


# which head is kept


def test_the_head_of_the_very_same_classes_is_kept(tmp_path: Path) -> None:
    source = make(tmp_path / "with-head", "bert", classes=CLASSES)
    inner = transformers.AutoModelForSequenceClassification.from_pretrained(source)
    assert torch.equal(head_of(start(source)), inner.classifier.weight)


@pytest.mark.parametrize("classes", [("yes", "no", "perhaps"), ("perhaps", "no")], ids=str)
def test_the_rows_of_some_of_its_classes_are_kept_in_their_order(tmp_path: Path, classes: tuple[str, ...]) -> None:
    source = make(tmp_path / "with-head", "bert", classes=CLASSES)
    saved = transformers.AutoModelForSequenceClassification.from_pretrained(source)
    rows = [CLASSES.index(name) for name in classes]
    model = model_in(start(source, classes=classes)).eval()
    batch = some_batch()
    with torch.inference_mode():
        whole = saved.eval()(batch.input_ids, batch.attention_mask, token_type_ids=batch.token_type_ids).logits
        assert torch.allclose(model(batch).logits, whole[:, rows], atol=1e-5)
    model.write(tmp_path / "written")
    again = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path / "written")
    assert again.config.id2label == dict(enumerate(classes))
    assert torch.equal(again.classifier.weight, saved.classifier.weight[rows])
    assert torch.equal(again.classifier.bias, saved.classifier.bias[rows])


@pytest.mark.parametrize("classes", [("no", "yes", "maybe"), (*CLASSES, "never")], ids=str)
def test_any_other_head_is_not(tmp_path: Path, classes: tuple[str, ...]) -> None:
    source = make(tmp_path / "with-head", "bert", classes=CLASSES)
    inner = transformers.AutoModelForSequenceClassification.from_pretrained(source)
    head = head_of(start(source, classes=classes))
    assert head.shape[0] == len(classes)
    assert not torch.equal(head[:2], inner.classifier.weight[:2])


def test_the_head_of_a_regression_is_not_for_it_has_the_unit_of_other_targets(tmp_path: Path) -> None:
    source = make(tmp_path / "with-head", "bert", classes=("score",))
    prepared = start(source, classes=())
    assert not prepared.model.output_layer().bias.any()


# positions


@pytest.mark.parametrize("family", FAMILIES)
def test_texts_are_read_up_to_the_last_position(family: str) -> None:
    prepared = start(folder(family), max_length=POSITIONS + 1)
    assert prepared.max_length == POSITIONS
    (notice,) = prepared.notices
    assert notice.endswith(f"has positions for {POSITIONS} tokens: texts are read up to that, not {POSITIONS + 1}")
    ids = torch.full((1, POSITIONS), 7)
    with torch.inference_mode():
        assert prepared.model.module.eval()(Batch(ids, torch.ones_like(ids), torch.zeros_like(ids))).logits.shape == (
            1,
            3,
        )


def test_no_notice_where_the_positions_reach() -> None:
    prepared = start(folder("mpnet"), max_length=POSITIONS)
    assert (prepared.max_length, prepared.notices) == (POSITIONS, ())


@pytest.mark.parametrize(
    "model_type", ["data2vec-text", "ibert", "lilt", "luke", "roberta-prelayernorm", "xlm-roberta-xl", "xmod"]
)
def test_other_families_that_count_from_the_padding_on(model_type: str) -> None:
    config = transformers.AutoConfig.for_model(model_type, max_position_embeddings=514, pad_token_id=1)
    assert max_positions(config) == 512


# what is written


@pytest.mark.parametrize("family", FAMILIES)
def test_a_written_folder_is_one_that_can_be_started_from(family: str, tmp_path: Path) -> None:
    prepared = start(folder(family))
    prepared.model.write(tmp_path)
    again = start(tmp_path)
    assert again.tokenizer == prepared.tokenizer
    for name, value in prepared.model.module.state_dict().items():
        assert torch.equal(value, again.model.module.state_dict()[name]), name


def test_the_tokenizer_config_says_what_the_pipeline_needs(tmp_path: Path) -> None:
    start(folder("roberta")).model.write(tmp_path)
    record: dict[str, Any] = json.loads((tmp_path / "tokenizer_config.json").read_text())
    assert record["pad_token"] == "<pad>"
    assert record["unk_token"] == "<unk>"
    assert record["model_max_length"] == POSITIONS
    assert record["model_input_names"] == ["input_ids", "attention_mask"]
    start(folder("bert")).model.write(tmp_path)
    record = json.loads((tmp_path / "tokenizer_config.json").read_text())
    assert record["model_input_names"] == ["input_ids", "token_type_ids", "attention_mask"]


def test_a_cut_and_a_padding_in_the_tokenizer_are_dropped(tmp_path: Path) -> None:
    source = make(tmp_path / "m", "bert", tokenizer=with_patch(tokenizer_json("bert")))
    record = json.loads(start(source).tokenizer)
    assert (record["truncation"], record["padding"]) == (None, None)


def test_positions_of_a_config_without_any() -> None:
    config = configuration("bert")
    del config.max_position_embeddings
    assert max_positions(config) == 512


def test_licences_go_wherever_the_weights_go(tmp_path: Path) -> None:
    source = make(tmp_path / "encoder", "bert")
    (source / "LICENSE.txt").write_bytes(b"Do as you like.\r\n")
    (source / "NOTICE").write_text("Made by hand.\n")
    (source / "LICENSES").mkdir()
    (source / "LICENSES" / "Ours-1.0.txt").write_text("Say who made it.\n")
    (tmp_path / "out").mkdir()
    start(source).model.write(tmp_path / "out")
    assert (tmp_path / "out" / "LICENSE.txt").read_bytes() == b"Do as you like.\r\n"
    (tmp_path / "again").mkdir()
    load(tmp_path / "out").write(tmp_path / "again")
    assert (tmp_path / "again" / "NOTICE").read_text() == "Made by hand.\n"
    assert (tmp_path / "again" / "LICENSES" / "Ours-1.0.txt").read_text() == "Say who made it.\n"


def test_the_twin_that_reads_the_mean_has_its_licence(tmp_path: Path) -> None:
    source = make(tmp_path / "encoder", "bert")
    (source / "LICENSE").write_text("Do as you like.\n")
    twin = averaged(model_in(start(source)))
    assert twin is not None and twin.licences == {"LICENSE": b"Do as you like.\n"}


def test_a_licence_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make(tmp_path / "encoder", "bert")
    (source / "LICENSE").write_text("Do as you like.\n")

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ModelError, match=r"LICENSE cannot be read: Permission denied; copy the folder again$"):
        start(source)
