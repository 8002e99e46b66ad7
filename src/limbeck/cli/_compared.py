"""How ``limbeck export`` compares what it made with what was there: sizes, answers, measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limbeck.cli._printable import printable
from limbeck.errors import counted, shown_measure

if TYPE_CHECKING:
    from limbeck.artefact.manifest import Manifest
    from limbeck.data import Dataset
    from limbeck.inspect.agreement import Agreement
    from limbeck.runtime.predictor import Predictor
    from limbeck.tasks import TaskLike
    from limbeck.text import Input

_MOST_ALONE = 64
"""Texts that are asked once more, each alone."""
_MOST_CHANGED = 3
"""Texts shown whose label changed."""


@dataclass(frozen=True)
class Result:
    """What was made, and how its answers compare."""

    out: str
    bytes_before: int
    """Of all files of the folder."""
    bytes_after: int
    graph_bytes_before: int
    graph_bytes_after: int
    agreement: Agreement
    """Before against after."""
    alone: Agreement
    """After: in a batch against alone."""
    metrics_before: dict[str, float] | None = None
    metrics_after: dict[str, float] | None = None
    silenced: int = 0
    """Texts that the model answered before and does not answer after: it knows no word of theirs any more. They are in
    no other figure."""
    changed: list[dict[str, Any]] = field(default_factory=list)
    """Some of the texts whose label changed: ``input``, ``before``, ``after``; none of probes, which say nothing."""

    def lines(self) -> list[str]:
        """The result in words."""
        names = self.metrics_before.keys() if self.metrics_before else ()
        return [
            f"graph: {_megabytes(self.graph_bytes_before)} before, {_megabytes(self.graph_bytes_after)} after; "
            f"folder: {_megabytes(self.bytes_before)} before, {_megabytes(self.bytes_after)} after",
            f"before against after: {self.agreement.line()}",
            *([f"without an answer after: {counted(self.silenced, 'text')}"] if self.silenced else []),
            *map(_changed_line, self.changed),
            f"in a batch against alone: {self.alone.line()}",
            *(
                f"{name.replace('_', ' ')}: {shown_measure((self.metrics_before or {})[name])} before, "
                f"{shown_measure((self.metrics_after or {})[name])} after"
                for name in names
            ),
            f"saved: {self.out}",
        ]


def compared(
    before: Predictor, after: Predictor, inputs: Sequence[Input], data: Dataset | None, *, are_probes: bool
) -> Result:
    """Ask both models the same.

    Args:
        before: the model as it was.
        after: what was made of it.
        inputs: what both are asked.
        data: the labelled rows that the inputs are of, which are measured.
        are_probes: the inputs are pieces drawn by chance: none of them is refused, and none is shown.
    """
    from limbeck.inspect.agreement import agreement

    (first, read), (second, reread) = (model.logits(inputs, refuse=not are_probes) for model in (before, after))
    asked = (read.answerable & reread.answerable).nonzero()[0].tolist()
    few = asked[:_MOST_ALONE]
    alone = second[:0] if not few else _stack(after, [inputs[n] for n in few])
    measured = [_metrics(before, logits[asked], data, asked) for logits in (first, second)]
    return Result(
        out=str(after.folder),
        bytes_before=_total(before.manifest, before.folder),
        bytes_after=_total(after.manifest, after.folder),
        graph_bytes_before=_graph_bytes(before.manifest),
        graph_bytes_after=_graph_bytes(after.manifest),
        agreement=agreement(before.task, first[asked], second[asked]),
        alone=agreement(before.task, second[few], alone),
        metrics_before=measured[0],
        metrics_after=measured[1],
        silenced=int((read.answerable & ~reread.answerable).sum()),
        changed=[] if are_probes else _changed(before.task, first[asked], second[asked], [inputs[n] for n in asked]),
    )


def _changed(task: TaskLike, before: Any, after: Any, inputs: Sequence[Input]) -> list[dict[str, Any]]:
    """The first inputs whose class is another one after."""
    if not task.classes:
        return []
    labels = zip(inputs, task.decode(before).predicted, task.decode(after).predicted, strict=True)
    found = ({"input": item, "before": old, "after": new} for item, old, new in labels if old != new)
    return list(islice(found, _MOST_CHANGED))


def _changed_line(one: Mapping[str, Any]) -> str:
    text = one["input"] if isinstance(one["input"], str) else " | ".join(one["input"])
    return printable(f"  {one['before']} before, {one['after']} after: {' '.join(text.split())}")


def _stack(predictor: Predictor, inputs: Sequence[Input]) -> Any:
    import numpy as np

    return np.concatenate([predictor.logits([item], refuse=False)[0] for item in inputs])


def _metrics(predictor: Predictor, logits: Any, data: Dataset | None, asked: Sequence[int]) -> dict[str, float] | None:
    if data is None or data.targets is None or not asked:
        return None
    return dict(predictor.task.metrics(logits, predictor.task.encode([data.targets[n] for n in asked])))


def _total(manifest: Manifest, folder: Path) -> int:
    from limbeck.artefact.manifest import NAME

    return sum(int(entry["bytes"]) for entry in manifest.files.values()) + (folder / NAME).stat().st_size


def _graph_bytes(manifest: Manifest) -> int:
    from limbeck.artefact.manifest import WEIGHTS_SUFFIX

    names = (manifest.graph, manifest.graph + WEIGHTS_SUFFIX)
    return sum(int(manifest.files[name]["bytes"]) for name in names if name in manifest.files)


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes >= 1e5 else f"{n_bytes / 1e3:.1f} kB"
