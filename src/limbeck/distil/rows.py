"""The rows that a student learns from: labelled ones, texts without labels, sentences of long texts, variants.

No text of the validation rows, and none that is held out for a test, is learnt from, wherever it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.data import Dataset, input_id, read
from limbeck.data.dataset import class_order
from limbeck.errors import DataError
from limbeck.text import Input
from limbeck.text.sentences import sentences
from limbeck.text.words import words

SHORTEST, LONGEST = 5, 40
"""Words of a sentence that is cut from a long text: fewer say little by themselves, more are seldom one sentence."""


@dataclass(frozen=True)
class Pool:
    """Texts to learn from, each once."""

    dataset: Dataset
    """Without targets."""
    labels: tuple[str | float | None, ...]
    """The label of each, None where it has none."""
    notices: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.dataset)

    @property
    def is_labelled(self) -> NDArray[np.bool_]:
        """Which rows have a label of their own: shape ``(N,)``."""
        return np.array([label is not None for label in self.labels], np.bool_)

    def take(self, rows: Iterable[int]) -> Pool:
        """Some of the rows, in the order of their numbers' list."""
        chosen = [int(row) for row in rows]
        return Pool(self.dataset.take(chosen), tuple(self.labels[row] for row in chosen), self.notices)

    def with_more(self, inputs: Sequence[Input]) -> Pool:
        """The same with further texts, without labels."""
        dataset = replace(self.dataset, inputs=[*self.dataset.inputs, *inputs], rows=None)
        return Pool(dataset, (*self.labels, *[None] * len(inputs)), self.notices)


def pool(
    labelled: Dataset | None, others: Sequence[Dataset], *, kept_out: Sequence[Dataset] = (), task: str, name: str
) -> Pool:
    """Put texts together: the labelled ones first, then the others, each text once.

    Args:
        labelled: rows with targets, or None; of a text that stands there twice, the first label counts.
        others: texts without.
        kept_out: validation rows and test texts; what stands there is left out.
        task: of the targets.
        name: of the whole, for messages.

    Raises:
        DataError: no text is left, or some inputs are pairs and some are single texts.
    """
    sources = [*([labelled] if labelled is not None else []), *others]
    kinds = {source.is_pairs for source in (*sources, *kept_out) if len(source)}
    if len(kinds) > 1:
        names = ", ".join(f"{one.name} ({'pairs' if one.is_pairs else 'texts'})" for one in (*sources, *kept_out))
        raise DataError(f"a student learns from single texts or from pairs, not from both: {names}")
    out = {key for part in kept_out for key in part.ids}
    found: dict[bytes, tuple[Input, str | float | None]] = {}
    notices = []
    for source in sources:
        targets: Sequence[Any] = source.targets if source is labelled and source.targets else [None] * len(source)
        held = again = 0
        for key, item, target in zip(source.ids, source.inputs, targets, strict=True):
            held += key in out
            again += key in found
            if key not in out:
                found.setdefault(key, (item, target))
        if held:
            notices.append(f"{source.name}: {held:,} rows stand among the validation or test texts and are left out")
        if again:
            notices.append(f"{source.name}: {again:,} rows repeat a text, which is learnt once")
    if not found:
        why = "; ".join(notices) or "give labelled rows, or --unlabelled FILE"
        raise DataError(f"{name}: no text is left to learn from; {why}")
    dataset = Dataset([item for item, _ in found.values()], None, task, name=name)
    return Pool(dataset, tuple(label for _, label in found.values()), tuple(notices))


def texts_of(paths: Sequence[Path], *, cut: bool, options: dict[str, Any]) -> list[Dataset]:
    """The texts in files, or their sentences.

    Args:
        paths: the files.
        cut: take the sentences of :data:`SHORTEST` to :data:`LONGEST` words in place of the texts.
        options: of :func:`limbeck.data.read`, but for labels.

    Raises:
        DataError: a file cannot be read, or has no such sentence.
    """
    found = []
    for path in paths:
        dataset = read(path, **options, labelled=False)
        if cut:
            dataset = replace(dataset, inputs=list(cut_sentences(dataset.inputs)), rows=None)
            if not len(dataset):
                raise DataError(f"{path}: no sentence has {SHORTEST} to {LONGEST} words; leave --cut-sentences out")
        found.append(dataset)
    return found


def cut_sentences(inputs: Iterable[Input]) -> Iterable[str]:
    """The sentences of :data:`SHORTEST` to :data:`LONGEST` words of each text, both texts of a pair."""
    for item in inputs:
        for text in (item,) if isinstance(item, str) else item:
            for sentence in sentences(text):
                if SHORTEST <= len(words(sentence)) <= LONGEST:
                    yield sentence


def labelled_by(pool: Pool, said: Sequence[str] | Sequence[float], classes: Sequence[str]) -> Dataset:
    """The rows with a target each: their own label, or what the teacher says where they have none."""
    targets: list[Any] = [own if own is not None else other for own, other in zip(pool.labels, said, strict=True)]
    order = tuple(classes) if classes else class_order(()) if pool.dataset.task == "regress" else class_order(targets)
    return replace(pool.dataset, targets=targets, classes=order)


def missing(pool: Pool, found: NDArray[np.bool_]) -> str:
    """Name the first rows of which no teacher said anything."""
    rows = np.flatnonzero(~found)
    shown = ", ".join(input_id(pool.dataset.inputs[row]).hex()[:8] for row in rows[:3])
    return f"{len(rows):,} of {len(pool):,} texts have no teacher's answer (the first have the ids {shown})"
