"""Class weights by name, what they are divided by, and who cannot heed them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from limbeck.artefact.manifest import Manifest
from limbeck.cli import main
from limbeck.data import Dataset
from limbeck.errors import SettingsError
from limbeck.tasks import make_task
from limbeck.train.learner import Learner
from limbeck.train.loss_settings import LossSettings
from limbeck.train.objective import class_weights, make_objective
from limbeck.train.settings import FitSettings
from support.encoders import folder
from support.train_data import learner, numbers, rows, write_csv

CLASSES = ["10", "2", "9"]
COUNTS = np.array([60, 6, 12])


def uneven() -> Dataset:
    """78 rows: ``10`` 60 times, ``9`` 12 times, ``2`` 6 times, told apart by their words."""
    texts: list[Any] = [
        f"a {word} thing number {n}"
        for word, n_rows in (("lovely", 60), ("poor", 12), ("cold", 6))
        for n in range(n_rows)
    ]
    return Dataset(texts, ["10"] * 60 + ["9"] * 12 + ["2"] * 6, "classify", tuple(CLASSES), "uneven")


# weights


def test_balanced_by_hand() -> None:
    found = class_weights("balanced", CLASSES, COUNTS)
    assert found == pytest.approx({"10": 78 / 180, "9": 78 / 36, "2": 78 / 18})
    assert float(np.dot(COUNTS, list(found.values()))) == pytest.approx(78)  # their mean over the rows is 1


@pytest.mark.parametrize("given", ["2=5,9=1,10=1", "10=1,9=1,2=5", "2=5", " 2=5 , 10=1"])
def test_given_ones_go_by_name_whatever_the_order(given: str) -> None:
    assert class_weights(given, CLASSES, COUNTS) == {"10": 1.0, "2": 5.0, "9": 1.0}


def test_none_at_all_is_told() -> None:
    settings = LossSettings(class_weights="")
    assert settings.given() == ["--class-weights"]
    with pytest.raises(SettingsError, match="--class-weights '' is no weight; it takes balanced, or names"):
        make_objective(settings, make_task("classify", classes=CLASSES), np.arange(3), source="small", own=False)


def test_names_may_hold_commas_and_equals_signs() -> None:
    assert class_weights("a, b=2,x=y=3", ["a, b", "x=y"], np.array([1, 1])) == {"a, b": 2.0, "x=y": 3.0}


@pytest.mark.parametrize("classes", [["a=b, c", "d"], ["a", "a=b, c", "d"]])
def test_a_name_may_look_like_a_name_and_a_weight(classes: list[str]) -> None:
    counts = np.ones(len(classes), np.int64)
    assert class_weights("a=b, c=5,d=2", classes, counts) == dict.fromkeys(classes, 1.0) | {"a=b, c": 5.0, "d": 2.0}
    with pytest.raises(SettingsError, match="gives 'a=b, c' the weight 'many'; give a number above 0"):
        class_weights("a=b, c=many,d=2", classes[-2:], counts[-2:])


def test_names_are_known_in_any_spelling() -> None:
    found = class_weights("cafe\u0301=2,so  so=3", ["caf\u00e9", "so so"], np.array([1, 1]))
    assert found == {"caf\u00e9": 2.0, "so so": 3.0}


def test_a_class_without_rows_is_not_divided_by() -> None:
    assert class_weights("balanced", ["a", "b", "c"], np.array([3, 0, 1])) == pytest.approx(
        {"a": 2 / 3, "b": 1, "c": 2}
    )


def test_an_unknown_class_is_told_with_all_that_there_are() -> None:
    with pytest.raises(SettingsError) as raised:
        class_weights("3=5", CLASSES, COUNTS)
    assert str(raised.value) == "'3' in --class-weights is none of the classes: '10', '2', '9'"


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as raised:
        class_weights("2=0,9=x,10=1,10=2,12=1,rest", CLASSES, COUNTS)
    told = str(raised.value)
    assert told.startswith("5 problems:")
    for part in ("'2' the weight '0'", "'9' the weight 'x'", "names '10' twice", "'12' in", "'rest' is no weight"):
        assert part in told


@pytest.mark.parametrize("weight", ["nan", "inf", "-1", "1e31"])
def test_a_weight_is_a_number_above_0(weight: str) -> None:
    with pytest.raises(SettingsError, match="give a number above 0"):
        class_weights(f"2={weight}", CLASSES, COUNTS)


# the loss made of them


def test_weights_are_divided_by_their_mean_over_the_rows() -> None:
    task = make_task("classify", classes=CLASSES)
    targets = np.repeat([0, 1, 2], COUNTS)
    made = make_objective(LossSettings(class_weights="2=5"), task, targets, source="x", own=False)
    assert made.mean_weight == pytest.approx((60 + 30 + 12) / 78)
    found = made.loss(torch.zeros(3, 3), torch.tensor([0, 1, 2]))
    assert found.tolist() == pytest.approx([math.log(3) * w * 78 / 102 for w in (1, 5, 1)])


@pytest.mark.parametrize(
    ("settings", "by_hand"),
    [
        (LossSettings(focal=2), (5 / 6) ** 2 * math.log(6)),
        (LossSettings(label_smoothing=0.3), 0.8 * math.log(6) + 0.1 * math.log(3) + 0.1 * math.log(2)),
        (
            LossSettings(focal=1, label_smoothing=0.3),
            0.8 * (5 / 6) * math.log(6) + 0.1 * (2 / 3) * math.log(3) + 0.1 * (1 / 2) * math.log(2),
        ),
    ],
    ids=["focal", "smoothing", "both"],
)
def test_focus_and_smoothing_reach_the_loss(settings: LossSettings, by_hand: float) -> None:
    task = make_task("classify", classes=CLASSES)
    made = make_objective(settings, task, np.arange(3), source="x", own=False)
    logits = torch.tensor([[1 / 6, 1 / 3, 1 / 2]]).log()
    assert made.loss(logits, torch.tensor([0])).item() == pytest.approx(by_hand)


def test_nothing_asked_is_the_plain_loss() -> None:
    task = make_task("classify", classes=CLASSES)
    made = make_objective(LossSettings(), task, np.array([0]), source="x", own=False)
    assert (made.class_weights, made.mean_weight) == (None, 1.0)


@pytest.mark.parametrize(
    ("settings", "flags"),
    [
        (LossSettings(class_weights="balanced"), "--class-weights weighs"),
        (LossSettings(focal=2, label_smoothing=0.1), "--focal and --label-smoothing weigh"),
    ],
)
def test_numbers_have_no_classes(settings: LossSettings, flags: str) -> None:
    with pytest.raises(SettingsError, match=f"^{flags} errors of classes; the task is 'regress'"):
        Learner(numbers(6), model=str(folder("bert")), loss=settings)


def test_a_family_that_fits_itself_refuses_in_words() -> None:
    with pytest.raises(SettingsError, match=r"--class-weights changes the loss of the training loop; --model frozen:"):
        Learner(rows(6), model=f"frozen:{folder('bert')}", loss=LossSettings(class_weights="good=2"))


def test_bad_values_are_told_together() -> None:
    with pytest.raises(SettingsError) as raised:
        LossSettings(focal=-1, label_smoothing=1)
    assert "--focal -1" in str(raised.value) and "--label-smoothing 1" in str(raised.value)


def test_the_loop_trains_by_it() -> None:
    plain = learner(rows(8), batch_size=8, epochs=1)
    expected = plain.task.loss(plain.forward(np.arange(8)), plain.task.encode(plain.train.targets or []))
    weights = np.where(plain.task.encode(plain.train.targets or []) == 1, 3.0, 1.0)  # classes bad, good
    made = Learner(
        rows(8),
        model=str(folder("bert", dropout=False)),
        text=plain.text,
        fit=FitSettings(batch_size=8, epochs=1, lr=1e-3, precision="float32"),
        loss=LossSettings(class_weights="good=3"),
    )
    made.fit()
    assert made.progress is not None
    first = next(entry for entry in made.progress.log if "loss" in entry)
    assert first["loss"] == pytest.approx(float((weights * expected).sum() / weights.sum()), rel=1e-4)


# from the command line to the record


def test_weights_are_recorded_by_name(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "counts.csv", uneven())
    flags = ["--model", "small", "--epochs", "1", "--valid-fraction", "0", "--precision", "float32"]
    command = ["train", str(data), *flags, "--class-weights", "balanced", "--focal", "1", "--label-smoothing", "0.1"]
    assert main([*command, "--out", str(tmp_path / "out")]) == 0
    settings = Manifest.read(tmp_path / "out").settings
    assert {name: round(value, 4) for name, value in settings["class_weights"].items()} == {
        "10": 0.4333,
        "9": 2.1667,
        "2": 4.3333,
    }
    assert (settings["focal"], settings["label_smoothing"]) == (1.0, 0.1)


def test_an_unknown_class_ends_the_command_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write_csv(tmp_path / "counts.csv", uneven())
    command = ["train", str(data), "--model", "small", "--valid-fraction", "0", "--out", str(tmp_path / "out")]
    assert main([*command, "--class-weights", "3=5"]) == 2
    told = capsys.readouterr().err
    assert "'3' in --class-weights is none of the classes: '10', '2', '9'" in told
    assert not (tmp_path / "out").exists()
