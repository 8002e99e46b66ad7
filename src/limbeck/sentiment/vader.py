"""VADER's interface over the model that ships: changing one import line moves a VADER user over.

::

    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer   # before
    from limbeck.sentiment.vader import SentimentIntensityAnalyzer         # after

``pos``, ``neu`` and ``neg`` are the probabilities of the three classes, ``compound`` is p(positive) - p(negative);
VADER's are shares of words and a squashed sum of a lexicon's values, in the same ranges. Where the model has no answer
(no words, another language) ``neu`` is 1.0 and the others are 0.0, as VADER gives for a text without a word that it
knows; for an empty text, and one of white space alone, all four are 0.0, as VADER's are.
"""

from __future__ import annotations

from limbeck import sentiment
from limbeck.errors import DataError


class SentimentIntensityAnalyzer:
    """Gives scores as VADER's class of this name does, both that of ``vaderSentiment`` and that of ``nltk``.

    Args:
        lexicon_file: taken, so that calls written for VADER go on working, and not used: the model learnt from labelled
            texts and has no list of words to replace.
        emoji_lexicon: likewise; emoji are pieces of the model's own.
    """

    def __init__(self, lexicon_file: str = "vader_lexicon.txt", emoji_lexicon: str = "emoji_utf8_lexicon.txt") -> None:
        del lexicon_file, emoji_lexicon

    def polarity_scores(self, text: str) -> dict[str, float]:
        """Scores of one text: ``neg``, ``neu`` and ``pos`` sum to about 1 (three digits), ``compound`` is in [-1, 1].

        Without an answer ``neu`` is 1.0 and the others are 0.0; of an empty text all are 0.0.

        For many texts ``limbeck.sentiment.predict(texts)`` is many times faster than a loop over this.

        Raises:
            DataError: ``text`` is no str; VADER itself fails for None and for a missing value of pandas.
            ModelError: no model ships with this copy.
        """
        if not isinstance(text, str):
            raise DataError(
                f"polarity_scores takes a text, and this is {text!r} (of type {type(text).__name__}); "
                "leave missing values out, or give an empty text for them"
            )
        answer = sentiment.predict(text)
        if answer.predicted is None:
            return {"neg": 0.0, "neu": float(bool(text.split())), "pos": 0.0, "compound": 0.0}
        shares = {name: round(answer.probs.get(label, 0.0), 3) for name, label in _SHARES.items()}
        return shares | {"compound": round(answer.score or 0.0, 4) + 0.0}  # + 0.0: no minus in front of a nought

    def __getattr__(self, name: str) -> object:
        raise AttributeError(
            f"{type(self).__name__} of limbeck has no {name!r}: the model learnt from labelled texts, and there is no "
            "lexicon to read or change; fine-tune it on your own texts instead: limbeck train FILE"
        )


_SHARES = {"neg": "negative", "neu": "neutral", "pos": "positive"}
"""VADER's names in VADER's order."""
