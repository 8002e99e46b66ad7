"""Teachers: a saved model, a fine-tuned folder of transformers, or a file of what somebody said. Each becomes Scores.

A teacher is asked once. What it says is kept by the fingerprints of model and texts, in pieces, so that a scoring that
was stopped goes on where it was; a file of int8 weights answers where its labels agree with those of float32.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from limbeck.artefact.manifest import NAME
from limbeck.data import Dataset
from limbeck.distil import given
from limbeck.errors import ArtefactError, DataError, ModelError, SettingsError
from limbeck.metrics import softmax
from limbeck.runtime import load
from limbeck.runtime.score import score
from limbeck.scores import Scores
from limbeck.train.progress import Reporter

if TYPE_CHECKING:
    from limbeck.runtime.predictor import Predictor

PIECE_ROWS = 4096
"""Texts that are scored at once: what a stop can lose."""
INT8_ROWS = 2000
"""Fewer texts than these are not worth making int8 weights for."""
COMPARED_ROWS = 256
"""Texts on which the labels of int8 and float32 must all agree."""


class Teacher(Protocol):
    """Whatever judges texts."""

    @property
    def name(self) -> str:
        """For messages and the card."""
        ...

    @property
    def task(self) -> dict[str, Any]:
        """Name and classes, as in ``limbeck.json``."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hex digits that tell it from every other."""
        ...

    @property
    def dataset(self) -> Dataset | None:
        """The texts that it brings along; None for one that is asked."""
        ...

    @property
    def can_be_asked(self) -> bool:
        """Whether it judges any text, or only those that it judged before."""
        ...

    def judge(self, dataset: Dataset, reporter: Reporter) -> Scores:
        """What it says of the inputs of ``dataset`` that it knows."""
        ...


@dataclass(frozen=True)
class FileTeacher:
    """What somebody said, in a file."""

    name: str
    given: given.Given
    can_be_asked: bool = False

    @property
    def task(self) -> dict[str, Any]:
        """Name and classes."""
        return self.given.scores.task

    @property
    def fingerprint(self) -> str:
        """Of the file."""
        return self.given.scores.model

    @property
    def dataset(self) -> Dataset | None:
        """Its texts; None for a table of ids alone."""
        return self.given.dataset

    def judge(self, dataset: Dataset, reporter: Reporter) -> Scores:
        """All that it says, whatever is asked."""
        del dataset, reporter
        return self.given.scores


@dataclass(frozen=True)
class ModelTeacher:
    """A model that is asked."""

    name: str
    folder: Path
    predictor: Predictor
    can_be_asked: bool = True
    dataset: Dataset | None = None

    @property
    def task(self) -> dict[str, Any]:
        """Name and classes."""
        return self.predictor.task.to_json()

    @property
    def fingerprint(self) -> str:
        """Of the model."""
        return self.predictor.fingerprint

    def judge(self, dataset: Dataset, reporter: Reporter) -> Scores:
        """Score the inputs, piece by piece, each kept in the user's cache."""
        unlabelled = Dataset(dataset.inputs, None, dataset.task, name=dataset.name)
        with tempfile.TemporaryDirectory(prefix="limbeck-teacher-") as home:
            predictor, notice = _quickest(self, unlabelled, Path(home))
            reporter.line(notice)
            parts = []
            with reporter.watch(f"{self.name} judges", len(dataset)) as watch:
                for piece in _pieces(unlabelled):
                    parts.append(score(predictor, piece))
                    watch.advance(len(piece))
        return _joined(parts, unlabelled)


def open_model(folder: Path, home: Path) -> ModelTeacher:
    """The model in ``folder`` as a teacher.

    Args:
        folder: a saved model, or a fine-tuned classifier as transformers saves it.
        home: an empty folder, in which the second is made into the first.

    Raises:
        LimbeckError: it is neither, or damaged.
    """
    if (folder / NAME).is_file():
        return ModelTeacher(folder.name, folder, load(folder))
    from limbeck.distil.adopt import adopt

    adopted = adopt(folder, home / "teacher")
    return ModelTeacher(folder.name, folder, load(adopted))


