"""Words far too long are shortened where that changes no answer, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers
from tokenizers.normalizers import NFC, Replace, Sequence

from limbeck.text import Encoder
from limbeck.text.emoji import MARKS
from limbeck.text.long_words import KEPT_EACH_END, MOST_UNBROKEN, LongWords, bounded
from support.tiny import tiny_tokenizer

KEPT = 2 * KEPT_EACH_END


def tokenizer() -> Tokenizer:
    return Tokenizer.from_str(tiny_tokenizer())


def test_the_middle_of_a_long_word_goes() -> None:
    short, longest = LongWords(tokenizer()).shorten("a film " + "x" * 5000 + "y!")
    assert short == "a film " + "x" * KEPT_EACH_END + "x" * (KEPT_EACH_END - 1) + "y!"
    assert longest == 5001


@pytest.mark.parametrize(
    "text", ["", "a film", "x" * KEPT, "film " * 1000, "!" * 5000, "好" * 5000, "x-" * 5000, "_" * 5000]
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert LongWords(tokenizer()).shorten(text) == (text, 0)


def test_a_tokenizer_of_another_form_is_left_alone() -> None:
    word = "x" * 5000
    whole = Tokenizer(models.WordPiece({"[UNK]": 0, "x": 1}, unk_token="[UNK]", max_input_chars_per_word=100))
    whole.pre_tokenizer = pre_tokenizers.Whitespace()
    assert LongWords(whole).shorten(word) == (word, 0)
    pairs = Tokenizer(models.BPE({"x": 0, "y": 1}, []))
    assert LongWords(pairs).shorten(word) == (word, 0)
    patient = tokenizer()
    patient.model.max_input_chars_per_word = 10_000
    assert LongWords(patient).shorten(word) == (word, 0)


def test_a_word_in_which_an_added_piece_is_found_is_left_alone() -> None:
    added = tokenizer()
    added.add_tokens([AddedToken("zz", single_word=False), AddedToken("qq", single_word=True)])
    long_words = LongWords(added)
    with_piece, without, accented = "x" * 3000 + "ZZ" + "x" * 3000, "x" * 3000 + "qq" + "x" * 3000, "é" * 5000
    assert long_words.shorten(with_piece) == (with_piece, 0)
    assert long_words.shorten(accented) == (accented, 0)
    assert long_words.shorten(without)[1] == len(without)
    found = Encoder(added).encode([with_piece]).ids[0].tolist()
    unknown, piece = added.token_to_id("[UNK]"), added.token_to_id("zz")
    assert found[1:-1] == [unknown, piece, unknown]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["a film", "é" * 2500, "x1" * 2000, "好", "!", "#", ".", " ", "ß" * 3000, "\u0301", "한" * 2100]
        )
    )
)
def test_token_ids_are_those_of_the_whole_text(parts: list[str]) -> None:
    text = "".join(parts)
    whole = tokenizer().encode(text).ids
    assert tokenizer().encode(LongWords(tokenizer()).shorten(text)[0]).ids == whole


def test_what_has_no_blank_for_too_long_is_read_by_its_ends() -> None:
    half = MOST_UNBROKEN // 2
    base64 = "ab+/" * 100_000
    assert bounded(f"a {base64} film") == (f"a {base64[:half]} {base64[-half:]} film", len(base64))
    for text in (
        "x-" * half,
        "film, " * 5000,
        "好" * 20_000,
        "ดี" * 20_000,
        "すごい、" * 5000,
        "x-" * half + "。" + "x-" * half,
    ):
        assert bounded(text) == (text, 0)


@pytest.mark.parametrize("windowed", [False, True])
def test_the_encoder_says_so_with_any_tokenizer(windowed: bool) -> None:
    pairs = Tokenizer(models.BPE({"x": 0, "+": 1}, []))
    for encoder in (Encoder(tokenizer()), Encoder(pairs)):
        found = encoder.encode(["x+" * 1_000_000, "x+" * 100], windowed=windowed)
        assert found.reasons == ["of a word of 2000000 characters only both ends were read", ""]
        assert found.answerable.all()
        assert found.read[0] + found.dropped[0] <= MOST_UNBROKEN + 1


def test_the_encoder_names_the_whole_length_and_is_given_little(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = Encoder(tokenizer())
    seen: list[int] = []

    class Watched:
        def encode_batch_fast(self, texts: list[str]) -> object:
            seen.extend(map(len, texts))
            return inner.encode_batch_fast(texts)

        def __getattr__(self, name: str) -> object:
            return getattr(inner, name)

    inner = encoder.tokenizer
    monkeypatch.setattr(encoder, "tokenizer", Watched())
    found = encoder.encode(["x" * 10_000_000])
    assert seen == [KEPT]
    assert found.reasons == ["a word of 10000000 characters was read as unknown"]
    assert found.read.tolist() == [1]


def test_what_takes_marks_of_emoji_away_may_stand_before_and_nothing_else() -> None:
    own = tokenizer().normalizer
    for before, shortened in ((Replace(Regex(MARKS), ""), KEPT), (Replace("x", ""), 3000), (NFC(), 3000)):
        changed = tokenizer()
        changed.normalizer = Sequence([before, own])
        assert len(LongWords(changed).shorten("y" * 3000)[0]) == shortened
