"""The behaviour suite for sentiment: it is sane, keeps to its half of the alphabet, and its command runs."""

from __future__ import annotations

import importlib.util
import json
import sys
import unicodedata
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from limbeck.inspect.suite import Suite
from support.content_words import content_words, free_words, signs
from support.tiny import save_tiny

FOLDER = Path(__file__).parents[2] / "recipes" / "sentiment" / "behaviour"
EMOTICONS = {"=)": "☺", "=(": "☹", "^_^": "😊", "-_-": "😒"}
"""The pictures that stand for the same, whose names count."""


@cache
def suite() -> Suite:
    return Suite.read(FOLDER / "suite.json")


@cache
def command() -> ModuleType:
    spec = importlib.util.spec_from_file_location("recipe_behaviour_run", FOLDER / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_sizes() -> None:
    assert suite().classes == ("negative", "neutral", "positive")
    assert 300 <= suite().n_cases <= 500
    assert 20 <= len(suite().abilities) <= 25
    assert min(len(ability.cases) for ability in suite().abilities) >= 10
    assert all(ability.about for ability in suite().abilities)


def test_a_third_of_the_abilities_has_no_training_text() -> None:
    untrained = [ability.name for ability in suite().abilities if ability.untrained]
    assert 3 * len(untrained) >= len(suite().abilities)
    wanted = ("names", "countries", "questions", "typos", "comparisons", "quoted", "star ratings")
    assert [word for word in wanted if not any(word in name for name in untrained)] == []


def test_every_template_is_used_and_no_slot_is_left() -> None:
    record = json.loads((FOLDER / "suite.json").read_text(encoding="utf-8"))
    for ability in record["abilities"]:
        for test in ability["tests"]:
            assert test.get("cases", 99) >= len(test["templates"]), ability["name"]
    assert [text for text in suite().texts if "{" in text or "}" in text] == []


def test_no_text_is_tested_for_two_labels() -> None:
    labels: dict[str, object] = {}
    for ability in suite().abilities:
        for case in ability.cases:
            if case.expects.kind == "functionality":
                assert case.texts[0] not in labels
                labels[case.texts[0]] = case.expects


def test_long_texts_are_long() -> None:
    for ability in suite().abilities:
        if "verdict" in ability.name:
            assert min(len(case.texts[0].split()) for case in ability.cases) >= 90


def test_every_emoji_is_used() -> None:
    record = json.loads((FOLDER / "suite.json").read_text(encoding="utf-8"))
    [lists] = [ability["lists"] for ability in record["abilities"] if ability["name"].startswith("emoji")]
    whole = " ".join(suite().texts)
    assert [sign for sign in lists["pleased"] + lists["upset"] if sign not in whole] == []


def test_content_words_begin_with_the_second_half_of_the_alphabet() -> None:
    """Training texts of our own keep to the first half, so that the two share no key word."""
    free = free_words(FOLDER / "function_words.txt")
    assert sorted(word for word in content_words(suite().texts, free) if word[0] < "n") == []
    names = {sign: unicodedata.name(EMOTICONS.get(sign, sign)[0]) for sign in signs(suite().texts)}
    assert {sign: name for sign, name in names.items() if name[0] < "N"} == {}


def test_content_words() -> None:
    free = frozenset(["the", "is", "isn't", "it"])
    found = content_words(["The phone's set-up isn’t quick", "IS IT 5 o'clock, Zoë?"], free)
    assert found == {"phone", "set", "up", "quick", "o'clock", "zoë"}
    assert signs(["fine 👍🏾 :) (see 3:0) ❤️ ⭐⭐ -_-", ":-( and <3"]) == {"👍", ":)", "❤", "⭐", "-_-", ":-(", "<3"}


def test_free_words_are_few() -> None:
    assert len(free_words(FOLDER / "function_words.txt")) < 450


def test_the_command_on_a_saved_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_tiny(tmp_path / "model", classes=suite().classes)
    out = tmp_path / "figures.json"
    assert command().main(["--model", str(tmp_path / "model"), "--json", str(out), "--examples", "0"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(
        f"{suite().name}: {suite().n_cases} cases, suite {suite().fingerprint[:12]}\n\nlimbeck\n\nability"
    )
    record = json.loads(out.read_text(encoding="utf-8"))
    assert list(record) == ["limbeck"]
    assert record["limbeck"]["cases"] == suite().n_cases
    assert 0 < record["limbeck"]["failed"] < suite().n_cases


def test_the_command_on_a_model_of_other_classes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_tiny(tmp_path / "model")
    assert command().main(["--model", str(tmp_path / "model")]) == 2
    assert "needs a probability for 'neutral', and the model answers" in capsys.readouterr().err


def test_the_command_on_peers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Analyzer:
        def polarity_scores(self, text: str) -> dict[str, float]:
            return {"compound": 0.9 if "superb" in text else -0.9 if "useless" in text else 0.01}

    class Blob:
        def __init__(self, text: str) -> None:
            self.sentiment = type("Sentiment", (), {"polarity": -0.04})

    vader, blob = ModuleType("vaderSentiment.vaderSentiment"), ModuleType("textblob")
    vader.__dict__["SentimentIntensityAnalyzer"], blob.__dict__["TextBlob"] = Analyzer, Blob
    for name, module in (("vaderSentiment", ModuleType("v")), (vader.__name__, vader), ("textblob", blob)):
        monkeypatch.setitem(sys.modules, name, module)
    assert command().main(["--vader", "--textblob"]) == 0
    printed = capsys.readouterr().out
    assert printed.index("\nVADER\n") < printed.index("\nTextBlob\n")
    assert "neutral, not positive" in printed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "nothing to test: give --model FOLDER, --vader or --textblob"),
        (["--vader"], "vaderSentiment is not installed, and is compared with only where it is: pip install vaderSent"),
        (["--textblob"], "textblob is not installed"),
        (["--model", "nowhere"], "nowhere"),
        (["--textblob", "--suite", "nowhere.json"], "cannot read 'nowhere.json'"),
    ],
)
def test_the_command_on_nothing(
    words: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone: Any = None
    for name in ("vaderSentiment", "vaderSentiment.vaderSentiment", "textblob"):
        monkeypatch.setitem(sys.modules, name, gone)
    assert command().main(words) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("score", "label"),
    [(1, "positive"), (0.05, "positive"), (0.049, "neutral"), (-0.049, "neutral"), (-0.05, "negative")],
)
def test_thresholds(score: float, label: str) -> None:
    found = command().one_hot(score)
    assert list(found) == ["negative", "neutral", "positive"]
    assert {name for name, probability in found.items() if probability == 1.0} == {label}
    assert sum(found.values()) == 1.0
