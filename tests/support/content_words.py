"""The words and signs that carry what texts are about: what is left of them without the words that are free.

Behaviour tests and training texts of one hand share none of these, or the tests would ask what was taught.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_EMOTICON = re.compile(r"(?<!\S)(?:[<>]?[:;=8xX][-o^']?[()\[\]DPpOo3/\\|*]+|<3|</3|\^_*\^|-_+-|[TD]_[TD]|\\o/)(?!\S)")
_SIGNS = frozenset({"So", "Sk"})
_MODIFIERS = frozenset("\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff^`´¨")
"""Skin tones, which say nothing by themselves, and accents that stand alone."""


def free_words(path: Path) -> frozenset[str]:
    """The words of a file that separates them by blanks; a line that begins with ``#`` is a remark."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def content_words(texts: Iterable[str], free: frozenset[str]) -> set[str]:
    """Words that are not free, in small letters, hyphens taken apart and a possessive's ``'s`` taken off."""
    words = {word for text in texts for word in _WORD.findall(text.lower().replace("’", "'"))}
    return {bare for word in words if word not in free and (bare := word.removesuffix("'s")) not in free}


def signs(texts: Iterable[str]) -> set[str]:
    """Emoji and other pictures, and emoticons."""
    found: set[str] = set()
    for text in texts:
        found.update(_EMOTICON.findall(text))
        found.update(mark for mark in text if unicodedata.category(mark) in _SIGNS and mark not in _MODIFIERS)
    return found