def mean_of(said: Sequence[Scores]) -> Scores:
    """What several teachers say together: the mean of their probabilities, or numbers, for each input that any knows.

    An input that stands several times with one teacher counts as often. The classes must be the same, in one order.
    """
    if len(said) == 1 and len(np.unique(_keys(said[0]))) == len(said[0]):
        return said[0]
    task = said[0].task
    is_number = task.get("name") == "regress"
    values = [one.logits.astype(np.float64) if is_number else softmax(one.logits.astype(np.float64)) for one in said]
    known = np.concatenate([one.answerable for one in said])
    keys = np.concatenate([_keys(one) for one in said])[known]
    distinct, first, inverse, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    summed = np.zeros((len(distinct), values[0].shape[1]))
    np.add.at(summed, inverse, np.concatenate(values)[known])
    mean = summed / counts[:, None]
    order = np.argsort(first)
    logits = mean if is_number else np.log(np.maximum(mean, given.LEAST))
    model = hashlib.sha256("".join(one.model for one in said).encode()).hexdigest()
    return given.table_of([key.tobytes() for key in distinct[order]], logits[order], task=task, model=model)


def targets_for(dataset: Dataset, scores: Scores) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """What was said of each input: logits of shape ``(N, C)``, and of which inputs something was said, ``(N,)``."""
    asked = given.table_of(dataset.ids, np.zeros((len(dataset), scores.logits.shape[1])), task=scores.task, model="")
    rows = asked.join(scores)
    found = (rows >= 0) & scores.answerable[np.maximum(rows, 0)]
    logits = np.where(found[:, None], scores.logits[np.maximum(rows, 0)], np.float32(0))
    return logits, found


def same_classes(teachers: Sequence[Teacher]) -> None:
    """See that all teachers do the same task.

    Raises:
        DataError: one has another task or other classes than the first.
    """
    first = teachers[0]
    for other in teachers[1:]:
        if other.task != first.task:
            raise DataError(
                f"{first.name} does {_told(first.task)}, {other.name} {_told(other.task)}: teachers of one student "
                "need the same classes"
            )


def _told(task: dict[str, Any]) -> str:
    classes = task.get("classes")
    return str(task.get("name")) + (f" with the classes {', '.join(map(repr, classes))}" if classes else "")


def _quickest(teacher: ModelTeacher, dataset: Dataset, home: Path) -> tuple[Predictor, str]:
    """The teacher at the lowest precision whose labels agree, and a line that says which."""
    plain = teacher.predictor
    if len(dataset) < INT8_ROWS:
        return plain, f"{teacher.name} judges {len(dataset):,} texts in {plain.way.precision}"
    from limbeck.passes import quantise

    try:
        if plain.manifest.graph.endswith("_quantized.onnx"):
            quick = load(plain.folder, precision="int8")
        else:
            quantise.apply(Path(plain.folder), home / "int8")
            quick = load(home / "int8", precision="int8")
    except (ArtefactError, ModelError, SettingsError):  # a family without int8, or a processor that computes it wrongly
        return plain, f"{teacher.name} judges {len(dataset):,} texts in {plain.way.precision}"
    few = dataset.inputs[:: max(1, len(dataset) // COMPARED_ROWS)][:COMPARED_ROWS]
    said = [model.task.decode(model.logits(few)[0].astype(np.float64)).predicted for model in (plain, quick)]
    differ = sum(one != other for one, other in zip(*said, strict=True)) if plain.task.classes else len(few)
    if quick.way.precision == "int8" and not differ:
        return quick, f"{teacher.name} judges {len(dataset):,} texts in int8: {len(few)} labels are those of float32"
    why = f"{differ} of {len(few)} labels differ in int8" if plain.task.classes else "numbers are taken as they are"
    return plain, f"{teacher.name} judges {len(dataset):,} texts in {plain.way.precision}: {why}"


def _pieces(dataset: Dataset) -> Iterator[Dataset]:
    for begin in range(0, len(dataset), PIECE_ROWS):
        yield dataset.take(range(begin, min(begin + PIECE_ROWS, len(dataset))))


def _joined(parts: Sequence[Scores], dataset: Dataset) -> Scores:
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS}
    first = parts[0]
    return Scores(**arrays, targets=None, model=first.model, data=dataset.fingerprint, task=first.task)


_ARRAYS = ("ids", "logits", "read", "dropped", "answerable")


def _keys(scores: Scores) -> NDArray[Any]:
    return np.ascontiguousarray(scores.ids).view("V16").reshape(-1)
