"""A narrower encoder: which rows and columns stay, that it runs, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file

from limbeck import graph
from limbeck.distil.narrow import _spaced, narrowed
from limbeck.distil.student import Cut, make
from limbeck.errors import ModelError, SettingsError
from limbeck.passes import _encoder_files as encoder_files
from support.encoders import EMITTED, WIDTH, folder
from support.encoders import make as make_encoder

FAMILIES = (*EMITTED, "xlm-roberta", "camembert")
HEAD = 8
"""Width of a head of the tiny encoders: 4 in 32."""
INPUTS = {"input_ids": torch.tensor([[2, 9, 12, 20, 3]]), "attention_mask": torch.ones(1, 5, dtype=torch.int64)}


def loaded(path: Path) -> Any:
    """The classifier that transformers makes of a folder, of which every tensor must have fitted."""
    model, told = transformers.AutoModelForSequenceClassification.from_pretrained(
        path, output_loading_info=True, local_files_only=True
    )
    assert not told["mismatched_keys"]
    assert all("classifier" in name or "pooler" in name for name in told["missing_keys"]), told["missing_keys"]
    return model.eval()


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_a_narrow_student_of_each_family_loads_and_runs(tmp_path: Path, family: str) -> None:
    source = folder(family) if family in EMITTED else make_encoder(tmp_path / "encoder", family)
    made = make(source, tmp_path / "student", Cut(width=24))
    model = loaded(made)
    config = model.config
    assert (config.hidden_size, config.num_attention_heads) == (24, 3)
    assert config.hidden_size // config.num_attention_heads == HEAD
    whole = transformers.AutoConfig.from_pretrained(source)
    inner = "hidden_dim" if family == "distilbert" else "intermediate_size"
    assert getattr(config, inner) == getattr(whole, inner) * 3 // 4 == 36
    states = model.base_model(**INPUTS).last_hidden_state
    assert states.shape == (1, 5, 24)
    assert torch.isfinite(states).all()


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_its_graph_gives_what_transformers_gives(tmp_path: Path, family: str) -> None:
    source = make_encoder(tmp_path / "encoder", family, classes=("no", "yes"))
    made = make(source, tmp_path / "student", Cut(width=24))
    config, weights = encoder_files.read(made)
    model = loaded(made)
    session = onnxruntime.InferenceSession(graph.emit(config, weights).SerializeToString())
    inputs = {name: value.numpy() for name, value in INPUTS.items()}
    ours = session.run(["logits"], {**inputs, "token_type_ids": np.zeros_like(inputs["input_ids"])})[0]
    np.testing.assert_allclose(ours, model(**INPUTS).logits.numpy(), atol=1e-5)


@pytest.mark.parametrize("headed", [False, True])
def test_heads_stay_whole_with_a_classifier_and_without(tmp_path: Path, headed: bool) -> None:
    source = make_encoder(tmp_path / "encoder", "bert", classes=("no", "yes") if headed else None)
    made = make(source, tmp_path / "student", Cut(width=16))
    before, after = load_file(source / "model.safetensors"), load_file(made / "model.safetensors")
    prefix = "bert." if headed else ""
    dims = _spaced(WIDTH, 16)
    rows = [*range(8), *range(24, 32)]  # of the heads 0 and 3
    name = f"{prefix}encoder.layer.1.attention.self.query"
    np.testing.assert_array_equal(after[f"{name}.weight"], before[f"{name}.weight"][rows][:, dims])
    np.testing.assert_array_equal(after[f"{name}.bias"], before[f"{name}.bias"][rows])
    name = f"{prefix}encoder.layer.0.attention.output.dense"
    np.testing.assert_array_equal(after[f"{name}.weight"], before[f"{name}.weight"][dims][:, rows])
    np.testing.assert_array_equal(after[f"{name}.bias"], before[f"{name}.bias"][dims])
    inner = _spaced(48, 24)
    name = f"{prefix}encoder.layer.0.intermediate.dense"
    np.testing.assert_array_equal(after[f"{name}.weight"], before[f"{name}.weight"][inner][:, dims])
    name = f"{prefix}encoder.layer.0.output.dense"
    np.testing.assert_array_equal(after[f"{name}.weight"], before[f"{name}.weight"][dims][:, inner])
    name = f"{prefix}embeddings.position_embeddings.weight"
    np.testing.assert_array_equal(after[name], before[name][:, dims])
    assert after.keys() == before.keys()


def test_the_bias_by_distance_keeps_the_heads_that_stay(tmp_path: Path) -> None:
    made = make(folder("mpnet"), tmp_path / "student", Cut(width=16))
    name = "encoder.relative_attention_bias.weight"
    before, after = load_file(folder("mpnet") / "model.safetensors"), load_file(made / "model.safetensors")
    np.testing.assert_array_equal(after[name], before[name][:, [0, 3]])


@pytest.mark.parametrize("family", ["bert", "distilbert", "roberta"])
def test_tables_classes_and_the_inner_width_may_have_as_many_rows_as_the_width(tmp_path: Path, family: str) -> None:
    """Rows that are no dimensions of the hidden states are never taken for such."""
    inner: dict[str, Any] = {"hidden_dim": WIDTH} if family == "distilbert" else {"intermediate_size": WIDTH}
    names = [f"class {n}" for n in range(WIDTH)]
    source = make_encoder(
        tmp_path / "encoder", family, classes=names, max_position_embeddings=WIDTH, type_vocab_size=WIDTH, **inner
    )
    made = make(source, tmp_path / "student", Cut(width=16))
    model = loaded(made)
    assert len(model.base_model.embeddings.position_embeddings.weight) == WIDTH
    last = "classifier.out_proj" if family == "roberta" else "classifier"
    before, after = load_file(source / "model.safetensors"), load_file(made / "model.safetensors")
    np.testing.assert_array_equal(after[f"{last}.weight"], before[f"{last}.weight"][:, _spaced(WIDTH, 16)])
    np.testing.assert_array_equal(after[f"{last}.bias"], before[f"{last}.bias"])
    assert model.config.num_labels == WIDTH
    if family == "distilbert":
        assert after["pre_classifier.bias"].shape == (16,)


def test_numbers_of_positions_in_an_older_file_are_left() -> None:
    config, weights = encoder_files.read(folder("bert"))
    numbers = np.arange(WIDTH)[None]
    _, cut = narrowed(config, {**weights, "embeddings.position_ids": numbers}, 16, name="bert")
    np.testing.assert_array_equal(cut["embeddings.position_ids"], numbers)


def test_electra_keeps_its_projection_and_embeddings_as_wide_as_they_are(tmp_path: Path) -> None:
    made = make(folder("electra"), tmp_path / "student", Cut(width=24))
    assert json.loads((made / "config.json").read_text())["embedding_size"] == 16
    weights = load_file(made / "model.safetensors")
    assert weights["embeddings_project.weight"].shape == (24, 16)
    with pytest.raises(SettingsError) as caught:  # it would have no projection: its embeddings are 16 wide
        make(folder("electra"), tmp_path / "other", Cut(width=16))
    assert str(caught.value) == "--width 16: electra has 4 heads of 8; give 8, 24, 32"


def test_electra_without_a_projection_narrows_its_embeddings_too(tmp_path: Path) -> None:
    source = make_encoder(tmp_path / "encoder", "electra", embedding_size=WIDTH)
    made = make(source, tmp_path / "student", Cut(width=16))
    assert loaded(made).config.embedding_size == 16


def test_its_own_width_leaves_an_encoder_as_it_is() -> None:
    config, weights = encoder_files.read(folder("bert"))
    same, kept = narrowed(config, weights, WIDTH, name="bert")
    assert same == config
    assert all(kept[name] is value for name, value in weights.items())


@pytest.mark.parametrize("width", [0, 1, 12, 33, 40])
def test_a_width_of_no_whole_heads_is_answered_by_those_that_are(width: int) -> None:
    config, weights = encoder_files.read(folder("bert"))
    with pytest.raises(SettingsError) as caught:
        narrowed(config, weights, width, name="mini")
    assert str(caught.value) == f"--width {width}: mini has 4 heads of 8; give 8, 16, 24, 32"


def test_a_family_without_known_names_is_refused() -> None:
    config, weights = encoder_files.read(folder("bert"))
    with pytest.raises(ModelError, match="deep cannot be made narrower: model_type is 'deberta-v2', accepted are"):
        narrowed({**config, "model_type": "deberta-v2"}, weights, 16, name="deep")


def test_a_configuration_that_tells_no_sizes_is_refused() -> None:
    with pytest.raises(ModelError, match=r"cannot be made narrower: its config\.json tells of no intermediate_size"):
        narrowed({"model_type": "bert", "hidden_size": 32, "num_attention_heads": 4}, {}, 16, name="silent")


@given(st.integers(1, 2000), st.data())
def test_dimensions_are_spaced_evenly_and_each_stays_once(n: int, data: st.DataObject) -> None:
    kept = data.draw(st.integers(1, n))
    found = _spaced(n, kept)
    assert len(set(found.tolist())) == kept
    assert found[0] == 0
    assert kept == 1 or found[-1] == n - 1
    assert (np.diff(found) <= -(-n // max(1, kept - 1)) + 1).all()
