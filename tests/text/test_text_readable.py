"""Why a text is not read: in words, and only for a model that names its languages."""

from __future__ import annotations

import pytest

from limbeck.text.readable import NO_WORDS, UNKNOWN_SIGNS, refusal


def why(text: str, languages: tuple[str, ...] = ("en",), *, known: str = "❤👍") -> str:
    return refusal(text, languages, knows=lambda sign: sign in known, is_whole=lambda _: True)


@pytest.mark.parametrize("text", ["", "   ", "\u200b", "\x00", "\ud83d"])
def test_a_blank_text_has_its_reason_elsewhere(text: str) -> None:
    assert why(text) == ""


@pytest.mark.parametrize("text", ["!!!", "10/10", "100 %", "...", "5", "$$$", "+1", "12:30", "😀[1]", "★" * 0 + "-"])
def test_no_words(text: str) -> None:
    assert why(text) in (NO_WORDS, UNKNOWN_SIGNS)


@pytest.mark.parametrize("text", [":)", "10/10 :(", "❤", "👍👍👍", "5 ❤", "-_-", r"¯\_(ツ)_/¯", "🦷👍"])
def test_a_sign_says_something(text: str) -> None:
    assert why(text) == ""


def test_signs_that_the_model_does_not_know() -> None:
    assert why("🦷") == UNKNOWN_SIGNS
    assert why("🦷 10/10 🦷") == UNKNOWN_SIGNS
    assert why("a 🦷") == ""


def test_another_language_names_a_way_out() -> None:
    assert why("Das Essen war leider kalt.") == (
        "this looks like German; this model reads English: fine-tune a multilingual encoder: "
        "limbeck train FILE --model distilbert-base-multilingual-cased"
    )
    assert why("这部电影很好看").startswith("this looks like Chinese; this model reads English: ")
    assert why("这部电影很好看", ("en", "de")).startswith(
        "this looks like Chinese; this model reads English and German: "
    )


@pytest.mark.parametrize("text", ["!!!", "Das Essen war leider kalt.", "🦷", "这部电影很好看"])
def test_a_model_that_names_no_language_reads_everything(text: str) -> None:
    assert why(text, ()) == ""
