from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from limbeck.errors import DataError
from limbeck.inspect import explain as module
from limbeck.inspect.explain import explain, explain_many
from limbeck.inspect.explanation import Explanation
from limbeck.inspect.occlude import log_odds
from support.sentiment_model import sentiment_model
from support.tiny import predictor, shared

TEXT = "the film was a joy from start to end"


def odds(text: str, label: str) -> float:
    return float(log_odds(np.array(predictor().predict(text).probs[label])))


def test_one_word_alone_is_what_leaving_it_out_does() -> None:
    made = explain(predictor(), "joy bore")
    label = str(made.label)
    # two words have a row each, and the ridge of 0.1 keeps 1 / 1.1 of what it shows
    fell = [odds("joy bore", label) - odds("bore", label), odds("joy bore", label) - odds("joy", label)]
    assert [word.effect for word in made.words] == pytest.approx([value / 1.1 for value in fell], abs=1e-4)
    assert made.probs == predictor().predict("joy bore").probs


def test_words_are_places_in_the_text_as_given() -> None:
    text = "  The FILM:  wás a joy 😊 (really)!\n"
    made = explain(predictor(), text)
    assert [word.text for word in made.words] == ["The", "FILM", "wás", "a", "joy", "😊", "really", "!"]
    assert all(text[word.start : word.end] == word.text for word in made.words)


def test_a_word_speaks_for_the_class_it_raises() -> None:
    made = explain(predictor(), TEXT)
    other = next(name for name in made.probs if name != made.label)
    for word in made.words:
        assert word.towards == (made.label if word.effect > 0 else other)


def test_many_are_the_same_as_one_by_one() -> None:
    texts = [TEXT, "", "what a waste of time", "an hour i want back"] * 12
    assert (
        _rounded(explain_many(predictor(), texts)) == _rounded([explain(predictor(), text) for text in texts[:4]]) * 12
    )


def _rounded(made: list[Explanation]) -> list[Any]:
    return [(one.label, [(word.text, word.start, round(word.effect, 3)) for word in one.words]) for one in made]


def test_a_folder_will_do() -> None:
    assert _rounded([explain(shared(), TEXT)]) == _rounded([explain(predictor(), TEXT)])


def test_what_cannot_be_read_has_a_reason_and_no_words() -> None:
    blank, fine = explain_many(predictor(), ["", "a joy"])
    assert (blank.label, blank.words, blank.reason) == (None, (), "empty text")
    assert fine.words
    foreign = explain(sentiment_model(), "Das Essen war leider kalt und die Bedienung nicht freundlich.")
    assert foreign.label is None and "German" in foreign.reason


def test_rows_in_another_language_by_what_is_left_are_asked_about_all_the_same() -> None:
    made = explain(sentiment_model(), "The food: leider kalt")
    assert made.label is not None and len(made.words) == 4


def test_a_text_of_signs_has_no_words() -> None:
    made = explain(predictor(), "?,.")
    assert made.label is not None and [word.text for word in made.words] == ["?"]
    assert explain(predictor(), ",.,").words == ()


def test_pairs_have_words_in_both_parts() -> None:
    made = explain(predictor("pair"), ("the film", "was a joy"))
    assert [(word.part, word.text) for word in made.words] == [
        (0, "the"),
        (0, "film"),
        (1, "was"),
        (1, "a"),
        (1, "joy"),
    ]


def test_a_number_has_effects_in_its_unit() -> None:
    model = predictor("regress")
    made = explain(model, "joy bore")
    fell = float(model.predict("joy bore").predicted) - float(model.predict("bore").predicted)  # type: ignore[arg-type]
    assert made.words[0].effect == pytest.approx(fell / 1.1, abs=1e-4)
    assert made.words[0].towards == "" and made.probs == {}


def test_a_cut_text_has_the_words_that_were_read() -> None:
    text = "joy " + "the film " * 20 + "bore"
    made = explain(predictor(), text)
    assert made.tokens_dropped > 0
    assert made.words[0].text == "joy" and made.words[-1].text == "bore"
    assert len(made.words) == 22  # 24 tokens, two of them special
    assert all(text[word.start : word.end] == word.text for word in made.words)
    whole = explain(predictor(), text, windows=True)
    assert len(whole.words) == 42 and whole.tokens_dropped == 0


def test_a_long_text_is_asked_about_in_bounded_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    model, asked = predictor(), []
    logits = model.logits

    def counted(inputs: Any, **named: Any) -> Any:
        asked.append(len(inputs))
        return logits(inputs, **named)

    monkeypatch.setattr(model, "logits", counted)
    text = "The bread is fresh and warm. " * 250 + "What a waste. " + "She plays the lead with wit. " * 250
    made = explain(model, text, windows=True)
    assert len(made.words) == 3003 and made.reason == ""
    assert sum(asked) <= 1 + 1 + module.LEAST_ROWS  # the text, for its answer and as the first row; then the rows


def test_of_a_very_long_text_both_ends_are_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST", 100)
    model, asked = predictor(), []
    logits = model.logits

    def counted(inputs: Any, **named: Any) -> Any:
        asked.append(sum(map(len, inputs)))
        return logits(inputs, **named)

    text = "The bread is fresh and warm. " * 300 + "What a waste."
    label = model.predict(text, windows=True).predicted
    monkeypatch.setattr(model, "logits", counted)
    made = explain(model, text, windows=True)
    assert made.label == label and made.tokens_dropped == 0
    assert 50 < len(made.words) < 100 and made.words[0].text == "The" and made.words[-1].text == "waste"
    assert all(text[word.start : word.end] == word.text for word in made.words)
    assert "asked of the first and the last " in made.reason
    assert sum(asked[1:]) < (module.LEAST_ROWS + 1) * 600
    unbroken = explain(model, "a joy " + "x/" * 100_000, windows=True)
    assert unbroken.words[0].text == "a" and len(unbroken.words) < 1000
    assert unbroken.reason.startswith("of a word of 200000 characters only both ends were read; which words moved")


def test_the_sentence_that_matters_is_looked_into() -> None:
    text = "The soup is warm. " * 40 + "Joy joy joy! " + "The bread is fresh. " * 40
    model = predictor()
    made = explain(model, text, windows=True)
    assert len({round(word.effect, 6) for word in made.words}) > 12


def test_wrong_inputs_are_named() -> None:
    with pytest.raises(DataError, match="input 1 is 3"):
        explain_many(predictor(), ["a", 3])  # type: ignore[list-item]
    assert explain_many(predictor(), []) == []


def test_a_text_alone_is_no_list_of_its_letters() -> None:
    with pytest.raises(DataError, match=r"'the film' \(of type str\) is no list of texts"):
        explain_many(predictor(), "the film")
