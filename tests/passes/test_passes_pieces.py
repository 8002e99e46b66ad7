"""The new vocabulary apart from any folder: rows by hand, and the promise that no text becomes unknown."""

from __future__ import annotations

import functools
import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.passes._pieces import Piece, choose, rows
from limbeck.passes._tokenizer_file import TokenizerFile
from limbeck.text import Encoder
from support.encoders import tokenizer_json

ADDED = {"😀": "lovely great", "❤️": "warm", "👍🏽": "", ":D": "great", ":)": "superb", "<3": "warm", ":/": "poor"}


def test_rows_by_hand() -> None:
    old = np.array([[3.0, 4.0], [0.0, 5.0], [1.0, 0.0]], np.float32)
    made = rows(old, [Piece("b", 1), Piece("new", None, (0, 1)), Piece("c", 2)])
    # the mean (1.5, 4.5) has the length sqrt(22.5); its parts have 5 and 5
    np.testing.assert_allclose(made, [[0, 5], np.array([1.5, 4.5]) * 5 / 22.5**0.5, [1, 0]], rtol=1e-6)
    biases = rows(np.array([1.0, 3.0], np.float32), [Piece("a", 0), Piece("new", None, (0, 1))])
    assert biases.tolist() == [1.0, 2.0]
    assert rows(np.array([[1.0], [-1.0]], np.float16), [Piece("new", None, (0, 1))]).tolist() == [[0.0]]


TEXT = st.text(
    st.one_of(
        st.sampled_from("abcdefgh xyz?!.,ßéÉ字\u0301\ufe0f♀"),  # mostly known before
        st.sampled_from("🏽😀👍❤\u200d:)D</3-"),
        st.characters(codec="utf-8"),
    ),
    max_size=12,
)


@functools.cache
def both_encoders() -> tuple[Encoder, Encoder]:
    """Of a vocabulary with odd pieces, before and after."""
    record = json.loads(tokenizer_json("bert"))
    vocabulary = record["model"]["vocab"]
    for piece in ("ßa", "##ßb", "##xyz", "字", ".", "##fgh", "##é", "abc", "##♀", "♀"):
        vocabulary.setdefault(piece, len(vocabulary))
    file = TokenizerFile(record)
    choice = choose(file, np.zeros(len(vocabulary), np.int64), pieces=85, added=ADDED)
    own, beyond = ([piece.text for piece in part] for part in (choice.own, choice.beyond))
    new = file.with_pieces(own, beyond, choice.added)
    return Encoder.from_string(file.text), Encoder.from_string(new.text)


@settings(max_examples=300, deadline=None)
@given(TEXT)
def test_no_text_becomes_unknown(text: str) -> None:
    before, after = (own.tokenizer.encode(text, add_special_tokens=False).tokens for own in both_encoders())
    assert "[UNK]" in before or "[UNK]" not in after
