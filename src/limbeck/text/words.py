"""A text's words as places in it, so that what is said of a word can be shown where it stands.

No tokenizer is asked: pieces of a vocabulary are not what a reader takes for words, and differ between models. Words of
scripts that put no blanks between them are taken letter by letter, each with its marks.
"""

from __future__ import annotations

import re
import unicodedata

from limbeck.text.signs import EMOTICON, is_picture

_UNSPACED = (
    ("\u0e00", "\u0eff"),  # Thai, Lao
    ("\u1000", "\u109f"),  # Burmese
    ("\u1780", "\u17ff"),  # Khmer
    ("\u3040", "\u30ff"),  # kana
    ("\u3400", "\u4dbf"),
    ("\u4e00", "\u9fff"),
    ("\uf900", "\ufaff"),
    ("\U00020000", "\U0003ffff"),  # ideographs
)
_EMOTICON = re.compile(rf"(?<![\w/])(?:{EMOTICON})(?![\w/])")
_MARKUP = re.compile(r"</?[A-Za-z][^<>]{0,100}>")
_INSIDE = frozenset("'’‘·-‐‑.,&@_/")
"""Characters that hold a word together where a letter or a digit stands on both sides; stops and commas only between
digits."""
_BETWEEN_DIGITS = frozenset(".,/")
_LOUD = frozenset("!?…")
"""Punctuation that says something by itself; the rest belongs to no word."""
_JOINER = "\u200d"


def words(text: str) -> list[tuple[int, int]]:
    """Give ``(start, end)`` of each word of ``text`` in their order, in characters; none for a blank text.

    A word is a run of letters, digits and their marks (``don't``, ``well-made``, ``3.50``), an emoji with all that
    belongs to it, an emoticon, a run of ``!?…``, or a sign such as ``$``. Other punctuation, and marks of HTML, stand
    in no word.

    >>> text = "Don't pay $3.50 :( ..."
    >>> [text[start:end] for start, end in words(text)]
    ["Don't", 'pay', '$', '3.50', ':(']
    """
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(text):
        if text[at] == "<" and (markup := _MARKUP.match(text, at)) is not None:
            at = markup.end()
            continue
        end = _end(text, at)
        if end > at:
            found.append((at, end))
        at = max(end, at + 1)
    return found


def _end(text: str, at: int) -> int:
    """Where the word that begins at ``at`` ends; ``at`` itself where none begins there."""
    character = text[at]
    if character.isspace():
        return at
    if (sign := _EMOTICON.match(text, at)) is not None:
        return sign.end()
    if is_picture(character):
        return _picture_end(text, at)
    if _is_unspaced(character):
        return _marks_end(text, at + 1)
    if _is_letter(character):
        return _word_end(text, at)
    if character in _LOUD:
        end = at
        while end < len(text) and text[end] in _LOUD:
            end += 1
        return end
    return _marks_end(text, at + 1) if unicodedata.category(character)[0] == "S" else at


def _word_end(text: str, at: int) -> int:
    end = at
    while end < len(text):
        if _is_letter(text[end]) or _is_mark(text[end]):
            end += 1
        elif end + 1 < len(text) and text[end] in _INSIDE and _is_letter(text[end + 1]):
            if text[end] in _BETWEEN_DIGITS and not (text[end - 1].isdigit() and text[end + 1].isdigit()):
                break
            end += 1
        else:
            break
    return end


def _picture_end(text: str, at: int) -> int:
    """Behind an emoji, its variation selectors, skin tones, what is joined to it, and the other half of a flag."""
    end = _marks_end(text, at + 1)
    if _is_flag_letter(text[at]) and end < len(text) and _is_flag_letter(text[end]):
        return _marks_end(text, end + 1)
    while end + 1 < len(text) and text[end] == _JOINER:
        end = _marks_end(text, end + 2)
    return end


def _marks_end(text: str, end: int) -> int:
    while end < len(text) and (_is_mark(text[end]) or "\U0001f3fb" <= text[end] <= "\U0001f3ff"):
        end += 1
    return end


def _is_flag_letter(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_mark(character: str) -> bool:
    return not character.isascii() and unicodedata.category(character)[0] == "M"


def _is_letter(character: str) -> bool:
    if character.isascii():
        return character.isalnum()
    return unicodedata.category(character)[0] in "LN" and not _is_unspaced(character)


def _is_unspaced(character: str) -> bool:
    return not character.isascii() and any(first <= character <= last for first, last in _UNSPACED)
