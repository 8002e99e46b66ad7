"""Which of the teacher's pieces each of the student's is: what lets both read one row of token ids.

Losses of single tokens hold a student's states against its teacher's, so both must have read the same piece at the same
place. The student's tokenizer cuts the text; the teacher is given the same pieces under its own ids. Sizes of
vocabularies say nothing of that, so every piece is looked up by its text, special tokens by their part: MPNet's ids are
BERT's moved by four, under other special tokens, and align. A student's vocabulary may be a part of its teacher's: it
spells some words in more pieces, all of which the teacher knows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limbeck.errors import ModelError, together
from limbeck.text import Encoder
from limbeck.text.encode import MASKS, PADS

_UNKNOWN = ("[UNK]", "<unk>")
_OWN = ("vocab", "merges", "unk_token", "unk_id")
"""What two tokenizers of one kind may have each for itself: pieces are compared one by one."""
_SHOWN = 5
"""Pieces that a message names."""

NO_PIECE = -1
"""The teacher's id for a student's id that stands for no piece: an embedding refuses it."""


_ADVICE = (
    "Give --hidden, --cosine and --relations 0: the other losses need the teacher's scores alone; or start the student "
    "from an encoder with the teacher's tokenizer"
)


def align(student: str, teacher: str, *, pairs: bool = False, advice: str = _ADVICE) -> NDArray[np.int64]:
    """The teacher's id of each of the student's pieces: shape ``(student's ids,)``, :data:`NO_PIECE` for gaps.

    Args:
        student: text of its ``tokenizer.json``.
        teacher: text of its own.
        pairs: whether the inputs are pairs of texts.
        advice: what the message tells to do.

    Raises:
        ModelError: the two prepare texts in different ways, or put other special tokens around them, or the student
            has pieces that the teacher has not; the message tells all of it.
    """
    ours, theirs = _Reader.of(student), _Reader.of(teacher)
    table, missing = _table(ours, theirs)
    problems = _prepares_otherwise(ours, theirs)
    for pair in (False, True) if pairs else (False,):
        problems += _surrounds_otherwise(ours, theirs, table, pair)
    if missing:
        first = ", ".join(map(repr, missing[:_SHOWN])) + (" and so on" if len(missing) > _SHOWN else "")
        problems.append(
            f"{len(missing):,} of the student's {len(ours.ids):,} pieces are none of the teacher's "
            f"{len(theirs.ids):,}: {first}"
        )
    if problems:
        raise ModelError(
            f"the teacher cannot read the student's pieces, so their hidden states cannot be compared: "
            f"{together(problems)}\n{advice}"
        )
    return table


@dataclass(frozen=True)
class _Reader:
    """A tokenizer, looked through."""

    encoder: Encoder
    record: dict[str, Any]
    """Its file as the library writes it, every default put in."""
    ids: dict[str, int]
    """Piece -> id, added ones included."""

    @classmethod
    def of(cls, text: str) -> _Reader:
        encoder = Encoder.from_string(text)
        tokenizer = encoder.tokenizer
        return cls(encoder, json.loads(tokenizer.to_str()), tokenizer.get_vocab(with_added_tokens=True))

    @property
    def special(self) -> set[str]:
        """Pieces that are kept for a part of their own."""
        return {token["content"] for token in self.record["added_tokens"] if token["special"]}

    def around(self, *, pair: bool) -> list[list[int]]:
        """Special tokens before, between and behind the texts of an input."""
        encoding = self._encoding(pair)
        found: list[list[int]] = [[]]
        for part, number in zip(encoding.sequence_ids, encoding.ids, strict=True):
            if part is None:
                found[-1].append(number)
            elif len(found) < part + 2:
                found.append([])
        return found

    def segments(self) -> list[int]:
        """Segments of the texts of a pair."""
        encoding = self._encoding(pair=True)
        return [encoding.type_ids[encoding.sequence_ids.index(part)] for part in (0, 1)]

    def _encoding(self, pair: bool) -> Any:
        """What becomes of some text that has pieces, or of a pair of it."""
        tokenizer = self.encoder.tokenizer
        text = next(text for text in ("a", *self.ids) if tokenizer.encode(text, add_special_tokens=False).ids)
        return tokenizer.encode(text, text if pair else None)

    def names(self, numbers: list[int]) -> str:
        """Pieces by their ids, for messages."""
        return " ".join(str(self.encoder.tokenizer.id_to_token(number)) for number in numbers) or "nothing"

    def played(self, names: tuple[str, ...]) -> int | None:
        """The id of the special token of one of these names; where none is special, of a piece of such a name."""
        known = [name for name in names if name in self.special] + [name for name in names if name in self.ids]
        return self.ids[known[0]] if known else None

    @property
    def unknown(self) -> int | None:
        """The id that a word becomes which has no pieces."""
        model = self.record["model"]
        if model.get("unk_token") is not None:
            return self.ids.get(model["unk_token"])
        return model["unk_id"] if model.get("unk_id") is not None else self.played(_UNKNOWN)


def _table(ours: _Reader, theirs: _Reader) -> tuple[NDArray[np.int64], list[str]]:
    """The ids, and the pieces that have none, by the student's ids."""
    parts = _parts(ours, theirs)
    table = np.full(max(ours.ids.values()) + 1, NO_PIECE, np.int64)
    missing = []
    for piece, number in sorted(ours.ids.items(), key=lambda item: item[1]):
        found = parts.get(number, theirs.ids.get(piece))
        if found is None:
            missing.append(piece)
        else:
            table[number] = found
    return table, missing


def _parts(ours: _Reader, theirs: _Reader) -> dict[int, int]:
    """The student's id -> the teacher's id of the special tokens that play one part in both."""
    parts: dict[int, int] = {}
    for names in (PADS, MASKS):
        mine, its = ours.played(names), theirs.played(names)
        if mine is not None and its is not None:
            parts[mine] = its
    if theirs.unknown is not None:
        unknown = {ours.ids[name] for name in _UNKNOWN if name in ours.special}
        if ours.unknown is not None:
            unknown.add(ours.unknown)
        parts |= dict.fromkeys(unknown, theirs.unknown)
    for own, other in zip(ours.around(pair=False), theirs.around(pair=False), strict=False):
        parts |= dict(zip(own, other, strict=False))
    return parts


def _prepares_otherwise(ours: _Reader, theirs: _Reader) -> list[str]:
    """Where the two make other words of one text, a line each."""
    problems = []
    for entry, what in (("normalizer", "normalises texts by"), ("pre_tokenizer", "splits texts by")):
        mine, other = (_plain(reader.record[entry]) for reader in (ours, theirs))
        if mine != other:
            problems.append(f"the student {what} {_told(mine)}, the teacher by {_told(other)}")
    mine, other = ({k: v for k, v in reader.record["model"].items() if k not in _OWN} for reader in (ours, theirs))
    if mine != other:
        problems.append(f"the student finds pieces by {_told(mine)}, the teacher by {_told(other)}")
    return problems


def _plain(part: dict[str, Any] | None) -> dict[str, Any] | None:
    """A part of a tokenizer in one form for all that do the same."""
    if part is not None and part["type"] == "BertNormalizer" and part["strip_accents"] is None:
        return {**part, "strip_accents": part["lowercase"]}
    if part is not None and part["type"] == "Sequence":
        (steps,) = (value for key, value in part.items() if key != "type")
        return _plain(steps[0]) if len(steps) == 1 else {"type": "Sequence", "steps": [_plain(step) for step in steps]}
    return part


def _told(part: dict[str, Any] | None) -> str:
    if part is None:
        return "nothing"
    return f"{part['type']} ({', '.join(f'{key}={value!r}' for key, value in part.items() if key != 'type')})"


def _surrounds_otherwise(ours: _Reader, theirs: _Reader, table: NDArray[np.int64], pair: bool) -> list[str]:
    """Where the two put other special tokens around texts, a line each."""
    mine, other = ours.around(pair=pair), theirs.around(pair=pair)
    places = ("before the pair", "between the texts", "behind the pair") if pair else ("before a text", "behind a text")
    problems = [
        f"{place} the student has {ours.names(own)}, the teacher {theirs.names(its)}"
        for place, own, its in zip(places, mine, other, strict=True)
        if [table[number] for number in own] != its
    ]
    if pair and ours.segments() != theirs.segments():
        problems.append(
            f"the two texts are segments {ours.segments()} to the student, {theirs.segments()} to the teacher"
        )
    return problems
