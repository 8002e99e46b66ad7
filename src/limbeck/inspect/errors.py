"""All that is known of a model's errors on labelled rows, in one place: what the page shows and the corrections list.

:func:`judge` is a function of Scores and of the dataset; :func:`find_errors` asks a predictor for what it wants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck import metrics
from limbeck.data.dataset import Dataset
from limbeck.data.record import SEEN, share_learnt
from limbeck.errors import DataError
from limbeck.inspect.calibration_error import CalibrationError, calibration_error
from limbeck.inspect.duplicates import Group, find_duplicates
from limbeck.inspect.intervals import of_confusion, of_mean, of_rows
from limbeck.inspect.label_errors import LEAST_ROWS, LabelCheck, check_labels, out_of_fold
from limbeck.inspect.report import Report, make_report
from limbeck.inspect.shares import Interval, wilson
from limbeck.inspect.slices import Slice, length_bins, make_slices
from limbeck.runtime.predictor import Predictor
from limbeck.runtime.score import score
from limbeck.scores import Scores
from limbeck.tasks import TaskLike

BARS = 10
_LEAST_CALIBRATION_ROWS = 20

Opinion = Callable[[], Sequence[NDArray[Any]]]


@dataclass(frozen=True)
class Bar:
    """Rows of like confidence."""

    said: float
    """Mean probability of the predicted class."""
    right: Interval
    """Share that is right."""
    n_rows: int


@dataclass(frozen=True)
class Errors:
    """The judgement; row numbers are those of the dataset."""

    report: Report
    headline: tuple[tuple[str, Interval], ...]
    """Measures with their intervals at 95 %, the one to quote first."""
    seen: float | None
    """Estimated share of the rows that the model learnt from; None where it cannot be told."""
    labels: LabelCheck | None
    """None for numbers, or where it was not asked for."""
    duplicates: tuple[Group, ...]
    slices: tuple[Slice, ...]
    bars: tuple[Bar, ...]
    """Confidence against truth, ascending; none for numbers."""
    calibration: CalibrationError | None

    @property
    def is_seen(self) -> bool:
        """Whether rows of the training are among these, so that figures flatter."""
        return (self.seen or 0.0) >= SEEN


def find_errors(
    predictor: Predictor,
    dataset: Dataset,
    *,
    scores: Scores | None = None,
    parts: Mapping[str, Sequence[str]] | None = None,
    check: bool = True,
) -> Errors:
    """Judge every side of what ``predictor`` says of labelled rows.

    Args:
        predictor: a loaded model; its manifest tells which rows it learnt from.
        dataset: rows with labels that the model has classes for.
        scores: what it said of them; asked for, or taken from the cache, where not given.
        parts: further ways of cutting the rows into slices: what to cut by -> the value of each row.
        check: look for wrong labels (of classes).

    Raises:
        DataError: there are no labels, no row has an answer, or ``scores`` are of other rows or labels.
        MissingExtra: labels are checked, and cleanlab is not installed.
    """
    return judge(
        score(predictor, dataset) if scores is None else scores,
        dataset,
        predictor.task,
        seen=share_seen(predictor, dataset),
        parts=parts,
        pieces=lambda: predictor.encoder.encode(dataset.inputs).ids,
        check=check,
    )


def share_seen(predictor: Predictor, dataset: Dataset) -> float | None:
    """The estimated share of the rows that a model learnt from; None where it cannot be told."""
    return share_learnt(predictor.manifest.data, dataset.ids)


def judge(
    scores: Scores,
    dataset: Dataset,
    task: TaskLike,
    *,
    seen: float | None = None,
    parts: Mapping[str, Sequence[str]] | None = None,
    pieces: Opinion | None = None,
    check: bool = True,
) -> Errors:
    """Judge every side of what a model said.

    Args:
        scores: of the rows of ``dataset``, in its order.
        dataset: labelled rows.
        task: of the model.
        seen: the share of the rows that it learnt from, from :func:`limbeck.data.sketch.share_known`.
        parts: further ways of cutting the rows into slices.
        pieces: gives the token ids of each row, and is asked for where a second opinion on labels is wanted: the rows
            were learnt from, and are many enough.
        check: look for wrong labels (of classes).

    Raises:
        DataError: there are no labels, no row has an answer, or the scores are of other rows or labels.
        MissingExtra: labels are checked, and cleanlab is not installed.
    """
    report = make_report(scores, task)
    _see_that_they_fit(scores, dataset, task)
    groups = find_duplicates(dataset.inputs, dataset.targets)
    labels = None
    if task.classes and check:
        assert scores.targets is not None
        second = None
        if pieces is not None and (seen or 0.0) >= SEEN and len(dataset) >= LEAST_ROWS:
            second = out_of_fold(pieces(), scores.targets, task.n_outputs)
        probs = metrics.softmax(scores.logits)
        labels = check_labels(probs, scores.targets, scores.answered, second=second, duplicates=groups)
    bars, calibration = _calibration(scores, task)
    return Errors(
        report=report,
        headline=tuple(_headline(scores, task, report)),
        seen=seen,
        labels=labels,
        duplicates=tuple(groups),
        slices=tuple(_slices(scores, dataset, task, report, parts or {})),
        bars=bars,
        calibration=calibration,
    )


def _see_that_they_fit(scores: Scores, dataset: Dataset, task: TaskLike) -> None:
    """Raise where what was scored are other rows than those of ``dataset``, whose texts would stand beside them."""
    same = scores.ids.tobytes() == b"".join(dataset.ids)
    if not same or not np.array_equal(scores.targets, task.encode(dataset.targets or ())):  # type: ignore[arg-type]
        what = "labels" if same else "rows"
        raise DataError(f"the scores are of other {what} than those of {dataset.name}; score these anew")


def _headline(scores: Scores, task: TaskLike, report: Report) -> list[tuple[str, Interval]]:
    """Each measure of the report with its interval, by the way that fits it."""
    kept = np.flatnonzero(scores.answered)
    assert scores.targets is not None
    logits, targets = scores.logits[kept].astype(np.float64), scores.targets[kept]
    found = []
    for name in report.metrics:
        if name == "accuracy" and report.confusion is not None:
            interval = wilson(int(report.confusion.trace()), len(kept))
        elif name == "macro_f1" and report.confusion is not None:
            interval = of_confusion(report.confusion, metrics.macro_f1)
        elif name == "loss":
            interval = of_mean(report.losses[kept])
        else:
            interval = of_rows(len(kept), lambda rows, name=name: task.metrics(logits[rows], targets[rows])[name])  # type: ignore[misc]
        found.append((name, interval))
    return found


def _slices(
    scores: Scores, dataset: Dataset, task: TaskLike, report: Report, parts: Mapping[str, Sequence[str]]
) -> list[Slice]:
    ways: dict[str, Sequence[str]] = {"length": length_bins(scores.read + scores.dropped)}
    if task.classes:
        ways["class"] = [str(target) for target in dataset.targets or ()]
        right = np.array([said == true for said, true in zip(report.predicted, dataset.targets or (), strict=True)])
        values = right.astype(np.float64)
    else:
        values = np.abs(np.asarray(report.predicted, np.float64) - np.asarray(dataset.targets, np.float64))
    values[~scores.answered] = np.nan
    columns = {f"column {name}" if name in ways else name: cells for name, cells in parts.items()}
    return make_slices(values, {**ways, **columns}, share=bool(task.classes))


def _calibration(scores: Scores, task: TaskLike) -> tuple[tuple[Bar, ...], CalibrationError | None]:
    """Bars of like many rows by the probability of the predicted class, and the debiased error."""
    if not task.classes or scores.targets is None or scores.answered.sum() < _LEAST_CALIBRATION_ROWS:
        return (), None
    probs = metrics.softmax(scores.logits[scores.answered])
    right = probs.argmax(axis=1) == scores.targets[scores.answered]
    said = probs.max(axis=1)
    bars = []
    for rows in np.array_split(np.argsort(said, kind="stable"), BARS):
        bars.append(Bar(float(said[rows].mean()), wilson(int(right[rows].sum()), len(rows)), len(rows)))
    resamples = int(np.clip(10_000_000 // len(said), 100, 1000))
    return tuple(bars), calibration_error(said.clip(0, 1), right, resamples=resamples)
