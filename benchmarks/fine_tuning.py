"""Fine-tune an encoder's folder on a data set by ``limbeck train``, and keep what it says of every test row.

What is kept is small: a digit a row for classes, three decimals for numbers, so that pieces of two models can be
compared row by row without a run.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import commands
import numpy as np
from data_sets import REVIEW_TOKENS, SETS, rows_of
from numpy.typing import NDArray

from limbeck import metrics

BATCH_TOKENS, REVIEW_BATCH_TOKENS = "1024", "2048"
RATES = {"teacher": "1e-4", "student": "2e-4"}
"""The better of these two for each, by accuracy on SST-2's dev after three epochs (87.7 and 85.1 % of the teacher, 84.3
and 85.9 % of the student): fewer layers take a higher rate."""
KEEP = "last"
"""Weights that are kept: the lowest validation loss comes before the best accuracy."""
Array = NDArray[np.float64]


def _accuracy(said: Array, targets: Array) -> float:
    return float((said == targets).mean())


def _f1_and_accuracy(said: Array, targets: Array) -> float:
    return (float(metrics.per_class(said, targets, 2).f1[1]) + _accuracy(said, targets)) / 2


def _correlations(said: Array, targets: Array) -> float:
    return (metrics.pearson(said, targets) + metrics.spearman(said, targets)) / 2


MEASURES: dict[str, Callable[[Array, Array], float]] = {
    "accuracy": _accuracy,
    "matthews": lambda said, targets: metrics.matthews(said, targets, 2),
    "f1 and accuracy": _f1_and_accuracy,
    "pearson and spearman": _correlations,
}
"""What sets are judged by: of predicted classes or numbers and the true ones. Of two the mean, as GLUE does."""


def words_of(args: argparse.Namespace, name: str, model: Path, *, seed: int, epochs: int, lr: str) -> list[str | Path]:
    """The command that fine-tunes the encoder in ``model`` on a set, but for where it saves."""
    chosen, rows = SETS[name], rows_of(args, name)
    words: list[str | Path] = ["train", rows.train, "--model", model, *chosen.columns, "--task", chosen.task]
    words += ["--epochs", str(epochs), "--lr", lr, "--keep", KEEP, "--seed", str(seed), "--no-look"]
    words += ["--valid", rows.valid] if rows.valid is not None else []
    if name == "imdb":
        return [*words, "--max-length", str(REVIEW_TOKENS), "--batch-tokens", REVIEW_BATCH_TOKENS]
    return [*words, "--batch-tokens", BATCH_TOKENS]


def fine_tuned(args: argparse.Namespace, name: str, model: Path, *, seed: int, epochs: int, lr: str) -> Path:
    """The folder of the encoder in ``model`` fine-tuned on a set; a training that was stopped goes on."""
    folder: Path = args.work / f"tuned-{name}-{model.name}-{commands.fingerprint(model)}-{epochs}-{lr}-{seed}"
    words = words_of(args, name, model, seed=seed, epochs=epochs, lr=lr)
    commands.run(commands.limbeck(), *words, "--checkpoint-every", "200", "--resume", "--out", folder)
    return folder


def tested(args: argparse.Namespace, name: str, folder: Path) -> dict[str, Any]:
    """What a saved model says of a set's test rows, and how good that is."""
    scores = commands.scores_of(folder, rows_of(args, name).test, SETS[name].columns)
    assert scores.targets is not None
    is_class = SETS[name].task == "classify"
    said = scores.logits.argmax(axis=1) if is_class else scores.logits[:, 0]
    told = json.loads((folder / "limbeck.json").read_text(encoding="utf-8"))
    found = {"measure": SETS[name].measure, "n_test": len(scores), "unanswered": int((~scores.answered).sum())}
    found |= {"said": packed(said, is_class=is_class), "targets": packed(scores.targets, is_class=is_class)}
    return {"score": scorer(found)(np.arange(len(scores))), **found, "parameters": told["model"]["parameters"]}


def trained_and_tested(
    args: argparse.Namespace, name: str, model: Path, *, seed: int, epochs: int, lr: str, keep: bool = False
) -> dict[str, Any]:
    """Fine-tune and test; the folder goes unless it is kept."""
    folder = fine_tuned(args, name, model, seed=seed, epochs=epochs, lr=lr)
    training = commands.training_of(folder)
    found = tested(args, name, folder) | {"updates": training["updates"], "seconds": training["seconds"]}
    if not keep:
        shutil.rmtree(folder)
    return found


def scorer(piece: dict[str, Any]) -> Callable[[NDArray[Any]], float]:
    """The measure of what was said on some of the test rows, a function of their numbers."""
    said, targets = unpacked(piece["said"]), unpacked(piece["targets"])
    measure = MEASURES[piece["measure"]]
    return lambda rows: measure(said[rows], targets[rows])


def packed(values: NDArray[Any], *, is_class: bool) -> str:
    """Classes as a digit each, numbers with three decimals and blanks between.

    >>> packed(np.array([0, 1, 5]), is_class=True), packed(np.array([0.5, 4.25]), is_class=False)
    ('015', '0.500 4.250')
    """
    return "".join(map(str, values.tolist())) if is_class else " ".join(f"{value:.3f}" for value in values.tolist())


def unpacked(text: str) -> Array:
    """What :func:`packed` wrote.

    >>> unpacked("015").tolist(), unpacked("0.500 4.250").tolist()
    ([0.0, 1.0, 5.0], [0.5, 4.25])
    """
    return np.array([float(value) for value in (text if text.isdecimal() else text.split())])
