"""Tell a text that is surely in another language: by its letters, or by its most frequent words.

Nothing is learnt and nothing is guessed from single words: names, titles and phrases ("C'est la vie!") belong to
English texts. Letters of other scripts must be most of a text; in Latin letters several different frequent words of
one language must stand in it, and next to no word that speaks for a language the model reads. What is short or mixed
is taken for readable. Only the beginning of a long text is looked at, so that the cost has a bound.

A table of character trigrams was rejected: on a dozen words it knows little more than these lists do, and names and
slang, which such tables take for Malay or Welsh, would be refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from limbeck.text.foreign_words import WORDS
from limbeck.text.function_words import ENGLISH, SHARED, WEAK
from limbeck.text.script import ALPHABETS, other_script

READ_CHARACTERS = 2000
"""Characters of a text that are looked at."""
OUTWEIGH = 5
"""So many words of the other language outweigh one that speaks for a language the model reads."""

NAMES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "pt": "Portuguese",
    "nl": "Dutch",
    "sv": "Swedish",
    "da": "Danish",
    "no": "Norwegian",
    "fi": "Finnish",
    "pl": "Polish",
    "cs": "Czech",
    "sk": "Slovak",
    "hu": "Hungarian",
    "ro": "Romanian",
    "ca": "Catalan",
    "hr": "Croatian or Serbian",
    "tr": "Turkish",
    "id": "Indonesian or Malay",
    "vi": "Vietnamese",
    "tl": "Tagalog",
    "sw": "Swahili",
}
"""Code -> name of the languages that are told by their words."""

_WORD = re.compile(r"[^\W\d_]+(?:['’·][^\W\d_]+)*")
_SPANISH_MARK = "¿"
_ODD_FROM, _ODD_ASKED = 4, 8
"""Words from which odd ones count, since one in three is the rest of a phrase ("C'est la vie"); how many are asked."""
_TOLD_FROM = 5
"""Words from which a text is likely to have a frequent one of its language."""
_MARK = re.compile("<[^<>]{0,100}>")


def foreign(
    text: str, languages: tuple[str, ...] = ("en",), *, is_whole: Callable[[str], bool] = lambda _: True
) -> str:
    """What a text looks like that is surely in none of ``languages``; the empty string for every other.

    >>> foreign("Das Essen war leider kalt."), foreign("C'est la vie!"), foreign("это было скучно")
    ('German', '', 'Russian, or another language in Cyrillic letters')

    Args:
        text: what is asked.
        languages: codes of what the model reads. One that is not known here: nothing is foreign.
        is_whole: tells whether the model's tokenizer has a piece for a word: one that it has not is a little odd.
    """
    if not _all_known(languages):
        return ""
    beginning, written, words = _read(text)
    own, table = _words_of(languages)
    n_own = sum(word in own for word in words) + ("en" in languages) * sum(word.endswith("'s") for word in words)
    if not beginning.isascii() and (script := other_script(beginning, languages, n_own)):
        return script
    if "es" not in languages and not {"¿", "¡"}.isdisjoint(beginning):
        words.append(_SPANISH_MARK)
    best = _most_likely(words, table, n_own)
    if best is None:
        return ""
    if best.strong and not n_own and len(words) >= _ODD_FROM:
        plain = {word for word in written if word.islower() and word not in table}
        best.n_odd = sum(not is_whole(word) for word in sorted(plain)[:_ODD_ASKED])
    return NAMES[best.code] if best.is_sure() else ""


def speaks_for(text: str, languages: tuple[str, ...]) -> bool | None:
    """Whether a frequent word of ``languages`` stands in a text; None of one too short to tell, or where none is known.

    >>> speaks_for("the film was a joy", ("en",)), speaks_for("la película fue muy buena", ("en",))
    (True, False)
    >>> speaks_for("a joy", ("en",)) is None
    True
    """
    _, _, words = _read(text)
    if len(words) < _TOLD_FROM or not _all_known(languages):
        return None
    return not _words_of(languages)[0].isdisjoint(words)


def _read(text: str) -> tuple[str, list[str], list[str]]:
    """The beginning of a text, its words as written (but those of addresses), and the same in small letters."""
    beginning = unicodedata.normalize("NFC", text[:READ_CHARACTERS])
    stretches = (stretch for stretch in _MARK.sub(" ", beginning).split() if not _is_address(stretch))
    written = _WORD.findall(" ".join(stretches))
    return beginning, written, [word.lower().replace("’", "'") for word in written]


def names(languages: Sequence[str]) -> str:
    """The languages in words.

    >>> names(["en"]), names(["en", "de", "ru"])
    ('English', 'English, German and ru')
    """
    shown = [NAMES.get(code, code) for code in languages]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _is_address(stretch: str) -> bool:
    """Whether it is a link, an address, a user's name or a hashtag, whose words are names."""
    return stretch.startswith(("#", "www.")) or "@" in stretch or "://" in stretch


