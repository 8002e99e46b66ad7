"""How a saved model reads texts: long ones whole or by head and tail, and those in another language not at all.

What it does by default stands in ``limbeck.json``. A text that is refused never reaches the graph.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from limbeck.artefact.manifest import Manifest
from limbeck.errors import ArtefactError, nearest
from limbeck.text import Encoded, Encoder, Input
from limbeck.text.readable import refusal

UNKNOWN = "no word that the model knows"
HEAD_AND_TAIL, WINDOWS = "head_and_tail", "windows"
_LONG_WORD = 40
"""Longer words are no evidence of a language, and need not be taken apart."""


class Reading:
    """Token ids as the folder wants texts to be read.

    Args:
        manifest: says ``reading`` and ``languages``.
        encoder: of the same folder.

    Raises:
        ArtefactError: the manifest has a way of reading that is not known.
    """

    def __init__(self, manifest: Manifest, encoder: Encoder) -> None:
        if manifest.reading not in (HEAD_AND_TAIL, WINDOWS):
            raise ArtefactError(
                f"limbeck.json records the reading {manifest.reading!r}; this limbeck knows "
                f"{nearest(manifest.reading, (HEAD_AND_TAIL, WINDOWS))}: upgrade limbeck"
            )
        self.windows = manifest.reading == WINDOWS and not manifest.is_pairs
        """Whether long texts are read whole unless asked otherwise."""
        self.languages = tuple(map(str, manifest.languages))
        self._encoder = encoder
        self._is_pairs = manifest.is_pairs

    @property
    def record(self) -> dict[str, Any]:
        """What determines answers beyond the text settings; empty for a folder that reads as all did once."""
        windows = {"reading": WINDOWS} if self.windows else {}
        return windows | ({"languages": list(self.languages)} if self.languages else {})

    def encode(self, inputs: list[Input], *, windows: bool | None = None, refuse: bool = True) -> Encoded:
        """Token ids of ``inputs``; what the model cannot read has a reason, and nothing to answer.

        Args:
            inputs: texts or pairs.
            windows: read long texts whole; None does as the folder says.
            refuse: leave unanswered what is surely in another language, or has no words, or none that is known.

        Raises:
            SettingsError: windows of pairs.
        """
        asked = enumerate(inputs) if refuse and self.languages else ()
        refused = {n: why for n, item in asked if (why := self.refusal(item))}
        given = [_nothing(item) if n in refused else item for n, item in enumerate(inputs)] if refused else inputs
        encoded = self._encoder.encode(given, windowed=self.windows if windows is None else windows)
        if not (refuse and self.languages):
            return encoded
        unknown = self._encoder.unknown_alone(encoded, pair=self._is_pairs)
        reasons = [refused.get(n, reason) for n, reason in enumerate(encoded.reasons)]
        for n in np.flatnonzero(unknown).tolist():
            reasons[n] = f"{UNKNOWN}: {reasons[n]}" if reasons[n] else UNKNOWN
        return replace(encoded, reasons=reasons, answerable=encoded.answerable & ~unknown)

    def refusal(self, item: Input) -> str:
        """Why the folder's languages have no answer to a text or a pair; empty where they have."""
        text = item if isinstance(item, str) else "\n".join(item)
        return refusal(text, self.languages, knows=self._knows, is_whole=self._is_whole)

    def _knows(self, sign: str) -> bool:
        pieces = self._pieces(sign)
        return bool(pieces) and self._unknown not in pieces

    def _is_whole(self, word: str) -> bool:
        return len(word) > _LONG_WORD or (len(pieces := self._pieces(word)) == 1 and pieces[0] != self._unknown)

    def _pieces(self, text: str) -> list[str]:
        return list(self._encoder.tokenizer.encode(text, add_special_tokens=False).tokens)

    @cached_property
    def _unknown(self) -> str | None:
        unknown: str | None = getattr(self._encoder.tokenizer.model, "unk_token", None)
        return unknown


def _nothing(item: Input) -> Input:
    return "" if isinstance(item, str) else ("", "")
