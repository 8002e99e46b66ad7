"""Notices: lines on stderr, so that stdout holds the result alone."""

from __future__ import annotations

import sys


def say(*lines: str) -> None:
    """Print each line on stderr, at once."""
    for line in lines:
        print(line, file=sys.stderr, flush=True)
