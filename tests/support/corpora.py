"""Tiny corpora: made-up texts of the tiny tokenizer's words, and a plain way to say what their streams must be."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from limbeck.pretrain.blocks import Blocks
from limbeck.pretrain.corpus import Corpus, prepare
from limbeck.text import Encoder
from support.tiny import SENTENCES, tiny_tokenizer

TOKENIZER = tiny_tokenizer()
WORDS = sorted({word for sentence in SENTENCES for word in sentence.split()})
SEPARATOR = 3


def made_up(n_texts: int, seed: int = 0) -> list[str]:
    """Different texts of 3 to 12 words."""
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(WORDS, rng.integers(3, 13))) for _ in range(2 * n_texts)]
    return list(dict.fromkeys(texts))[:n_texts]


def written(path: Path, texts: Sequence[str]) -> Path:
    """A file with a text a line."""
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


def corpus_of(path: Path | str, home: Path, length: int = 10, **options: Any) -> Corpus:
    """The corpus of one source, a fifth of it for validation."""
    return prepare([str(path)], TOKENIZER, length, home=home, **{"valid_share": 0.2, **options})


def streams(texts: Sequence[str], valid_share: float = 0.2) -> tuple[list[int], list[int]]:
    """The ids of both parts: each text once, in its order, with a separator between two."""
    encoder = Encoder.from_string(TOKENIZER)
    parts: tuple[list[int], list[int]] = ([], [])
    for text in dict.fromkeys(text.strip() for text in texts):
        ids = encoder.tokenizer.encode(text, add_special_tokens=False).ids
        number = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
        part = parts[number < valid_share * 2**64]
        if set(ids) - {encoder.tokenizer.token_to_id("[UNK]")}:
            part.extend([SEPARATOR, *ids] if part else ids)
    return parts


def stream_of(blocks: Blocks) -> list[int]:
    """The blocks without what stands around them, one behind the other."""
    taken = blocks.take(np.arange(len(blocks)))
    assert (
        (taken[:, 0] == 2).all() and (taken[:, -1] == SEPARATOR).all() and taken.shape == (len(blocks), blocks.length)
    )
    return list(map(int, taken[:, 1:-1].ravel()))
