"""Notices: lines on stderr, so that stdout holds the result alone."""

from __future__ import annotations

import sys

from limbeck.cli._printable import escaped


def say(*lines: str) -> None:
    """Print each line on stderr, at once; a class or a file may be called by what commands a terminal."""
    for line in lines:
        print("\n".join(map(escaped, line.split("\n"))), file=sys.stderr, flush=True)
