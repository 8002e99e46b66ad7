"""The lists of emoji and emoticons: in normal form, described in words that BERT's vocabulary would know."""

from __future__ import annotations

import re

import pytest
from tokenizers import Regex, normalizers

from limbeck.text.emoji import EMOJI, EMOTICONS, MARKS


def test_as_many_as_are_common() -> None:
    assert 140 <= len(EMOJI) <= 160
    assert 35 <= len(EMOTICONS) <= 45


@pytest.mark.parametrize("piece", [*EMOJI, *EMOTICONS])
def test_each_stands_in_normal_form(piece: str) -> None:
    assert not re.search(MARKS, piece)
    assert normalizers.BertNormalizer(lowercase=True).normalize_str(piece) == piece
    description = {**EMOJI, **EMOTICONS}[piece]
    assert re.fullmatch(r"[a-z]+( [a-z]+){0,3}", description), description


def test_marks_are_what_only_varies_an_emoji() -> None:
    strip = normalizers.Replace(Regex(MARKS), "").normalize_str
    stripped = [strip(text) for text in ("❤\ufe0f", "👍🏽", "🤷🏾\u200d♀\ufe0f", "👩\u200d❤", "♀")]
    assert stripped == ["❤", "👍", "🤷", "👩\u200d❤", "♀"]
