"""An answer for each sentence of a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from limbeck.errors import SettingsError
from limbeck.runtime.inputs import checked
from limbeck.text.sentences import sentences

if TYPE_CHECKING:
    from limbeck.runtime.answer import Answer
    from limbeck.runtime.predictor import Predictor


def by_sentence(
    predictor: Predictor, texts: Sequence[str], *, windows: bool | None = None
) -> list[list[tuple[str, Answer]]]:
    """For each of ``texts`` its sentences with their answers, in their order; an empty list for a blank text.

    All sentences are answered together. One that cannot be read (``"10/10."``) has an answer with a reason, as a text;
    so have all sentences of a text in another language, since a short one alone might be taken for readable.

    Raises:
        DataError: it is no list of texts.
        SettingsError: the model takes pairs, whose sentences do not belong together.
    """
    if predictor.is_pairs:
        raise SettingsError("--sentences reads single texts only; this model takes pairs: leave the flag out")
    given = cast("list[str]", checked(texts, pairs=False))
    split = [sentences(text) for text in given]
    refused = [predictor.unanswered(why) if (why := predictor.reading.refusal(text)) else None for text in given]
    asked = [sentence for group, none in zip(split, refused, strict=True) if none is None for sentence in group]
    answers = iter(predictor.predict(asked, windows=windows))
    return [
        [(sentence, none or next(answers)) for sentence in group] for group, none in zip(split, refused, strict=True)
    ]
