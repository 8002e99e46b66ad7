"""Notices: lines on stderr, so that stdout holds the result alone."""

from __future__ import annotations

import sys

from limbeck.cli._printable import escaped


def counted(n: int, what: str) -> str:
    """A number of things.

    >>> counted(1, "epoch"), counted(2000, "update")
    ('1 epoch', '2,000 updates')
    """
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def say(*lines: str) -> None:
    """Print each line on stderr, at once; a class or a file may be called by what commands a terminal."""
    for line in lines:
        print("\n".join(map(escaped, line.split("\n"))), file=sys.stderr, flush=True)
