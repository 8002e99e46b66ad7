"""Explanations as one HTML page that opens without a network, in parts, so that a file of any size can be shown."""

from __future__ import annotations

from limbeck.inspect.explanation import Explanation
from limbeck.inspect.markup import isolated

HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Why this answer</title>
<style>
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid #8886; padding: 0.5rem 0; }
h2 { font-size: 1rem; margin: 0.5rem 0 0; }
p { margin: 0.3rem 0; overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1>Why this answer</h1>
<p>Blue words speak for the answer, amber ones, on dots, against it; the number under the pointer is what a word does
to the answer (of a class: to its log-odds).</p>
"""
TAIL = "</body>\n</html>\n"


def section(made: Explanation, where: str = "") -> str:
    """One input with its answer.

    Args:
        made: its explanation.
        where: where it stands in its source, such as ``line 3``.
    """
    said = made.text(0) if made.label is not None else made.reason
    title = isolated(f"{where}: {said}" if where else said)
    return f"<section>\n<h2>{title}</h2>\n{made.html()}\n</section>\n"
