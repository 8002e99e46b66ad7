"""Rows that tests of training share: a few dozen, told apart by their words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from limbeck.data import Dataset
from limbeck.text import TextSettings
from limbeck.train.learner import Learner
from limbeck.train.progress import Silent
from limbeck.train.settings import FitSettings
from support.encoders import folder

GOOD = ("lovely", "great", "charming", "superb", "warm")
BAD = ("awful", "boring", "dreadful", "poor", "cold")
NOUNS = ("film", "room", "meal", "book")


def rows(n: int) -> Dataset:
    """The first ``n`` of 40 sentences of different lengths, half of each class."""
    made = [
        (f"{'truly ' * (k % 3)}a {word} {noun} for everyone", label)
        for k, noun in enumerate(NOUNS)
        for pair in zip(GOOD, BAD, strict=True)
        for word, label in zip(pair, ("good", "bad"), strict=True)
    ][:n]
    return Dataset([text for text, _ in made], [label for _, label in made], "classify", ("bad", "good"), "rows")


def numbers(n: int) -> Dataset:
    """The same sentences with numbers far from 0: 1,000 and up for good ones, 900 and down for bad ones."""
    data = rows(n)
    assert data.targets is not None
    targets = [1000.0 + k if target == "good" else 900.0 - k for k, target in enumerate(data.targets)]
    return Dataset(data.inputs, targets, "regress", (), "numbers")


def flipped(data: Dataset) -> Dataset:
    """The same rows under the other class."""
    other = {"good": "bad", "bad": "good"}
    assert data.targets is not None
    return Dataset(data.inputs, [other[str(target)] for target in data.targets], "classify", data.classes, "flipped")


def write_csv(path: Path, data: Dataset) -> Path:
    """The rows as a file."""
    assert data.targets is not None
    lines = [f"{text},{target}" for text, target in zip(data.inputs, data.targets, strict=True)]
    path.write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")
    return path


class Lines(Silent):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def line(self, text: str) -> None:
        self.told.append(text)


def learner(
    train: Dataset, valid: Dataset | None = None, *, family: str = "bert", dropout: bool = False, **fit: Any
) -> Learner:
    """A learner over a tiny encoder, in float32, rows of four a batch."""
    settings = {"batch_size": 4, "epochs": 2, "lr": 1e-3, "precision": "float32", **fit}
    return Learner(
        train,
        valid,
        model=str(folder(family, dropout=dropout)),
        text=TextSettings(max_length=32),
        fit=FitSettings(**settings),
    )
