"""Which pieces of a WordPiece vocabulary stay, and where the rows of new ones begin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.errors import SettingsError
from limbeck.passes._tokenizer_file import TokenizerFile

_CONTEXTS = ("{0}", "a{0}", "{0}{0}", "0{0}", "!{0}", "a{0}a")
"""Where a character may stand in a text: alone, and behind one of each kind."""


@dataclass(frozen=True)
class Piece:
    """A piece of the new vocabulary."""

    text: str
    old: int | None = None
    """Its id before; None for a new one."""
    parts: tuple[int, ...] = ()
    """For a new one: old ids whose vectors its own begins as the mean of; none for the mean of all."""


@dataclass(frozen=True)
class Choice:
    """The new vocabulary. A piece's new id is its place in ``own``, then in ``beyond``."""

    own: list[Piece]
    """Of the tokenizer's model."""
    beyond: list[Piece]
    """Tokens that were only added to it."""
    added: list[str]
    """Which of all these the caller asked for."""

    @property
    def all(self) -> list[Piece]:
        """All pieces by their new ids."""
        return [*self.own, *self.beyond]


def choose(file: TokenizerFile, counts: NDArray[np.int64], *, pieces: int, added: Mapping[str, str]) -> Choice:
    """Keep special and added pieces, single characters, and the most frequent of the rest, ``pieces`` in all.

    A single character stays in each form that some text can give, and one that stood inside longer pieces only becomes
    a piece: so every word that could be spelt still can, and none becomes unknown.

    Args:
        file: the old tokenizer.
        counts: uses of each old id; ties go to the lower id.
        pieces: of the new vocabulary, new ones included; fewer where the old one has not so many.
        added: what becomes a piece wherever it stands -> a description by which its row begins.

    Raises:
        SettingsError: what has to stay is more than ``pieces``, or ``counts`` is of another tokenizer.
    """
    ids = file.ids
    if len(counts) <= max(ids.values()):
        raise SettingsError(
            f"there are counts for {len(counts)} pieces, and the tokenizer has ids up to {max(ids.values())}; "
            "count with the tokenizer of the folder to trim"
        )
    wanted = file.normal(added) if added else {}
    special = {ids[piece] for piece in (*file.special, *wanted) if piece in ids}
    letters = {ids[piece] for piece in ids if len(file.body(piece)) == 1 and _can_stand(file, piece)} - special
    spelt = _missing_letters(file)
    new = [Piece(text, None, _parts(file, words)) for text, words in wanted.items() if text not in ids]
    room = pieces - len(special) - len(letters) - len(spelt) - len(new)
    if room < 0:
        raise SettingsError(
            f"{pieces} pieces are too few: {len(special)} special and added ones, {len(letters)} single characters "
            f"and {len(spelt) + len(new)} new ones have to stay; give {pieces - room} or more"
        )
    rest = sorted(set(ids.values()) - special - letters, key=lambda number: (-int(counts[number]), number))
    kept = special | letters | set(rest[:room])
    model = set(file.vocabulary.values())
    by_id = sorted((number, text) for text, number in ids.items() if number in kept)
    own = [Piece(text, number) for number, text in by_id if number in model]
    beyond = [Piece(text, number) for number, text in by_id if number not in model]
    return Choice([*own, *spelt], [*beyond, *new], list(wanted))


def rows(old: NDArray[Any], pieces: Iterable[Piece]) -> NDArray[Any]:
    """A tensor with a row a piece, of ``old``'s type: old rows moved, new ones begun.

    A new row is the mean of its parts' rows, brought to their mean length: a mean alone is shorter than its parts.
    """
    pieces = list(pieces)
    made = np.zeros((len(pieces), *old.shape[1:]), np.float32)
    moved = np.array([number for number, piece in enumerate(pieces) if piece.old is not None], np.int64)
    made[moved] = old[[piece.old for piece in pieces if piece.old is not None]]
    for number, piece in enumerate(pieces):
        if piece.old is None:
            parts = old[list(piece.parts)].astype(np.float32) if piece.parts else made[moved]
            made[number] = _begin(parts)
    return made.astype(old.dtype)


def _can_stand(file: TokenizerFile, piece: str) -> bool:
    """Whether a text can give a piece of one character: BERT's splitter leaves no comma inside a word, say.

    Only of that splitter, which goes by classes of characters, can it be told from a few texts.
    """
    if not file.splits_as_bert:
        return True
    letter = file.body(piece)
    words = [word for context in _CONTEXTS for word in file.words(context.format(letter))]
    return any(word.startswith(letter) if letter == piece else letter in word[1:] for word in words)


def _missing_letters(file: TokenizerFile) -> list[Piece]:
    """Single characters that some piece is spelt with and that are no pieces yet, begun by the pieces they stand in."""
    found: dict[str, list[int]] = {}
    for piece, number in file.vocabulary.items():
        body = file.body(piece)
        if piece in file.special or len(body) < 2:
            continue
        for place, letter in enumerate(body):
            form = letter if place == 0 and body == piece else file.prefix + letter
            if form not in file.vocabulary:
                found.setdefault(form, []).append(number)
    return [Piece(form, None, tuple(numbers)) for form, numbers in sorted(found.items()) if _can_stand(file, form)]


def _parts(file: TokenizerFile, words: str) -> tuple[int, ...]:
    """Old ids of a description's pieces."""
    unknown = file.ids.get(file.unknown)
    return tuple(n for n in file.tokenizer.encode(words, add_special_tokens=False).ids if n != unknown)


def _begin(parts: NDArray[np.float32]) -> NDArray[np.float32]:
    mean: NDArray[np.float32] = parts.mean(axis=0)
    if parts.ndim == 1:  # of a bias, which has no direction
        return mean
    length = float(np.linalg.norm(mean))
    wanted = float(np.linalg.norm(parts, axis=1).mean())
    return mean * np.float32(wanted / length) if length else mean
