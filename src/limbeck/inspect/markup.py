"""Text as HTML that shows what is there and does nothing: no tag, no control character, no turned writing direction."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

_TURNS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that turn the direction of what follows them, beyond their own text where it is cut or not closed."""
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_FAINT = 0.1
"""Words that moved the answer by less than this share of the strongest are not marked."""
_STEPS = 4

Effect = tuple[int, int, float, str]
"""A word: where it begins and ends in its text, by how much it moved the answer, and what to say of it."""


def shown(text: str) -> str:
    r"""Escape a text for HTML.

    Control characters become their pictures, halves of surrogate pairs U+FFFD, and marks that turn the direction of
    writing their code points: nothing is hidden, and nothing leaks out of its place.

    >>> shown("<b>\x00\u202e")
    '&lt;b&gt;␀[U+202E]'
    """
    plain = _SURROGATE.sub("\ufffd", text)
    plain = _TURNS.sub(lambda found: f"[U+{ord(found[0]):04X}]", plain)
    plain = _CONTROL.sub(lambda found: chr(0x2400 + ord(found[0])) if found[0] < " " else "\ufffd", plain)
    return html.escape(plain)


def isolated(text: str) -> str:
    """A text whose own direction of writing ends with it."""
    return f"<bdi>{shown(text)}</bdi>"


def marked(text: str, effects: Sequence[Effect]) -> str:
    """A text with its words on a ground of blue, where they spoke for the answer, or of amber, against it.

    Args:
        text: the whole text.
        effects: of its words, ascending and apart.
    """
    greatest = max((abs(effect) for _, _, effect, _ in effects), default=0.0) or 1.0
    parts, at = [], 0
    for start, end, effect, note in effects:
        share = effect / greatest
        if abs(share) < _FAINT:
            continue
        step = max(1, round(_STEPS * abs(share)))
        kind = f"{'for' if share > 0 else 'against'} w{step}"
        parts.append(shown(text[at:start]))
        parts.append(f'<mark class="{kind}" title="{shown(note)}">{shown(text[start:end])}</mark>')
        at = end
    return f"<bdi>{''.join(parts)}{shown(text[at:])}</bdi>"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[int] = ()) -> str:
    """A table that scrolls by itself where it is too wide; cells are HTML, ``numbers`` the columns set to the right."""
    classes = ['class="n"' if n in numbers else "" for n in range(len(heads))]
    head = "".join(f"<th {kind}>{cell}</th>" for kind, cell in zip(classes, heads, strict=True))
    body = "\n".join(
        "<tr>" + "".join(f"<td {kind}>{cell}</td>" for kind, cell in zip(classes, row, strict=True)) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>'


def section(title: str, name: str, note: str, body: str) -> str:
    """A part of the page with a heading, a line that says how to read it, and its content."""
    return f'<section id="{name}"><h2>{title}</h2>\n<p class="note">{note}</p>\n{body}\n</section>'
