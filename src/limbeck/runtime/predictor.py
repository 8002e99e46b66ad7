"""A saved folder answers texts: sorted by length, batched by tokens, given back in their order.

A text's answer does not depend on its company. What cannot be read (blank, or no token that the model knows) is
answered as such and never reaches the graph.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from limbeck.artefact.beside import Beside
from limbeck.artefact.manifest import TOKENIZER, WEIGHTS_SUFFIX, Manifest
from limbeck.artefact.verify import sha256
from limbeck.errors import ArtefactError, SettingsError
from limbeck.runtime.answer import NOT_A_NUMBER, Answer
from limbeck.runtime.inputs import checked, is_pair
from limbeck.runtime.precision import Precision, way
from limbeck.runtime.reading import Reading
from limbeck.runtime.session import Session, open_session
from limbeck.tasks import TaskLike, task_from_json
from limbeck.text import Encoded, Encoder, Input, TextSettings


class Predictor:
    """Answers by the graph and the tokenizer of a folder. :func:`limbeck.runtime.load` verifies the folder first.

    Args:
        folder: a saved folder, or one about to be sealed.
        manifest: its manifest; ``files`` may be empty while the folder is not sealed yet.
        threads: of one computation; None takes as many as there are cores.
        precision: float32 or int8; None takes that of the graph that the folder prefers.
        opening: the session for that, already being opened; it is waited for when it is first used, and its errors come
            then.

    Raises:
        ArtefactError: the graph or the tokenizer cannot be used.
        SettingsError: the folder has no graph of that precision.
    """

    def __init__(
        self,
        folder: Path | str,
        manifest: Manifest,
        *,
        threads: int | None = None,
        precision: Precision | None = None,
        opening: Beside[Session] | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.manifest = manifest
        self.way = way(manifest, precision)
        self._opening = opening or Beside(lambda: open_session(self.folder, self.way, threads=threads))
        self.task: TaskLike = task_from_json(manifest.task)
        self.encoder = Encoder.from_saved(self.folder / TOKENIZER, _text_settings(manifest))
        self.reading = Reading(manifest, self.encoder)
        if opening is None:
            self.wait()

    def wait(self) -> None:
        """Wait until the graph is open.

        Raises:
            ArtefactError: it cannot be used.
        """
        self.session  # noqa: B018 - a property that waits

    @cached_property
    def session(self) -> Session:
        """The graph, waited for."""
        session = self._opening.result()
        if session.n_outputs != self.task.n_outputs:
            raise ArtefactError(
                f"{session.graph} gives {session.n_outputs} logits, and the task in limbeck.json has "
                f"{self.task.n_outputs}; the two belong to different models: train or copy the folder again"
            )
        return session

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the logits; empty for a number."""
        return self.task.classes

    @property
    def is_pairs(self) -> bool:
        """Whether an input is two texts."""
        return self.manifest.is_pairs

    @cached_property
    def blank_answer(self) -> Answer:
        """The answer to nothing: its columns are those of every answer."""
        return self._answers([("", "") if self.is_pairs else ""], windows=False)[0]

    @cached_property
    def fingerprint(self) -> str:
        """Hex sha256 over what determines an answer: graph and precision, tokenizer, text settings, task."""
        graph = self.way.graph
        beside = self.folder / (graph + WEIGHTS_SUFFIX)
        record = {
            "graph": self._sha256(graph),
            **({"weights": self._sha256(graph + WEIGHTS_SUFFIX)} if beside.exists() else {}),
            **({"precision": self.way.precision} if self.way.dequantised else {}),
            "tokenizer": self._sha256(TOKENIZER),
            "text": self.manifest.text,
            "task": self.manifest.task,
            "inputs": self.manifest.inputs,
            **self.reading.record,
        }
        return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()

    @overload
    def predict(self, inputs: str, *, windows: bool | None = None) -> Answer: ...  # type: ignore[overload-overlap]

    @overload
    def predict(self, inputs: Iterable[Input], *, windows: bool | None = None) -> list[Answer]: ...

    def predict(self, inputs: str | Iterable[Input], *, windows: bool | None = None) -> Answer | list[Answer]:
        """Answer one text, or many in their order.

        Args:
            inputs: a text, or an iterable of texts; for a model of pairs a tuple of two texts, or an iterable of these.
            windows: read the whole of long texts and average over their windows, instead of cutting their middle; None
                does as the folder says.

        Returns:
            An :class:`Answer` for one input, a list of them for many.

        Raises:
            DataError: an input of the wrong kind, named by its position.
            SettingsError: windows of pairs.
        """
        if isinstance(inputs, str):
            return self._answers([inputs], windows=windows)[0]
        if self.is_pairs and isinstance(inputs, tuple) and is_pair(inputs):
            return self._answers([inputs], windows=windows)[0]
        return self._answers(inputs, windows=windows)

    def logits(
        self, inputs: Iterable[Input], *, windows: bool | None = None, refuse: bool = True
    ) -> tuple[NDArray[np.float32], Encoded]:
        """Logits of shape ``(N, C)`` in the inputs' order, and what was read; rows that are not answerable are zero.

        ``refuse`` off asks the graph what the folder's languages would refuse too: probes are pieces drawn by chance.

        Raises:
            DataError: an input of the wrong kind, named by its position.
            SettingsError: windows of pairs.
        """
        if windows and self.is_pairs:
            raise SettingsError("--windows reads single texts only; this model takes pairs: leave the flag out")
        encoded = self.reading.encode(checked(inputs, pairs=self.is_pairs), windows=windows, refuse=refuse)
        asked = np.flatnonzero(encoded.answerable[encoded.owner])
        rows = self.session.run(
            [encoded.ids[row] for row in asked], [encoded.type_ids[row] for row in asked], pad_id=self.encoder.pad_id
        )
        return self._gather(rows, asked, encoded), encoded

    def answers(self, logits: NDArray[np.float32], encoded: Encoded) -> list[Answer]:
        """Decode what :meth:`logits` gave."""
        given = encoded.answerable & np.isfinite(logits).all(axis=1)
        decoded = self.task.decode(np.where(given[:, None], logits, 0.0).astype(np.float64))
        names = list(decoded.columns)
        cells = np.stack([decoded.columns[name] for name in names], axis=1).tolist() if names else [[]] * len(given)
        empty: dict[str, float | None] = dict.fromkeys(names)
        return [
            Answer(
                predicted if is_given else None,
                dict(zip(names, row, strict=True)) if is_given else dict(empty),
                read,
                dropped,
                reason if is_given or reason else NOT_A_NUMBER,
            )
            for predicted, row, is_given, read, dropped, reason in zip(
                decoded.predicted,
                cells,
                given.tolist(),
                encoded.read.tolist(),
                encoded.dropped.tolist(),
                encoded.reasons,
                strict=True,
            )
        ]

    def unanswered(self, reason: str) -> Answer:
        """The answer to a text that is not asked about at all: none, and why."""
        columns = self.task.decode(np.zeros((1, self.task.n_outputs))).columns
        return Answer(None, dict.fromkeys(columns), reason=reason)

    def _answers(self, inputs: Iterable[Input], *, windows: bool | None) -> list[Answer]:
        return self.answers(*self.logits(inputs, windows=windows))

    def _gather(self, rows: NDArray[np.float32], asked: NDArray[np.int64], encoded: Encoded) -> NDArray[np.float32]:
        """One row an input: the mean of its windows' logits, weighted by their tokens."""
        if len(asked) == len(encoded.owner) == len(encoded.read):
            return rows
        n_special = self.encoder.n_special(pair=self.is_pairs)
        weights = np.maximum(encoded.lengths[asked] - n_special, 1).astype(np.float64)
        owner = encoded.owner[asked]
        sums = np.zeros((len(encoded.read), self.task.n_outputs), np.float64)
        np.add.at(sums, owner, rows * weights[:, None])
        totals = np.bincount(owner, weights, minlength=len(encoded.read))
        return (sums / np.maximum(totals, 1.0)[:, None]).astype(np.float32)

    def _sha256(self, name: str) -> str:
        listed = self.manifest.files.get(name)
        return str(listed["sha256"]) if listed else sha256(self.folder / name)


def _text_settings(manifest: Manifest) -> TextSettings:
    try:
        return TextSettings(**manifest.text)
    except TypeError as error:
        raise ArtefactError(
            f"limbeck.json records the text settings {manifest.text!r}: {error}; upgrade limbeck"
        ) from None