def _most_likely(words: Sequence[str], table: dict[str, tuple[str, ...]], n_own: int) -> _Evidence | None:
    """The evidence for the language that most frequent words stand there of; None where there are none of any."""
    found: dict[str, _Evidence] = {}
    for word in words:
        for code in table.get(word, ()):
            found.setdefault(code, _Evidence(code, len(words), n_own)).add(word)
    for word in filter(SHARED.__contains__, words):
        for evidence in found.values():
            evidence.add_shared(word)
    return max(found.values(), key=lambda evidence: (evidence.points, evidence.n_hits), default=None)


@dataclass
class _Evidence:
    """What speaks for another language, and what against it."""

    code: str
    n_words: int
    n_own: int
    """Words that speak for a language the model reads."""
    n_hits: int = 0
    """Words that are frequent in the other language."""
    n_doubts: int = 0
    """Words that are frequent in English too, and not in the other language."""
    n_odd: int = 0
    """Words in small letters that stand in no list, and that the model's tokenizer takes apart."""
    strong: set[str] = field(default_factory=set)
    weak: set[str] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)

    def add(self, word: str) -> None:
        """Count a word of the other language."""
        self.n_hits += 1
        (self.weak if word in WEAK else self.strong).add(word)

    def add_shared(self, word: str) -> None:
        """Count a word that English has too."""
        if self.code in SHARED[word]:
            self.n_hits += 1
            self.shared.add(word)
        else:
            self.n_doubts += 1

    @property
    def points(self) -> float:
        """Different words of the other language; a weak one counts half, the first shared and odd ones a quarter."""
        return len(self.strong) + len(self.weak) / 2 + min(2, len(self.shared)) / 4 + min(3, self.n_odd) / 4

    def is_sure(self) -> bool:
        """Whether the text is surely in the other language.

        The numbers are such that none of 90,000 English sentences, phrases, questions, comments and reviews of public
        sets is refused, and most short reviews in the other languages are.
        """
        share = self.n_hits / self.n_words
        against = self.n_own + self.n_doubts / 2
        if against:
            return len(self.strong) >= 3 and share >= 0.25 and self.n_hits >= OUTWEIGH * against
        if share == 1 and self.strong:
            return self.points >= (2 if self.n_words == 2 else 1.5)
        if not self.strong:
            return len(self.weak) >= 5 and share >= 0.4
        return (self.points >= 1.75 and share >= 0.3) or (len(self.strong) >= 3 and share >= 0.15)


def _all_known(languages: Iterable[str]) -> bool:
    return all(code in NAMES or code in ALPHABETS for code in languages)


@cache
def _words_of(languages: tuple[str, ...]) -> tuple[frozenset[str], dict[str, tuple[str, ...]]]:
    """Words that speak for ``languages``, and word -> codes of the other languages it is frequent in."""
    lists = {code: frozenset(words.split()) for code, words in WORDS.items()}
    own = frozenset().union(*(lists.get(code, ENGLISH if code == "en" else ()) for code in languages))
    table: dict[str, tuple[str, ...]] = {}
    for code, words in lists.items():
        if code not in languages:
            for word in words - own:
                table[word] = (*table.get(word, ()), code)
    if "es" not in languages:
        table[_SPANISH_MARK] = ("es",)
    return own - WEAK, table
