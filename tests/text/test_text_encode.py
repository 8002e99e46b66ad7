"""The encoder: what is read, what is dropped, and what is said about it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, pre_tokenizers

from limbeck.errors import ArtefactError, SettingsError
from limbeck.text import Encoded, Encoder, Input, TextSettings
from limbeck.text.cut import share
from limbeck.text.encode import EMPTY, UNREADABLE
from support.tiny import SENTENCES, tiny_tokenizer

FILE = tiny_tokenizer()
SPECIALS = {2, 3}  # [CLS], [SEP]
TEXTS = st.text(st.sampled_from("ab film joy.?é字😀\ud800\x00\u200b\n"), max_size=60)
SETTINGS = st.builds(TextSettings, st.integers(4, 20), st.floats(0, 1))


def encoder(max_length: int = 12, head: float = 0.25, file: str = FILE) -> Encoder:
    return Encoder.from_string(file, TextSettings(max_length, head))


def content(row: NDArray[np.int32]) -> list[int]:
    return [token for token in row.tolist() if token not in SPECIALS]


def whole(item: Input) -> list[int]:
    """All content tokens of an input, one part after the other."""
    wide = encoder(10**6).encode([item] if isinstance(item, str) else list(item))
    return [token for row in wide.ids for token in content(row)]


def test_rows_by_hand() -> None:
    found = encoder().encode(["the film", ("a joy", "from start")])
    names = [[encoder().tokenizer.id_to_token(token) for token in row] for row in found.ids]
    assert names == [
        ["[CLS]", "the", "film", "[SEP]"],
        ["[CLS]", "a", "joy", "[SEP]", "from", "start", "[SEP]"],
    ]
    assert [row.tolist() for row in found.type_ids] == [[0] * 4, [0] * 4 + [1] * 3]
    assert (found.read.tolist(), found.dropped.tolist()) == ([2, 4], [0, 0])
    assert (found.reasons, found.answerable.tolist()) == (["", ""], [True, True])
    assert (found.lengths.tolist(), found.owner.tolist()) == ([4, 7], [0, 1])
    assert {row.dtype for row in (*found.ids, *found.type_ids)} == {np.dtype(np.int32)}


def test_pieces_of_whole_texts_have_nothing_around_them() -> None:
    encoder = Encoder.from_string(tiny_tokenizer(), TextSettings(max_length=4))
    texts = ["the film was a bore " * 30, "", "fine \ud83d", "word" * 1000]
    found = encoder.pieces(texts)
    assert [len(ids) for ids in found] == [150, 0, 4, 1] and all(ids.dtype == np.int32 for ids in found)
    whole = Encoder.from_string(tiny_tokenizer()).encode(texts[:1]).ids[0]
    assert found[0].tolist() == whole[1:-1].tolist() and found[3].tolist() == [1]
    assert encoder.pieces([]) == []


def test_no_inputs() -> None:
    found = encoder().encode([])
    assert (found.ids, found.reasons) == ([], [])
    assert all(len(column) == 0 for column in (found.owner, found.read, found.dropped, found.lengths))


def test_a_long_text_loses_its_middle_by_hand() -> None:
    # 10 words, room for 6: 2 from the start (6 x 0.25 = 1.5), 4 from the end
    found = encoder(8).encode(["a b c d e f g h i j"])
    assert encoder().tokenizer.decode(found.ids[0].tolist()) == "a b g h i j"
    assert (found.read.tolist(), found.dropped.tolist()) == ([6], [4])


def test_of_a_pair_the_longer_part_gives_way() -> None:
    question, passage = "a b", "c d e f g h i j"
    for pair, kept in (((question, passage), "a b c h i j"), ((passage, question), "c h i j a b")):
        found = encoder(9, head=0.25).encode([pair])
        assert encoder().tokenizer.decode(found.ids[0].tolist()) == kept
        assert (found.read.tolist(), found.dropped.tolist(), found.lengths.tolist()) == ([6], [4], [9])


@settings(deadline=None)  # a machine may be busy
@given(st.lists(TEXTS | st.tuples(TEXTS, TEXTS), max_size=4), SETTINGS)
def test_nothing_is_too_long_and_every_token_is_counted(inputs: list[Input], settings: TextSettings) -> None:
    found = Encoder.from_string(FILE, settings).encode(inputs)
    assert found.owner.tolist() == list(range(len(inputs)))
    assert (found.lengths <= settings.max_length).all()
    for item, row, types, read, dropped in zip(
        inputs, found.ids, found.type_ids, found.read, found.dropped, strict=True
    ):
        specials = [token for token in row.tolist() if token in SPECIALS]
        assert specials == ([2, 3] if isinstance(item, str) else [2, 3, 3])
        assert (row[0], row[-1]) == (2, 3)
        assert len(types) == len(row)
        assert len(content(row)) == read
        assert read + dropped == len(whole(item))
        assert dropped == 0 or len(row) == settings.max_length


@settings(deadline=None)
@given(TEXTS, TEXTS, SETTINGS)
def test_parts_of_a_pair_keep_their_shares(first: str, second: str, settings: TextSettings) -> None:
    found = Encoder.from_string(FILE, settings).encode([(first, second)])
    row, types = found.ids[0], found.type_ids[0]
    lengths = len(whole(first)), len(whole(second))
    kept = tuple(len(content(row[types == part])) for part in (0, 1))
    assert kept == share(lengths, settings.max_length - 3)


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=4), st.integers(4, 12))
def test_windows_cover_every_token_once(texts: list[str], max_length: int) -> None:
    found = encoder(max_length).encode(texts, windowed=True)
    assert (found.lengths <= max_length).all()
    assert sorted(found.owner.tolist()) == found.owner.tolist()
    assert set(found.owner.tolist()) == set(range(len(texts)))
    assert not found.dropped.any()
    for n, text in enumerate(texts):
        rows = [row for row, owner in zip(found.ids, found.owner, strict=True) if owner == n]
        assert all((row[0], row[-1]) == (2, 3) for row in rows)
        assert [token for row in rows for token in content(row)] == whole(text)
        assert found.read[n] == len(whole(text))


def test_windows_of_pairs_are_refused_however_short() -> None:
    for pair in (("a", "b"), ("a " * 40, "b " * 40)):
        with pytest.raises(SettingsError, match=r"--windows reads single texts only; these are pairs"):
            encoder().encode([pair], windowed=True)


def test_an_input_does_not_depend_on_its_company() -> None:
    alone = encoder().encode([SENTENCES[0]])
    among = encoder().encode([*SENTENCES * 200, SENTENCES[0]])  # more than one chunk
    assert among.ids[-1].tolist() == alone.ids[0].tolist()
    assert len(among.ids) == len(SENTENCES) * 200 + 1


def test_special_tokens_need_room() -> None:
    file = json.loads(FILE)
    file["post_processor"]["single"] *= 2
    with pytest.raises(SettingsError) as caught:
        encoder(4, file=json.dumps(file)).encode(["a film"])
    assert str(caught.value) == "--max-length 4 is filled by the 4 special tokens; give more"


def test_truncation_and_padding_of_the_file_are_dropped() -> None:
    tokenizer = Tokenizer.from_str(FILE)
    tokenizer.enable_truncation(max_length=4)
    tokenizer.enable_padding(length=30)
    file = tokenizer.to_str()
    assert json.loads(file)["truncation"] is not None
    found = encoder(10, file=file).encode(["a b c d e f", "a"])
    assert found.lengths.tolist() == [8, 3]
    assert found.dropped.tolist() == [0, 0]


def test_a_length_counts_special_tokens() -> None:
    assert (encoder().n_special(pair=False), encoder().n_special(pair=True)) == (2, 3)
    assert encoder(6).encode(["a b c d", "a b c d e"]).lengths.tolist() == [6, 6]
    assert len(encoder()) == len(json.loads(FILE)["model"]["vocab"])


def reasons(found: Encoded) -> list[tuple[str, bool]]:
    return list(zip(found.reasons, found.answerable.tolist(), strict=True))


def test_blank_inputs_are_not_answered() -> None:
    found = encoder().encode(["", " \u200b\x00\ud800", ("", "\ufeff"), ("", "a"), "\ufffd"])
    assert reasons(found)[:4] == [(EMPTY, False)] * 3 + [("", True)]
    # BERT's normaliser drops the sign of replacement
    assert reasons(found)[4] == (UNREADABLE, False)
    assert found.read.tolist() == [0, 0, 0, 1, 0]
    assert (found.lengths[:2] == 2).all()


@pytest.mark.parametrize("odd", ["\ud83d", "\x00", "\u200b", "\ufeff", "\u2028"])
def test_odd_characters_do_not_change_what_is_read(odd: str) -> None:
    plain, mixed = encoder().encode(["a film"]), encoder().encode([f"a {odd} film{odd}"])
    assert mixed.ids[0].tolist() == plain.ids[0].tolist()


LONG = "x" * 101


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (f"a {LONG}", "a word of 101 characters was read as unknown"),
        ((LONG, "y" * 250), "a word of 250 characters was read as unknown"),
        ("x" * 100, ""),  # spelt out
        ("a 😀 film", ""),  # unknown, and short
        ("字" * 150, ""),  # each sign a word of its own
        ("😀 " + "x." * 60, ""),  # what is unknown is not what is long
    ],
)
def test_words_that_wordpiece_gives_up_on_are_named(item: Input, reason: str) -> None:
    found = encoder(200).encode([item])
    assert reasons(found) == [(reason, True)]


def test_a_long_word_is_named_whatever_window_it_stands_in() -> None:
    for text in (f"{LONG} " + "a " * 30, "a " * 30 + LONG):
        assert encoder().encode([text], windowed=True).reasons == ["a word of 101 characters was read as unknown"]


def test_a_model_without_such_a_limit_has_no_long_words() -> None:
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    assert reasons(Encoder(tokenizer).encode([f"a {LONG}"])) == [("", True)]


def test_a_tokenizer_without_normaliser_and_splitter() -> None:
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0, "a": 1}, unk_token="[UNK]"))
    assert reasons(Encoder(tokenizer).encode(["a", LONG])) == [
        ("", True),
        ("a word of 101 characters was read as unknown", True),
    ]


def test_a_tokenizer_without_unknown() -> None:
    tokenizer = Tokenizer(models.BPE({"a": 0}, []))
    assert reasons(Encoder(tokenizer).encode(["a", "bcd"])) == [("", True), (UNREADABLE, False)]


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    with pytest.raises(ArtefactError, match=r"tokenizer\.json cannot be read \(.*\); give a folder with a tokenizer"):
        Encoder.from_file(path)
    path.write_text(FILE, encoding="utf-8")
    assert Encoder.from_file(path).encode(["a film"]).read.tolist() == [2]
    assert Encoder.from_file(path).settings == TextSettings()
    path.write_bytes(b"\xff\xfe{}")
    with pytest.raises(ArtefactError, match="cannot be read"):
        Encoder.from_file(path)
    for text in ("", "{", "{}", "[]", '{"model": 3}'):
        path.write_text(text)
        with pytest.raises(ArtefactError, match=r"tokenizer\.json is not a tokenizer that can be loaded: "):
            Encoder.from_file(path)


def test_a_saved_tokenizer_is_read_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(FILE, encoding="utf-8")
    settings = TextSettings(max_length=8)
    one, two = Encoder.from_file(path, settings), Encoder.from_saved(path, settings)
    assert one.tokenizer.to_str() == two.tokenizer.to_str() and two.settings == settings
    for content in ("", "[", '{"model": {}}', "[" * 100_000):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(ArtefactError, match="is not a tokenizer that can be loaded"):
            Encoder.from_saved(path)
    with pytest.raises(ArtefactError, match="cannot be read"):
        Encoder.from_saved(tmp_path / "none.json")


def test_unknown_words_alone_are_told_from_others() -> None:
    for inputs, pair in (["字 字", "字 film", "", "字 " * 50], False), ([("字", "字"), ("字", "film")], True):
        found = encoder().encode(inputs)
        expected = [True, False] if pair else [True, False, False, True]
        assert encoder().unknown_alone(found, pair=pair).tolist() == expected
        assert found.answerable.tolist() == [bool(item) for item in inputs]
    windowed = encoder().encode(["字 " * 50, "字 " * 50 + "film"], windowed=True)
    assert encoder().unknown_alone(windowed, pair=False).tolist() == [True, False]
