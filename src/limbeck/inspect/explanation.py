"""Which words moved an answer, and how that is shown: as lines, on a terminal in colour, as HTML, as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from limbeck.errors import shown_number
from limbeck.inspect.markup import shown
from limbeck.text import Input

_FAINT = 0.1
"""Words that moved the answer by less than this share of the strongest are not marked."""
_FOR, _AGAINST = "37, 99, 235", "217, 119, 6"
"""Blue and amber, which the colour-blind tell apart."""
_SGR_FOR, _SGR_AGAINST, _SGR_STRONG, _SGR_END = "\x1b[34m", "\x1b[33m", "\x1b[1m", "\x1b[0m"
_BAR = 20


@dataclass(frozen=True)
class WordEffect:
    """A word of an input, and what it did."""

    text: str
    start: int
    """Where it begins in its text, in characters."""
    end: int
    effect: float
    """By how much it moved the answer: of a class, its log-odds in nats; of a number, the number. Below zero: away."""
    towards: str = ""
    """The class that it speaks for most; empty for a number."""
    part: int = 0
    """1 for the second text of a pair."""


@dataclass(frozen=True)
class Explanation:
    """An answer with what each word did to it."""

    input: Input
    label: str | float | None
    """The answer; None where there is none, and ``reason`` says why."""
    probs: dict[str, float]
    """Class name -> probability; empty for a number."""
    words: tuple[WordEffect, ...]
    """Every word that the model read, in their order; words in the dropped middle of a long text are not there."""
    tokens_dropped: int = 0
    """Tokens cut from an overlong text."""
    reason: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """The one text, or the two of a pair."""
        return (self.input,) if isinstance(self.input, str) else self.input

    def strongest(self, n: int | None = None) -> list[WordEffect]:
        """The ``n`` words of the greatest effect, for or against; all where ``n`` is None."""
        return sorted(self.words, key=lambda word: -abs(word.effect))[:n]

    def to_json(self) -> dict[str, Any]:
        """The label, its probabilities and the words in their order, as JSON takes them."""
        names = ("text", "start", "end", "effect", "towards", "part")
        return {
            "label": self.label,
            "probs": self.probs,
            "words": [{name: getattr(word, name) for name in names} for word in self.words],
            "tokens_dropped": self.tokens_dropped,
            "reason": self.reason,
        }

    def text(self, n: int = 10, *, colour: bool = False, show: Callable[[str], str] = str) -> str:
        """The answer, in colour the text itself, and the ``n`` strongest words with their effects.

        Args:
            n: words listed.
            colour: show the text with escape codes for a terminal: blue speaks for the answer, amber against it.
            show: applied to all that comes from the input or the model, to make it fit for where it is shown.
        """
        if self.label is None:
            return f"-  {self.reason}"
        lines = [self._answer(show)]
        if colour:
            lines += [
                "".join(_coloured(show(stretch), share) for stretch, share, _ in self._stretches(part))
                for part in range(len(self.texts))
            ]
        strongest = [word for word in self.strongest(n) if word.effect]
        greatest = max((abs(word.effect) for word in strongest), default=1.0)
        width = max((len(show(word.text)) for word in strongest), default=0)
        for word in strongest:
            bar = "#" * max(1, round(_BAR * abs(word.effect) / greatest))
            towards = f"  {show(word.towards)}" if word.towards else ""
            lines.append(f"{word.effect:+8.2f}  {show(word.text):<{width}}  {bar:<{_BAR}}{towards}".rstrip())
        return "\n".join(lines)

    def html(self) -> str:
        """A paragraph for each text, its words on a ground of blue (for the answer) or amber (against it).

        Styles stand in the marks themselves, so that the fragment can be put into any page; everything is escaped, and
        signs that turn the direction of writing or cannot be seen are shown as what they are.
        """
        return "\n".join(self._paragraph(part) for part in range(len(self.texts)))

    def _answer(self, show: Callable[[str], str]) -> str:
        if isinstance(self.label, float):
            return shown_number(self.label)
        label = str(self.label)
        return f"{show(label)}  {self.probs[label]:.2f}" if label in self.probs else show(label)

    def _paragraph(self, part: int) -> str:
        return f'<p style="white-space: pre-wrap"><bdi>{"".join(map(_marked, self._stretches(part)))}</bdi></p>'

    def _stretches(self, part: int) -> Iterator[tuple[str, float, WordEffect | None]]:
        """The whole text in stretches, each with its effect as a share of the strongest, and its word if it is one."""
        text, at = self.texts[part], 0
        greatest = max((abs(word.effect) for word in self.words), default=0.0) or 1.0
        for word in self.words:
            if word.part == part:
                yield text[at : word.start], 0.0, None
                yield text[word.start : word.end], word.effect / greatest, word
                at = word.end
        yield text[at:], 0.0, None


def _coloured(text: str, share: float) -> str:
    if abs(share) < _FAINT:
        return text
    return f"{_SGR_STRONG if abs(share) >= 0.5 else ''}{_SGR_FOR if share > 0 else _SGR_AGAINST}{text}{_SGR_END}"


def _marked(stretch: tuple[str, float, WordEffect | None]) -> str:
    text, share, word = stretch
    escaped = shown(text)
    if word is None or abs(share) < _FAINT:
        return escaped
    colour, line = (_FOR, "solid") if share > 0 else (_AGAINST, "dotted")  # for those who see no colour
    title = shown(f"{word.effect:+.2f}" + (f" {word.towards}" if word.towards else ""))
    style = f"background: rgba({colour}, {0.1 + 0.5 * abs(share):.2f}); color: inherit; border-radius: 0.2em; "
    style += f"border-bottom: 2px {line} rgb({colour})"
    return f'<mark style="{style}" title="{title}">{escaped}</mark>'
