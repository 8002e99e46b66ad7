from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import limbeck
from limbeck.artefact.manifest import Manifest
from limbeck.errors import ArtefactError, DataError, SettingsError
from limbeck.runtime import Answer, Predictor, load
from limbeck.runtime.answer import NOT_A_NUMBER
from limbeck.tasks import task_from_json
from support.tiny import MAX_LENGTH, SENTENCES, predictor, save_tiny, shared

ODD = {
    "": "blank",
    "   ": "blank",
    "\t\r\n": "blank",
    "\u00a0\u2003": "blank",
    "\u200b\ufeff": "blank",
    "\x00": "blank",
    "the film\x00 was a joy": "label",
    "\x07the film was a bore": "label",
    "the film was a joy \ud83d": "label",
    "\ude00 the film was a bore": "label",
    "the fi\u0301lm": "label",
    "\uff34\uff28\uff25 film": "label",
    "\u202ethe film was a joy\u202c": "label",
    "?!...": "label",
    "\N{THUMBS UP SIGN}": "label",
    "the film was a joy " + "x" * 3000: "label",
    "QUJD" * 10_000: "label",
    "\n" * 20_000 + "a joy": "label",
    "a\u00adjoy": "label",
    "a": "label",
    "the film was a joy\u2028\u2029": "label",
}


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path_factory.getbasetemp() / "predictor-cache"))


def test_load_gives_a_predictor_and_one_text_one_answer() -> None:
    model = load(shared())
    answer = model.predict("an hour i want back")
    assert isinstance(answer, Answer)
    assert answer.predicted in ("negative", "positive")
    assert list(answer.probs) == ["negative", "positive"]
    assert sum(answer.probs.values()) == pytest.approx(1.0)
    assert answer.probs[str(answer.predicted)] == max(answer.probs.values())
    assert (answer.tokens_dropped, answer.reason) == (0, "")
    assert limbeck.load(shared()).predict("an hour i want back") == answer
    assert model.folder == shared()
    assert model.classes == ("negative", "positive")


def test_a_row_has_the_keys_in_their_order() -> None:
    row = predictor().predict("a joy").to_row()
    assert list(row) == ["predicted", "p_negative", "p_positive", "tokens_read", "tokens_dropped", "reason"]
    assert list(predictor().predict("").to_row()) == list(row)
    assert list(predictor("regress").predict("a joy").to_row()) == [
        "predicted",
        "tokens_read",
        "tokens_dropped",
        "reason",
    ]
    assert list(predictor().predict("a").to_row("x_"))[:2] == ["x_predicted", "x_p_negative"]


