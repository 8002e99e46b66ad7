from __future__ import annotations

import itertools
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.errors import ArtefactError, DataError, SettingsError
from limbeck.pretrain import corpus as room
from limbeck.pretrain import writing
from limbeck.pretrain.corpus import prepare
from support.corpora import SEPARATOR, TOKENIZER, WORDS, corpus_of, made_up, stream_of, streams, written

TEXTS = made_up(300)
POOL = [*TEXTS[:60], *(f" {text} " for text in TEXTS[:20]), "", " ", "z", "z zz", "\u0301", "é?", " ".join(WORDS)]


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    return written(tmp_path / "texts.txt", TEXTS)


def forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no source be opened."""

    def refuse(*args: object, **options: object) -> None:
        raise AssertionError("a text was read")

    monkeypatch.setattr(room, "open_texts", refuse)


@settings(max_examples=30)
@given(
    texts=st.lists(st.sampled_from(POOL), min_size=8, max_size=80),
    length=st.integers(3, 20),
    valid_share=st.sampled_from([0.3, 0.5]),
)
def test_what_is_taken_back_is_the_texts_one_behind_the_other(
    texts: list[str], length: int, valid_share: float
) -> None:
    expected = streams(texts, valid_share)
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder) / "texts.txt", texts)
        if min(map(len, expected)) < length - 2:
            with pytest.raises(DataError):
                corpus_of(path, Path(folder), length, valid_share=valid_share)
            return
        found = corpus_of(path, Path(folder), length, valid_share=valid_share)
        for blocks, ids in zip((found.train, found.valid), expected, strict=True):
            assert blocks.n_tokens == len(ids) and len(blocks) == len(ids) // (length - 2)
            assert stream_of(blocks) == ids[: len(blocks) * (length - 2)]
        assert found.counts.tolist() == np.bincount(expected[0], minlength=len(found.counts)).tolist()


def test_a_corpus(texts: Path, tmp_path: Path) -> None:
    found = corpus_of(texts, tmp_path)
    train, valid = streams(TEXTS)
    assert (
        stream_of(found.train) == train[: len(train) // 8 * 8]
        and stream_of(found.valid) == valid[: len(valid) // 8 * 8]
    )
    assert found.n_texts == 300 and found.train.layout.mask_id == 4 and found.counts.dtype == np.int64
    n_train, n_valid = (part.count(SEPARATOR) + 1 for part in (train, valid))
    assert n_train + n_valid == 300 and found.notices[-1] == (
        f"{n_train} texts to learn from ({len(train):,} tokens), {n_valid} to validate by ({len(valid):,} tokens)"
    )
    assert not (found.train.path.parent / "corpus.json").read_text(encoding="utf-8").count(WORDS[10])
    assert found.train.path.stat().st_size == 2 * len(train)


def test_a_second_call_reads_no_text_whatever_the_length(
    texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = corpus_of(texts, tmp_path)
    forbid(monkeypatch)
    again = corpus_of(texts, tmp_path)
    assert again.notices == ["the corpus was prepared before: no text is read again", *first.notices[1:]]
    assert again.train == first.train and (again.counts == first.counts).all() and again.n_texts == first.n_texts
    longer = corpus_of(texts, tmp_path, 50)
    assert longer.fingerprint == first.fingerprint and longer.train.length == 50
    n_common = len(longer.train) * 48 // 8 * 8
    assert stream_of(longer.train)[:n_common] == stream_of(first.train)[:n_common]


def test_the_same_texts_elsewhere_are_the_same_corpus(texts: Path, tmp_path: Path) -> None:
    first = corpus_of(texts, tmp_path)
    assert corpus_of(written(tmp_path / "others.txt", TEXTS), tmp_path).fingerprint == first.fingerprint


@pytest.mark.parametrize(
    "options",
    [
        {"valid_share": 0.3},
        {"limit_tokens": 1000},
        {"encoding": "latin-1"},
        {"skip_bad_rows": True},
        {"text_column": "text"},
    ],
)
def test_what_decides_the_streams_makes_another_corpus(texts: Path, tmp_path: Path, options: dict[str, Any]) -> None:
    assert corpus_of(texts, tmp_path, **options).fingerprint != corpus_of(texts, tmp_path).fingerprint


def test_other_texts_or_another_tokenizer_make_another_corpus(texts: Path, tmp_path: Path) -> None:
    first = corpus_of(texts, tmp_path).fingerprint
    assert corpus_of(written(tmp_path / "more.txt", [*TEXTS, "a bore"]), tmp_path).fingerprint != first
    other = json.loads(TOKENIZER)
    other["normalizer"]["lowercase"] = False
    assert prepare([str(texts)], json.dumps(other), 10, home=tmp_path, valid_share=0.2).fingerprint != first


def test_several_sources_are_one_behind_the_other(tmp_path: Path) -> None:
    first, second = written(tmp_path / "one.txt", TEXTS[:100]), written(tmp_path / "two.txt", TEXTS[90:200])
    found = prepare([str(first), str(second), str(first)], TOKENIZER, 10, home=tmp_path, valid_share=0.2)
    train, _ = streams(TEXTS[:200])
    assert stream_of(found.train) == train[: len(train) // 8 * 8] and found.n_texts == 200
    assert "left out: 10 texts that stood there before" in found.notices


def test_no_text_stands_in_both_parts(tmp_path: Path) -> None:
    repeated = [text for n, text in enumerate(TEXTS * 3) for text in [" " * (n % 3) + text]]
    found = corpus_of(written(tmp_path / "texts.txt", repeated), tmp_path)
    assert found.n_texts == 300 and found.notices[1].startswith("left out: 600 texts that stood there before")
    assert stream_of(found.valid) == streams(TEXTS)[1][: len(found.valid) * 8]


def test_a_share_of_the_texts_is_for_validation(tmp_path: Path) -> None:
    texts = [f"{word} {n}" for n in range(500) for word in "abcdefgh"]
    found = corpus_of(written(tmp_path / "texts.txt", texts), tmp_path, valid_share=0.1)
    n_valid = int(found.notices[-1].split(", ")[-1].split(" to validate")[0].split()[-1].replace(",", ""))
    assert n_valid == pytest.approx(400, abs=4 * (4000 * 0.09) ** 0.5)


def test_what_has_nothing_to_read_is_counted(tmp_path: Path) -> None:
    path = written(tmp_path / "texts.txt", ["", *TEXTS, " \u200b", "\u0301", "\u9e7f \u5fae"])
    found = corpus_of(path, tmp_path)
    assert found.n_texts == 300
    assert found.notices[1] == (
        "left out: 2 texts without anything to read; 2 texts without a piece that the tokenizer knows"
    )


def test_many_unknown_words_are_told(tmp_path: Path) -> None:
    texts = [f"{text} \u4e00" for text in TEXTS]
    n_pieces = [len(text.split()) for text in texts]
    found = corpus_of(written(tmp_path / "texts.txt", texts), tmp_path)
    n_tokens = sum(part.n_tokens for part in (found.train, found.valid))
    assert n_tokens >= sum(n_pieces)
    assert found.notices[1] == (
        f"{300 / n_tokens:.0%} of the tokens stand for what the tokenizer does not know, and none of these is guessed: "
        "it was made for other texts"
    )


def test_reading_stops_at_the_limit(texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = corpus_of(texts, tmp_path, limit_tokens=700)
    lengths = [sum(map(len, streams(TEXTS[:n]))) for n in range(1, 301)]
    n_read = next(n for n, length in enumerate(lengths, start=1) if length >= 700)
    assert found.n_texts == n_read and found.train.n_tokens + found.valid.n_tokens == lengths[n_read - 1]
    assert f"no more was read behind {n_read} texts, at the limit of 700 tokens" in found.notices
    monkeypatch.setattr(writing, "_BATCH_TEXTS", 3)
    small = corpus_of(texts, tmp_path / "again", limit_tokens=700)
    assert stream_of(small.train) == stream_of(found.train) and small.notices[1:] == found.notices[1:]
    assert "no more was read" not in " ".join(corpus_of(texts, tmp_path, limit_tokens=10**9).notices)


def test_bad_rows_before_the_limit_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_BATCH_TEXTS", 50)
    path = written(tmp_path / "texts.jsonl", ["{", *(json.dumps({"text": text}) for text in TEXTS), "}"])
    found = corpus_of(path, tmp_path, limit_tokens=700, skip_bad_rows=True)
    assert any("1 row damaged and left out (line 1)" in notice for notice in found.notices)


@pytest.mark.parametrize("batch", ["texts", "characters", "one thread"])
def test_batches_and_threads_change_nothing(
    texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: str
) -> None:
    first = corpus_of(texts, tmp_path / "first")
    if batch == "texts":
        monkeypatch.setattr(writing, "_BATCH_TEXTS", 7)
    elif batch == "characters":
        monkeypatch.setattr(writing, "_BATCH_CHARACTERS", 50)
    else:
        monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    second = corpus_of(texts, tmp_path / "second")
    for name in ("train.bin", "valid.bin", "counts.npy"):
        files = [one.train.path.with_name(name).read_bytes() for one in (first, second)]
        assert files[0] == files[1]


def test_progress_is_shown_by_texts(texts: Path, tmp_path: Path) -> None:
    shown: list[object] = []

    class Watched:
        def __init__(self, what: str, total: int) -> None:
            shown.append((what, total))

        def advance(self, n_rows: int) -> None:
            shown.append(n_rows)

        def __enter__(self) -> Watched:
            return self

        def __exit__(self, *error: object) -> None:
            shown.append("end")

    corpus_of(texts, tmp_path, watch=Watched)
    assert shown == [("reads texts", 300), 300, "end"]
    corpus_of(texts, tmp_path, watch=Watched)
    assert len(shown) == 3


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: written(path, []), "no usable text in {path}, which has no rows"),
        (
            lambda path: written(path, ["", "  "]),
            "no usable text in {path} (left out: 2 texts without anything to read",
        ),
        (lambda path: written(path, ["\u0301"]), "1 text without a piece that the tokenizer knows"),
        (lambda path: written(path, ["\u9e7f", "\u5fae \u9e7f"]), "2 texts without a piece that the tokenizer knows"),
    ],
)
def test_a_corpus_without_a_usable_text(tmp_path: Path, make: Callable[[Path], Path], said: str) -> None:
    path = make(tmp_path / "texts.txt")
    with pytest.raises(DataError) as caught:
        corpus_of(path, tmp_path)
    assert said.format(path=path) in str(caught.value) and "give texts with words in them" in str(caught.value)
    assert not list((tmp_path / "corpora").iterdir())


def test_too_few_tokens_for_a_block(texts: Path, tmp_path: Path) -> None:
    train, valid = streams(TEXTS)
    with pytest.raises(DataError) as caught:
        corpus_of(texts, tmp_path, 5000)
    n_train, n_valid = (part.count(SEPARATOR) + 1 for part in (train, valid))
    first, _, rest = str(caught.value).partition("\n")
    assert first.startswith(f"{n_train} texts to learn from ")
    assert rest == (
        "2 problems:\n"
        f"  - the texts to learn from, {n_train}, have {len(train):,} tokens, and a block of 5000 takes 4998 beside "
        "the special ones: give more texts (each is wholly learnt from or held back: cut long ones), or a smaller "
        "--length\n"
        f"  - the texts to validate by, {n_valid}, have {len(valid)} tokens, and a block of 5000 takes 4998 beside "
        "the special ones: give more texts (each is wholly learnt from or held back: cut long ones), a smaller "
        "--length, or a larger --valid-share than 0.2"
    )
    with pytest.raises(DataError, match="the texts to validate by, 0, have 0 tokens"):
        corpus_of(texts, tmp_path, valid_share=1e-9)


def test_a_few_long_texts_that_are_all_held_back(tmp_path: Path) -> None:
    path = written(tmp_path / "texts.txt", [" ".join(WORDS), " ".join(WORDS[::-1])])
    says = (
        r"^0 texts to learn from .*\nthe texts to learn from, 0, .*: give more texts \(each is wholly .*\), a smaller "
    )
    with pytest.raises(DataError, match=says + "--length, or a smaller --valid-share than 0.99$"):
        corpus_of(path, tmp_path, valid_share=0.99)


def test_settings_out_of_range_are_told_together(texts: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        prepare([], TOKENIZER, 2, home=tmp_path, valid_share=1.0, limit_tokens=0)
    assert str(caught.value) == (
        "4 problems:\n"
        "  - no corpus is given; name files of texts, or hub:OWNER/NAME\n"
        "  - a block of 2 tokens is filled by the 2 special ones; give more\n"
        "  - the share of texts for validation is 1.0; it must be over 0 and below 1\n"
        "  - the corpus is to end at 0 tokens; give at least 1"
    )
    with pytest.raises(ArtefactError, match="not a tokenizer"):
        prepare([str(texts)], "{}", 10, home=tmp_path)


def test_sources_that_are_not_there_are_told_together(texts: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        prepare([str(tmp_path / "text.txt"), str(texts), str(tmp_path / "b.csv")], TOKENIZER, 10, home=tmp_path)
    assert str(caught.value).startswith("2 problems:\n  - no file ") and "'texts.txt' (nearest)" in str(caught.value)


def test_of_few_texts_more_are_held_back(texts: Path, tmp_path: Path) -> None:
    texts.write_text("\n".join(f"{word} {other}" for word, other in itertools.pairwise(WORDS[:9])) + "\n")
    made = prepare([str(texts)], TOKENIZER, 5, home=tmp_path)
    assert len(made.valid)
    with pytest.raises(DataError, match=r"a larger --valid-share than 0.01"):
        prepare([str(texts)], TOKENIZER, 5, home=tmp_path, valid_share=0.01)
