"""Words far too long for WordPiece, made shorter before the tokenizer sees them: no answer changes, and time is saved.

WordPiece reads a word of more than ``max_input_chars_per_word`` characters as unknown, whatever it is made of; its
normaliser and its alignments take seconds and gigabytes for a word of 10 MB all the same. Only letters and digits that
BERT's own preparation keeps together are touched, and both ends of a run stay, for what may begin or end there.

What is longer still without a blank, whatever signs it holds (a file in base64, say), is no language: :func:`bounded`
leaves its middle out for any tokenizer, so that one line cannot cost minutes, and the answer's reason says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

KEPT_EACH_END = 1000
"""Characters kept of each end of a run; far more than any model's limit for a word, or than an added piece has."""

MOST_UNBROKEN = 10_000
"""Characters without a blank that are read, half of them at each end: far above any address of the web."""

_WITHOUT_BLANKS = "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3000-\u312f\u3400-\u4dbf\u4e00-\u9fff"
_WITHOUT_BLANKS += "\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
"""Scripts that set no blanks between words: Thai, Lao, Tibetan, Burmese, Khmer, Chinese and Japanese."""
_UNBROKEN = re.compile(rf"[^\s{_WITHOUT_BLANKS}]+")

_IDEOGRAPHS = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f"  # BERT makes a word of each
_RUN = re.compile(rf"[^\W_{_IDEOGRAPHS}]+")


class LongWords:
    """Shortens what a tokenizer reads as unknown anyway; one that is not in BERT's form is left alone.

    Args:
        tokenizer: of the library ``tokenizers``.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    @cached_property
    def _applies(self) -> bool:
        limit = getattr(self._tokenizer.model, "max_input_chars_per_word", None)
        return (
            limit is not None
            and limit < KEPT_EACH_END
            and _name(self._tokenizer.pre_tokenizer) == "BertPreTokenizer"
            and _prepares_as_bert(self._tokenizer.normalizer)
        )

    @cached_property
    def _added(self) -> Sequence[str]:
        """Added pieces that are found inside a word."""
        added = self._tokenizer.get_added_tokens_decoder().values()
        return [piece.content.lower() for piece in added if _RUN.fullmatch(piece.content) and not piece.single_word]

    def shorten(self, text: str) -> tuple[str, int]:
        """The text to tokenize in place of ``text``, and the length of the longest run that lost its middle, or 0."""
        if len(text) <= 2 * KEPT_EACH_END or not self._applies:
            return text, 0
        return _without_middles(text, _RUN, 2 * KEPT_EACH_END, stays_whole=self._holds_a_piece)

    def _holds_a_piece(self, word: str) -> bool:
        """Whether an added piece could be found inside the word, which is then no single one."""
        if not self._added:
            return False
        plain = word.lower()
        return not word.isascii() or any(piece in plain for piece in self._added)


def bounded(text: str) -> tuple[str, int]:
    """The text without the middle of what has no blank for too long, and the length of the longest such, or 0.

    >>> bounded("a film"), bounded("+" * 10_001)[1]
    (('a film', 0), 10001)
    """
    return _without_middles(text, _UNBROKEN, MOST_UNBROKEN, joint=" ")


def _without_middles(
    text: str, words: re.Pattern[str], most: int, *, joint: str = "", stays_whole: Callable[[str], bool] | None = None
) -> tuple[str, int]:
    """The text with both ends alone of words over ``most`` characters, and the length of the longest such, or 0."""
    longest = 0
    if len(text) <= most or max(map(len, text.split()), default=0) <= most:
        return text, longest

    def cut(found: re.Match[str]) -> str:
        nonlocal longest
        word = found.group()
        if len(word) <= most or (stays_whole is not None and stays_whole(word)):
            return word
        longest = max(longest, len(word))
        return word[: most // 2] + joint + word[-(most // 2) :]

    return words.sub(cut, text), longest


def _prepares_as_bert(normalizer: Any) -> bool:
    """Whether it is BERT's own, behind nothing but what takes marks of emoji away: they are no letters or digits."""
    if _name(normalizer) != "Sequence":
        return _name(normalizer) == "BertNormalizer"
    from limbeck.text.emoji import STRIP_MARKS

    *before, last = json.loads(normalizer.__getstate__())["normalizers"]
    return last["type"] == "BertNormalizer" and all(step == STRIP_MARKS for step in before)


def _name(part: Any) -> str:
    return type(part).__name__
