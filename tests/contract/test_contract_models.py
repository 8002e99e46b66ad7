"""What every model keeps, its own family's or another package's: it learns, is saved, and answers as it did in torch.

The classes have names that others lost: with a colon, an accent, the look of a truth value, of numbers in text order.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import transformers

import limbeck
from limbeck.artefact.manifest import Manifest
from limbeck.cli import main
from limbeck.data import Dataset, read
from limbeck.errors import SettingsError
from limbeck.losses import LOSSES
from limbeck.metrics import softmax
from limbeck.models import MODELS
from limbeck.passes import PASSES
from limbeck.runtime.check import check
from limbeck.tasks import TASKS
from limbeck.train.learner import Learner
from limbeck.train.settings import FitSettings
from support.dummy import ENTRY_POINTS
from support.encoders import FAMILIES, folder

pytestmark = pytest.mark.contract

CLASSES = ("10", "9", "True", "déjà payé", "refund: late")
"""In the order of code points, which is that of the logits."""
THINGS = dict(zip(CLASSES, ("warm film", "cold room", "great meal", "poor book", "lovely river"), strict=True))
FRAMES = (
    *("the {}", "a {} for everyone", "that is the {} there", "is it a {}"),
    *("{}", "a {} at the window", "truly the {}", "an {} and not this"),
)
HUB = (*FAMILIES, "small", "frozen:bert", "frozen:roberta")
"""Models whose folder is a Hugging Face one."""
OWN = ("static", "bag")
"""Models that transformers knows no architecture for."""
ALL = (*HUB, *OWN)
OF_EVERY_KIND = ("bert", "roberta", "small", "frozen:bert", *OWN)
"""Models that learn pairs and numbers as well."""
LONG = "that truly lovely river for everyone near the cold room " * 12


@dataclass(frozen=True)
class Fitted:
    learner: Learner
    folder: Path
    data: Dataset


@pytest.fixture(scope="module", autouse=True)
def third_party(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Another package is installed: its metadata lie on the path, nothing of limbeck knows it."""
    site = tmp_path_factory.mktemp("site")
    info = site / "limbeck_dummy-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: limbeck-dummy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site)
        importlib.invalidate_caches()
        yield


def sentences() -> Dataset:
    rows = [(frame.format(thing), name) for frame in FRAMES for name, thing in THINGS.items()]
    return read(rows)


def pairs() -> Dataset:
    """Whether the second text is about the first one's thing; the words alone do not tell."""
    seconds = ("a lovely film", "a cold room")
    firsts = [(frame.format(word), word) for frame in FRAMES for word in ("film", "room")]
    return read([(first, second, str(word in second)) for first, word in firsts for second in seconds])


def numbers() -> Dataset:
    data = sentences()
    assert data.targets is not None
    targets = [2000.0 + 100 * CLASSES.index(str(target)) for target in data.targets]
    return Dataset(data.inputs, targets, "regress", (), "numbers")


def ordered() -> Dataset:
    data = sentences()
    return Dataset(data.inputs, data.targets, "ordinal", data.classes, "ordered")


def source_of(model: str) -> str:
    if model.startswith("frozen:"):
        return f"frozen:{folder(model.removeprefix('frozen:'))}"
    return str(folder(model)) if model in FAMILIES else model


def fitted(home: Path, model: str, data: Dataset, *, epochs: int) -> Fitted:
    """Trained on ``data`` and saved; the graph of a family that torch has to trace takes its time, so only once."""
    lr = None if model in OWN else 3e-3 if model in FAMILIES else 1e-3
    fit = FitSettings(epochs=epochs, lr=lr, batch_size=4, precision="float32", seed=1)
    learner = Learner(data, model=source_of(model), text=limbeck.TextSettings(max_length=32), fit=fit)
    learner.fit()
    learner.save(home / "out", calibrated=False)
    return Fitted(learner, home / "out", data)


