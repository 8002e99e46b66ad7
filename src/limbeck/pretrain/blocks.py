"""A stream of token ids as blocks of one length: what stands around a text, and the stream on disk.

Texts are put one behind the other with a separator between them, and the stream is cut without regard to where texts
end (RoBERTa's FULL-SENTENCES across documents). Blocks are full: there is no padding, and what is left at the end is
dropped. What stands around a text is not in the stream, so that one stream serves all lengths.

Source: Liu et al. 2019 (RoBERTa), section 4.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.errors import ArtefactError, DataError
from limbeck.text import Encoder
from limbeck.text.encode import MASKS, PADS

_SEPARATORS = ("[SEP]", "</s>")
_PROBES = ("a", "0", ".", "the")
_FROM_WIDE = 1 << 16
"""Pieces from which an id takes four bytes."""


@dataclass(frozen=True)
class Layout:
    """What a tokenizer puts around a text, and which of its pieces are special."""

    before: tuple[int, ...]
    """Ids in front of a text, such as [CLS]."""
    behind: tuple[int, ...]
    """Ids behind a text, such as [SEP]."""
    separator: tuple[int, ...]
    """Ids between two texts: those behind a text, else the one called [SEP] or </s>, else none."""
    special: tuple[int, ...]
    """Ids of all special pieces, the unknown one among them, and ids that stand for no piece, ascending."""
    mask_id: int | None
    """Of the piece that stands for a hidden one; None where the tokenizer has none."""
    n_pieces: int
    """Pieces of the vocabulary: one more than the largest id."""

    @property
    def n_around(self) -> int:
        """Special tokens around a text."""
        return len(self.before) + len(self.behind)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of an id on disk: little-endian on every machine."""
        return np.dtype("<u2" if self.n_pieces < _FROM_WIDE else "<u4")


def layout_of(encoder: Encoder) -> Layout:
    """Find out what a tokenizer puts around a text.

    Raises:
        ArtefactError: it makes no token of any text tried.
    """
    tokenizer = encoder.tokenizer
    before, behind = _around(tokenizer)
    added = tokenizer.get_added_tokens_decoder()
    named = (*PADS, *MASKS, getattr(tokenizer.model, "unk_token", None))
    known = [tokenizer.token_to_id(name) for name in named if name is not None]
    separators = [tokenizer.token_to_id(name) for name in _SEPARATORS]
    separator = behind or tuple(number for number in separators if number is not None)[:1]
    special = {*before, *separator, *(number for number in known if number is not None)}
    special.update(number for number, piece in added.items() if piece.special)
    numbers = set(tokenizer.get_vocab(with_added_tokens=True).values())
    n_pieces = 1 + max(numbers)
    special.update(set(range(n_pieces)) - numbers)
    masks = [number for name in MASKS if (number := tokenizer.token_to_id(name)) is not None]
    return Layout(
        before,
        behind,
        separator,
        tuple(sorted(special)),
        next(iter(masks), None),
        n_pieces,
    )


def _around(tokenizer: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The ids in front of a text and behind it."""
    for probe in _PROBES:
        encoding = tokenizer.encode(probe)
        inside = [place for place, part in enumerate(encoding.sequence_ids) if part is not None]
        if inside:
            return tuple(encoding.ids[: inside[0]]), tuple(encoding.ids[inside[-1] + 1 :])
    raise ArtefactError(f"the tokenizer makes no token of {', '.join(map(repr, _PROBES))}; give another model")


@dataclass(frozen=True)
class Blocks:
    """The blocks of one stream, numbered from 0. They are read from the disk when they are taken."""

    path: Path
    """The flat file of ids."""
    n_tokens: int
    """Ids in it."""
    length: int
    """Tokens of a block, those around it included: L."""
    layout: Layout
    _opened: list[NDArray[Any]] = field(default_factory=list, repr=False, compare=False)

    def __len__(self) -> int:
        """Full blocks."""
        return self.n_tokens // self.width

    @property
    def width(self) -> int:
        """Tokens of the stream in a block."""
        return self.length - self.layout.n_around

    @property
    def special(self) -> tuple[int, ...]:
        """Ids of the special pieces."""
        return self.layout.special

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
        """Give some blocks, what stands around them included: shape ``(B, L)``.

        Raises:
            DataError: the file is gone or was cut short.
            IndexError: there is no block of that number.
        """
        chosen = np.asarray(rows, np.int64)
        blocks = np.empty((len(chosen), self.length), np.int64)
        start, end = len(self.layout.before), self.length - len(self.layout.behind)
        blocks[:, :start] = self.layout.before
        blocks[:, start:end] = self._stream()[chosen]
        blocks[:, end:] = self.layout.behind
        return blocks

    def _stream(self) -> NDArray[Any]:
        """The stream as rows, mapped into memory; each process opens it for itself."""
        if not self._opened:
            shape = (len(self), self.width)
            try:
                self._opened.append(np.memmap(self.path, self.layout.dtype, mode="r", shape=shape))
            except (OSError, ValueError) as error:
                raise DataError(f"{self.path} cannot be read ({error}); run again, and it is made anew") from None
        return self._opened[0]

    def __getstate__(self) -> dict[str, Any]:
        """All but what is mapped: a worker opens the file by its path."""
        return {**self.__dict__, "_opened": []}
