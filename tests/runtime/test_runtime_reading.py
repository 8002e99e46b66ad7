"""How a saved model reads: what the manifest says of windows and of languages, and what it does not say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from limbeck.artefact import card
from limbeck.artefact.manifest import Manifest
from limbeck.errors import ArtefactError, SettingsError
from limbeck.runtime import check, load
from limbeck.runtime.predictor import Predictor
from limbeck.runtime.reading import UNKNOWN, Reading
from limbeck.text import Encoded, Input
from limbeck.text.readable import NO_WORDS, UNKNOWN_SIGNS
from support.sentiment_model import save_sentiment, sentiment_model
from support.tiny import predictor, shared

LONG = "a joy the film " * 20
GERMAN = "das essen war leider kalt"


def told(**changes: object) -> Predictor:
    return Predictor(shared(), replace(Manifest.read(shared()), **changes))  # type: ignore[arg-type]


def test_a_folder_says_how_long_texts_are_read(tmp_path: Path) -> None:
    save_sentiment(tmp_path / "model", reading="windows", languages=())
    model = load(tmp_path / "model")
    assert model.predict(LONG).tokens_dropped == 0
    assert model.predict(LONG) == model.predict(LONG, windows=True)
    assert model.predict(LONG, windows=False).tokens_dropped > 0
    assert load(sentiment_model()).predict(LONG).tokens_dropped > 0
    assert load(sentiment_model()).predict(LONG, windows=True).tokens_dropped == 0


def test_an_old_folder_reads_as_it_did() -> None:
    record = Manifest.read(shared())
    assert (record.reading, record.languages) == ("head_and_tail", [])
    assert predictor().reading.record == {}
    for text in (GERMAN, "10/10", "!!!", "这部电影很好看"):
        assert predictor().predict(text).predicted is not None


def test_what_a_folder_says_is_part_of_what_answers_are_known_by() -> None:
    before = predictor().fingerprint
    assert told().fingerprint == before
    assert len({before, told(reading="windows").fingerprint, told(languages=["en"]).fingerprint}) == 3


def test_windows_are_of_single_texts() -> None:
    record = replace(Manifest.read(shared("pair")), reading="windows")
    pairs = Predictor(shared("pair"), record)
    assert pairs.predict([("a joy", "the film")]) == predictor("pair").predict([("a joy", "the film")])
    with pytest.raises(SettingsError, match="--windows reads single texts only"):
        pairs.predict([("a joy", "the film")], windows=True)


def test_a_way_of_reading_of_a_later_limbeck_is_an_error() -> None:
    with pytest.raises(ArtefactError, match=r"the reading 'summary'; this limbeck knows .*'windows'.*upgrade limbeck"):
        told(reading="summary")


def test_refused_texts_have_a_reason_and_no_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    model = load(sentiment_model())
    texts = ["a joy", GERMAN, "", "10/10", "这部电影很好看", ":)", "🦷", "an hour i want back"]
    answers = model.predict(texts)
    assert [answer.predicted is None for answer in answers] == [False, True, True, True, True, True, True, False]
    assert answers[1].reason.startswith("this looks like German; this model reads English")
    assert [answers[n].reason for n in (2, 3, 6)] == ["empty text", NO_WORDS, UNKNOWN_SIGNS]
    assert (answers[5].reason, answers[5].probs) == (UNKNOWN, {})  # this tiny model has no piece for its signs
    for n in (1, 2, 3, 4, 6):
        assert (answers[n].tokens_read, answers[n].probs, answers[n].score) == (0, {}, None)
    for n in (0, 7):
        assert answers[n].score == pytest.approx(model.predict(texts[n]).score, abs=1e-5)


def test_a_refused_text_never_reaches_the_tokenizer(monkeypatch: pytest.MonkeyPatch) -> None:
    model = load(sentiment_model())
    seen: list[object] = []
    encode = model.encoder.encode

    def watched(inputs: Sequence[Input], **named: bool) -> Encoded:
        seen.extend(inputs)
        return encode(inputs, **named)

    monkeypatch.setattr(model.encoder, "encode", watched)
    model.predict([GERMAN * 1000, "a joy"])
    assert seen == ["", "a joy"]


def test_both_texts_of_a_pair_are_read_for_the_language() -> None:
    record = replace(Manifest.read(shared("pair")), languages=["en"])
    pairs = Predictor(shared("pair"), record)
    answers = pairs.predict(
        [(GERMAN, GERMAN), ("a joy", "the film was good"), (GERMAN, "the food was not good but warm")]
    )
    assert [answer.predicted is None for answer in answers] == [True, False, False]


def test_scores_leave_refused_texts_out() -> None:
    logits, encoded = load(sentiment_model()).logits([GERMAN, "a joy"])
    assert encoded.answerable.tolist() == [False, True]
    assert np.array_equal(logits[0], np.zeros(3, np.float32))


def test_probes_are_asked_whatever_they_look_like(tmp_path: Path) -> None:
    manifest = save_sentiment(tmp_path / "model")
    assert np.abs(np.array(manifest.probes["logits"])).min(axis=1).min() > 0
    assert check.check(tmp_path / "model").ok


def test_the_card_says_both(tmp_path: Path) -> None:
    manifest = save_sentiment(tmp_path / "model", reading="windows")
    text = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert "longer texts are read whole, in windows" in text
    assert "It reads en; a text that is surely in another language gets a reason and no answer." in text
    assert "longer texts lose their middle" in card.write(replace(manifest, reading="head_and_tail"))


def test_unknown_pieces_are_told_by_the_tokenizer() -> None:
    reading = Reading(replace(Manifest.read(shared()), languages=["en"]), predictor().encoder)
    assert reading._is_whole("film") and not reading._is_whole("filmisch") and reading._is_whole("x" * 41)
    assert reading._knows("a") and not reading._knows("🦷")


def test_a_manifest_that_says_it_wrongly_is_damaged() -> None:
    for changes, kind in (({"languages": "en"}, "list"), ({"reading": ["windows"]}, "str")):
        content = replace(Manifest.read(shared()), **changes).to_bytes()
        with pytest.raises(ArtefactError, match=f"which is no .*{kind}"):
            Manifest.from_bytes(content)
