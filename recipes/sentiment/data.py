"""The training mixture: which rows of which part are learnt, and that no dev or test text is among them.

Pure functions of rows; ``sources.py`` reads the sets. Every draw sorts by a hash of the text, so that the same inputs
give the same rows in the same order on every machine, whatever order they came in.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sources import CLASSES, Row

from limbeck.text.language import foreign

PARTS = ("sst_sentences", "sst_phrases", "imdb", "go_emotions", "subj", "plain", "mr", "own")
"""The parts, the most trusted one first: where two have one text, the first one's label counts. MR stands behind SST,
which has most of MR's sentences: there people judged the sentence, in MR the label is that of the whole review."""

CAPS = {
    "sst_phrases/neutral/short": 8_000,
    "sst_phrases/neutral/long": 16_000,
    "imdb/negative": 6_000,
    "imdb/positive": 6_000,
    "plain/neutral": 4_000,
}
"""Rows of a stratum at most; others are taken whole. Half of SST's phrases are neutral fragments ("the film", "Yang
's"): 24,000 of 82,000 leave neutral a quarter of all rows, and most of them have four words and more. IMDb's 12,000
reviews are the greater part of the tokens, so that more of them would not fit the time."""

VALID = {"mr": 400, "imdb": 400, "go_emotions": 400, "subj": 150, "plain": 150}
"""Rows of a part that are held back to choose the epoch by, beside SST-5's dev."""
HELD = (2_000, 2_000)
"""Reviews of those that are not learnt: for the choice between windows and head-and-tail, and for the temperature."""

ONCE = ("imdb",)
"""Parts that an epoch reads once. All others are read twice, SST's in both spellings: short texts are what a step costs
least for, and one reading of a review is enough for so plain a question."""

SHORT = 4
"""Phrases of fewer words are short."""
NEARLY = 0.6
"""A text that makes up so much of a dev or test text, and stands in it, counts as that text: SST's phrases hold whole
sentences of MR's test but for a word."""
_ANCHOR = 8

_BRACKETS = re.compile(r"-[lr]rb-", re.IGNORECASE)
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")
_MARKS = re.compile(r"[^\x00-\x7f]|(?<!\w)[:;=xX][-o^']?[()\[\]{}/\\|*dDpPoO]|<3")


def match_key(text: str) -> str:
    """Letters and digits of ASCII alone, in lower case: sets differ in case, spaces, hyphens, quotes and accents.

    >>> match_key("The cutting-room floor does n't -lrb- lie -rrb- .")
    'thecuttingroomfloordoesntlie'
    """
    return _NOT_PLAIN.sub("", _BRACKETS.sub(" ", text).lower()) or "".join(text.split())


def row_key(text: str) -> str:
    """The same with the emoji and emoticons behind it: what carries the opinion is no difference of spelling.

    >>> row_key("Thanks :)") == row_key("thanks !"), row_key("So, so!") == row_key("so so")
    (False, True)
    """
    marks = _MARKS.findall(text)
    return match_key(text) + ("|" + "".join(marks) if marks else "")


