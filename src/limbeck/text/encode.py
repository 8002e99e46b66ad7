"""An encoder: texts, or pairs of them, to token ids."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from limbeck.errors import ArtefactError, SettingsError
from limbeck.text.blank import clean, is_blank
from limbeck.text.cut import head_and_tail, share, windows
from limbeck.text.long_words import MOST_UNBROKEN, LongWords, bounded
from limbeck.text.settings import TextSettings

Input = str | tuple[str, str]
"""What a model reads: one text, or a pair."""


def texts_in(item: Input) -> tuple[str, ...]:
    """The one text of an input, or the two of a pair.

    >>> texts_in("one"), texts_in(("one", "two"))
    (('one',), ('one', 'two'))
    """
    return (item,) if isinstance(item, str) else item


EMPTY = "empty text"
UNREADABLE = "no token that the model knows"

PADS = ("[PAD]", "<pad>")
"""What tokenizers call the token that fills up."""
MASKS = ("[MASK]", "<mask>")
"""And the one that hides another."""

_CHUNK = 1024  # encodings are heavy objects: this many live at once
_LONG_STRETCH = re.compile(r"\S{101,}")  # WordPiece gives up on a word of more than 100 characters


@dataclass(frozen=True)
class Encoded:
    """Token ids of some inputs. A row is what the model reads; without windows there is one row an input."""

    ids: list[NDArray[np.int32]]
    """Token ids of each row, special tokens included, unpadded: shape ``(T,)`` each."""
    type_ids: list[NDArray[np.int32]]
    """Segment ids of each row, 0 for the first text and 1 for the second: shape ``(T,)`` each."""
    owner: NDArray[np.int64]
    """The input that each row belongs to, ascending: shape ``(rows,)``."""
    read: NDArray[np.int64]
    """Tokens read of each input, special tokens not counted: shape ``(inputs,)``."""
    dropped: NDArray[np.int64]
    """Tokens cut from each input: shape ``(inputs,)``."""
    reasons: list[str]
    """Why an input cannot be answered, or what was odd about it; mostly the empty string."""
    answerable: NDArray[np.bool_]
    """False for an input with nothing to read: shape ``(inputs,)``."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each row, special tokens included: shape ``(rows,)``."""
        return np.fromiter((len(row) for row in self.ids), dtype=np.int64, count=len(self.ids))

    def take(self, inputs: NDArray[np.int64]) -> Encoded:
        """Some inputs, in the order given, of an encoding that has one row an input."""
        return Encoded(
            [self.ids[n] for n in inputs],
            [self.type_ids[n] for n in inputs],
            np.arange(len(inputs)),
            self.read[inputs],
            self.dropped[inputs],
            [self.reasons[n] for n in inputs],
            self.answerable[inputs],
        )


@dataclass(frozen=True, slots=True)
class _Whole:
    """All tokens of one input."""

    ids: NDArray[np.int32]
    type_ids: NDArray[np.int32]
    has_unknown: bool
    """Whether one of them is the unknown one."""
    encoding: Any
    """The tokenizer's own object."""


