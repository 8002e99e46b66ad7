"""The family of frozen encoders: which encoder, what is fitted, and that the encoder stays as it is."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import limbeck.sentiment
from limbeck import models
from limbeck.errors import ModelError, SettingsError
from limbeck.models import Job, Labelled, Prepared, Request, frozen
from limbeck.models._features import features_of
from limbeck.models._linear_head import fit_head
from limbeck.runtime.progress import Progress
from limbeck.tasks import make_task
from limbeck.text import Encoder, TextSettings
from support.encoders import folder
from support.train_data import numbers, rows

CLASSES = make_task("classify", classes=["bad", "good"])


def request(source: str, task: Any = CLASSES) -> Request:
    return Request(source, ["a film"], task, 32, 0)


def job(family: str = "bert", n: int = 24, task: Any = CLASSES, *, n_valid: int = 0, seed: int = 0) -> Job:
    """``n`` rows to learn from, and others to validate on."""
    prepared = models.prepare(request(f"frozen:{folder(family)}", task))
    encoder = Encoder.from_string(prepared.tokenizer, TextSettings(max_length=32))
    data = rows(40) if task.classes else numbers(40)
    targets = task.encode(data.targets or [])
    if not task.classes:
        targets = (targets - targets.mean()) / targets.std()

    def some(chosen: range) -> Labelled:
        part = data.take(chosen)
        return Labelled(encoder.encode(part.inputs), targets[list(chosen)])

    valid = some(range(40 - n_valid, 40)) if n_valid else None
    return Job(prepared.model, task, some(range(n)), valid, encoder.pad_id, seed, Progress)


def weights(model: Any) -> dict[str, torch.Tensor]:
    return copy.deepcopy(dict(model.module.state_dict()))


# names


@pytest.mark.parametrize(
    ("source", "family", "origin"),
    [
        ("frozen", "frozen", "sentiment"),
        ("frozen:org/name", "frozen", "org/name"),
        ("frozen:sentiment", "frozen", "sentiment"),
        ("sentiment", "sentiment", "sentiment"),
        ("./frozen", "transformer", "./frozen"),
        ("small", "small", "small"),
        ("frozenish", "transformer", "frozenish"),
    ],
)
def test_names(source: str, family: str, origin: str) -> None:
    assert models.family_of(source) == family
    assert models.origin(source) == origin


def test_a_folder_is_shown_by_its_name() -> None:
    path = folder("bert")
    assert models.shown(f"frozen:{path}") == f"frozen:{path.name}"
    assert models.shown(models.origin(f"frozen:{path}")) == path.name
    assert models.shown("frozen:org/name") == "frozen:org/name"
    assert models.shown("frozen") == "frozen"


def test_it_is_fitted_without_epochs() -> None:
    assert models.defaults("frozen:x") == models.Defaults(None, None)
    assert models.own_fit("frozen") is frozen.fit
    assert models.own_fit("small") is models.own_fit("org/name") is None


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_encoder_with_weights_that_are_no_numbers_is_refused(value: float) -> None:
    """No layer fits such features, and a search for one takes hours."""
    asked = job(n_valid=8)
    with torch.no_grad():
        asked.model.module.get_parameter("inner.bert.encoder.layer.1.output.dense.weight")[0, 0] = value
    says = r"the encoder gives no finite numbers for \d+ of 24 texts: its weights are damaged"
    for fitted in (frozen.fit, frozen.start_output_layer):
        with pytest.raises(ModelError, match=says):
            fitted(asked)


def test_an_encoder_is_asked_for_where_none_ships(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Path:
        raise ModelError("no model ships with this limbeck")

    monkeypatch.setattr(limbeck.sentiment, "folder", none)
    monkeypatch.delenv("LIMBECK_SENTIMENT", raising=False)
    for source in ("frozen", "sentiment"):
        with pytest.raises(ModelError, match=r"--model frozen:FOLDER_OR_HUB_NAME to keep it as it is$"):
            models.prepare(request(source))


def test_a_variable_that_names_nothing_is_no_fallback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMBECK_SENTIMENT", str(tmp_path / "absent"))
    for source in ("frozen", models.DEFAULT):
        with pytest.raises(ModelError, match=r"LIMBECK_SENTIMENT names '.*absent', which holds no saved model"):
            models.prepare(request(source))


def test_the_shipped_weights_are_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limbeck.sentiment, "folder", lambda: folder("bert"))
    assert models.DEFAULT == "sentiment"
    made: list[Prepared] = [models.prepare(request(name)) for name in ("frozen", "sentiment", str(folder("bert")))]
    first, *others = [weights(prepared.model) for prepared in made]
    assert all(torch.equal(first[name], other[name]) for other in others for name in first)
    assert models.defaults("sentiment") == models.defaults("org/name")


@pytest.mark.parametrize("source", ["frozen:", "frozen:small", "frozen:frozen"])
def test_no_pretrained_encoder(source: str) -> None:
    with pytest.raises(ModelError, match=f"--model '{source}' names no pretrained encoder; give its folder"):
        models.prepare(request(source))


def test_an_absent_folder_is_refused_as_elsewhere() -> None:
    with pytest.raises(ModelError, match=r"--model './absent' is not a folder"):
        models.prepare(request("frozen:./absent"))


def test_a_task_that_it_cannot_fit() -> None:
    class Other:
        name = "ordinal"

    with pytest.raises(SettingsError, match="--model frozen fits 'classify' and 'regress'; the task is 'ordinal'"):
        models.prepare(request("frozen:org/name", Other()))


# the fit


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert", "albert"])
def test_the_encoder_stays_as_it_is_and_the_layer_is_what_was_fitted(family: str) -> None:
    given = job(family, n_valid=8)
    before = weights(given.model)
    fitted = frozen.fit(given)
    assert given.valid is not None
    after = weights(fitted.model)
    assert not fitted.model.module.training
    output = {id(fitted.model.output_layer().weight), id(fitted.model.output_layer().bias)}
    tuned = {name for name, value in fitted.model.module.named_parameters() if id(value) in output}
    head = ("pooler", "classifier")
    kept = [name for name in before if name not in tuned and not any(part in name for part in head)]
    assert len(kept) > 20
    assert all(torch.equal(before[name], after[name]) for name in kept)
    features = features_of(fitted.model, given.valid.encoded, pad_id=given.pad_id, watch=Progress)
    layer = fitted.model.output_layer()
    with torch.inference_mode():
        said = torch.nn.functional.linear(torch.from_numpy(features), layer.weight, layer.bias).numpy()
    best = frozen.best_head(job(family, n_valid=8))
    assert best.valid_logits is not None
    np.testing.assert_allclose(said, best.valid_logits, atol=1e-3)
    assert fitted.record["features"] == best.features
    assert (family == "albert") <= (best.features == "first token")


def test_it_says_what_it_did() -> None:
    fitted = frozen.fit(job())
    record = fitted.record
    assert list(record) == ["name", "features", "strength", "held_back_loss"]
    assert record["name"] == "logistic regression"
    assert record["features"] in ("first token", "mean of the tokens")
    assert fitted.summary == (
        f"frozen encoder ({record['features']}), logistic regression: L2 strength {record['strength']:.3g} "
        f"by 5 folds, loss {record['held_back_loss']:.4f}"
    )


@pytest.mark.parametrize("trained", [None, "BertModel", "BertForSequenceClassification", "pooled"])
@pytest.mark.parametrize("kind", ["first token", "mean of the tokens", "chance", "few"])
def test_the_better_features_are_kept_and_those_that_it_was_trained_through_where_rows_cannot_tell(
    monkeypatch: pytest.MonkeyPatch, kind: str, trained: str | None, tmp_path: Path
) -> None:
    calls: list[str] = []

    def spoilt(*arguments: Any, **named: Any) -> Any:
        calls.append(("first token", "mean of the tokens")[len(calls)])
        found = fit_head(*arguments, **named)
        low = np.tile([0.1, 0.2], 30 if kind != "few" else 20)  # 40 cannot tell, however sure they are
        if kind in ("chance", "few"):
            deviations = (
                np.tile([0.0, -0.1, 0.5, -0.5], 15) - 0.01 if kind == "chance" else -0.05
            )  # -0.035, give or take 0.046
            return replace(found, losses=low + deviations * (calls[-1] != likely))
        return replace(found, losses=low + 0.1 * (calls[-1] != kind))

    given = job()
    config = given.model.inner.config  # type: ignore[attr-defined]
    config.architectures = None if trained is None else [trained]
    if trained == "pooled":  # as sentence-transformers saves an encoder that it pools by the first token
        config.name_or_path = str(tmp_path)
        (tmp_path / "1_Pooling").mkdir()
        (tmp_path / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    likely = "first token" if trained in ("BertForSequenceClassification", "pooled") else "mean of the tokens"
    monkeypatch.setattr(frozen, "fit_head", spoilt)
    fitted = frozen.fit(given)
    assert fitted.record["features"] == (likely if kind in ("chance", "few") else kind)
    n_layers = 2 + (fitted.record["features"] == "mean of the tokens")
    assert fitted.model.module.inner.config.num_hidden_layers == n_layers  # type: ignore[union-attr]


def test_the_same_rows_and_seed_give_the_same_weights() -> None:
    one, same = (weights(frozen.fit(job(seed=4)).model) for _ in range(2))
    assert all(torch.equal(one[name], same[name]) for name in one)


def test_two_rows_are_enough() -> None:
    fitted = frozen.fit(job(n=2))
    assert fitted.record["held_back_loss"] is None
    assert fitted.summary.endswith("L2 strength 3.2 for want of rows to choose by")
    assert frozen.start_output_layer(job(n=2)) == "output layer: fitted to 2 rows with the encoder as it is"


def test_numbers_are_fitted() -> None:
    fitted = frozen.fit(job(task=make_task("regress"), n=30))
    assert fitted.record["name"] == "ridge regression"
    assert fitted.record["held_back_loss"] < 1.2  # standardised: the mean alone costs 1


# the start of an output layer


def test_the_output_layer_of_a_fine_tuning_starts_from_it() -> None:
    given = job()
    before = weights(given.model)
    said = frozen.start_output_layer(given)
    assert said.startswith("output layer: fitted to 24 rows with the encoder as it is, loss in 5 folds 0.")
    after = weights(given.model)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"inner.classifier.weight", "inner.classifier.bias"}
    features = features_of(given.model, given.train.encoded, pad_id=given.pad_id, watch=Progress)
    layer = given.model.output_layer()
    with torch.inference_mode():
        said_now = torch.nn.functional.linear(torch.from_numpy(features), layer.weight, layer.bias).numpy()
    assert (said_now.argmax(axis=1) == given.train.targets).mean() > 0.6


def test_a_large_training_set_is_sampled_with_a_row_of_each_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frozen, "START_ROWS", 10)
    targets = np.array([0] * 500 + [1] * 3 + [2])
    chosen = frozen._some(targets, True, seed=0)
    assert len(chosen) == 10
    assert np.array_equal(chosen, np.unique(chosen))
    assert set(targets[chosen]) == {0, 1, 2}
    assert np.array_equal(chosen, frozen._some(targets, True, seed=0))
    assert not np.array_equal(chosen, frozen._some(targets, True, seed=1))
    assert len(frozen._some(targets[:4], False, seed=0)) == 4
