"""Pieces of a student and of its teacher: which is which, and in what words they are refused."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from limbeck.distil.align import NO_PIECE, align
from limbeck.errors import ArtefactError, ModelError
from limbeck.passes._pieces import choose
from limbeck.passes._tokenizer_file import TokenizerFile
from limbeck.text import Encoder
from support.encoders import tokenizer_json, with_patch

BERT, MPNET, ROBERTA = tokenizer_json("bert"), tokenizer_json("mpnet"), tokenizer_json("roberta")
TEXTS = ("a truly lovely film for everyone", "An AWFUL cold room?!", "zebra 42", "of that there, near")


def changed(text: str, change: Callable[[dict[str, Any]], None]) -> str:
    record = json.loads(text)
    change(record)
    return json.dumps(record)


def with_vocabulary(text: str, vocabulary: Mapping[str, int]) -> str:
    """The same tokenizer with other pieces, the special tokens' ids among them."""

    def change(record: dict[str, Any]) -> None:
        record["model"]["vocab"] = dict(vocabulary)
        for token in record["added_tokens"]:
            token["id"] = vocabulary[token["content"]]
        processor = record["post_processor"]
        for token in (processor.get("special_tokens") or {}).values():
            token["ids"] = [vocabulary[piece] for piece in token["tokens"]]
        for name in ("sep", "cls"):
            if name in processor:
                processor[name] = [processor[name][0], vocabulary[processor[name][0]]]

    return changed(text, change)


def vocabulary_of(text: str) -> dict[str, int]:
    vocabulary: dict[str, int] = json.loads(text)["model"]["vocab"]
    return vocabulary


def refused(student: str, teacher: str, *, pairs: bool = False) -> str:
    with pytest.raises(ModelError) as caught:
        align(student, teacher, pairs=pairs)
    message = str(caught.value)
    assert message.startswith("the teacher cannot read the student's pieces")
    assert "Give --hidden, --cosine and --relations 0: the other losses need the teacher's scores alone" in message
    return message


def ids(text: str, *texts: str) -> list[list[int]]:
    return [row.tolist() for row in Encoder.from_string(text).encode(texts).ids]


# what aligns


@pytest.mark.parametrize("text", [BERT, MPNET, ROBERTA], ids=["bert", "mpnet", "roberta"])
@pytest.mark.parametrize("pairs", [False, True])
def test_a_tokenizer_aligns_with_itself(text: str, pairs: bool) -> None:
    table = align(text, text, pairs=pairs)
    assert table.dtype == np.int64
    np.testing.assert_array_equal(table, np.arange(len(table)))


@pytest.mark.parametrize(("student", "teacher"), [(BERT, MPNET), (MPNET, BERT)], ids=["bert-mpnet", "mpnet-bert"])
def test_special_tokens_align_by_their_part_and_pieces_by_their_text(student: str, teacher: str) -> None:
    table = align(student, teacher)
    for own, expected in zip(ids(student, *TEXTS), ids(teacher, *TEXTS), strict=True):
        assert table[own].tolist() == expected


def test_the_parts_by_their_ids() -> None:
    mine, its = vocabulary_of(BERT), vocabulary_of(MPNET)
    table = align(BERT, MPNET)
    parts = {"[PAD]": "<pad>", "[UNK]": "<unk>", "[CLS]": "<s>", "[SEP]": "</s>", "[MASK]": "<mask>"}
    assert {name: table[mine[name]] for name in parts} == {name: its[other] for name, other in parts.items()}
    assert table[mine["lovely"]] == its["lovely"]


