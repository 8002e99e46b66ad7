"""Rows right of the case files X17, X19 ... X29, beside each case's bar and beside VADER and TextBlob.

The files come from public reports of what went wrong with other tools; nobody trains or tunes on them, and they stand
outside the project: CASES is their folder, with ``X17/sentences.csv`` and so on (columns ``text``, ``label``; X21 has
``pair``). What a case asks for beyond rows right (each class, pairs alike, what an emoji weighs) is checked by
``RULES``. Texts are never printed; the table names rows by number.
"""

from __future__ import annotations

import argparse
import csv
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import records
from numpy.typing import NDArray
from sentiment_sides import CLASSES, Lexicon, Limbeck, Side, model_folder

TO_REACH = 160
COMMAND = "python benchmarks/cases.py --cases CASES"
_EMOTICON = re.compile(r"(?<!\w)(?:>?[:;=][-o^']?[)(\[\]{}/\\|*dDpPoO3]|[xX]D|8-\)|</?3|\^_\^|-_-)(?!\w)")
HEARTS = ("❤️", "❤", "♥", "💙", "💚", "💛", "🧡", "💜", "🖤", "🤍", "💕", "💖", "💘", "💞", "❤️❤️", "<3")
"""X25 wants any of them to be read alike."""
_SYMBOLS = frozenset({"So", "Sk", "Mn", "Me", "Cf"})


@dataclass(frozen=True)
class Case:
    """One file and what a side said of it."""

    texts: Sequence[str]
    labels: NDArray[np.int64]
    """Places in ``CLASSES``: shape ``(N,)``."""
    cells: Sequence[dict[str, str]]
    said: NDArray[np.float64]
    """Three numbers a row, probabilities where the side has them: shape ``(N, 3)``."""
    ask: Callable[[Sequence[str]], NDArray[np.float64]]

    @property
    def predicted(self) -> NDArray[np.int64]:
        """Places in ``CLASSES``: shape ``(N,)``."""
        return self.said.argmax(axis=1)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which rows are right: shape ``(N,)``."""
        return self.predicted == self.labels

    def n_right(self, *labels: str) -> int:
        """Rows right among those of some classes; of all where none is named."""
        places = [CLASSES.index(label) for label in labels] or [0, 1, 2]
        return int(self.right[np.isin(self.labels, places)].sum())


Rule = tuple[str, Callable[[Case], int], int]
"""What is counted, how, and the least that is right."""


def _pairs_apart(case: Case) -> tuple[int, int]:
    """Pairs with two labels, and pairs of which a probability differs by more than 0.05."""
    groups: dict[str, list[int]] = {}
    for row, cells in enumerate(case.cells):
        groups.setdefault(cells["pair"], []).append(row)
    labels = sum(len({int(case.predicted[row]) for row in rows}) > 1 for rows in groups.values())
    moved = sum(float(np.ptp(case.said[rows], axis=0).max()) > 0.05 for rows in groups.values())
    return labels, moved


def without_marks(text: str) -> str:
    """The text without emoji and emoticons.

    >>> without_marks("It came. 👍🏽 :)")
    'It came.'
    """
    kept = "".join(sign for sign in text if sign.isascii() or unicodedata.category(sign) not in _SYMBOLS)
    return " ".join(_EMOTICON.sub(" ", kept).split())


def _emoji_that_weigh(case: Case) -> int:
    """Rows with an opinion whose label loses 0.2 of probability and more when emoji and emoticons are cut off."""
    bare = [without_marks(text) for text in case.texts]
    rows = [
        row
        for row, text in enumerate(case.texts)
        if bare[row] and bare[row] != " ".join(text.split()) and CLASSES[case.labels[row]] != "neutral"
    ]
    if not rows:
        return 0
    labels = case.labels[rows]
    before, after = case.said[rows, labels], case.ask([bare[row] for row in rows])[np.arange(len(rows)), labels]
    return int((before - after >= 0.2).sum())


def _thanks(case: Case) -> int:
    """Hearts that do not leave "Thank you for the help" positive, turned round: 0 is right."""
    said = case.ask([f"Thank you for the help {hearts}" for hearts in HEARTS]).argmax(axis=1)
    return -int((said != CLASSES.index("positive")).sum())


def _forms_alike(case: Case) -> int:
    """Reviews of which the short and the long form get one label: rows 1 to 12 are short, 13 to 24 the same, long."""
    return int((case.predicted[:12] == case.predicted[12:24]).sum())


RULES: dict[str, tuple[int, tuple[Rule, ...]]] = {
    "X17": (
        27,
        (
            ("positive", lambda case: case.n_right("positive"), 12),
            ("negative", lambda case: case.n_right("negative"), 12),
        ),
    ),
    "X19": (
        23,
        (
            ("positive", lambda case: case.n_right("positive"), 10),
            ("negative", lambda case: case.n_right("negative"), 10),
        ),
    ),
    "X21": (
        26,
        (
            ("pairs with two labels", lambda case: -_pairs_apart(case)[0], 0),
            ("pairs over 0.05 apart", lambda case: -_pairs_apart(case)[1], 0),
        ),
    ),
    "X23": (
        0,
        (
            ("neutral", lambda case: case.n_right("neutral"), 19),
            ("controls", lambda case: case.n_right("positive", "negative"), 8),
        ),
    ),
    "X25": (
        31,
        (
            ("hearts that spoil a thank-you", _thanks, 0),
            ("emoji that weigh 0.2", _emoji_that_weigh, 20),
        ),
    ),
    "X27": (
        24,
        (
            ("positive", lambda case: case.n_right("positive"), 10),
            ("negative", lambda case: case.n_right("negative"), 11),
        ),
    ),
    "X29": (
        0,
        (
            ("late verdicts", lambda case: int(case.right[:24].sum()), 19),
            ("controls", lambda case: int(case.right[24:].sum()), 4),
            ("short and long form alike", _forms_alike, 10),
        ),
    ),
}
"""Case -> rows right at least (0: told by the rules alone), and what else it asks for."""


def read_case(path: Path) -> tuple[list[str], NDArray[np.int64], list[dict[str, str]]]:
    """Texts, places of their labels in ``CLASSES``, and all cells of a case's file."""
    with path.open(encoding="utf-8", newline="") as file:
        cells = list(csv.DictReader(file))
    return [row["text"] for row in cells], np.array([CLASSES.index(row["label"]) for row in cells]), cells


