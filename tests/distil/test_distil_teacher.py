"""Teachers: what several say together, classifiers as transformers saves them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from limbeck.data import Dataset, input_id
from limbeck.distil.given import LEAST, of_classes, table_of
from limbeck.distil.given import Given as Content
from limbeck.distil.mean import mean_of, targets_for
from limbeck.distil.teacher import FileTeacher, ModelTeacher, fitting, open_model, same_classes
from limbeck.errors import DataError, ModelError
from limbeck.metrics import softmax
from limbeck.models.transformer import load
from limbeck.scores import Scores
from support import tiny
from support.encoders import FAMILIES, folder, make
from support.train_data import Lines, rows

CLASSES = {"name": "classify", "classes": ["bad", "good"]}
NUMBER = {"name": "regress"}


def said(answers: dict[str, list[float]], *, task: dict[str, Any] = CLASSES, model: str = "m") -> Scores:
    """A table of probabilities, or numbers, by text."""
    values = np.array(list(answers.values()), np.float64)
    logits = values if task is NUMBER else np.log(np.maximum(values, LEAST))
    return table_of([input_id(text) for text in answers], logits, task=task, model=model)


def by_text(scores: Scores, *texts: str) -> NDArray[np.float64]:
    logits, found = targets_for(Dataset(list(texts), None), scores)
    assert found.all()
    return softmax(logits.astype(np.float64))


def test_the_mean_of_two_files_by_hand() -> None:
    first = said({"a": [0.9, 0.1], "b": [0.2, 0.8]}, model="one")
    second = said({"b": [0.6, 0.4], "c": [1.0, 0.0]}, model="two")
    both = mean_of([first, second])
    assert by_text(both, "a", "b", "c") == pytest.approx(np.array([[0.9, 0.1], [0.4, 0.6], [1.0, 0.0]]), abs=1e-7)
    assert [key.tobytes() for key in both.ids] == [input_id(text) for text in "abc"]  # as they first stood
    assert both.task == CLASSES and both.model not in ("one", "two")


def test_teachers_count_alike_however_often_one_says_a_thing() -> None:
    often = table_of([input_id("a")] * 3, np.log([[0.2, 0.8], [0.3, 0.7], [0.4, 0.6]]), task=CLASSES, model="m")
    assert by_text(mean_of([often]), "a") == pytest.approx(np.array([[0.3, 0.7]]), abs=1e-6)
    once = said({"a": [0.9, 0.1]})
    assert by_text(mean_of([often, once]), "a") == pytest.approx(np.array([[0.6, 0.4]]), abs=1e-6)


def test_the_mean_is_of_probabilities_whatever_the_logits_are() -> None:
    shifted = table_of([input_id("a")], np.array([[5.0, 5.0 + np.log(3)]]), task=CLASSES, model="m")
    assert by_text(mean_of([shifted, said({"a": [0.75, 0.25]})]), "a") == pytest.approx(
        np.array([[0.5, 0.5]]), abs=1e-6
    )


def test_what_is_next_to_nothing_keeps_its_logarithm() -> None:
    sure, other = (
        table_of([input_id("a")], np.array([row]), task=CLASSES, model="m") for row in ([40.0, 0], [20.0, 0])
    )
    # (exp(-40) + exp(-20)) / 2 is exp(-20) / 2 but for a part in a thousand million
    assert mean_of([sure, other]).logits[0] == pytest.approx([0, -20 - np.log(2)], abs=1e-5)


def test_numbers_have_a_plain_mean() -> None:
    mean = mean_of([said({"a": [-3.0]}, task=NUMBER), said({"a": [5.0], "b": [7.0]}, task=NUMBER)])
    assert targets_for(Dataset(["a", "b"], None), mean)[0].tolist() == [[1.0], [7.0]]


def test_one_teacher_is_left_as_it_is() -> None:
    one = said({"a": [0.9, 0.1], "b": [0.2, 0.8]})
    assert mean_of([one]) is one


def test_what_is_no_answer_counts_for_nothing() -> None:
    table = said({"a": [0.9, 0.1], "b": [0.5, 0.5], "c": [0.5, 0.5]})
    table.answerable[1] = False
    table.logits[2] = np.nan
    logits, found = targets_for(Dataset(["c", "b", "a", "elsewhere"], None), table)
    assert found.tolist() == [False, False, True, False]
    assert not logits[:2].any() and not logits[3].any() and logits.dtype == np.float32
    both = mean_of([table, said({"b": [0.25, 0.75], "c": [0.25, 0.75]})])
    assert by_text(both, "b", "c") == pytest.approx(np.array([[0.25, 0.75]] * 2), abs=1e-6)


def test_nothing_is_known_of_an_empty_table() -> None:
    empty = table_of([], np.zeros((0, 2)), task=CLASSES, model="m")
    assert targets_for(Dataset(["a"], None), empty)[1].tolist() == [False]
    assert len(mean_of([empty, empty])) == 0


PROBABILITIES = st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3).map(
    lambda values: [v / sum(values) for v in values]
)
TABLES = st.lists(st.dictionaries(st.sampled_from("abcd"), PROBABILITIES, min_size=1), min_size=1, max_size=4)
THREE = {"name": "classify", "classes": ["x", "y", "z"]}


@settings(deadline=None)
@given(TABLES, st.randoms(use_true_random=False), st.permutations(range(3)))
def test_neither_the_order_of_teachers_nor_that_of_classes_matters(
    answers: list[dict[str, list[float]]], random: Any, order: list[int]
) -> None:
    tables = [said(one, task=THREE) for one in answers]
    texts = sorted({text for one in answers for text in one})
    mean = by_text(mean_of(tables), *texts)
    shuffled = random.sample(tables, len(tables))
    assert by_text(mean_of(shuffled), *texts) == pytest.approx(mean, abs=1e-5)
    classes = [THREE["classes"][n] for n in order]
    permuted = [of_classes(one, classes, name="said") for one in tables]
    assert by_text(mean_of(permuted), *texts) == pytest.approx(mean[:, order], abs=1e-5)
    expected = np.array([np.mean([one[text] for one in answers if text in one], axis=0) for text in texts])
    assert mean == pytest.approx(expected, abs=1e-4)


def test_teachers_of_other_classes_are_refused() -> None:
    one, other = (FileTeacher(name, Content(said({"a": [0.5, 0.5]}), None)) for name in ("one.csv", "two.csv"))
    same_classes([one, other])
    number = FileTeacher("three.csv", Content(said({"a": [1.0]}, task=NUMBER), None))
    with pytest.raises(DataError) as caught:
        same_classes([one, number])
    assert str(caught.value) == (
        "one.csv does classify with the classes 'bad', 'good', three.csv regress: teachers of one student need the "
        "same classes"
    )


def reference(source: Path, inputs: list[Any]) -> NDArray[np.float32]:
    """Logits by transformers itself."""
    model = transformers.AutoModelForSequenceClassification.from_pretrained(source, local_files_only=True).eval()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(source / "tokenizer.json"), pad_token="[PAD]")
    sides = [list(side) for side in zip(*inputs, strict=True)] if isinstance(inputs[0], tuple) else [inputs]
    given_ = tokenizer(*sides, return_token_type_ids=True)
    made = []
    for ids, types in zip(given_["input_ids"], given_["token_type_ids"], strict=True):
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids]), token_type_ids=torch.tensor([types])).logits
        made.append(logits[0].numpy())
    return np.stack(made)


def test_a_classifier_of_transformers_is_asked_as_it_is(tmp_path: Path) -> None:
    source = make(tmp_path / "plain", "bert", classes=("good", "awful", "bad"))
    teacher = open_model(source, tmp_path)
    assert teacher.name == "plain"
    assert teacher.task == {"name": "classify", "classes": ["good", "awful", "bad"]}  # in its own order
    found = teacher.judge(Dataset(list(rows(6).inputs), None), Lines())
    assert found.logits == pytest.approx(reference(source, rows(6).inputs), abs=1e-4)
    assert not (source / "limbeck.json").exists()


def test_pairs_are_read_as_pairs_by_a_classifier_of_transformers(tmp_path: Path) -> None:
    source = make(tmp_path / "plain", "bert", classes=("no", "yes"))
    pairs: list[Any] = [("a lovely film", "a cold room"), ("a film", "the end")]
    data = Dataset(pairs, None, name="pairs.csv")
    (teacher,) = fitting([open_model(source, tmp_path)], data, tmp_path)
    assert teacher.judge(data, Lines()).logits == pytest.approx(reference(source, pairs), abs=1e-4)


def test_saved_models_take_what_they_were_trained_on() -> None:
    pairs, single = Dataset([("a", "b")], None, name="pairs.csv"), Dataset(["a"], None, name="rows.csv")
    of_texts, of_pairs = (open_model(tiny.shared(kind), Path("nowhere")) for kind in ("text", "pair"))
    assert fitting([of_texts], single, Path("nowhere")) == [of_texts]
    with pytest.raises(DataError, match=r"pairs.csv holds pairs of texts, and model takes one text; .*--text-column"):
        fitting([of_texts], pairs, Path("nowhere"))
    with pytest.raises(DataError, match=r"rows.csv holds single texts, and model takes pairs; name both columns"):
        fitting([of_pairs], single, Path("nowhere"))


def test_a_regression_of_transformers_keeps_its_output_layer(tmp_path: Path) -> None:
    source = make(tmp_path / "plain", "bert", classes=("score",))
    teacher = open_model(source, tmp_path)
    assert teacher.task == NUMBER
    found = teacher.judge(Dataset(list(rows(6).inputs), None), Lines())
    assert found.logits == pytest.approx(reference(source, rows(6).inputs), abs=1e-4)


def test_two_classes_without_names_are_those_of_transformers(tmp_path: Path) -> None:
    source = make(tmp_path / "plain", "bert", classes=("LABEL_0", "LABEL_1"))
    record = json.loads((source / "config.json").read_text())
    assert "id2label" not in record  # two labels without names are its default
    assert open_model(source, tmp_path).task["classes"] == ["LABEL_0", "LABEL_1"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"problem_type": "multi_label_classification"}, "gives several labels to a text"),
        ({"problem_type": "regression"}, "gives 2 numbers to a text; a teacher gives one number, or classes"),
        ({"id2label": {"0": "good", "1": "good"}}, "names two classes alike"),
        ({"architectures": ["BertForMaskedLM"]}, "is no classifier but BertForMaskedLM: it has no judgement to teach"),
    ],
)
def test_what_is_no_teacher_says_why(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    source = make(tmp_path / "plain", "bert", classes=("good", "bad"))
    record = json.loads((source / "config.json").read_text())
    (source / "config.json").write_text(json.dumps({**record, **changes}))
    with pytest.raises(ModelError, match=message):
        open_model(source, tmp_path)


@pytest.mark.parametrize(
    ("part", "labels", "message"),
    [
        ("classifier.weight", 2, r"plain lacks weights that its config\.json tells of: classifier\.weight\. The files"),
        ("pooler.dense.bias", 2, r"tells of: bert\.pooler\.dense\.bias\."),
        (None, 3, r"classifier\.bias \(3,\), there \(2,\); classifier\.weight \(3, 32\), there \(2, 32\)"),
    ],
)
def test_a_head_that_would_begin_anew_judges_nothing(
    tmp_path: Path, part: str | None, labels: int, message: str
) -> None:
    source = make(tmp_path / "plain", "bert", classes=("good", "bad"))
    weights = load_file(source / "model.safetensors")
    kept = {name: value for name, value in weights.items() if part is None or not name.endswith(part)}
    save_file(kept, source / "model.safetensors", metadata={"format": "pt"})
    record = json.loads((source / "config.json").read_text())
    names = {str(n): f"class {n}" for n in range(labels)}
    (source / "config.json").write_text(json.dumps({**record, "id2label": names}))
    with pytest.raises(ModelError, match=message):
        open_model(source, tmp_path)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_whole_head_of_any_family_judges(tmp_path: Path, family: str) -> None:
    source = make(tmp_path / "plain", family, classes=("good", "bad"))
    assert load(source, judges=True).inner.config.num_labels == 2


def test_an_encoder_without_a_head_is_no_teacher(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        open_model(folder("bert"), tmp_path)
    assert "is no classifier but BertModel: it has no judgement to teach. Fine-tune it first: limbeck train" in str(
        caught.value
    )
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "config.json").write_text("{")
    with pytest.raises(ModelError, match=r"config\.json is damaged: .*; copy the model's folder again"):
        open_model(tmp_path / "damaged", tmp_path)
    (tmp_path / "damaged" / "config.json").write_text("[1]")
    with pytest.raises(ModelError, match=r"config\.json holds no json object; copy the model's folder again"):
        open_model(tmp_path / "damaged", tmp_path)


def test_teachers_tell_what_they_are(tmp_path: Path) -> None:
    table = said({"a": [0.5, 0.5]}, model="abc")
    file = FileTeacher("said.npz", Content(table, None))
    assert (file.task, file.fingerprint, file.dataset, file.can_be_asked) == (CLASSES, "abc", None, False)
    assert file.judge(Dataset(["elsewhere"], None), Lines()) is table
    model = open_model(tiny.shared(), tmp_path)
    assert isinstance(model, ModelTeacher) and model.can_be_asked and model.dataset is None
    assert model.fingerprint == tiny.predictor().fingerprint
