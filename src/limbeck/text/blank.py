"""What counts as blank, and the one repair that every text gets before the tokenizer."""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Cs"})
"""Unicode categories without ink: separators, controls, formats (zero width, byte-order mark), lone surrogates."""

_NO_INK = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
"""Letters and marks without ink: the Hangul fillers, Braille's blank, variation selectors (Unicode's
Default_Ignorable_Code_Point, as far as the categories do not tell)."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def is_blank(text: str) -> bool:
    r"""Tell whether a text has nothing to read: no character, or only invisible ones.

    >>> is_blank(" \u200b\x00"), is_blank("?")
    (True, False)
    """
    if text[:1].isalnum() and text[0] not in _NO_INK:  # of nearly every text, and ten times as quick to see
        return False
    return all(unicodedata.category(character) in _INVISIBLE or character in _NO_INK for character in text)


def clean(text: str) -> str:
    r"""Replace lone surrogates, which no tokenizer can encode, by U+FFFD; leave every other text as it is.

    >>> clean("fine \ud83d") == "fine \ufffd"
    True
    """
    return text if text.isascii() else _LONE_SURROGATE.sub("�", text)
