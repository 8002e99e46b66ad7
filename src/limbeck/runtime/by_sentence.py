"""An answer for each sentence of a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from limbeck.errors import DataError, SettingsError
from limbeck.text.sentences import sentences

if TYPE_CHECKING:
    from limbeck.runtime.answer import Answer
    from limbeck.runtime.predictor import Predictor


def by_sentence(
    predictor: Predictor, texts: Sequence[str], *, windows: bool | None = None
) -> list[list[tuple[str, Answer]]]:
    """For each of ``texts`` its sentences with their answers, in their order; an empty list for a blank text.

    All sentences are answered together. One that cannot be read (``"10/10."``) has an answer with a reason, as a text.

    Raises:
        DataError: an input is no text.
        SettingsError: the model takes pairs, whose sentences do not belong together.
    """
    if predictor.is_pairs:
        raise SettingsError("--sentences reads single texts only; this model takes pairs: leave the flag out")
    for n, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(f"input {n} is {text!r} (of type {type(text).__name__}); sentences are those of a text")
    split = [sentences(text) for text in texts]
    answers = iter(predictor.predict([sentence for group in split for sentence in group], windows=windows))
    return [[(sentence, next(answers)) for sentence in group] for group in split]
