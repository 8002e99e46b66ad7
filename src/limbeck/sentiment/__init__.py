"""Sentiment out of the box: the model that ships with the package, at once and without a download.

``limbeck.sentiment.predict("...")`` answers; :mod:`limbeck.sentiment.vader` has VADER's interface. The weights stand
in the folder ``model`` beside this file, a saved model like any other; ``LIMBECK_SENTIMENT`` names another one, to try
a new edition. Nothing is read before something is asked.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, overload

from limbeck.errors import ModelError

if TYPE_CHECKING:
    from limbeck.runtime.answer import Answer
    from limbeck.runtime.precision import Precision
    from limbeck.runtime.predictor import Predictor

VARIABLE = "LIMBECK_SENTIMENT"

_lock = threading.Lock()
_loaded: dict[Path, Predictor] = {}


def folder() -> Path:
    """The folder of the model that ships, or the one that ``LIMBECK_SENTIMENT`` names.

    Raises:
        ModelError: there is no model in it.
    """
    named = os.environ.get(VARIABLE)
    if named and not (Path(named) / "limbeck.json").is_file():
        raise ModelError(f"{VARIABLE} names {named!r}, which holds no saved model; name one that does, or unset it")
    found = Path(named) if named else Path(__file__).parent / "model"
    if not (found / "limbeck.json").is_file():
        raise ModelError(
            "no model was named, and no sentiment model ships with this copy of limbeck; name a saved model's folder, "
            f"or have {VARIABLE} name one"
        )
    return found


def load(
    model: Path | str | None = None,
    *,
    threads: int | None = None,
    quick: bool = False,
    precision: Precision | None = None,
    notify: Callable[[str], None] | None = None,
) -> Predictor:
    """Load a saved model as :func:`limbeck.runtime.load` does; without one, the sentiment model that ships.

    Raises:
        ModelError: no model is named, and none ships with this copy.
        ArtefactError: the folder is no saved model, or files are missing or damaged.
        SettingsError: the folder has no graph of that precision.
    """
    from limbeck.runtime.loading import load as load_folder

    where = folder() if model is None else model
    return load_folder(where, threads=threads, quick=quick, precision=precision, notify=notify)


def predictor() -> Predictor:
    """What answers: loaded once a process, however many threads ask, and kept.

    Raises:
        ModelError: there is no model, or its classes are not those of sentiment.
    """
    where = folder()
    with _lock:
        if where not in _loaded:
            from limbeck.tasks.classify import SENTIMENT

            loaded = load(where)
            if sorted(loaded.classes) != list(SENTIMENT):
                raise ModelError(
                    f"{str(where)!r} has the classes {list(loaded.classes)}; sentiment has {list(SENTIMENT)}: "
                    f"have {VARIABLE} name another model, or unset it"
                )
            _loaded.clear()
            _loaded[where] = loaded
        return _loaded[where]


@overload
def predict(texts: str, *, windows: bool | None = None) -> Answer: ...  # type: ignore[overload-overlap]


@overload
def predict(texts: Iterable[str], *, windows: bool | None = None) -> list[Answer]: ...


def predict(texts: str | Iterable[str], *, windows: bool | None = None) -> Answer | list[Answer]:
    """Answer one text, or many in their order: ``predicted``, ``probs``, and ``score`` in [-1, 1].

    The score is p(positive) - p(negative). A text with nothing to read has None for all of them, and a ``reason``.

    Args:
        texts: a text, or an iterable of texts.
        windows: read the whole of long texts; None does as the model's folder says.

    Raises:
        DataError: an input that is no text, named by its position.
        ModelError: as :func:`predictor`.
    """
    return predictor().predict(texts, windows=windows)


def sentences(text: str, *, windows: bool | None = None) -> list[tuple[str, Answer]]:
    """Each sentence of a text with its answer, in their order; none for a blank text.

    Raises:
        DataError: the input is no text.
        ModelError: as :func:`predictor`.
    """
    from limbeck.runtime.by_sentence import by_sentence

    return by_sentence(predictor(), [text], windows=windows)[0]
