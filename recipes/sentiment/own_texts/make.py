"""Make our own training texts: ``python recipes/sentiment/own_texts/make.py --out FILE.jsonl --rows 6000``.

They teach what public sets of film reviews do not hold: opinions about goods and services, negation of many kinds,
clauses of which the last decides, plain facts in loaded words, emoji, a late verdict. A row is
``{"text", "label", "kind"}``; the classes negative, neutral and positive are equal to a row, and the same rows and seed
give the same file on every machine.

``written.jsonl`` holds texts written one by one; they always come along. The rest is filled in from ``templates/`` (a
file a kind, a list a class; see ``grammar.py``) and the words of ``slots/`` and ``domains/``. Sentiment words of both
signs stand in texts of all three classes, so that only structure tells.

Every word begins with a to m, or stands in ``function_words.txt``: the behaviour tests use the other half of the
alphabet, and so share no key word with these texts. For the same reason nothing here swaps names or countries, asks,
misspells, compares, cites or gives marks.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from grammar import CLASSES, HERE, bank, dressed, filled

from limbeck.errors import LimbeckError, SettingsError

TRIES = 400
"""How many texts in a row may be thrown back until a kind is said to have run out."""

LONG = {"late": (60, 200), "account": (60, 200)}
"""The kinds of long texts, with the fewest and most words of each."""

SHARES: dict[str, tuple[int, int, int]] = {
    # kind: parts of the negative, neutral and positive texts
    "opinion": (20, 0, 20),
    "negation": (18, 8, 18),
    "clauses": (15, 7, 15),
    "degree": (10, 0, 10),
    "hypothetical": (8, 7, 8),
    "emoji": (9, 8, 9),
    "slang": (8, 4, 8),
    "late": (14, 0, 14),
    "account": (0, 10, 0),
    "fact": (0, 20, 0),
    "loaded": (0, 16, 0),
    "request": (0, 12, 0),
    "unaware": (0, 10, 0),
    "lukewarm": (0, 4, 0),
}


@dataclass(frozen=True)
class Row:
    """A text with its class and the kind it was made for."""

    text: str
    label: str
    kind: str

    @property
    def key(self) -> str:
        """What makes two texts the same: words and emoji, whatever their case, stops, spaces and apostrophes."""
        return re.sub(r"[\s.,!;'’-]", "", self.text.casefold())


@cache
def written() -> list[Row]:
    """Read the texts that were written one by one."""
    lines = (HERE / "written.jsonl").read_text(encoding="utf-8").splitlines()
    return [Row(**json.loads(line)) for line in lines]


def texts(rows: int, seed: int = 0) -> list[Row]:
    """Return ``rows`` different texts, shuffled, the classes equal to a row.

    Raises:
        SettingsError: fewer rows than the written texts, or more than the templates can give.
    """
    if rows < len(written()):
        raise SettingsError(
            f"{rows} rows are too few: the {len(written())} texts that were written one by one always come along; "
            f"ask for --rows {len(written())} or more"
        )
    rng = random.Random(seed)
    made = {row.key: row for row in written()}
    for kind, label, number in plan(rows):
        for row in _many(kind, label, number, rng, made):
            made[row.key] = row
    shuffled = list(made.values())
    rng.shuffle(shuffled)
    return shuffled


def plan(rows: int) -> Iterator[tuple[str, str, int]]:
    """How many texts of each kind and class are filled in, once the written ones are taken off."""
    for column, label in enumerate(CLASSES):
        wanted = (rows + column) // len(CLASSES) - sum(row.label == label for row in written())
        parts = {kind: share[column] for kind, share in SHARES.items() if share[column]}
        passed = before = 0
        for kind, part in parts.items():
            passed += part
            upto = wanted * passed // sum(parts.values())
            yield kind, label, upto - before
            before = upto


def _many(kind: str, label: str, number: int, rng: random.Random, made: dict[str, Row]) -> Iterator[Row]:
    """``number`` new texts: each template serves equally often, in an order of its own each time round."""
    turn: list[str] = []
    for count in range(number):
        for _ in range(TRIES):
            if not turn:
                turn = list(bank().templates[kind, label])
                rng.shuffle(turn)
            row = Row(dressed(filled(turn.pop(), label, rng), rng, plain=kind in LONG), label, kind)
            if row.key not in made and _fits(row):
                yield row
                break
        else:
            raise SettingsError(
                f"the templates give no more than {count} different texts of the kind {kind!r} that are {label}, and "
                f"{number} were wanted; ask for fewer --rows, or add to templates/{kind}.json"
            )


def _fits(row: Row) -> bool:
    fewest, most = LONG.get(row.kind, (1, 200))
    return fewest <= len(row.text.split()) <= most


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the file; the exit code is 2 for the user's mistake."""
    parser = argparse.ArgumentParser(description="Make our own training texts: json lines of text, label, kind.")
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    parser.add_argument("--rows", type=int, default=6000, help="how many texts, the written ones among them")
    parser.add_argument("--seed", type=int, default=0, help="another seed fills the templates in otherwise")
    args = parser.parse_args(arguments)
    try:
        _check(args.out, args.rows, args.seed)
        lines = [json.dumps(vars(row), ensure_ascii=False) for row in texts(args.rows, args.seed)]
        args.out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
    except LimbeckError as error:
        print(f"make.py: {error}", file=sys.stderr)
        return error.exit_code
    print(f"{args.out}: {len(lines)} texts")
    return 0


def _check(out: Path, rows: int, seed: int) -> None:
    """Say everything that is wrong with the arguments in one message."""
    wrong = []
    if rows < 1:
        wrong.append(f"--rows {rows} is not a number of texts; give a whole number of {len(written())} or more")
    if seed < 0:
        wrong.append(f"--seed {seed} is below nought; give 0, 1, 2 ...")
    if out.is_dir():
        wrong.append(f"--out {str(out)!r} is a folder; name a file in it, such as {str(out / 'own_texts.jsonl')!r}")
    elif not out.parent.is_dir():
        wrong.append(f"--out {str(out)!r} stands in a folder that does not exist; make {str(out.parent)!r} first")
    if wrong:
        raise SettingsError("; ".join(wrong))


if __name__ == "__main__":
    sys.exit(main())