def measure(folder: Path, sides: Sequence[Side]) -> dict[str, dict[str, Any]]:
    """Case -> rows, rows right of each side, the first side's other figures, and whether it reaches the bar."""
    found: dict[str, dict[str, Any]] = {}
    for name, (least, rules) in RULES.items():
        texts, labels, cells = read_case(folder / name / "sentences.csv")
        cases = {side.name: Case(texts, labels, cells, side.say(texts), side.say) for side in sides}
        ours = cases[sides[0].name]
        right = {side: case.n_right() for side, case in cases.items()}
        others = {what: (count(ours), wanted) for what, count, wanted in rules}
        reached = right[sides[0].name] >= least and all(value >= wanted for value, wanted in others.values())
        found[name] = {
            "rows": len(texts),
            "right": right,
            "at_least": least or None,
            "others": {what: {"value": abs(value), "bar": wanted} for what, (value, wanted) in others.items()},
            "reached": reached,
            "above_both": all(right[sides[0].name] > right[side.name] for side in sides[1:]),
            "wrong_rows": (np.flatnonzero(~ours.right) + 1).tolist(),
        }
    return found


def lines(found: dict[str, dict[str, Any]]) -> list[str]:
    """The table, as markdown."""
    names = list(next(iter(found.values()))["right"])
    rows = [["case", "rows", *(f"{name}" for name in names), "bar", "also asked", "reached", "above both"]]
    rows.append(["---"] * len(rows[0]))
    for name, case in found.items():
        others = "; ".join(f"{what} {each['value']} ({each['bar']})" for what, each in case["others"].items())
        marks = ["yes" if case[key] else "no" for key in ("reached", "above_both")]
        right = [str(case["right"][side]) for side in names]
        rows.append([name, str(case["rows"]), *right, str(case["at_least"] or ""), others, *marks])
    totals = [str(sum(case["right"][side] for case in found.values())) for side in names]
    rows.append(["all", str(sum(case["rows"] for case in found.values())), *totals, str(TO_REACH), "", "", ""])
    return [f"| {' | '.join(row)} |" for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=Path, required=True, help="folder with X17/sentences.csv ... X29/sentences.csv")
    parser.add_argument("--model", type=Path, help="a folder in place of the model that ships")
    parser.add_argument("--no-record", action="store_true", help="print the table alone")
    args = parser.parse_args()
    folder = args.cases / "inputs" if (args.cases / "inputs").is_dir() else args.cases
    ours = Limbeck(model_folder(args.model))
    found = measure(folder, [ours, Lexicon("VADER"), Lexicon("TextBlob")])
    print("\n".join(lines(found)))
    if args.no_record:
        return
    right = {side: sum(case["right"][side] for case in found.values()) for side in ("limbeck", "VADER", "TextBlob")}
    value, above = right["limbeck"], all(case["above_both"] for case in found.values())
    peer = max(("VADER", "TextBlob"), key=lambda side: right[side])
    record = records.Record(
        name="sentiment-cases",
        what=f"X17, X19 ... X29: rows right of {sum(case['rows'] for case in found.values())}",
        value=value,
        unit="rows",
        bar=f"{TO_REACH} rows, and each file above VADER and TextBlob",
        met=value >= TO_REACH and above,
        command=COMMAND,
        peer={"name": peer, "value": right[peer]},
        detail={"cases": found, "right": right, "model": ours.predictor.fingerprint[:12]},
    )
    records.write(record)


if __name__ == "__main__":
    main()
