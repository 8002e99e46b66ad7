from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from limbeck.errors import ArtefactError, DataError
from limbeck.pretrain.blocks import Blocks, Layout, layout_of
from limbeck.text import Encoder
from support.tiny import tiny_tokenizer

LAYOUT = Layout(before=(2,), behind=(3,), separator=(3,), special=(0, 1, 2, 3, 4), mask_id=4, n_pieces=90)


def stream(path: Path, n_tokens: int, dtype: str = "<u2") -> Path:
    (10 + np.arange(n_tokens)).astype(dtype).tofile(path)
    return path


def words(*, single: str | None, special: tuple[str, ...] = (), unknown: str | None = "<unk>") -> Encoder:
    """A tokenizer of whole words with anything around a text."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "[SEP]", "a", "b"]
    tokenizer = Tokenizer(models.WordLevel({piece: n for n, piece in enumerate(pieces)}, unk_token=unknown))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens(list(special))
    if single is not None:
        numbers = [(piece, pieces.index(piece)) for piece in ("<s>", "</s>")]
        tokenizer.post_processor = processors.TemplateProcessing(single=single, special_tokens=numbers)
    return Encoder(tokenizer)


def test_layout_of_a_bert() -> None:
    encoder = Encoder.from_string(tiny_tokenizer())
    assert layout_of(encoder) == replace(LAYOUT, n_pieces=len(encoder))
    assert layout_of(encoder).n_around == 2


def test_layout_of_a_roberta() -> None:
    found = layout_of(words(single="<s> $A </s> </s>", special=("<s>", "</s>", "<mask>")))
    assert (found.before, found.behind, found.separator, found.mask_id) == ((0,), (2, 2), (2, 2), 4)
    assert found.special == (0, 1, 2, 3, 4) and found.n_pieces == 8 and found.n_around == 3


def test_layout_of_a_tokenizer_that_puts_nothing_around_a_text() -> None:
    found = layout_of(words(single=None))
    assert (found.before, found.behind, found.separator, found.n_around) == ((), (), (5,), 0)
    assert found.special == (1, 3, 4, 5)


def test_a_tokenizer_without_mask_or_separator() -> None:
    tokenizer = Tokenizer(models.WordLevel({"a": 0, "?": 70}, unk_token="?"))
    found = layout_of(Encoder(tokenizer))
    assert found == Layout((), (), (), tuple(range(1, 71)), None, 71)  # ids of no piece are never asked for


def test_a_tokenizer_that_makes_no_token_is_refused() -> None:
    tokenizer = Tokenizer(models.WordLevel({"z": 0}, unk_token="z"))
    tokenizer.normalizer = normalizers.Replace("a", "")
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    assert layout_of(Encoder(tokenizer)).n_pieces == 1  # another text is tried
    tokenizer.normalizer = normalizers.Sequence([normalizers.Replace(sign, "") for sign in "a0.the"])
    with pytest.raises(ArtefactError, match=r"the tokenizer makes no token of 'a', '0', '\.', 'the'; give"):
        layout_of(Encoder(tokenizer))


@pytest.mark.parametrize(("n_pieces", "dtype"), [(30_522, "<u2"), (65_535, "<u2"), (65_536, "<u4"), (250_002, "<u4")])
def test_ids_are_as_wide_as_they_must_be(n_pieces: int, dtype: str) -> None:
    assert replace(LAYOUT, n_pieces=n_pieces).dtype == np.dtype(dtype)


def test_blocks_are_full_and_what_is_left_is_dropped(tmp_path: Path) -> None:
    blocks = Blocks(stream(tmp_path / "ids", 14), 14, 6, LAYOUT)
    assert len(blocks) == 3 and blocks.width == 4 and blocks.special == (0, 1, 2, 3, 4)
    taken = blocks.take([2, 0])
    assert taken.tolist() == [[2, 18, 19, 20, 21, 3], [2, 10, 11, 12, 13, 3]] and taken.dtype == np.int64
    assert blocks.take(np.array([], np.int64)).shape == (0, 6)
    with pytest.raises(IndexError):
        blocks.take([3])


def test_wide_ids_and_nothing_around(tmp_path: Path) -> None:
    layout = Layout((), (), (), (), None, 100_000)
    np.array([70_000, 1, 99_999, 2], "<u4").tofile(tmp_path / "ids")
    assert Blocks(tmp_path / "ids", 4, 2, layout).take([1, 0]).tolist() == [[99_999, 2], [70_000, 1]]


def test_a_worker_is_sent_the_path_alone(tmp_path: Path) -> None:
    blocks = Blocks(stream(tmp_path / "ids", 20_000), 20_000, 12, LAYOUT)
    taken = blocks.take([7])
    sent = pickle.dumps(blocks)
    assert len(sent) < 1000
    assert (pickle.loads(sent).take([7]) == taken).all() and pickle.loads(sent) == blocks


def test_a_file_that_is_gone_or_short_is_told(tmp_path: Path) -> None:
    path = stream(tmp_path / "ids", 5)
    with pytest.raises(DataError, match=r"ids cannot be read \(.*\); run again, and it is made anew"):
        Blocks(path, 14, 6, LAYOUT).take([0])
    path.unlink()
    with pytest.raises(DataError, match="ids cannot be read"):
        Blocks(path, 5, 6, LAYOUT).take([0])
