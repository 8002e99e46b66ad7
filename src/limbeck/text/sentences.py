"""A text's sentences, by their ends: small, of our own, and made for English reviews and messages.

It knows abbreviations, initials, decimals, ellipses, closing quotes, emoticons, list numbers, line breaks, ``<br />``
and a missing blank ("bad.The end"). It loses nothing but white space and marks of HTML. A segmenter with a model was
rejected: a dependency of megabytes for what a page of rules does well enough to give each sentence a score.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from limbeck.text.signs import EMOTICON, is_picture

_NEVER = (
    "mr mrs ms dr prof st gen rep sen gov lt col sgt capt cmdr rev hon mt ft vs v fig figs vol ed eds approx incl excl "
    "min max est dept univ e.g i.e eg ie cf viz feat pp"
)
"""Words whose full stop ends no sentence."""
_SELDOM = "etc inc ltd co corp jr sr bros ave blvd a.m p.m no nos ph.d b.a m.a"
"""Words whose full stop ends a sentence only where a word that often begins one follows."""
_STARTERS = (
    "The This That These Those It Its I I'm I've He She We They You There Here But And So If When While After Before "
    "As A An In On At For From To My Our Your His Her Their What Why How Who Not No Yes Now Then However Also Still Do "
    "Don't Did Is Are Was Were Has Have Had Can Would Could Should Never Just Only Even All Some Most One Great Good "
    "Bad Very"
)
_ABBREVIATIONS, _BEGINNERS = frozenset(_NEVER.split()), frozenset(_STARTERS.split())
_MAYBE_ENDS = frozenset(_SELDOM.split())

_FACE = "[\U0001f600-\U0001f64f\U0001f910-\U0001f92f\U0001f970-\U0001f97a👍👎]"
_SIGN = rf"(?:(?:{EMOTICON})(?![\w/])|{_FACE}+)[\ufe0f\U0001f3fb-\U0001f3ff]*"
_END = re.compile(
    r"(?<![.!?…])(?P<stop>[.!?…]++)(?P<close>[\"'”’»)\]*_]*+)(?=\s|$)"
    r"|(?P<glued>(?<=[a-z]{2})[.!?]++(?=(?!Com\b|Net\b|Org\b|Js\b)[A-Z](?:[a-z]|\s)))"
    rf"|(?P<sign>(?<=\s)(?!<3){_SIGN}(?=\s+[A-Z\"“]))"
)
_SIGNS_BEHIND = re.compile(rf"(?:\s+{_SIGN}(?=\s|$))+")
_LAST_WORD = re.compile(r"\S*$")
_NEXT_WORD = re.compile(r"\s*(\S{1,40})")
_BREAK = re.compile(r"<\s?/?\s?(?:br|p|li|div)\s?/?\s?>|\n[^\S\n]*\n|[\u2028\u2029]", re.IGNORECASE)
_INITIALS = re.compile(r"(?:[A-Za-z]\.)+[A-Za-z]|[A-HJ-Z]")
_ENDED = re.compile(r"[.!?…:;][\"'”’»)\]]*$")
_LOOK_BACK = 40
_WRAPPED_CHARACTERS = 60
"""A line as long as this, with no end to its sentence, goes on in the next: somebody's editor broke it."""


def sentences(text: str) -> list[str]:
    """The sentences of ``text`` in their order, white space inside each made one blank; none for a blank text.

    >>> sentences("Dr. No cost 3.50... at most! Fine :) Would I go again? No.")
    ['Dr. No cost 3.50... at most!', 'Fine :)', 'Would I go again?', 'No.']
    """
    found: list[list[str]] = []
    for block in _blocks(text):
        for piece in _pieces(block):
            words = piece.split()
            if found and not any(character.isalnum() or is_picture(character) for word in words for character in word):
                found[-1] += words
            elif words:
                found.append(words)
    return [" ".join(words) for words in found]


def _blocks(text: str) -> Iterator[str]:
    """What stands between breaks that end a sentence; lines that an editor wrapped stay together."""
    for part in _BREAK.split(text):
        held: list[str] = []
        for line in part.splitlines():
            if held and not _goes_on(held[-1].strip(), line.strip()):
                yield "\n".join(held)
                held = []
            held.append(line)
        yield "\n".join(held)


def _goes_on(line: str, following: str) -> bool:
    if not line or not following or _ENDED.search(line[-_LOOK_BACK:]):
        return False
    return following[0].islower() or (len(line) >= _WRAPPED_CHARACTERS and following[0].isalpha())


def _pieces(block: str) -> Iterator[str]:
    begin = 0
    for end in _END.finditer(block):
        if end.start() < begin or (end["stop"] and not _ends(block, begin, end)):
            continue
        signs = _SIGNS_BEHIND.match(block, end.end()) if end["stop"] else None
        stop = signs.end() if signs else end.end()
        yield block[begin:stop]
        begin = stop
    yield block[begin:]


def _ends(block: str, begin: int, end: re.Match[str]) -> bool:
    """Whether the stop at ``end``, with white space behind it, ends the sentence that began at ``begin``."""
    found = _NEXT_WORD.match(block, end.end())
    if found is None:
        return True
    following = found[1]
    if following[0] in ".!?…":
        return False  # dots with blanks between them
    if following[0].islower() and (end["close"] or _is_ellipsis(block, end)):
        return False
    return end["stop"] != "." or bool(end["close"]) or _full_stop_ends(block, begin, end.start(), following)


def _is_ellipsis(block: str, end: re.Match[str]) -> bool:
    """Whether the stop is one of dots, with blanks between them or without."""
    return "…" in end["stop"] or ".." in end["stop"] or block[max(0, end.start() - 2) : end.start()].strip() == "."


def _full_stop_ends(block: str, begin: int, stop: int, following: str) -> bool:
    last = _LAST_WORD.search(block, max(begin, stop - _LOOK_BACK), stop)
    word = (last[0] if last else "").lstrip("\"'“‘([")
    if word.lower() in _ABBREVIATIONS:
        return False
    if word.isdigit() and not block[begin : stop - len(word)].strip():
        return False  # the number of a list's item
    if word.lower() in _MAYBE_ENDS or _INITIALS.fullmatch(word):
        is_number = word.lower() in ("no", "nos") and not following[0].isdigit()
        return is_number or following.rstrip(",") in _BEGINNERS
    return True
