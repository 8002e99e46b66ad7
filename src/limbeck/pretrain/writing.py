"""Texts become two streams of token ids on disk, one to learn from and one to validate by."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from itertools import compress
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from limbeck.errors import counted
from limbeck.pretrain.blocks import Layout, layout_of
from limbeck.pretrain.seen import Seen, hashes_of
from limbeck.text import Encoder, is_blank

_BATCH_TEXTS = 2048
_BATCH_CHARACTERS = 1 << 22
"""A batch ends at so many characters too: token ids take far more memory while the tokenizer holds them."""

_MANY_UNKNOWN = 0.05
"""Share of the tokens from which on unknown ones are told."""


def batches(texts: Iterable[str]) -> Generator[list[str]]:
    """Texts by the thousand, fewer where they are long."""
    held: list[str] = []
    n_characters = 0
    for text in texts:
        held.append(text)
        n_characters += len(text)
        if len(held) >= _BATCH_TEXTS or n_characters >= _BATCH_CHARACTERS:
            yield held
            held, n_characters = [], 0
    if held:
        yield held


class Part:
    """One stream, written text by text.

    Args:
        file: takes the ids.
        layout: says what stands between two texts, and how wide an id is.
    """

    def __init__(self, file: BinaryIO, layout: Layout) -> None:
        self.n_tokens = self.n_texts = self.n_bytes = 0
        self.counts = np.zeros(layout.n_pieces, np.int64)
        self._file = file
        self._dtype = layout.dtype
        self._separator = np.array(layout.separator, np.int32)
        self._held: list[NDArray[np.int32]] = []

    def add(self, ids: NDArray[np.int32]) -> None:
        """Put a text behind the others."""
        between = [self._separator] if self.n_texts else []
        self._held += [*between, ids]
        self.n_tokens += len(ids) + sum(map(len, between))
        self.n_texts += 1

    def flush(self) -> None:
        """Write what is held.

        Raises:
            OSError: the disk refuses it.
        """
        if self._held:
            ids = np.concatenate(self._held)
            self._held = []
            self.counts += np.bincount(ids, minlength=len(self.counts))
            self.n_bytes += len(ids) * self._dtype.itemsize
            self._file.write(ids.astype(self._dtype).tobytes())


class Writer:
    """Sorts texts into the two parts, tokenized by the thousand on all cores.

    Args:
        encoder: of the tokenizer.
        train: the one part.
        valid: the other.
        valid_share: of the texts, chosen by their hashes: what is chosen of a text depends on nothing else.
        limit_tokens: reading stops behind the text with which both parts together hold so many; None reads all.

    A text of unknown words alone is left out: no piece of it can be hidden.
    """

    def __init__(
        self, encoder: Encoder, train: Part, valid: Part, *, valid_share: float, limit_tokens: int | None
    ) -> None:
        layout = layout_of(encoder)
        self._is_special = np.zeros(layout.n_pieces, np.bool_)
        self._is_special[list(layout.special)] = True
        self.n_blank = self.n_unreadable = self.n_repeated = 0
        self.train, self.valid = train, valid
        self._encoder = encoder
        self._separator = list(layout.separator)
        self._below = np.uint64(int(valid_share * 2**64))
        self._limit = limit_tokens
        self._seen = Seen()

    @property
    def is_full(self) -> bool:
        """Whether the limit is reached."""
        return self._limit is not None and self.train.n_tokens + self.valid.n_tokens >= self._limit

    def write(self, texts: Sequence[str]) -> None:
        """Write a batch, or what of it is below the limit.

        Raises:
            OSError: the disk refuses it.
        """
        hashes = hashes_of(texts)
        is_new = self._seen.add(hashes)
        blank = np.fromiter(map(is_blank, texts), np.bool_, len(texts))
        pieces = iter(self._encoder.pieces(list(compress(texts, is_new & ~blank))))
        for is_valid, is_first, has_nothing in zip(hashes < self._below, is_new, blank, strict=True):
            if self.is_full:
                break
            if has_nothing:
                self.n_blank += 1
            elif not is_first:
                self.n_repeated += 1
            elif not self._is_special[ids := next(pieces)].all():
                (self.valid if is_valid else self.train).add(ids)
            else:
                self.n_unreadable += 1
        self.train.flush()
        self.valid.flush()

    def notices(self) -> list[str]:
        """What was left out, and what is there."""
        left = [
            f"{counted(n, 'text')} {why}"
            for n, why in (
                (self.n_blank, "without anything to read"),
                (self.n_unreadable, "without a piece that the tokenizer knows"),
                (self.n_repeated, "that stood there before"),
            )
            if n
        ]
        told = [f"left out: {'; '.join(left)}"] if left else []
        n_texts = self.train.n_texts + self.valid.n_texts
        if not n_texts:
            return told
        if self.is_full:
            told.append(f"no more was read behind {counted(n_texts, 'text')}, at the limit of {self._limit:,} tokens")
        return [
            *told,
            *self._unknown(),
            f"{counted(self.train.n_texts, 'text')} to learn from ({self.train.n_tokens:,} tokens), "
            f"{self.valid.n_texts:,} to validate by ({self.valid.n_tokens:,} tokens)",
        ]

    def _unknown(self) -> list[str]:
        """How many tokens stand for nothing that the tokenizer knows, where they are many."""
        counts = self.train.counts + self.valid.counts
        n_tokens, counts[self._separator] = int(counts.sum()), 0
        n_unknown = int(counts[self._is_special].sum())
        if n_unknown < _MANY_UNKNOWN * n_tokens:
            return []
        return [
            f"{n_unknown / n_tokens:.0%} of the tokens stand for what the tokenizer does not know, and none of these "
            "is guessed: it was made for other texts"
        ]


def save_counts(path: Path, counts: NDArray[np.int64]) -> None:
    """Write how often each piece occurs.

    Raises:
        OSError: the disk refuses it.
    """
    with path.open("wb") as file:
        np.save(file, counts, allow_pickle=False)