@pytest.fixture(scope="module", params=ALL)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    return fitted(home_of(request.param, tmp_path_factory), request.param, sentences(), epochs=12)


@pytest.fixture(scope="module", params=OF_EVERY_KIND)
def of_pairs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    return fitted(home_of(request.param, tmp_path_factory), request.param, pairs(), epochs=2)


@pytest.fixture(scope="module", params=OF_EVERY_KIND)
def of_numbers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    return fitted(home_of(request.param, tmp_path_factory), request.param, numbers(), epochs=4)


def home_of(model: str, factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp(model.replace(":", "-"))


def torch_probs(made: Fitted, inputs: list[Any]) -> Any:
    return softmax(made.learner.score(Dataset(inputs, None)).logits.astype(np.float64))


def pipeline(made: Fitted) -> Any:
    return transformers.pipeline("text-classification", model=str(made.folder), device="cpu")


def odd_lengths(data: Dataset) -> list[Any]:
    """Single words, all rows, and a text that is cut."""
    return ["film", "the", "?", *data.inputs, LONG]


# the suite


def test_it_learns(model: Fitted) -> None:
    score = model.learner.evaluate(model.data).metrics["accuracy"]
    assert score >= 0.9


def test_the_saved_folder_answers_as_torch_did(model: Fitted) -> None:
    predictor = limbeck.load(model.folder)
    inputs = odd_lengths(model.data)
    answers = predictor.predict(inputs)
    expected = torch_probs(model, inputs)
    given = np.array([list(answer.probs.values()) for answer in answers])
    assert np.abs(given - expected).max() < 1e-4
    assert [answer.predicted for answer in answers] == [CLASSES[n] for n in expected.argmax(axis=1)]
    assert answers[-1].tokens_dropped > 0
    alone = np.array([list(predictor.predict(text).probs.values()) for text in inputs])
    assert np.abs(alone - given).max() < 1e-5  # whatever its company


def test_its_probes_agree(model: Fitted) -> None:
    report = check(model.folder)
    assert report.ok
    assert report.difference < 1e-6


def test_class_names_are_the_files_everywhere(model: Fitted) -> None:
    assert model.data.classes == CLASSES
    predictor = limbeck.load(model.folder)
    assert predictor.classes == CLASSES
    assert tuple(predictor.predict("the film").probs) == CLASSES
    assert Manifest.read(model.folder).task["classes"] == list(CLASSES)
    assert "déjà payé" in (model.folder / "limbeck.json").read_text(encoding="utf-8")
    card = (model.folder / "README.md").read_text(encoding="utf-8")
    assert all(name in card for name in CLASSES)
    config = json.loads((model.folder / "config.json").read_text(encoding="utf-8"))
    if "id2label" in config:
        assert config["id2label"] == {str(n): name for n, name in enumerate(CLASSES)}
        assert config["label2id"] == {name: n for n, name in enumerate(CLASSES)}


def test_there_is_no_pickle_in_it(model: Fitted) -> None:
    assert not [path for path in model.folder.rglob("*") if path.suffix in (".bin", ".pt", ".pkl", ".pickle")]


def test_the_pipeline_answers_alike(model: Fitted) -> None:
    if model.learner.source in OWN:
        return
    texts = [str(text) for text in model.data.inputs]
    answers = limbeck.load(model.folder).predict(texts)
    for answer, theirs in zip(answers, pipeline(model)(texts, top_k=None), strict=True):
        assert theirs[0]["label"] == answer.predicted
        assert {entry["label"] for entry in theirs} == set(CLASSES)
        for entry in theirs:
            assert entry["score"] == pytest.approx(answer.probs[entry["label"]], abs=1e-4)


def test_pairs_are_told_from_texts(of_pairs: Fitted) -> None:
    assert of_pairs.data.classes == ("False", "True")
    predictor = limbeck.load(of_pairs.folder)
    assert predictor.is_pairs
    inputs = [*of_pairs.data.inputs, ("film", LONG), (LONG, "film"), ("?", "?")]
    answers = predictor.predict(inputs)
    given = np.array([list(answer.probs.values()) for answer in answers])
    assert np.abs(given - torch_probs(of_pairs, inputs)).max() < 1e-4
    if of_pairs.learner.source in OWN:
        return
    asked = [{"text": item[0], "text_pair": item[1]} for item in of_pairs.data.inputs]
    for answer, theirs in zip(answers, pipeline(of_pairs)(asked, top_k=None), strict=False):
        for entry in theirs:
            assert entry["score"] == pytest.approx(answer.probs[entry["label"]], abs=1e-4)


def test_numbers_are_in_the_targets_unit(of_numbers: Fitted) -> None:
    inputs = odd_lengths(of_numbers.data)
    answers = limbeck.load(of_numbers.folder).predict(inputs)
    expected = of_numbers.learner.score(Dataset(inputs, None)).logits[:, 0]
    predicted = [answer.predicted for answer in answers]
    np.testing.assert_allclose(np.array(predicted, np.float64), expected, atol=0.02)
    assert 1800 < float(np.mean(expected)) < 2600
    assert all(answer.probs == {} for answer in answers)
    if of_numbers.learner.source in OWN:
        return
    texts = [str(text) for text in of_numbers.data.inputs]
    theirs = [entry["score"] for entry in pipeline(of_numbers)(texts)]
    np.testing.assert_allclose(theirs, expected[3:-1], atol=0.02)


# what another package adds


def test_names_of_another_package_stand_beside_our_own() -> None:
    assert MODELS.names() == ("bag", "frozen", "sentiment", "small", "static", "transformer")
    assert {"classify", "ordinal", "regress"} <= set(TASKS.names())
    assert {"classify", "ordinal", "regress"} <= set(LOSSES.names())
    assert {"calibrate", "negate"} <= set(PASSES.names())
    with pytest.raises(SettingsError, match=r"no pass is called 'negte'; pass takes 'negate' \(nearest\), 'calibrate'"):
        PASSES.module("negte")


@pytest.mark.parametrize("name", ["bag", "bert"])
def test_a_task_of_another_package(name: str, tmp_path: Path) -> None:
    made = fitted(tmp_path, name, ordered(), epochs=12)
    predictor = limbeck.load(made.folder)
    assert predictor.task.name == "ordinal"
    texts = list(made.data.inputs)
    assert made.data.targets is not None
    probs = torch_probs(made, texts)
    away = np.abs(np.arange(5) - predictor.task.encode(made.data.targets)[:, None])
    loss = made.learner.evaluate(made.data).metrics["loss"]
    assert loss == pytest.approx(float((probs * away).sum(axis=1).mean()), abs=1e-6)
    assert loss < 1.3  # the class in the middle for every text costs (2 + 1 + 0 + 1 + 2) / 5 = 1.2
    given = [answer.predicted for answer in predictor.predict(texts)]
    assert given == [predictor.classes[n] for n in probs.argmax(axis=1)]


def test_a_pass_of_another_package(tmp_path: Path) -> None:
    made = fitted(tmp_path, "bag", sentences(), epochs=1)
    manifest = PASSES.module("negate").apply(made.folder, tmp_path / "negated")
    assert manifest.passes == [{"name": "negate"}]
    texts = list(made.data.inputs)
    before, after = (limbeck.load(path).logits(texts)[0] for path in (made.folder, tmp_path / "negated"))
    np.testing.assert_allclose(before, -after, atol=1e-6)


def test_a_command_of_another_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["shout", "hallo", "--marks", "2"]) == 0
    assert capsys.readouterr().out == "HALLO!!\n"
    assert main(["shuot"]) == 2
    assert "no command is called 'shuot'; there are 'shout' (nearest)" in capsys.readouterr().err
