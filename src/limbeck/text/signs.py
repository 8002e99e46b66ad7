r"""Signs that say something without a word: emoticons, emoji, and the letters that draw a face.

A text of digits and punctuation alone says nothing that a model of feelings could read; ``:)``, a red heart and
``¯\_(ツ)_/¯`` do.
"""

from __future__ import annotations

import re
import unicodedata

_EYES, _NOSE = "[:;=]", "[-^o'~]?"
EMOTICON = (
    rf"[<>}}]?{_EYES}{_NOSE}(?:[)(\]\[}}{{]+|[DdPpOo3/\\|*@$])"
    rf"|[)(\]\[D/\\]{_NOSE}{_EYES}"
    r"|[xX]D+|<3+|</3|\^[_.]*\^|-[_.]+-|[oO0][_.][oO0]|[tT;][_.][tT;]|>[_.]<|\\o/"
)
"""A regular expression of an emoticon, eyes to the left or to the right; what stands around it is not its business."""

_ALONE = rf"(?<![\w/])(?:{EMOTICON})(?![\w/])"
_FACE_LETTERS = frozenset("ツシノヽヮωДдಠಥ益ʕʔᴥ๑و")
_FIRST_EMOJI, _LAST_EMOJI = "\U0001f000", "\U0001faff"  # Python's table of characters may be older than an emoji


def is_picture(character: str) -> bool:
    """Tell whether a character is an emoji or another picture.

    >>> is_picture("❤"), is_picture("+"), is_picture("5")
    (True, False, False)
    """
    return _FIRST_EMOJI <= character <= _LAST_EMOJI or unicodedata.category(character) == "So"


def is_wordy(character: str) -> bool:
    """Tell whether a character is a letter of a word, and none that mostly draws a face.

    >>> is_wordy("é"), is_wordy("ツ")
    (True, False)
    """
    return character.isalpha() and character not in _FACE_LETTERS


def has_emoticon(text: str) -> bool:
    r"""Tell whether an emoticon, or a face drawn with letters of other scripts, stands in a text.

    >>> has_emoticon("10:30"), has_emoticon("10 :("), has_emoticon(r"¯\_(ツ)_/¯")
    (False, True, True)
    """
    return re.search(_ALONE, text) is not None or not _FACE_LETTERS.isdisjoint(text)