class Blocklist:
    """The dev and test texts, however they are spelt."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._keys = {match_key(text) for text in texts}
        self._by_middle: dict[str, list[str]] = defaultdict(list)
        for key in sorted(self._keys):
            if 2 * math.ceil(NEARLY * len(key)) - len(key) >= _ANCHOR:  # then all parts so long hold its middle
                start = (len(key) - _ANCHOR) // 2
                self._by_middle[key[start : start + _ANCHOR]].append(key)

    def __len__(self) -> int:
        return len(self._keys)

    def has(self, text: str) -> bool:
        """Whether this is one of the texts, or nearly the whole of one."""
        key = match_key(text)
        return key in self._keys or any(
            len(key) >= NEARLY * len(whole) and key in whole
            for start in range(len(key) - _ANCHOR + 1)
            for whole in self._by_middle.get(key[start : start + _ANCHOR], ())
        )


@dataclass(frozen=True)
class Mixture:
    """What is learnt, what the epoch is chosen by, and what is kept for the choices after training."""

    train: list[Row]
    valid: list[Row]
    reading: list[Row]
    calibration: list[Row]
    left_out: dict[str, dict[str, int]] = field(default_factory=dict)
    """Part -> why (``blocked``, ``foreign``, ``repeated``, ``contradicted``, ``beyond the cap``) -> rows."""


def mix(
    rows: Iterable[Row],
    dev: Sequence[Row],
    blocked: Blocklist,
    *,
    caps: Mapping[str, int] = CAPS,
    valid: Mapping[str, int] = VALID,
    held: tuple[int, int] = HELD,
) -> Mixture:
    """Put the mixture together.

    Args:
        rows: all that may be learnt.
        dev: rows of dev sets that the epoch is chosen by as well.
        blocked: texts that are never learnt.
        caps: rows of a stratum (see :func:`stratum`) at most.
        valid: rows of a part to choose the epoch by.
        held: reviews beyond the cap for the choice of reading, and for the temperature.
    """
    out: dict[str, Counter[str]] = defaultdict(Counter)
    read: list[Row] = []
    for row in rows:
        if not row.text.strip() or blocked.has(row.text):
            out[row.part]["blocked"] += 1
        elif foreign(row.text):  # MR and SUBJ have a few dozen sentences of Spanish and Portuguese
            out[row.part]["foreign"] += 1
        else:
            read.append(row)
    kept = resolve(read, out)
    chosen_by, kept = hold_back(kept, valid)
    train, beyond = cap(kept, caps)
    reviews = drawn([row for row in beyond if row.part == "imdb"], "held reviews")
    for row in beyond:
        out[row.part]["beyond the cap"] += 1
    return Mixture(
        train=drawn(train, "order"),
        valid=[*dev, *chosen_by],
        reading=reviews[: held[0]],
        calibration=reviews[held[0] : sum(held)],
        left_out={part: dict(out[part]) for part in PARTS if out[part]},
    )


def resolve(rows: Iterable[Row], out: Mapping[str, Counter[str]] | None = None) -> list[Row]:
    """One row for each text, in the order in which the texts came first.

    Of a text that several parts have, the most trusted part's rows count; of these the label that more than half of
    them have. Without such a label the text is left out: nobody knows.

    Args:
        rows: of any parts in :data:`PARTS`.
        out: counts what is left out of each part.
    """
    out = defaultdict(Counter) if out is None else out
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row_key(row.text)].append(row)
    kept = []
    for same in found.values():
        first = min((row.part for row in same), key=PARTS.index)
        votes = [row for row in same if row.part == first]
        label, count = Counter(row.label for row in votes).most_common(1)[0]
        chosen = next(row for row in votes if row.label == label) if 2 * count > len(votes) else None
        for row in same:
            if row is not chosen:
                out[row.part]["contradicted" if chosen is None or row.label != label else "repeated"] += 1
        if chosen is not None:
            kept.append(chosen)
    return kept


def hold_back(rows: Iterable[Row], amounts: Mapping[str, int]) -> tuple[list[Row], list[Row]]:
    """Some rows of each part, and the rest; classes are held back in the shares that they have."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.part].append(row)
    held, rest = [], []
    for part, members in groups.items():
        share = amounts.get(part, 0) / len(members)
        for label in CLASSES:
            order = drawn([row for row in members if row.label == label], "valid")
            n_held = round(len(order) * min(share, 0.5))
            held += order[:n_held]
            rest += order[n_held:]
    return held, rest


def cap(rows: Iterable[Row], caps: Mapping[str, int]) -> tuple[list[Row], list[Row]]:
    """Of each stratum as many rows as ``caps`` allows, and the others."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[stratum(row)].append(row)
    taken, others = [], []
    for name, members in groups.items():
        order = drawn(members, "cap")
        limit = caps.get(name, len(order))
        taken += order[:limit]
        others += order[limit:]
    return taken, others


def twice(rows: Iterable[Row], once: Sequence[str] = ONCE) -> list[Row]:
    """The rows as an epoch reads them: those of parts that are not in ``once`` stand in it twice.

    >>> rows = [Row("It 's so", "neutral", "sst_sentences", "It's so"), Row("Why?", "negative", "imdb")]
    >>> [row.text for row in twice(rows)]
    ["It's so", "It 's so", 'Why?']
    """
    rows = list(rows)
    again = [replace(row, text=row.other or row.text, other=row.text) for row in rows if row.part not in once]
    return drawn([*rows, *again], "order")


def stratum(row: Row) -> str:
    """What a row is counted under.

    >>> stratum(Row("the film", "neutral", "sst_phrases")), stratum(Row("A bore.", "negative", "mr"))
    ('sst_phrases/neutral/short', 'mr/negative')
    """
    name = f"{row.part}/{row.label}"
    if name == "sst_phrases/neutral":
        name += "/short" if len(row.text.split()) < SHORT else "/long"
    return name


def drawn(rows: Sequence[Row], purpose: str) -> list[Row]:
    """The rows in an order of chance that hangs on the texts and the purpose alone."""
    return sorted(rows, key=lambda row: (_hash(f"{purpose}\n{row.text}"), row.text, row.label))


def counts(rows: Iterable[Row]) -> dict[str, dict[str, int]]:
    """Part -> class -> rows."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        found[row.part][row.label] += 1
    return {part: {label: found[part][label] for label in CLASSES if found[part][label]} for part in sorted(found)}


def write(path: Path, rows: Iterable[Row]) -> None:
    """Write json lines with ``text``, ``label`` and ``part``; the file appears whole or not at all."""
    beside = path.with_suffix(".partial")
    with beside.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps({"text": row.text, "label": row.label, "part": row.part}, ensure_ascii=False) + "\n")
    beside.replace(path)


def read(path: Path, part: str | None = None) -> list[Row]:
    """Read json lines with ``text`` and ``label``; ``part`` is the file's where None.

    Raises:
        ValueError: a label that is none of the three classes.
    """
    rows = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            record = json.loads(line)
            if record["label"] not in CLASSES:
                raise ValueError(f"{path.name} line {number}: {record['label']!r} is none of {', '.join(CLASSES)}")
            rows.append(Row(record["text"], record["label"], part or record["part"]))
    return rows


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:12]