class Encoder:
    """Turns inputs into token ids by a ``tokenizer.json`` and the text settings.

    Truncation and padding that the file carries are dropped: the length in force stands in the settings.
    """

    def __init__(self, tokenizer: Tokenizer, settings: TextSettings | None = None) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_special_tokens = False
        self.tokenizer = tokenizer
        self.settings = settings or TextSettings()
        self._unknown = _unknown_id(tokenizer)
        self._longest_known = getattr(tokenizer.model, "max_input_chars_per_word", math.inf)
        self._long_words = LongWords(tokenizer)

    @classmethod
    def from_file(cls, path: Path, settings: TextSettings | None = None) -> Encoder:
        """Read a ``tokenizer.json``.

        Raises:
            ArtefactError: the file is missing or is no tokenizer.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ArtefactError(f"{path} cannot be read ({error}); give a folder with a tokenizer.json") from None
        return cls.from_string(text, settings, name=str(path))

    @classmethod
    def from_saved(cls, path: Path, settings: TextSettings | None = None) -> Encoder:
        """Read the ``tokenizer.json`` of a saved model: :meth:`from_file` without a look at its json beforehand.

        Raises:
            ArtefactError: the file is missing or is no tokenizer.
        """
        try:
            return cls(Tokenizer.from_file(str(path)), settings)
        except Exception:  # tokenizers raises bare Exceptions; the careful way says what is wrong
            return cls.from_file(path, settings)

    @classmethod
    def from_string(cls, text: str, settings: TextSettings | None = None, *, name: str = "tokenizer.json") -> Encoder:
        """Read the text of a ``tokenizer.json``.

        Raises:
            ArtefactError: the text is no tokenizer.
        """
        try:
            json.loads(text)
            return cls(Tokenizer.from_str(text), settings)
        except Exception as error:  # tokenizers raises bare Exceptions
            raise ArtefactError(f"{name} is not a tokenizer that can be loaded: {error}") from None

    def __len__(self) -> int:
        """Pieces in the vocabulary, added tokens included."""
        return int(self.tokenizer.get_vocab_size(with_added_tokens=True))

    @property
    def pad_id(self) -> int:
        """The id that fills short rows up; the mask hides it, and RoBERTa counts positions by it."""
        numbers = (self.tokenizer.token_to_id(name) for name in PADS)
        return int(next((number for number in numbers if number is not None), 0))

    def n_special(self, *, pair: bool) -> int:
        """Special tokens that the tokenizer puts around one text, or around a pair."""
        return int(self.tokenizer.num_special_tokens_to_add(pair))

    def encode(self, inputs: Sequence[Input], *, windowed: bool = False) -> Encoded:
        """Give the token ids of ``inputs``.

        Args:
            inputs: texts or pairs.
            windowed: read the whole of long texts, as several rows each, instead of cutting their middle.

        Raises:
            SettingsError: windows of pairs, or a maximum length that the special tokens alone fill.
        """
        ids: list[NDArray[np.int32]] = []
        type_ids: list[NDArray[np.int32]] = []
        owner: list[int] = []
        read = np.zeros(len(inputs), np.int64)
        dropped = np.zeros(len(inputs), np.int64)
        reasons = [""] * len(inputs)
        answerable = np.ones(len(inputs), np.bool_)
        for n, (item, whole) in enumerate(self._wholes(inputs)):
            rows, read[n], dropped[n] = self._rows(whole, isinstance(item, tuple), windowed)
            for row_ids, row_types in rows:
                ids.append(row_ids)
                type_ids.append(row_types)
                owner.append(n)
            unknown = whole.has_unknown and any(self._unknown in row_ids for row_ids, _ in rows)
            reasons[n], answerable[n] = self._reason(item, int(read[n]), unknown=unknown)
        return Encoded(ids, type_ids, np.array(owner, np.int64), read, dropped, reasons, answerable)

    def pieces(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Token ids of whole texts, however long, with no special tokens around them: shape ``(T,)`` each."""
        given = [self._given(text) for text in texts]
        return _arrays([one.ids for one in self.tokenizer.encode_batch_fast(given, add_special_tokens=False)])

    def stretches_read(self, item: Input) -> list[list[tuple[int, int]]]:
        """Which stretches of each text of an input are read without windows: ``(start, end)`` in characters.

        A text that is not cut has one stretch, all of it; so has one of words so long that their middle is not read.
        """
        texts = texts_in(item)
        given = [self._given(text) for text in texts]
        whole = [[(0, len(text))] for text in texts]
        encoding = self.tokenizer.encode(given[0], given[1] if len(given) == 2 else None)
        budget = self.settings.max_length - self.n_special(pair=len(texts) == 2)
        length = len(encoding.ids) - self.n_special(pair=len(texts) == 2)
        if length <= budget or any(len(text) != len(asked) for text, asked in zip(texts, given, strict=True)):
            return whole
        parts = np.array([-1 if part is None else part for part in encoding.sequence_ids], np.int64)
        found = []
        for part, kept in enumerate(self._kept(parts, budget, len(texts))):
            place = np.flatnonzero(parts == part)
            if len(kept) == len(place):
                found.append(whole[part])
                continue
            n_head = np.count_nonzero(kept == place[: len(kept)])
            ends = [encoding.offsets[last][1] for last in kept[:n_head][-1:]]
            begins = [encoding.offsets[first][0] for first in kept[n_head:][:1]]
            found.append([(0, end) for end in ends] + [(begin, len(texts[part])) for begin in begins])
        return found

    def unknown_alone(self, encoded: Encoded, *, pair: bool) -> NDArray[np.bool_]:
        """Whether an input has tokens, and all that are not special are the unknown one: shape ``(inputs,)``."""
        if self._unknown is None:
            return np.zeros(len(encoded.read), np.bool_)
        known = np.zeros(len(encoded.read), np.int64)
        n_special = self.n_special(pair=pair)
        for owner, row in zip(encoded.owner.tolist(), encoded.ids, strict=True):
            known[owner] += len(row) - n_special - np.count_nonzero(row == self._unknown)
        alone: NDArray[np.bool_] = (encoded.read > 0) & (known == 0)
        return alone

    def _wholes(self, inputs: Sequence[Input]) -> Iterator[tuple[Input, _Whole]]:
        """Each input with all its tokens, tokenized in chunks."""
        for start in range(0, len(inputs), _CHUNK):
            chunk = inputs[start : start + _CHUNK]
            given = [tuple(map(self._given, item)) if isinstance(item, tuple) else self._given(item) for item in chunk]
            encodings = self.tokenizer.encode_batch_fast(given)
            ids, type_ids = [one.ids for one in encodings], [one.type_ids for one in encodings]
            unknown = [self._unknown in row for row in ids]
            yield from zip(chunk, map(_Whole, _arrays(ids), _arrays(type_ids), unknown, encodings), strict=True)

    def _given(self, text: str) -> str:
        """What the tokenizer is given of a text."""
        return bounded(self._long_words.shorten(clean(text))[0])[0]

    def _rows(
        self, whole: _Whole, is_pair: bool, windowed: bool
    ) -> tuple[list[tuple[NDArray[np.int32], NDArray[np.int32]]], int, int]:
        """The rows of one input, how many of its tokens they read, and how many they drop."""
        if windowed and is_pair:
            raise SettingsError("--windows reads single texts only; these are pairs: leave the flag out")
        ids, types = whole.ids, whole.type_ids
        n_special = self.n_special(pair=is_pair)
        length, budget = len(ids) - n_special, self.settings.max_length - n_special
        if length <= budget:
            return [(ids, types)], length, 0
        if budget < 1:
            raise SettingsError(
                f"--max-length {self.settings.max_length} is filled by the {n_special} special tokens; give more"
            )
        parts = np.array([-1 if part is None else part for part in whole.encoding.sequence_ids], np.int64)
        if windowed:
            inside = np.flatnonzero(parts == 0)
            kept = [inside[start:stop] for start, stop in windows(length, budget)]
            return [self._keep(ids, types, parts, positions) for positions in kept], length, 0
        positions = np.concatenate(self._kept(parts, budget, 2 if is_pair else 1))
        return [self._keep(ids, types, parts, positions)], len(positions), length - len(positions)

    def _kept(self, parts: NDArray[np.int64], budget: int, n_parts: int) -> list[NDArray[np.int64]]:
        """Positions of the tokens that an overlong input keeps, of each of its texts."""
        places = [np.flatnonzero(parts == part) for part in range(n_parts)]
        shares = share(tuple(len(place) for place in places), budget)
        return [
            place[head_and_tail(len(place), keep, self.settings.head)]
            for place, keep in zip(places, shares, strict=True)
        ]

    @staticmethod
    def _keep(
        ids: NDArray[np.int32], types: NDArray[np.int32], parts: NDArray[np.int64], positions: NDArray[np.int64]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The tokens at ``positions`` and all special ones, in order."""
        keep = parts == -1
        keep[positions] = True
        return ids[keep], types[keep]

    def _reason(self, item: Input, n_read: int, *, unknown: bool) -> tuple[str, bool]:
        texts = texts_in(item)
        if all(is_blank(text) for text in texts):
            return EMPTY, False
        if n_read == 0:
            return UNREADABLE, False
        if cut := max(map(self._longest_cut, texts)):
            return f"of a word of {cut} characters only both ends were read", True
        if unknown:
            longest = max((self._longest_word(text) for text in texts), default=0)
            if longest > self._longest_known:
                return f"a word of {longest} characters was read as unknown", True
        return "", True

    def _longest_cut(self, text: str) -> int:
        """Characters of the longest word whose middle is not read, whatever signs it holds; 0 where there is none."""
        return bounded(self._long_words.shorten(clean(text))[0])[1] if len(text) > MOST_UNBROKEN else 0

    def _longest_word(self, text: str) -> int:
        """Characters of the longest word that the tokenizer's model is given, of a text's long stretches."""
        normalizer, splitter = self.tokenizer.normalizer, self.tokenizer.pre_tokenizer
        shortened, longest = self._long_words.shorten(clean(text))
        for stretch in _LONG_STRETCH.findall(shortened):
            normal = normalizer.normalize_str(stretch) if normalizer else stretch
            words = [word for word, _ in splitter.pre_tokenize_str(normal)] if splitter else [normal]
            longest = max(longest, *map(len, words), 0)
        return longest


def _arrays(rows: Sequence[Sequence[int]]) -> list[NDArray[np.int32]]:
    """Each of ``rows`` as an array: views of one, which takes a third of the time of an array each."""
    ends = np.cumsum([len(row) for row in rows]).tolist()
    flat = np.fromiter(chain.from_iterable(rows), np.int32, ends[-1] if ends else 0)
    return [flat[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _unknown_id(tokenizer: Tokenizer) -> int | None:
    name = getattr(tokenizer.model, "unk_token", None)
    return None if name is None else tokenizer.token_to_id(name)