def test_the_answer_is_the_graphs_own() -> None:
    """The slow way: mean of the pieces' embeddings, one text alone."""
    import onnx
    from onnx import numpy_helper

    model = predictor()
    graph = onnx.load(shared() / "onnx" / "model.onnx").graph
    weights = {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
    ids = model.encoder.encode([SENTENCES[0]]).ids[0]
    logits = weights["pieces"][ids].mean(axis=0) @ weights["kernel"] + weights["bias"]
    np.testing.assert_allclose(model.logits([SENTENCES[0]])[0][0], logits, atol=1e-6)


def test_odd_texts_neither_stop_nor_poison_the_others() -> None:
    answers = predictor().predict(list(ODD))
    assert len(answers) == len(ODD)
    for (text, must), answer in zip(ODD.items(), answers, strict=True):
        if must == "blank":
            assert answer.predicted is None, repr(text[:20])
            assert answer.reason == "empty text"
            assert answer.to_row()["p_negative"] is None
            assert answer.probs == {}
        else:
            assert answer.predicted in predictor().classes, repr(text[:20])
            assert all(np.isfinite(value) for value in answer.probs.values())
    json.dumps([answer.to_row() for answer in answers], allow_nan=False)


def test_a_word_that_is_read_as_unknown_is_told() -> None:
    assert predictor().predict("x" * 120).reason == "a word of 120 characters was read as unknown"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([*SENTENCES, *ODD]), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_an_answer_depends_neither_on_company_nor_on_order(texts: list[str], chance: Any) -> None:
    together, _ = predictor().logits(texts)
    order = list(range(len(texts)))
    chance.shuffle(order)
    shuffled, _ = predictor().logits([texts[place] for place in order])
    np.testing.assert_allclose(shuffled, together[order], atol=1e-5)
    alone = np.concatenate([predictor().logits([text])[0] for text in texts[:5]])
    np.testing.assert_allclose(alone, together[:5], atol=1e-5)


@pytest.mark.parametrize("batch_tokens", [1, 20, 100, 100_000])
def test_an_answer_does_not_depend_on_batches(batch_tokens: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, _ = predictor().logits(SENTENCES)
    honest = predictor().session.run
    monkeypatch.setattr(
        predictor().session, "run", lambda *rows, **named: honest(*rows, **named, batch_tokens=batch_tokens)
    )
    np.testing.assert_allclose(predictor().logits(SENTENCES)[0], expected, atol=1e-6)


def test_blank_texts_never_reach_the_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def run(ids: Sequence[Any], type_ids: Sequence[Any], **named: Any) -> Any:
        seen.append(len(ids))
        return np.zeros((len(ids), 2), np.float32)

    monkeypatch.setattr(predictor().session, "run", run)
    logits, encoded = predictor().logits(["", "a", " "])
    assert seen == [1]
    assert logits.shape == (3, 2)
    assert encoded.answerable.tolist() == [False, True, False]


def test_an_output_that_is_no_number_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    nan = np.array([[np.nan, 0.0], [0.0, 1.0]], np.float32)
    monkeypatch.setattr(predictor().session, "run", lambda *rows, **named: nan)
    first, second = predictor().predict(["a", "the"])
    assert (first.predicted, first.reason, first.probs) == (None, NOT_A_NUMBER, {})
    assert second.predicted == "positive"


def test_no_texts_no_answers() -> None:
    assert predictor().predict([]) == []
    logits, encoded = predictor().logits([])
    assert logits.shape == (0, 2)
    assert encoded.reasons == []


def test_any_iterable_of_texts_will_do() -> None:
    expected = [answer.predicted for answer in predictor().predict(SENTENCES)]
    assert [answer.predicted for answer in predictor().predict(iter(SENTENCES))] == expected
    assert [answer.predicted for answer in predictor().predict(np.array(SENTENCES))] == expected


def test_a_long_text_keeps_head_and_tail() -> None:
    words = ["joy", *["the"] * 100, "bore"]
    answer = predictor().predict(" ".join(words))
    budget = MAX_LENGTH - 2
    assert (answer.tokens_read, answer.tokens_dropped) == (budget, 102 - budget)
    middle = " ".join(["joy", *["the"] * 40, "bore"])
    np.testing.assert_allclose(predictor().logits([middle])[0], predictor().logits([" ".join(words)])[0], atol=1e-6)
    other = " ".join(["joy", *["the"] * 100, "joy"])
    assert np.abs(predictor().logits([other])[0] - predictor().logits([" ".join(words)])[0]).max() > 1e-4


def test_windows_read_all_and_average_by_tokens() -> None:
    model = predictor()
    text = " ".join(["joy"] * 30 + ["bore"] * 20)
    logits, encoded = model.logits([text, "a joy", ""], windows=True)
    assert encoded.read.tolist() == [50, 2, 0]
    assert encoded.dropped.tolist() == [0, 0, 0]
    parts = [["joy"] * 17, ["joy"] * 13 + ["bore"] * 4, ["bore"] * 16]  # 50 tokens in three windows of at most 22
    alone, _ = model.logits([" ".join(part) for part in parts])
    expected = (17 * alone[0] + 17 * alone[1] + 16 * alone[2]) / 50
    np.testing.assert_allclose(logits[0], expected, atol=1e-5)
    np.testing.assert_allclose(logits[1], model.logits(["a joy"])[0][0], atol=1e-6)
    assert model.predict(text, windows=True).tokens_read == 50


def test_pairs_are_answered_as_pairs() -> None:
    model = predictor("pair")
    one = model.predict(("the film", "was a joy"))
    assert isinstance(one, Answer)
    pairs: list[Any] = [("the film", "was a joy"), ("was a joy", "the film"), ["the film", "was a joy"]]
    same, other, listed = model.predict(pairs)
    assert same == listed
    assert one.probs == pytest.approx(same.probs, abs=1e-6)
    assert same.probs != pytest.approx(other.probs, abs=1e-3)  # the second segment counts
    blank, half = model.predict([(" ", ""), ("", "a joy")])
    assert blank.reason == "empty text"
    assert half.predicted is not None


def test_windows_of_pairs_are_refused() -> None:
    with pytest.raises(SettingsError, match="--windows reads single texts only"):
        predictor("pair").predict([("a", "b")], windows=True)


def test_a_number_is_in_the_targets_unit() -> None:
    answer = predictor("regress").predict("a joy")
    assert isinstance(answer.predicted, float)
    assert answer.probs == {}
    assert predictor("regress").predict("").predicted is None


@pytest.mark.parametrize(
    ("kind", "inputs", "message"),
    [
        ("text", ["a", None], r"input 1 is None \(of type NoneType\); this model takes a text, such as \"A text\.\""),
        ("text", ["a", 3.5], r"input 1 is 3\.5 \(of type float\)"),
        ("text", [("a", "b")], r"input 0 is \('a', 'b'\) \(of type tuple\); this model takes a text"),
        ("text", [b"a"], r"input 0 is b'a' \(of type bytes\)"),
        ("text", ["a" * 0, {"text": "a"}], "of type dict"),
        ("text", None, r"None \(of type NoneType\) is neither a text nor a list of texts; give one, such as \"A text"),
        ("text", b"bytes", "is neither a text nor a list of texts; give one, such as"),
        ("text", {"text": "a"}, "is neither a text nor a list of texts"),
        ("pair", ["a"], r"input 0 is 'a' \(of type str\); this model takes a pair of texts, such as"),
        ("pair", [("a",)], "takes a pair of texts"),
        ("pair", [("a", None)], "takes a pair of texts"),
        ("pair", 7, "is neither a pair of texts nor a list of pairs of texts"),
        ("pair", "a", "takes a pair of texts"),
    ],
)
def test_wrong_inputs_are_named_by_place_and_type(kind: str, inputs: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        predictor(kind).predict(inputs)


def test_many_wrong_inputs_are_told_in_one_message() -> None:
    mixed: list[Any] = ["a", *range(8)]
    long: list[Any] = [["x" * 500]]
    with pytest.raises(DataError, match="6 problems") as caught:
        predictor().predict(mixed)
    assert "input 1 is 0" in str(caught.value)
    assert "and 3 more" in str(caught.value)
    with pytest.raises(DataError, match=r"\.\.\. \(of type list\)"):
        predictor().predict(long)


def test_class_names_come_back_as_they_are(tmp_path: Path) -> None:
    classes = ("10", "9", "True", "déjà payé", "refund: late")
    save_tiny(tmp_path / "model", classes=classes)
    model = load(tmp_path / "model")
    answer = model.predict("a joy")
    assert model.classes == classes
    assert answer.predicted in classes
    assert list(answer.to_row()) == [
        "predicted",
        *(f"p_{name}" for name in classes),
        "tokens_read",
        "tokens_dropped",
        "reason",
    ]


def test_truncation_and_padding_of_the_tokenizer_file_are_dropped(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(shared(), folder)
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["truncation"] = {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}
    tokenizer["padding"] = {
        "strategy": {"Fixed": 64},
        "direction": "Left",
        "pad_to_multiple_of": None,
        "pad_id": 0,
        "pad_type_id": 0,
        "pad_token": "[PAD]",
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    patched = Predictor(folder, replace(Manifest.read(folder), files={}))
    np.testing.assert_allclose(patched.logits(SENTENCES)[0], predictor().logits(SENTENCES)[0], atol=1e-6)
    assert patched.fingerprint != predictor().fingerprint


def test_the_fingerprint_is_of_what_determines_an_answer(tmp_path: Path) -> None:
    manifest = Manifest.read(shared())
    same = Predictor(shared(), replace(manifest, metrics={"accuracy": 1.0}, files={}))
    assert same.fingerprint == predictor().fingerprint
    for changed in (
        replace(manifest, text={**manifest.text, "max_length": 12}),
        replace(manifest, task={"name": "classify", "classes": ["positive", "negative"]}),
        replace(manifest, inputs="pair"),
    ):
        assert Predictor(shared(), changed).fingerprint != predictor().fingerprint
    save_tiny(tmp_path / "other", seed=8)
    assert load(tmp_path / "other").fingerprint != predictor().fingerprint


def test_the_fingerprint_is_of_weights_that_stand_beside_the_graph_too(tmp_path: Path) -> None:
    """Two trainings of one large encoder differ in that file alone."""
    shutil.copytree(shared(), tmp_path / "model")
    manifest = replace(Manifest.read(shared()), files={})
    found = {predictor().fingerprint}
    for content in (b"one training", b"another"):
        (tmp_path / "model" / "onnx" / "model.onnx_data").write_bytes(content)
        found.add(Predictor(tmp_path / "model", manifest).fingerprint)
    assert len(found) == 3


def test_a_graph_of_another_model_is_told() -> None:
    manifest = Manifest.read(shared())
    with pytest.raises(ArtefactError, match=r"gives 2 logits, and the task in limbeck\.json has 3"):
        Predictor(shared(), replace(manifest, task={"name": "classify", "classes": ["a", "b", "c"]}))


def test_a_quick_load_tells_of_the_graph_when_it_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "model" / "onnx" / "model.onnx"
    shutil.copytree(shared(), path.parents[1])
    assert load(path.parents[1], quick=True).predict("a joy").predicted  # and the probes need no replay from here on
    task = {"name": "classify", "classes": ["a", "b", "c"]}
    monkeypatch.setattr("limbeck.runtime.predictor.task_from_json", lambda _: task_from_json(task))
    quick = load(path.parents[1], quick=True)
    with pytest.raises(ArtefactError, match=r"gives 2 logits, and the task in limbeck\.json has 3"):
        quick.predict("a joy")
    with pytest.raises(ArtefactError, match=r"gives 2 logits, and the task in limbeck\.json has 3"):
        load(path.parents[1])


def test_text_settings_of_a_later_limbeck_are_told() -> None:
    with pytest.raises(ArtefactError, match=r"records the text settings.*upgrade limbeck"):
        Predictor(shared(), replace(Manifest.read(shared()), text={"novelty": 1}))


@pytest.mark.parametrize("name", ["onnx/model.onnx", "tokenizer.json", "model.safetensors", "limbeck.json"])
def test_a_damaged_folder_does_not_load(tmp_path: Path, name: str) -> None:
    shutil.copytree(shared(), tmp_path / "model")
    path = tmp_path / "model" / name
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ArtefactError, match=name):
        load(tmp_path / "model")
    path.unlink()
    with pytest.raises(ArtefactError, match=f"{name} is missing"):
        load(str(tmp_path / "model"))


def test_a_runtime_only_folder_loads(tmp_path: Path) -> None:
    shutil.copytree(shared(), tmp_path / "model")
    manifest = Manifest.read(shared())
    (tmp_path / "model" / "model.safetensors").unlink()
    (tmp_path / "model" / "config.json").unlink()
    files = {name: entry for name, entry in manifest.files.items() if name not in ("model.safetensors", "config.json")}
    (tmp_path / "model" / "limbeck.json").write_bytes(replace(manifest, files=files).to_bytes())
    assert load(tmp_path / "model").predict("a joy") == predictor().predict("a joy")