def published(specials: tuple[str, ...], front: tuple[str, ...], unknown: str) -> str:
    """A vocabulary as MPNet's is: BERT's own special tokens are plain pieces in it, behind four others."""
    pieces = dict.fromkeys([*front, "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "film", "##s", "<mask>"])
    tokenizer = Tokenizer(models.WordPiece({piece: n for n, piece in enumerate(pieces)}, unk_token=unknown))
    tokenizer.add_special_tokens(list(specials))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    names = ("<s>", "</s>") if front else ("[CLS]", "[SEP]")
    (opens, one), (closes, other) = ((name, list(pieces).index(name)) for name in names)
    tokenizer.post_processor = processors.RobertaProcessing((closes, other), (opens, one))
    return str(tokenizer.to_str())


def test_ids_moved_by_four_as_mpnets_are() -> None:
    student = published(("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"), (), "[UNK]")
    teacher = published(
        ("<s>", "<pad>", "</s>", "<unk>", "[UNK]", "<mask>"), ("<s>", "<pad>", "</s>", "<unk>"), "[UNK]"
    )
    table = align(student, teacher)
    # [PAD] [UNK] [CLS] [SEP] [MASK] a film ##s <mask>: plain pieces moved by four, [UNK] too, which both words become
    assert table.tolist() == [1, 5, 0, 2, 12, 9, 10, 11, 12]
    back = align(teacher, student)
    assert back.tolist() == [2, 0, 3, 1, 0, 1, 2, 3, 4, 5, 6, 7, 4]


def test_a_trimmed_vocabulary_is_a_part() -> None:
    file = TokenizerFile(json.loads(BERT))
    counts = np.random.default_rng(1).integers(0, 9, len(file.ids))
    choice = choose(file, counts, pieces=len(file.ids) - 12, added={})
    trimmed = file.with_pieces([piece.text for piece in choice.own], [piece.text for piece in choice.beyond], []).text
    table = align(trimmed, BERT, pairs=True)
    assert len(table) == len(file.ids) - 12
    whole, part = Encoder.from_string(BERT).tokenizer, Encoder.from_string(trimmed).tokenizer
    for number, other in enumerate(table.tolist()):
        assert part.id_to_token(number) == whole.id_to_token(other)
    assert "12 of the student's" in refused(BERT, trimmed)


def test_ids_without_a_piece_stay_without_one() -> None:
    vocabulary = vocabulary_of(BERT)
    spread = with_vocabulary(BERT, {piece: 3 * number for piece, number in vocabulary.items()})
    table = align(spread, BERT)
    assert len(table) == 3 * (len(vocabulary) - 1) + 1
    np.testing.assert_array_equal(table[::3], np.arange(len(vocabulary)))
    assert set(table[1::3]) | set(table[2::3]) == {NO_PIECE}


def test_a_cut_and_a_padding_in_the_file_change_nothing() -> None:
    np.testing.assert_array_equal(align(with_patch(BERT), with_patch(MPNET)), align(BERT, MPNET))


def test_a_normaliser_written_in_another_way() -> None:
    def change(record: dict[str, Any]) -> None:
        own = {**record["normalizer"], "strip_accents": True}  # what null is beside lowercase
        record["normalizer"] = {"type": "Sequence", "normalizers": [own]}

    np.testing.assert_array_equal(align(BERT, changed(BERT, change)), align(BERT, BERT))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**31))
def test_any_order_of_the_ids_aligns(seed: int) -> None:
    pieces = list(vocabulary_of(BERT))
    random.Random(seed).shuffle(pieces)
    shuffled = with_vocabulary(BERT, {piece: number for number, piece in enumerate(pieces)})
    table = align(shuffled, BERT, pairs=True)
    assert sorted(table.tolist()) == list(range(len(pieces)))
    for own, expected in zip(ids(shuffled, *TEXTS), ids(BERT, *TEXTS), strict=True):
        assert table[own].tolist() == expected


def unigram(pieces: list[tuple[str, float]], unk_id: int | None) -> str:
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id, False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return str(tokenizer.to_str())


def test_scored_pieces_without_special_tokens() -> None:
    pieces = [("<unk>", 0.0), ("▁a", -1.0), ("▁film", -2.0), ("▁", -3.0), ("a", -3.0)]
    moved = [("<s>", 0.0), *pieces[1:], ("<unk>", 0.0)]
    table = align(unigram(pieces, 0), unigram(moved, 5))
    assert table.tolist() == [5, 1, 2, 3, 4]
    assert align(unigram(pieces, 0), unigram(moved, None))[0] == 5  # by its name, where no id is told


# what is refused


