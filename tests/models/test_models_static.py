"""The static model: two vectors a token, their weighted mean, two layers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import limbeck
from limbeck import models
from limbeck.artefact.manifest import INT8_GRAPH
from limbeck.cli import main
from limbeck.models import Batch, Prepared, Request, prepare, static
from limbeck.models.static import Shape, StaticModel
from limbeck.passes import calibrate, quantise, trim
from limbeck.runtime.check import check
from limbeck.runtime.predictor import Predictor
from limbeck.tasks import make_task
from limbeck.text import Encoder, Input, TextSettings
from limbeck.train.learner import Learner
from limbeck.train.settings import FitSettings
from support.train_data import rows, write_csv

TASK = make_task("classify", classes=("bad", "good"))


def start(inputs: list[Input], *, seed: int = 0, max_length: int = 16) -> Prepared:
    return prepare(Request("static", inputs, TASK, max_length, seed))


def batch(*texts: list[int], second: int = 1000) -> Batch:
    """Rows of ids, padded; what stands from the place ``second`` on belongs to the second text."""
    width = max(map(len, texts))
    ids = torch.tensor([text + [0] * (width - len(text)) for text in texts])
    mask = torch.tensor([[1] * len(text) + [0] * (width - len(text)) for text in texts])
    return Batch(ids, mask, (torch.arange(width) >= second).long() * mask)


def tiny(*, texts: int = 1, reach: int = 2) -> StaticModel:
    """Vectors of one number, which say their id, with scopes that are set by hand; the layers hand the mean on."""
    model = StaticModel(Shape(10, 1, reach, 1, texts), make_task("regress"), "{}", 16)
    with torch.no_grad():
        model.word_embeddings.weight.copy_(torch.arange(10.0)[:, None])
        model.scope_embeddings.weight.zero_()
        model.reach.copy_(torch.tensor([[0.5], [0.25]])[:reach])
        for layer in (model.dense, model.classifier):
            layer.weight.fill_(1.0)
            layer.bias.zero_()
    return model.eval()


def learner(**fit: Any) -> Learner:
    chosen = FitSettings(**{"batch_size": 4, "precision": "float32", **fit})
    return Learner(rows(40), model="static", text=TextSettings(max_length=32), fit=chosen)


def random(*, texts: int = 1) -> StaticModel:
    torch.manual_seed(3)
    model = StaticModel(Shape(50, 8, 3, 6, texts), TASK, "{}", 16)
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(torch.randn_like(weight))
    return model.eval()


def test_a_mean_with_scopes_by_hand() -> None:
    model = tiny()
    assert model(batch([4, 6, 8])).logits.item() == 6.0
    with torch.no_grad():
        model.scope_embeddings.weight[4] = -2.0
    # 4 says 4; behind it 6 weighs 1 - 2 * 0.5 = 0, and 8 weighs 1 - 2 * 0.25 = 0.5: (4 + 0 + 4) / 3
    assert model(batch([4, 6, 8])).logits.item() == pytest.approx(8 / 3)
    assert model(batch([6, 8, 4])).logits.item() == 6.0  # nothing stands behind it
    # the third one behind is out of reach: (4 + 0 + 4 + 8) / 4
    assert model(batch([4, 6, 8, 8])).logits.item() == 4.0


def test_pairs_are_compared_by_hand() -> None:
    # u = 2, v = 5: u + v + |u - v| + u * v = 2 + 5 + 3 + 10
    assert tiny(texts=2)(batch([1, 3, 4, 6], second=2)).logits.item() == 20.0
    # without a second text: 2 + 0 + 2 + 0
    assert tiny(texts=2)(batch([1, 3])).logits.item() == 4.0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 49), min_size=1, max_size=9), st.lists(st.integers(1, 49), min_size=1, max_size=9))
def test_a_texts_answer_does_not_depend_on_its_company(text: list[int], other: list[int]) -> None:
    model = random()
    alone, together = model(batch(text)).logits[0], model(batch(text, other)).logits[0]
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def test_what_is_masked_does_not_count() -> None:
    model, text = random(texts=2), batch([5, 6, 7], second=1)
    other = Batch(torch.tensor([[5, 6, 7, 9]]), torch.tensor([[1, 1, 1, 0]]), torch.tensor([[0, 1, 1, 1]]))
    torch.testing.assert_close(model(other).logits, model(text).logits)


def test_training_reads_some_tokens_as_unknown_and_answers_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    model, text = random(), batch([2, 6, 7, 8])
    assert torch.equal(model(text).logits, model(text).logits)
    monkeypatch.setattr(static, "DROPPED", 1.0)
    unknown = model(batch([2, 1, 1, 1])).logits  # the first token of all texts stays
    torch.testing.assert_close(model.train()(text).logits, unknown)


def test_the_vocabulary_is_the_training_rows() -> None:
    encoder = Encoder.from_string(start(["kettle kettle", ("a kettle", "spoon spoon")]).tokenizer)
    known = [encoder.tokenizer.token_to_id(word) for word in ("kettle", "spoon", "film")]
    assert None not in known[:2] and known[2] is None


def test_the_seed_decides_the_weights() -> None:
    first, again, other = (start(["a kettle", "a spoon"], seed=seed).model.output_layer().weight for seed in (4, 4, 5))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_fresh_model_weighs_all_tokens_alike() -> None:
    model = start(["a kettle", "a spoon"], max_length=9)
    assert model.max_length == 9
    text = batch([2, 5, 6, 7, 3])
    module = model.model.module.eval()
    torch.testing.assert_close(module(text).logits, module(batch([3, 7, 6, 5, 2])).logits)


@pytest.mark.parametrize("texts", [1, 2])
def test_its_folder_and_its_graph(texts: int, tmp_path: Path) -> None:
    import onnxruntime

    model = random(texts=texts)
    model.write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"),
    ]
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert (config["model_type"], config["type_vocab_size"]) == ("limbeck-static", texts)
    assert config["id2label"] == {"0": "bad", "1": "good"}
    session = onnxruntime.InferenceSession(static.export(tmp_path).SerializeToString())
    for rows_of_ids in ([[7]], [[2, 5, 9, 3], [2, 3]], [list(range(1, 30)), [4], [2, 5, 6]]):
        asked = batch(*rows_of_ids, second=2)
        fed = {name: getattr(asked, name).numpy() for name in ("input_ids", "attention_mask", "token_type_ids")}
        np.testing.assert_allclose(session.run(None, fed)[0], model(asked).logits.detach(), atol=1e-4, rtol=1e-5)


def test_int8_weights_answer_nearly_alike(tmp_path: Path) -> None:
    made = learner(epochs=8, lr=1e-2)
    made.fit()
    made.save(tmp_path / "model")
    quantise.apply(tmp_path / "model", tmp_path / "small")
    assert not (tmp_path / "small" / "model.safetensors").exists()
    assert (tmp_path / "small" / INT8_GRAPH).stat().st_size < (
        tmp_path / "model" / "onnx" / "model.onnx"
    ).stat().st_size / 2
    texts = [str(text) for text in rows(40).inputs]
    before, after = (limbeck.load(tmp_path / name).predict(texts) for name in ("model", "small"))
    assert max(abs(one.probs["good"] - two.probs["good"]) for one, two in zip(before, after, strict=True)) < 0.02
    assert {answer.predicted for answer in before} == {"good", "bad"}
    assert check(tmp_path / "small").ok


def test_a_temperature_folds_into_its_last_layer(tmp_path: Path) -> None:
    made = learner(epochs=8, lr=1e-2)
    made.fit()
    manifest = made.save(tmp_path / "model", calibrated=False)
    texts = [str(text) for text in rows(40).inputs]
    before = limbeck.load(tmp_path / "model").logits(texts)[0]
    calibrate.scale_output(tmp_path / "model", manifest.model["output_layer"], 0.5)
    models.write_graph(tmp_path / "model", "static")
    after = Predictor(tmp_path / "model", replace(manifest, files={})).logits(texts)[0]
    np.testing.assert_allclose(after, before / 2, atol=1e-6)


def test_a_trimmed_one_answers_as_before(tmp_path: Path) -> None:
    made = learner(epochs=8, lr=1e-2)
    made.fit()
    made.save(tmp_path / "model", calibrated=False)
    texts = [str(text) for text in rows(40).inputs]
    counts = trim.piece_counts(made.encoder, texts)
    enough = 5 + int((counts > 0).sum()) + 60  # special ones, those that are used, single characters
    trim.apply(tmp_path / "model", tmp_path / "trimmed", counts, pieces=enough)
    config = json.loads((tmp_path / "trimmed" / "config.json").read_text(encoding="utf-8"))
    assert config["vocab_size"] < made.encoder.tokenizer.get_vocab_size()
    before, after = (limbeck.load(tmp_path / name).logits(texts)[0] for name in ("model", "trimmed"))
    np.testing.assert_allclose(after, before, atol=1e-5)
    assert np.abs(before).max() > 0.5


def test_the_command_trains_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = write_csv(tmp_path / "rows.csv", rows(40)), tmp_path / "model"
    assert main(["train", str(data), "--model", "static", "--epochs", "2", "--out", str(out)]) == 0
    assert "model: static, " in capsys.readouterr().err
    assert main(["check", str(out)]) == 0
    card = (out / "README.md").read_text(encoding="utf-8")
    assert "transformers knows no model of the type `limbeck-static`" in card
    assert "pipeline(" not in card


@pytest.mark.parametrize("again", ["{}", "frozen:{}"])
def test_a_saved_one_is_no_start(again: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write_csv(tmp_path / "rows.csv", rows(40))
    (tmp_path / "model").mkdir()
    random().write(tmp_path / "model")
    model = again.format(tmp_path / "model")
    assert main(["train", str(data), "--model", model, "--out", str(tmp_path / "out")]) == 2
    assert "is a static model, which no training starts from; --model static trains one anew" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["encoder", "2"])
def test_it_has_no_layers_to_freeze(flag: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write_csv(tmp_path / "rows.csv", rows(40))
    out = str(tmp_path / "out")
    assert main(["train", str(data), "--model", "static", "--freeze", flag, "--out", out]) == 2
    assert f"--freeze {flag}: this model's layers are not numbered" in capsys.readouterr().err


def test_a_resume_ends_with_the_very_weights(tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(entry: object) -> None:
        if isinstance(entry, dict) and entry.get("update") == 25 and "loss" in entry:
            raise Stop

    whole = learner(epochs=4)
    whole.fit()
    torn = learner(epochs=4, checkpoint_every=5)
    torn.listeners = (stop,)
    with pytest.raises(Stop):
        torn.fit(tmp_path)
    again = learner(epochs=4, checkpoint_every=5)
    again.fit(tmp_path, resume=True)
    for name, value in whole.model.module.state_dict().items():
        assert torch.equal(again.model.module.state_dict()[name], value), name
