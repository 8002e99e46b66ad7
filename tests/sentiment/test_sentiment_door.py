"""Sentiment out of the box: where the weights are, what is answered, one load for all threads."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

import limbeck
from limbeck import sentiment
from limbeck.errors import DataError, ModelError
from limbeck.runtime import Answer
from support.sentiment_model import save_sentiment, sentiment_model
from support.tiny import shared


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMBECK_SENTIMENT", str(sentiment_model()))
    monkeypatch.setattr(sentiment, "_loaded", {})


def test_a_text_has_a_label_probabilities_and_a_score() -> None:
    answer = limbeck.sentiment.predict("the film was a joy")
    assert isinstance(answer, Answer)
    assert set(answer.probs) == {"negative", "neutral", "positive"}
    assert answer.score == pytest.approx(answer.probs["positive"] - answer.probs["negative"])
    assert answer.predicted == max(answer.probs, key=lambda name: answer.probs[name])


def test_many_texts_keep_their_order() -> None:
    texts = ["a joy", "", "what a waste", "das essen war leider kalt"]
    answers = sentiment.predict(iter(texts))
    assert [answer.predicted is None for answer in answers] == [False, True, False, True]
    assert answers[0].score == pytest.approx(sentiment.predict("a joy").score, abs=1e-5)
    assert sentiment.predict([]) == []


@pytest.mark.parametrize("wrong", [None, 1, b"a joy", ["a joy", None], [("a", "b")], {"text": "a joy"}])
def test_what_is_no_text_is_an_error(wrong: Any) -> None:
    with pytest.raises(DataError):
        sentiment.predict(wrong)


def test_load_without_a_path_gives_the_model_that_ships() -> None:
    assert limbeck.load().folder == sentiment_model()
    assert limbeck.load().predict("a joy").score is not None
    assert limbeck.load(shared()).predict("a joy").score is None
    assert limbeck.load(str(shared()), threads=1, quick=True).folder == shared()


def test_sentences_have_an_answer_each() -> None:
    found = sentiment.sentences("The film was a joy. The soup is warm!")
    assert [sentence for sentence, _ in found] == ["The film was a joy.", "The soup is warm!"]
    assert found[0][1].score == pytest.approx(sentiment.predict("The film was a joy.").score, abs=1e-5)
    assert sentiment.sentences(" ") == []


def test_long_texts_are_read_as_asked() -> None:
    text = "the film was a joy " * 20
    assert sentiment.predict(text).tokens_dropped > 0
    assert sentiment.predict(text, windows=True).tokens_dropped == 0


def test_the_order_of_classes_is_the_models_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_sentiment(tmp_path / "model", classes=("positive", "negative", "neutral"))
    monkeypatch.setenv("LIMBECK_SENTIMENT", str(tmp_path / "model"))
    answer, before = sentiment.predict("a joy"), limbeck.load(sentiment_model()).predict("a joy")
    assert answer.score == pytest.approx(answer.probs["positive"] - answer.probs["negative"])
    assert answer.probs["positive"] == pytest.approx(before.probs["negative"], abs=1e-5)  # the same graph's first logit


def test_other_classes_are_no_sentiment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMBECK_SENTIMENT", str(shared()))
    with pytest.raises(ModelError, match=r"has the classes \['negative', 'positive'\]; sentiment has"):
        sentiment.predict("a joy")


def test_a_folder_that_is_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMBECK_SENTIMENT", str(tmp_path / "gone"))
    with pytest.raises(ModelError, match=r"LIMBECK_SENTIMENT names '.*gone', which holds no saved model"):
        sentiment.folder()


def test_where_none_ships_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIMBECK_SENTIMENT")
    monkeypatch.setattr(sentiment, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(ModelError, match="no model was named, and no sentiment model ships with this copy of limbeck"):
        limbeck.load()
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "limbeck.json").write_text("{}")
    assert sentiment.folder() == tmp_path / "model"


def test_threads_share_one_load(monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[Path] = []
    load = sentiment.load

    def counted(folder: Path) -> Any:
        loads.append(folder)
        return load(folder)

    monkeypatch.setattr(sentiment, "load", counted)
    scores: list[float | None] = []
    threads = [threading.Thread(target=lambda: scores.append(sentiment.predict("a joy").score)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1
    assert len(scores) == 8 and len(set(scores)) == 1


def test_a_load_that_failed_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMBECK_SENTIMENT", str(tmp_path))
    with pytest.raises(ModelError):
        sentiment.predict("a joy")
    monkeypatch.setenv("LIMBECK_SENTIMENT", str(sentiment_model()))
    assert sentiment.predict("a joy").predicted
