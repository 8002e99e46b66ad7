"""What a fine-tuned model takes over from the saved model that it starts from: its languages, and its way of reading.

Both are taken over only where the training rows bear them out. Languages: a text that is surely in another one will
get a reason and no label, so nearly all texts here must be ones that this would answer, and most must have words that
speak for these languages. Reading in windows: the answer to a long text is then the mean over its pieces, which is
sound where the model that it starts from was asked for the same classes (the one that ships learnt from texts cut to
``max_length`` too, and reads whole reviews by windows). What is true of a whole text need not be so of its pieces: for
other classes and for numbers long texts are cut in answers as they were in training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from limbeck import models, sentiment
from limbeck.artefact.manifest import NAME, Manifest
from limbeck.runtime.reading import HEAD_AND_TAIL, WINDOWS, Reading
from limbeck.text.language import names, speaks_for

if TYPE_CHECKING:
    from limbeck.train.learner import Learner

MOST_REFUSED = 0.01
"""Share of the texts that the languages may leave unanswered."""
LEAST_SPOKEN = 0.9
"""Share of the texts of five words and more in which a frequent word of the languages must stand: of English questions,
phrases and comments (TREC, SST-2, GoEmotions) 99 % have one, of Chinese reviews 0.3 %."""
LOOKED_AT = 2000
"""Training rows, and validation rows, that are looked at, evenly spaced: a second or two."""


@dataclass(frozen=True)
class Inherited:
    """What stands in the new model's ``limbeck.json``."""

    languages: tuple[str, ...] = ()
    reading: str = HEAD_AND_TAIL
    notices: tuple[str, ...] = ()

    @property
    def record(self) -> dict[str, Any]:
        """The manifest's fields."""
        return {"languages": list(self.languages), "reading": self.reading}


def inherit(learner: Learner) -> Inherited:
    """What ``learner``'s model takes over; nothing where it does not start from a saved model.

    Raises:
        ArtefactError: the saved model's ``limbeck.json`` is damaged.
    """
    start = _start(learner.source)
    if start is None:
        return Inherited()
    languages, told = _languages(learner, start) if start.languages else ((), ())
    reading, also = _reading(learner, start) if start.reading == WINDOWS else (HEAD_AND_TAIL, ())
    return Inherited(languages, reading, (*told, *also))


def _start(source: str) -> Manifest | None:
    origin = models.origin(source)
    folder = sentiment.folder() if origin == models.DEFAULT else Path(origin)
    return Manifest.read(folder) if (folder / NAME).is_file() else None


def _languages(learner: Learner, start: Manifest) -> tuple[tuple[str, ...], tuple[str, ...]]:
    codes = tuple(map(str, start.languages))
    parts = [_spaced(part.inputs) for part in (learner.train, learner.valid) if part is not None]
    kind = "pair" if learner.train.is_pairs else "text"
    reading = Reading(replace(start, reading=HEAD_AND_TAIL, inputs=kind), learner.encoder)
    answered = [reading.encode(part).answerable for part in parts]
    refused = 1 - float(np.concatenate(answered).mean())
    spoken = [said for part in parts for item in part if (said := speaks_for(_whole(item), codes)) is not None]
    is_borne_out = refused <= MOST_REFUSED and all(part.any() for part in answered)
    if is_borne_out and spoken and np.mean(spoken) >= LEAST_SPOKEN:
        return codes, (f"reads {names(codes)}, as its start does: a text surely in another language gets no label",)
    return (), (f"its start reads {names(codes)}; these texts are not surely so, and every text will get a label",)


def _reading(learner: Learner, start: Manifest) -> tuple[str, tuple[str, ...]]:
    length = learner.text.max_length
    is_same = bool(learner.task.classes) and set(learner.task.classes) <= set(start.classes)
    if is_same and not learner.train.is_pairs and length >= start.text.get("max_length", length):
        return WINDOWS, ("reads long texts whole, in windows, as its start does",)
    notice = f"a text over {length} tokens loses its middle in answers, as in training (its start reads it in windows)"
    return HEAD_AND_TAIL, (notice,)


def _spaced(inputs: Sequence[Any]) -> list[Any]:
    rows = np.unique(np.linspace(0, len(inputs) - 1, min(len(inputs), LOOKED_AT)).astype(int))
    return [inputs[row] for row in rows.tolist()]


def _whole(item: Any) -> str:
    return item if isinstance(item, str) else "\n".join(item)
