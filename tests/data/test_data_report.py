"""The report on a dataset, with figures counted by hand."""

from __future__ import annotations

import json

import numpy as np

from limbeck.data import Dataset, describe

TRAIN = Dataset(["a", "b", "a", "c", "a", "d"], ["x", "y", "x", "y", "y", "x"], classes=("x", "y", "z"))
VALID = Dataset(["b", "e", "b"], ["x", "y", "y"], classes=("x", "y", "z"))


def test_figures() -> None:
    report = describe(TRAIN, VALID, lengths=[3, 9, 4, 5, 400, 6], dropped=np.array([0, 0, 0, 0, 144, 0]))
    assert (report.n_train, report.n_valid) == (6, 3)
    assert report.balance == {"x": (3, 1), "y": (3, 2), "z": (0, 0)}
    assert report.length_tokens == (5, 400, 400)
    assert (report.n_cut, report.n_duplicates, report.n_conflicting, report.n_leaks) == (1, 2, 1, 2)
    assert json.loads(json.dumps(report.to_json()))["balance"]["y"] == [3, 2]


def test_text() -> None:
    report = describe(TRAIN, VALID, lengths=[3, 9, 4, 5, 400, 6], dropped=[0, 0, 0, 0, 144, 0])
    assert report.lines() == [
        "rows: 6 train, 3 valid",
        "classes (train+valid): x 3+1, y 3+2, z 0+0",
        "tokens a text: median 5, p95 400, longest 400; 1 texts cut",
        "duplicates in train: 2 rows repeat an earlier text",
        "conflicts in train: 1 texts stand under more than one label",
        "leaks: 2 valid rows have a text that is in train",
    ]


def test_nought_is_left_unsaid() -> None:
    report = describe(Dataset(["a", "b"], ["x", "y"], classes=("x", "y")), lengths=[2, 3], dropped=[0, 0])
    assert report.lines() == [
        "rows: 2 train, 0 valid",
        "classes (train+valid): x 1+0, y 1+0",
        "tokens a text: median 2, p95 3, longest 3",
    ]


def test_numbers() -> None:
    report = describe(Dataset(["a", "b", "b"], [1.0, 2.0, 6.0], task="regress"))
    assert report.target_range == (1.0, 3.0, 6.0)
    assert report.lines()[1] == "target: 1 to 6, mean 3"
    assert (report.n_conflicting, report.balance, report.length_tokens, report.n_cut) == (1, {}, None, None)


def test_many_classes_are_cut_short() -> None:
    names = [f"{n:02}" for n in range(25)]
    report = describe(Dataset([*names], [*names], classes=tuple(names)))
    assert report.lines()[1].endswith("19 1+0, and 5 more")


def test_nothing_at_all() -> None:
    report = describe(Dataset([], None), Dataset([], None), lengths=[])
    assert report.lines() == ["rows: 0 train, 0 valid"]
