"""Probe texts: what a saved model is asked again on every new machine.

They are drawn from the tokenizer's vocabulary by seed, never from a user's texts, so that a folder can be given away.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

from limbeck.artefact.manifest import TOKENIZER

if TYPE_CHECKING:
    from limbeck.text import Input

N_PROBES = 32
MAX_PIECES = 40
TOLERANCE = 1e-4
"""Largest difference of a probability between machines that compute in float."""

_MARKS = ("##", "▁", "Ġ", "</w>")


def draw(folder: Path, *, seed: int, pairs: bool) -> list[Input]:
    """Draw 32 texts, or pairs, of 1 to 40 pieces of the vocabulary of ``folder``'s tokenizer.

    The same vocabulary and seed give the same probes on every machine.
    """
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str((folder / TOKENIZER).read_text(encoding="utf-8"))
    pieces = _wordlike(tokenizer.get_vocab(with_added_tokens=True))
    chance = random.Random(seed)

    def text() -> str:
        drawn = [chance.choice(pieces) for _ in range(chance.randint(1, MAX_PIECES))]
        decoded = tokenizer.decode(drawn, skip_special_tokens=True)
        decoded = decoded.replace("\N{REPLACEMENT CHARACTER}", "").removeprefix("##")
        return str(decoded) if decoded.strip() else "probe"

    return [(text(), text()) if pairs else text() for _ in range(N_PROBES)]


def _wordlike(vocabulary: dict[str, int]) -> list[int]:
    """Ids of the pieces made of letters, in order; of all pieces where none is."""
    ids = sorted(number for piece, number in vocabulary.items() if _bare(piece).isalpha())
    return ids or sorted(vocabulary.values())


def _bare(piece: str) -> str:
    for mark in _MARKS:
        piece = piece.removeprefix(mark).removesuffix(mark)
    return piece