def test_a_vocabulary_of_equal_size_and_other_pieces() -> None:
    vocabulary = vocabulary_of(BERT)
    other = {f"{piece}x" if piece in ("film", "lovely", "zebra") else piece: n for piece, n in vocabulary.items()}
    assert len(other) == len(vocabulary)
    message = refused(BERT, with_vocabulary(BERT, other))
    size = len(vocabulary)
    assert f"2 of the student's {size} pieces are none of the teacher's {size}: 'film', 'lovely'" in message
    assert "problems" not in message


def test_of_many_pieces_the_first_are_named() -> None:
    vocabulary = vocabulary_of(BERT)
    other = {piece if piece.startswith("[") else f"{piece}!": number for piece, number in vocabulary.items()}
    message = refused(BERT, with_vocabulary(BERT, other))
    assert f"{len(vocabulary) - 5} of the student's" in message
    first = [piece for piece in vocabulary if not piece.startswith("[")][:5]
    assert f"{', '.join(map(repr, first))} and so on" in message


def test_texts_in_lower_case_and_as_they_are() -> None:
    def change(record: dict[str, Any]) -> None:
        record["normalizer"]["lowercase"] = False

    message = refused(BERT, changed(BERT, change))
    assert "the student normalises texts by BertNormalizer (" in message
    assert "lowercase=True), the teacher by BertNormalizer (" in message


def test_words_split_in_another_way() -> None:
    def change(record: dict[str, Any]) -> None:
        record["pre_tokenizer"] = {"type": "Whitespace"}

    assert "the teacher by Whitespace" in refused(BERT, changed(BERT, change))


def test_a_tokenizer_without_a_normaliser() -> None:
    def change(record: dict[str, Any]) -> None:
        record["normalizer"] = None

    assert "the student normalises texts by nothing, the teacher by BertNormalizer" in refused(
        changed(BERT, change), BERT
    )


def test_pieces_found_in_another_way() -> None:
    def change(record: dict[str, Any]) -> None:
        record["model"]["max_input_chars_per_word"] = 7

    assert "the student finds pieces by WordPiece (" in refused(BERT, changed(BERT, change))


def test_another_kind_of_tokenizer_has_all_its_differences_told_at_once() -> None:
    message = refused(BERT, ROBERTA)
    assert "4 problems:" in message
    told = ("normalises texts", "splits texts", "finds pieces by WordPiece", "pieces are none of the teacher's")
    assert all(words in message for words in told)


def test_pairs_with_other_special_tokens_between_the_texts() -> None:
    message = refused(BERT, MPNET, pairs=True)
    assert "2 problems:\n  - between the texts the student has [SEP], the teacher </s> </s>\n" in message


def test_pairs_with_other_segments() -> None:
    def change(record: dict[str, Any]) -> None:
        for entry in record["post_processor"]["pair"]:
            next(iter(entry.values()))["type_id"] = 0

    other = changed(BERT, change)
    align(BERT, other)
    assert "segments [0, 1] to the student, [0, 0] to the teacher" in refused(BERT, other, pairs=True)


def test_texts_with_no_special_tokens_around_them() -> None:
    def change(record: dict[str, Any]) -> None:
        record["post_processor"] = None

    message = refused(BERT, changed(BERT, change))
    assert "before a text the student has [CLS], the teacher nothing" in message
    assert "behind a text the student has [SEP], the teacher nothing" in message


def test_a_special_token_that_the_teacher_has_not() -> None:
    vocabulary = {piece: n for n, piece in enumerate(piece for piece in vocabulary_of(BERT) if piece != "[MASK]")}

    def change(record: dict[str, Any]) -> None:
        record["added_tokens"] = [token for token in record["added_tokens"] if token["content"] != "[MASK]"]

    teacher = with_vocabulary(changed(BERT, change), vocabulary)
    assert f"1 of the student's {len(vocabulary) + 1} pieces are none of the teacher's" in refused(BERT, teacher)


def test_what_is_no_tokenizer() -> None:
    with pytest.raises(ArtefactError, match="is not a tokenizer that can be loaded"):
        align("{}", BERT)
