"""An answer a sentence: the same as if each were asked alone."""

from __future__ import annotations

from typing import Any

import pytest

from limbeck.errors import DataError, SettingsError
from limbeck.runtime.by_sentence import by_sentence
from support.tiny import predictor


def test_each_sentence_is_answered_as_a_text() -> None:
    found = by_sentence(predictor(), ["The film was a joy. The soup is warm!", "", "what a waste"])
    assert [[sentence for sentence, _ in group] for group in found] == [
        ["The film was a joy.", "The soup is warm!"],
        [],
        ["what a waste"],
    ]
    for group in found:
        for sentence, answer in group:
            assert answer.probs == pytest.approx(predictor().predict(sentence).probs, abs=1e-5)
    assert by_sentence(predictor(), []) == []


def test_windows_are_passed_on() -> None:
    text = "the film was a joy " * 20
    assert by_sentence(predictor(), [text])[0][0][1].tokens_dropped > 0
    assert by_sentence(predictor(), [text], windows=True)[0][0][1].tokens_dropped == 0


@pytest.mark.parametrize("wrong", [None, 1.5, b"bytes", ("a", "b")])
def test_only_texts_have_sentences(wrong: Any) -> None:
    with pytest.raises(DataError, match=r"input 1 is .*; this model takes a text"):
        by_sentence(predictor(), ["a joy", wrong])
    with pytest.raises(DataError, match=r"'a joy' \(of type str\) is no list of texts"):
        by_sentence(predictor(), "a joy")


def test_a_model_of_pairs_has_none() -> None:
    with pytest.raises(SettingsError, match="--sentences reads single texts only"):
        by_sentence(predictor("pair"), ["a joy"])
