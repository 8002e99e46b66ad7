"""The content of a WordPiece ``tokenizer.json``, and the same with another vocabulary."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from limbeck.artefact.manifest import TOKENIZER
from limbeck.errors import ModelError
from limbeck.text import Encoder
from limbeck.text.emoji import STRIP_MARKS

_SMILES = frozenset(":;=-'()")
"""What an emoticon may be made of to count right behind a word, as in "great:)"; others would be found in addresses
(:/), times (:3), comparisons (<3) and names (XD), and count between blanks and punctuation only."""


class TokenizerFile:
    """What a ``tokenizer.json`` says. It is not changed."""

    def __init__(self, record: dict[str, Any]) -> None:
        self.record = record

    @classmethod
    def read(cls, folder: Path) -> TokenizerFile:
        """Read the file of ``folder``.

        Raises:
            ModelError: it is missing, is no tokenizer, or is not of the WordPiece kind.
            ArtefactError: it does not say of which kind it is, and the library cannot load it.
        """
        path = folder / TOKENIZER
        try:
            text = path.read_text(encoding="utf-8")
            record = json.loads(text)
            # older files, such as bert-base-uncased's, leave it out
            kind = record["model"].get("type") or kind_of(text, name=str(path))
        except FileNotFoundError:
            raise ModelError(f"{folder} has no {TOKENIZER}; give a folder that has one") from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"{path} is no tokenizer that can be read: {error!r}") from None
        if kind != "WordPiece":
            raise ModelError(f"{path} is of the kind {kind!r}; vocabularies of the kind 'WordPiece' can be trimmed")
        return cls(record)

    @property
    def text(self) -> str:
        """The file's text."""
        return json.dumps(self.record, ensure_ascii=False, separators=(",", ":"))

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """What the file makes, without the cut and the padding that it may carry."""
        made = Tokenizer.from_str(self.text)
        made.no_truncation()
        made.no_padding()
        return made

    @property
    def vocabulary(self) -> dict[str, int]:
        """Piece -> id of the model, without what was only added to it."""
        vocabulary: dict[str, int] = self.record["model"]["vocab"]
        return vocabulary

    @cached_property
    def ids(self) -> dict[str, int]:
        """Piece -> id, added tokens included."""
        return {**self.vocabulary, **{entry["content"]: entry["id"] for entry in self._added}}

    @property
    def unknown(self) -> str:
        """What an unknown word becomes."""
        return str(self.record["model"]["unk_token"])

    @property
    def prefix(self) -> str:
        """What begins a piece that continues a word."""
        return str(self.record["model"].get("continuing_subword_prefix", "##"))

    @cached_property
    def special(self) -> frozenset[str]:
        """Pieces that stay whatever their use: added tokens, and what unknown words become."""
        return frozenset(entry["content"] for entry in self._added) | {self.unknown}

    @property
    def _added(self) -> list[dict[str, Any]]:
        return self.record.get("added_tokens") or []

    def body(self, piece: str) -> str:
        """A piece without the prefix of those that continue a word."""
        return piece.removeprefix(self.prefix) or piece

    @property
    def splits_as_bert(self) -> bool:
        """Whether words end at blanks and at every mark of punctuation, and nowhere else."""
        return bool((self.record.get("pre_tokenizer") or {}).get("type") == "BertPreTokenizer")

    def words(self, text: str) -> list[str]:
        """What the model is given of ``text``, word by word, for a file that splits texts."""
        normalizer = self.tokenizer.normalizer
        normal = normalizer.normalize_str(text) if normalizer else text
        return [word for word, _ in self.tokenizer.pre_tokenizer.pre_tokenize_str(normal)]

    def normal(self, texts: Mapping[str, str]) -> dict[str, str]:
        """The keys in the tokenizer's normal form, without marks; what is the same then stands once, as first given."""
        normalizer = Tokenizer.from_str(json.dumps({**self.record, "normalizer": self._normalizer()})).normalizer
        found: dict[str, str] = {}
        for text, description in texts.items():
            found.setdefault(normalizer.normalize_str(text).strip(), description)
        found.pop("", None)
        return found

    def _normalizer(self) -> dict[str, Any]:
        """The file's normalizer, behind one that strips the marks of emoji."""
        own = self.record.get("normalizer")
        steps = own["normalizers"] if own and own["type"] == "Sequence" else [own] if own else []
        return {"type": "Sequence", "normalizers": steps if STRIP_MARKS in steps else [STRIP_MARKS, *steps]}

    def with_pieces(self, own: Sequence[str], beyond: Sequence[str], added: Sequence[str]) -> TokenizerFile:
        """The file with another vocabulary, rid of the cut and the padding that it may carry.

        Args:
            own: the pieces of the model; ids are their places.
            beyond: tokens that the model does not know; their ids follow.
            added: which of all these are found wherever they stand in a text, each in normal form.
        """
        record = copy.deepcopy(self.record)
        ids = {piece: number for number, piece in enumerate([*own, *beyond])}
        record["truncation"] = record["padding"] = None
        record["model"]["vocab"] = {piece: ids[piece] for piece in own}
        tokens = {entry["content"]: {**entry, "id": ids[entry["content"]]} for entry in self._added}
        tokens |= {piece: _token(piece, ids[piece]) for piece in added if piece not in tokens}
        record["added_tokens"] = sorted(tokens.values(), key=lambda entry: int(entry["id"]))
        if added:
            record["normalizer"] = self._normalizer()
        _renumber(record.get("post_processor"), ids)
        return TokenizerFile(record)


def kind_of(text: str, *, name: str = TOKENIZER) -> str:
    """The kind of model in the text of a ``tokenizer.json``: WordPiece, BPE, Unigram or WordLevel.

    Raises:
        ArtefactError: it is no tokenizer.
    """
    return type(Encoder.from_string(text, name=name).tokenizer.model).__name__


def _token(piece: str, number: int) -> dict[str, Any]:
    """An added token that is matched in the normalised text, so that ":D" is found as ":d", and a heart in any form."""
    alone = piece.isascii() and not set(piece) <= _SMILES
    flags = {"single_word": alone, "lstrip": False, "rstrip": False, "normalized": True, "special": False}
    return {"id": number, "content": piece, **flags}


def _renumber(processor: dict[str, Any] | None, ids: Mapping[str, int]) -> None:
    """Give a post-processor the ids of the pieces that it puts around a text."""
    for part in (processor or {}).get("processors", ()):
        _renumber(part, ids)
    for token in ((processor or {}).get("special_tokens") or {}).values():
        token["ids"] = [ids[piece] for piece in token["tokens"]]
    for name in ("sep", "cls"):
        if processor and isinstance(processor.get(name), list):
            processor[name] = [processor[name][0], ids[processor[name][0]]]
