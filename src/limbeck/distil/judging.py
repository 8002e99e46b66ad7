"""A model judges texts: each once, in pieces that are kept, at the lowest precision that says the same.

What it says is kept in the user's cache by the fingerprint of the model, and found again by text: whatever is asked
later, in whatever order and split, only the texts that are new cost anything, and a scoring that was stopped goes on
where it was. int8 answers where its labels agree with those of float32 and the processor has instructions for it:
without them it computes int8 slower (``benchmarks/int8.py``). No clock chooses, or the same command would teach other
numbers on another day; what was chosen is remembered. Where the training is asked to be in float32, so is what is said:
labels that agree are not yet equal probabilities.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from limbeck.artefact.manifest import INT8_GRAPH
from limbeck.cache import recall, remember
from limbeck.data import Dataset
from limbeck.errors import ArtefactError, ModelError, SettingsError
from limbeck.runtime import load
from limbeck.runtime.score import remembered, score
from limbeck.scores import Scores
from limbeck.train.precision import has_int8
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
    model, precision = _chosen(plain, exact=exact)
    known = _Known.by(model)
    if not known.new_in(dataset):
        reporter.line(f"{name} judged these {len(dataset):,} texts before, in {precision or plain.way.precision}")
        return known.of(dataset)
    with tempfile.TemporaryDirectory(prefix="limbeck-teacher-") as home:
        way = _Way(plain) if exact else _way(plain, _Known([]).new_in(dataset).inputs, Path(home), before=precision)
        if way.is_choice:
            record = {"model": way.predictor.fingerprint, "precision": way.predictor.way.precision}
            remember("teachers", plain.fingerprint[:32], record)
        if way.predictor.fingerprint != model:
            known = _Known.by(way.predictor.fingerprint)
        new = known.new_in(dataset)
        n_before = len(set(dataset.ids)) - len(new)
        before = f"judged {n_before:,} of these texts before, and " if n_before else ""
        reporter.line(f"{name} {before}judges {len(new):,} texts in {way.predictor.way.precision}{way.why}")
        parts = []
        with reporter.watch(f"{name} judges", len(new)) as watch:
            for begin in range(0, len(new), PIECE_ROWS):
                piece = new.take(range(begin, min(begin + PIECE_ROWS, len(new))))
                parts.append(score(way.predictor, piece))
                watch.advance(len(piece))
    return _Known([*known.tables, *parts]).of(dataset)


def n_remembered(plain: Predictor, dataset: Dataset, *, exact: bool = False) -> int:
    """Of how many inputs :func:`judge` would have the scores at once, from the user's cache."""
    known = _Known.by(_chosen(plain, exact=exact)[0])
    return len(set(dataset.ids)) - len(known.new_in(dataset))


def _chosen(plain: Predictor, *, exact: bool) -> tuple[str, str | None]:
    """The fingerprint and the precision of what answers for this model; of itself and none where none was chosen."""
    record = {} if exact else recall("teachers", plain.fingerprint[:32]) or {}
    model, precision = record.get("model"), record.get("precision")
    return (model, precision) if isinstance(model, str) and isinstance(precision, str) else (plain.fingerprint, None)


class _Known:
    """What one model said of texts, in several tables."""

    def __init__(self, tables: Sequence[Scores]) -> None:
        self.tables = list(tables)
        keys = (key.tobytes() for table in self.tables for key in table.ids)
        self._rows = {key: row for row, key in enumerate(keys)}

    @classmethod
    def by(cls, model: str) -> _Known:
        """What is remembered of the model of that fingerprint."""
        return cls(remembered(model))

    def new_in(self, dataset: Dataset) -> Dataset:
        """The inputs of which nothing is known, each once, without targets and in an order that is their own: of the
        same texts in another order or split the same pieces are made."""
        new = {key: row for row, key in enumerate(dataset.ids) if key not in self._rows}
        rows = [row for _, row in sorted(new.items())]
        return Dataset([dataset.inputs[row] for row in rows], None, dataset.task, name=dataset.name)

    def of(self, dataset: Dataset) -> Scores:
        """What is known of each input of ``dataset``, all of which are."""
        rows = [self._rows[key] for key in dataset.ids]
        arrays = {name: np.concatenate([getattr(one, name) for one in self.tables])[rows] for name in _ARRAYS}
        first = self.tables[0]
        data = Dataset(dataset.inputs, None, dataset.task, name=dataset.name).fingerprint
        return Scores(**arrays, targets=None, model=first.model, data=data, task=first.task)


@dataclass(frozen=True)
class _Way:
    """What answers, and why so."""

    predictor: Predictor
    why: str = ""
    is_choice: bool = False
    """Whether float32 and int8 were compared."""


def _way(plain: Predictor, inputs: Sequence[Input], home: Path, *, before: str | None) -> _Way:
    """What answers as float32 does, at the lowest precision; ``before`` is the one that was chosen for this model."""
    if before not in (None, "int8") or (before is None and (len(inputs) < INT8_ROWS or not has_int8())):
        return _Way(plain)
    quick = _in_int8(plain, home) if plain.task.classes else None  # numbers have no labels that could agree
    if quick is None:
        return _Way(plain)
    if before == "int8":
        return _Way(quick)
    few = inputs[:: max(1, len(inputs) // COMPARED_ROWS)][:COMPARED_ROWS]
    said, other = (_labels(one, few) for one in (plain, quick))
    differ = sum(mine != its for mine, its in zip(said, other, strict=True))
    if differ:
        return _Way(plain, f": {differ} of {len(few)} labels differ in int8", is_choice=True)
    return _Way(quick, f": the same {len(few)} labels as in float32", is_choice=True)


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


def _labels(model: Predictor, inputs: Sequence[Input]) -> list[str] | list[float]:
    return model.task.decode(model.logits(inputs)[0].astype(np.float64)).predicted


def _in_silence(line: str) -> None:
    del line  # that a machine computes int8 wrongly is no matter where float32 answers
