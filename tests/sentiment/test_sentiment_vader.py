"""VADER's interface: its keys in its order, its ranges and its rounding; what it has not, it says."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from limbeck import sentiment
from limbeck.errors import DataError
from limbeck.runtime import Answer
from limbeck.sentiment.vader import SentimentIntensityAnalyzer
from support.sentiment_model import sentiment_model

EMPTY = {"neg": 0.0, "neu": 0.0, "pos": 0.0, "compound": 0.0}
UNKNOWN = EMPTY | {"neu": 1.0}


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMBECK_SENTIMENT", str(sentiment_model()))


def scores(text: str) -> dict[str, float]:
    return SentimentIntensityAnalyzer().polarity_scores(text)


def vaders(text: str) -> dict[str, float]:
    """What VADER itself says."""
    vader = pytest.importorskip("vaderSentiment.vaderSentiment")
    found: dict[str, float] = vader.SentimentIntensityAnalyzer().polarity_scores(text)
    return found


def test_keys_and_values_are_vaders() -> None:
    found, answer = scores("the film was a joy"), sentiment.predict("the film was a joy")
    assert list(found) == ["neg", "neu", "pos", "compound"]
    assert found["neg"] == round(answer.probs["negative"], 3)
    assert found["neu"] == round(answer.probs["neutral"], 3)
    assert found["pos"] == round(answer.probs["positive"], 3)
    assert found["compound"] == round(answer.probs["positive"] - answer.probs["negative"], 4)
    assert all(type(value) is float for value in found.values())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40))
def test_every_text_has_scores_in_their_ranges(text: str) -> None:
    found = scores(text)
    assert found == EMPTY or sum(found[name] for name in ("neg", "neu", "pos")) == pytest.approx(1, abs=0.0016)
    assert all(0 <= found[name] <= 1 for name in ("neg", "neu", "pos"))
    assert -1 <= found["compound"] <= 1


@pytest.mark.parametrize("text", ["", "  ", "\n", "\u00a0\t"])
def test_an_empty_text_is_nought(text: str) -> None:
    assert scores(text) == EMPTY == vaders(text)


@pytest.mark.parametrize("text", ["\u200b", "!!!", " ?", "10/10", "这部电影很好看"])
def test_a_text_without_an_answer_is_neutral(text: str) -> None:
    assert scores(text) == UNKNOWN == vaders(text)


def test_another_language_is_neutral() -> None:
    assert scores("das essen war leider kalt") == UNKNOWN  # VADER takes the German "die" and "war" for English


def test_a_nought_has_no_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    almost = Answer("neutral", {"p_negative": 0.1, "p_neutral": 0.8, "p_positive": 0.1, "score": -1e-9}, 2)
    monkeypatch.setattr(sentiment, "predict", lambda text: almost)
    found = scores("a joy")
    assert found == {"neg": 0.1, "neu": 0.8, "pos": 0.1, "compound": 0.0}
    assert math.copysign(1, found["compound"]) == 1


def test_arguments_of_vader_are_taken() -> None:
    for analyzer in (
        SentimentIntensityAnalyzer("vader_lexicon.txt", "emoji_utf8_lexicon.txt"),
        SentimentIntensityAnalyzer(lexicon_file="sentiment/vader_lexicon.zip/vader_lexicon/vader_lexicon.txt"),
        SentimentIntensityAnalyzer(emoji_lexicon="mine.txt"),
    ):
        assert analyzer.polarity_scores("a joy") == scores("a joy")


@pytest.mark.parametrize("wrong", [None, float("nan"), 5, b"a joy", ["a joy"]])
def test_what_is_no_text_is_an_error_that_says_what_to_do(wrong: Any) -> None:
    with pytest.raises(DataError, match=r"polarity_scores takes a text, and this is .*leave missing values out"):
        SentimentIntensityAnalyzer().polarity_scores(wrong)


def test_there_is_no_lexicon_to_change() -> None:
    analyzer = SentimentIntensityAnalyzer()
    with pytest.raises(AttributeError, match=r"has no 'lexicon': .*limbeck train FILE"):
        analyzer.lexicon  # noqa: B018
    assert not hasattr(analyzer, "emojis")
    assert copy.deepcopy(analyzer).polarity_scores("a joy") == scores("a joy")
