"""How a label, or a heading, is spelt: what looks the same is the same name, whatever program wrote it.

Programs write one name in many ways that nobody sees: macOS takes accents off their letters, web pages have no-break
spaces and zero-width ones, an export leaves a byte-order mark. Labels are compared and kept by :func:`spelling` alone,
in training, evaluation, corrections and what a teacher said. What is visible is never changed: ``Spam`` and ``spam``
stay two classes, and :func:`alike` tells of them.
"""

from __future__ import annotations

import contextlib
import functools
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from limbeck.data.dataset import number
from limbeck.errors import quoted

_UNSEEN = frozenset({"Cc", "Cf"})
"""Unicode categories of controls and formats: NUL, zero-width spaces and joiners, soft hyphens, byte-order marks."""
_FIRST_TAG = "\U000e0000"
"""Formats from here on are tags: they end the flag of Scotland, and without them it is another one."""


@functools.lru_cache(maxsize=4096)  # a file has few labels, many times
def spelling(name: str) -> str:
    r"""Give a name with accents on their letters, one blank between words, and nothing unseen around it.

    What is unseen within a word stays, since it tells words of Persian, and emoji, apart.

    >>> spelling("\ufeffcafe\u0301 au\u00a0 lait\u200b ") == "caf\u00e9 au lait"
    True
    """
    first, end = 0, len(name)
    while first < end and (name[first].isspace() or _is_unseen(name[first])):
        first += 1
    while first < end and (name[end - 1].isspace() or _is_unseen(name[end - 1])):
        end -= 1
    return unicodedata.normalize("NFC", " ".join(name[first:end].split()))


def by_spelling(names: Iterable[str]) -> dict[str, str]:
    r"""Give each name under itself and under its spelling: those of a model may have been made by another reader.

    >>> by_spelling(["cafe\u0301"]) == {"cafe\u0301": "cafe\u0301", "caf\u00e9": "cafe\u0301"}
    True
    """
    own = list(names)
    return {spelling(name): name for name in reversed(own)} | {name: name for name in own}


def meant(label: str, names: Mapping[str, str]) -> str | None:
    """The name out of :func:`by_spelling` that a label stands for; its own before one that is spelt alike."""
    return names.get(label) or names.get(spelling(label))


@functools.lru_cache(maxsize=4096)  # every heading is compared with every name that people give
def looks(name: str) -> str:
    r"""Give a name without its case, its width and all that is unseen in it: to compare, not to show.

    >>> looks(" \ufeffTe\u00adxt") == looks("text")
    True
    """
    seen = "".join(character for character in name if character.isspace() or not _is_unseen(character))
    return spelling(unicodedata.normalize("NFKC", seen)).casefold()


def alike(classes: Iterable[str]) -> Iterator[str]:
    """Tell of classes that are likely one, spelt in several ways, in words for a notice.

    >>> list(alike(["1", "1.0", "Spam", "ham", "spam"]))
    ["'Spam' and 'spam' differ only in case", "'1' and '1.0' are the same number"]
    """
    seen_as: dict[str, list[str]] = {}
    worth: dict[Decimal, list[str]] = {}  # long ids that differ are one float
    for name in classes:
        seen_as.setdefault(looks(name), []).append(name)
        if number(name) is not None:
            with contextlib.suppress(InvalidOperation):  # an exponent of twenty digits
                worth.setdefault(Decimal(name), []).append(name)
    for names in seen_as.values():
        if len(names) > 1:
            only_case = len({name.casefold() for name in names}) == 1
            yield f"{_listed(names)} {'differ only in case' if only_case else 'look the same'}"
    for names in worth.values():
        if len(names) > 1:
            yield f"{_listed(names)} are the same number"


def _is_unseen(character: str) -> bool:
    return character < _FIRST_TAG and unicodedata.category(character) in _UNSEEN


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(map(quoted, names[:-1]))} and {quoted(names[-1])}"
