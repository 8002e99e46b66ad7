"""The behaviour tests ask nothing that our own training texts taught by the word: they share no word and no sign."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from limbeck.inspect.suite import Suite
from support.content_words import content_words, free_words, signs

SENTIMENT = Path(__file__).parents[2] / "recipes" / "sentiment"


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    out = tmp_path_factory.mktemp("own") / "own.jsonl"
    command = [sys.executable, str(SENTIMENT / "own_texts" / "make.py"), "--out", str(out), "--rows", "6000"]
    subprocess.run(command, check=True, capture_output=True)
    return [json.loads(line)["text"] for line in out.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def asked() -> list[str]:
    return list(Suite.read(SENTIMENT / "behaviour" / "suite.json").texts)


def test_no_content_word_is_in_both(taught: list[str], asked: list[str]) -> None:
    free = free_words(SENTIMENT / "behaviour" / "function_words.txt")
    free |= free_words(SENTIMENT / "own_texts" / "function_words.txt")
    first, second = content_words(taught, free), content_words(asked, free)
    assert len(first) > 1000 and len(second) > 500  # the sets are not empty by mistake
    assert first.isdisjoint(second)


def test_no_emoji_and_no_emoticon_is_in_both(taught: list[str], asked: list[str]) -> None:
    assert len(signs(taught)) > 20 and len(signs(asked)) > 15
    assert signs(taught).isdisjoint(signs(asked))


def test_no_text_is_in_both(taught: list[str], asked: list[str]) -> None:
    assert {text.casefold() for text in taught}.isdisjoint(text.casefold() for text in asked)
