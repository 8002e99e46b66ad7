"""Tell a text by its letters: which script most of it is written in."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass

from limbeck.text.signs import is_wordy

MIN_LETTERS = 3
"""Letters of an alphabet that make a text one of another script; an ideograph counts two, and one suffices."""


@dataclass(frozen=True)
class Script:
    """Letters of one script."""

    name: str
    """What a text in it looks like."""
    languages: frozenset[str]
    """Codes of languages written in it, the most spoken ones."""
    weight: int = 1
    """Letters of an alphabet that one of these is worth."""


def _script(name: str, languages: str, weight: int = 1) -> Script:
    return Script(name, frozenset(languages.split()), weight)


_CYRILLIC = _script("Russian, or another language in Cyrillic letters", "ru uk be bg sr mk kk ky mn tg")
_ARABIC = _script("Arabic, or another language in Arabic letters", "ar fa ur ps ku ug sd")
_DEVANAGARI = _script("Hindi, or another language in Devanagari letters", "hi mr ne sa")
_GREEK, _HEBREW = _script("Greek", "el"), _script("Hebrew", "he yi")
_HAN, _KANA, _HANGUL = _script("Chinese", "zh ja", 2), _script("Japanese", "ja", 2), _script("Korean", "ko", 2)
_INDIC = ("Bengali", "Punjabi", "Gujarati", "Odia", "Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala")
_CODES = ("bn as", "pa", "gu", "or", "ta", "te", "kn", "ml", "si")
_BLOCKS: tuple[tuple[int, int, Script], ...] = (
    (0x0370, 0x03FF, _GREEK),
    (0x0400, 0x052F, _CYRILLIC),
    (0x0530, 0x058F, _script("Armenian", "hy")),
    (0x0590, 0x05FF, _HEBREW),
    (0x0600, 0x06FF, _ARABIC),
    (0x0750, 0x077F, _ARABIC),
    (0x08A0, 0x08FF, _ARABIC),
    (0x0900, 0x097F, _DEVANAGARI),
    *((0x0980 + 128 * n, 0x09FF + 128 * n, _script(*both)) for n, both in enumerate(zip(_INDIC, _CODES, strict=True))),
    (0x0E00, 0x0E7F, _script("Thai", "th")),
    (0x0E80, 0x0EFF, _script("Lao", "lo")),
    (0x1000, 0x109F, _script("Burmese", "my")),
    (0x10A0, 0x10FF, _script("Georgian", "ka")),
    (0x1100, 0x11FF, _HANGUL),
    (0x1200, 0x137F, _script("Amharic, or another language in Ethiopic letters", "am ti")),
    (0x1780, 0x17FF, _script("Khmer", "km")),
    (0x1F00, 0x1FFF, _GREEK),
    (0x3040, 0x30FF, _KANA),
    (0x3130, 0x318F, _HANGUL),
    (0x3400, 0x4DBF, _HAN),
    (0x4E00, 0x9FFF, _HAN),
    (0xAC00, 0xD7AF, _HANGUL),
    (0xF900, 0xFAFF, _HAN),
    (0xFB50, 0xFDFF, _ARABIC),
    (0xFE70, 0xFEFF, _ARABIC),
    (0xFF66, 0xFF9F, _KANA),
    (0x20000, 0x2FA1F, _HAN),
)
_BEGINS = [first for first, _, _ in _BLOCKS]
ALPHABETS = frozenset().union(*(script.languages for _, _, script in _BLOCKS))
"""Codes of the languages that are told by their letters."""


def other_script(text: str, languages: tuple[str, ...], n_own: int) -> str:
    """The name of a script that most of the text is in, or a third where it has no own word; empty where none is.

    >>> other_script("все хорошо", ("en",), 0), other_script("Дмитрий was great", ("en",), 1)
    ('Russian, or another language in Cyrillic letters', '')

    Args:
        text: what is asked.
        languages: codes of what the model reads; scripts of theirs are none of the others.
        n_own: words in the text that speak for these languages.
    """
    found: Counter[Script] = Counter()
    n_latin = 0
    for character in filter(is_wordy, text):
        script = _script_of(character)
        if script is None:
            n_latin += 1
        else:
            found[script] += script.weight
    others = Counter({script: n for script, n in found.items() if script.languages.isdisjoint(languages)})
    n_other = others.total()
    few = n_other < MIN_LETTERS and all(script.weight == 1 for script in others)
    if not n_other or few or n_other < (3 * n_latin if n_own else n_latin / 2):
        return ""
    return (_KANA if _KANA in others else others.most_common(1)[0][0]).name


def _script_of(character: str) -> Script | None:
    """The script of a letter; None for Latin letters and for what is not listed."""
    code = ord(character)
    place = bisect_right(_BEGINS, code) - 1
    if place < 0:
        return None
    _, last, script = _BLOCKS[place]
    return script if code <= last else None
