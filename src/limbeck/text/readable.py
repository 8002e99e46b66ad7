"""Why a model of certain languages cannot read a text: no words in it, or words of another language.

It holds for a model whose ``limbeck.json`` names its languages. A label for a text that the model cannot read would be
made up, and a wrong refusal is worse than that: where a text leaves a doubt, it is answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from limbeck.text.blank import is_blank
from limbeck.text.signs import has_emoticon, is_picture, is_wordy

NO_WORDS = "no words: nothing but digits and punctuation"
UNKNOWN_SIGNS = "no words, and no sign that the model knows"
ELSEWHERE = "fine-tune a multilingual encoder: limbeck train FILE --model distilbert-base-multilingual-cased"
_SIGNS_ASKED = 1000


def refusal(
    text: str, languages: Sequence[str], *, knows: Callable[[str], bool], is_whole: Callable[[str], bool]
) -> str:
    """Why there is no answer to ``text``; empty where there is one, and for a blank text, which has a reason already.

    Args:
        text: what is asked.
        languages: codes of what the model reads; none: it reads everything.
        knows: tells whether the tokenizer has a piece for a sign, such as an emoji.
        is_whole: tells whether it has one for a whole word.
    """
    if not languages or is_blank(text):
        return ""
    if not _has_words(text):
        return _wordless(text, knows)
    from limbeck.text.language import foreign, names

    found = foreign(text, tuple(languages), is_whole=is_whole)
    return f"this looks like {found}; this model reads {names(languages)}: {ELSEWHERE}" if found else ""


def _has_words(text: str) -> bool:
    if re.search("[A-Za-z]", text):
        return True
    return not text.isascii() and any(map(is_wordy, text))


def _wordless(text: str, knows: Callable[[str], bool]) -> str:
    if has_emoticon(text):
        return ""
    pictures = [] if text.isascii() else list(dict.fromkeys(filter(is_picture, text)))[:_SIGNS_ASKED]
    if not pictures:
        return NO_WORDS
    return "" if any(map(knows, pictures)) else UNKNOWN_SIGNS
