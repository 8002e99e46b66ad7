"""What stdout can take: texts and class names may hold half of a surrogate pair, or what commands a terminal."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from limbeck.data.formats import json_lines


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def printable(text: str) -> str:
    """The text with ``?`` for each half of a surrogate pair, and control characters escaped.

    >>> print(printable("late" + chr(0xD83D)), printable("a" + chr(27) + "[2J"))
    late? a\\x1b[2J
    """
    return escaped(text.encode("utf-8", errors="replace").decode())


def escaped(text: str) -> str:
    """The text with control characters escaped; halves of surrogate pairs, which stderr shows escaped, stay."""
    return text if text.isprintable() else _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


def json_encoder() -> json_lines.Encoder:
    """What writes json lines to stdout; a half of a surrogate pair is escaped, and so comes back as it was."""
    from limbeck.data.formats import json_lines

    return json_lines.Encoder(sys.stdout.buffer, Path("stdout.jsonl"), [])
