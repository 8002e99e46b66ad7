"""A model judges texts: once, in pieces that are kept, at the precision that is quick and says the same.

What it says is kept in the user's cache by the fingerprints of model and texts, so that a scoring that was stopped goes
on where it was. int8 answers where its labels agree with those of float32 and it is the quicker of the two: without
instructions for int8 a processor computes it slower (``benchmarks/int8.py``). What was chosen is remembered too. Where
the training is asked to be in float32, so is what is said: labels that agree are not yet equal probabilities.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from limbeck.artefact.manifest import INT8_GRAPH
from limbeck.cache import recall, remember
from limbeck.data import Dataset
from limbeck.errors import ArtefactError, ModelError, SettingsError
from limbeck.runtime import load
from limbeck.runtime.score import remembered, score
from limbeck.scores import Scores
from limbeck.train.progress import Reporter

if TYPE_CHECKING:
    from limbeck.runtime.predictor import Predictor
    from limbeck.text import Input

PIECE_ROWS = 1024
"""Texts that are scored at once: what a stop can lose, and how often the bar moves."""
INT8_ROWS = 2000
"""Fewer texts than these are not worth making int8 weights for."""
COMPARED_ROWS = 256
"""Texts on which the labels of int8 and float32 must all agree."""
QUICKER = 1.1
"""So many times as many texts a second int8 must answer: what is won has to be more than a clock's doubt."""
_ARRAYS = ("ids", "logits", "read", "dropped", "answerable")


def judge(plain: Predictor, dataset: Dataset, reporter: Reporter, *, name: str, exact: bool = False) -> Scores:
    """Scores of all inputs of ``dataset``.

    Args:
        plain: the model as its folder prefers to answer.
        dataset: what is asked; its targets are not read.
        reporter: is told how far it is.
        name: of the model, for messages.
        exact: in float32, whatever would be quicker.
    """
    unlabelled = _unlabelled(dataset)
    pieces, key = _pieces(unlabelled), _key(plain, unlabelled)
    chosen = _chosen(plain, key, exact=exact)
    parts = _known(pieces, chosen.get("model"))
    if len(parts) == len(pieces):
        reporter.line(f"{name} judged these {len(dataset):,} texts before, in {chosen.get('precision')}")
        return _joined(parts, unlabelled)
    with tempfile.TemporaryDirectory(prefix="limbeck-teacher-") as home:
        way = _quickest(plain, unlabelled.inputs, Path(home), before=chosen.get("precision"))
        if not exact:  # what was asked is no choice
            remember("teachers", key, {"model": way.predictor.fingerprint, "precision": way.predictor.way.precision})
        reporter.line(f"{name} judges {len(dataset):,} texts in {way.predictor.way.precision}{way.why}")
        parts = []
        with reporter.watch(f"{name} judges", len(dataset)) as watch:
            for piece in pieces:
                parts.append(score(way.predictor, piece))
                watch.advance(len(piece))
    return _joined(parts, unlabelled)


def n_remembered(plain: Predictor, dataset: Dataset, *, exact: bool = False) -> int:
    """Of how many inputs :func:`judge` would have the scores at once, from the user's cache."""
    unlabelled = _unlabelled(dataset)
    chosen = _chosen(plain, _key(plain, unlabelled), exact=exact)
    return sum(map(len, _known(_pieces(unlabelled), chosen.get("model"))))


def _unlabelled(dataset: Dataset) -> Dataset:
    return Dataset(dataset.inputs, None, dataset.task, name=dataset.name)


def _pieces(dataset: Dataset) -> list[Dataset]:
    """The inputs as they are scored and kept."""
    begins = range(0, len(dataset), PIECE_ROWS)
    return [dataset.take(range(begin, min(begin + PIECE_ROWS, len(dataset)))) for begin in begins]


def _key(plain: Predictor, dataset: Dataset) -> str:
    """Under which it is remembered what answers these inputs."""
    return hashlib.sha256(f"{plain.fingerprint} {dataset.fingerprint}".encode()).hexdigest()[:32]


def _chosen(plain: Predictor, key: str, *, exact: bool) -> dict[str, Any]:
    """The fingerprint and the precision of what answered once, or has to; nothing where that is open."""
    return {"model": plain.fingerprint, "precision": "float32"} if exact else recall("teachers", key) or {}


def _known(pieces: Sequence[Dataset], model: object) -> list[Scores]:
    """What the model of that fingerprint said of the first pieces, up to the first that it did not judge."""
    found: list[Scores] = []
    if not isinstance(model, str):
        return found
    for piece in pieces:
        scores = remembered(model, piece)
        if scores is None:
            break
        found.append(scores)
    return found


@dataclass(frozen=True)
class _Way:
    """What answers, and why so."""

    predictor: Predictor
    why: str = ""


def _quickest(plain: Predictor, inputs: Sequence[Input], home: Path, *, before: object) -> _Way:
    """What answers quickest and as float32 does; ``before`` is the precision that was chosen for these texts once."""
    if not plain.task.classes or len(inputs) < INT8_ROWS or before == "float32":
        return _Way(plain)  # numbers have no labels that could agree
    quick = _in_int8(plain, home)
    if quick is None:
        return _Way(plain)
    if before == "int8":
        return _Way(quick)
    few = inputs[:: max(1, len(inputs) // COMPARED_ROWS)][:COMPARED_ROWS]
    said, seconds = zip(*(_labels(one, few) for one in (plain, quick)), strict=True)
    differ = sum(one != other for one, other in zip(*said, strict=True))
    if differ:
        return _Way(plain, f": {differ} of {len(few)} labels differ in int8")
    ratio = seconds[0] / seconds[1]
    if ratio < QUICKER:
        return _Way(plain, f": int8 gives the same {len(few)} labels, {ratio:.1f} times as fast")
    return _Way(quick, f": the same {len(few)} labels as in float32, {ratio:.1f} times as fast")


def _in_int8(plain: Predictor, home: Path) -> Predictor | None:
    """The same model in int8; None for a family that has no such form, or a processor that computes it wrongly."""
    from limbeck.passes import quantise

    try:
        if plain.manifest.graph == INT8_GRAPH:
            quick = load(plain.folder, precision="int8", notify=_in_silence)
        else:
            quantise.apply(plain.folder, home / "int8")
            quick = load(home / "int8", precision="int8", notify=_in_silence)
    except (ArtefactError, ModelError, SettingsError):
        return None
    return quick if quick.way.precision == "int8" else None


def _labels(model: Predictor, inputs: Sequence[Input]) -> tuple[list[str] | list[float], float]:
    """The model's labels, and the seconds that they took."""
    model.logits(inputs[:1])
    began = time.perf_counter()
    logits = model.logits(inputs)[0]
    seconds = time.perf_counter() - began
    return model.task.decode(logits.astype(np.float64)).predicted, seconds


def _in_silence(line: str) -> None:
    del line  # that a machine computes int8 wrongly is no matter where float32 answers


def _joined(parts: Sequence[Scores], dataset: Dataset) -> Scores:
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS}
    first = parts[0]
    return Scores(**arrays, targets=None, model=first.model, data=dataset.fingerprint, task=first.task)
