"""What stdout can take: texts and class names from json files may hold half of a surrogate pair, which utf-8 lacks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from limbeck.data.formats import json_lines


def printable(text: str) -> str:
    """The text with ``?`` for each half of a surrogate pair.

    >>> printable("late" + chr(0xD83D))
    'late?'
    """
    return text.encode("utf-8", errors="replace").decode()


def json_encoder() -> json_lines.Encoder:
    """What writes json lines to stdout; a half of a surrogate pair is escaped, and so comes back as it was."""
    from limbeck.data.formats import json_lines

    return json_lines.Encoder(sys.stdout.buffer, Path("stdout.jsonl"), [])
