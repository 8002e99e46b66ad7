"""The nine data sets of the distillation tables: their files, their columns, and what a model is judged by."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import commands
import numpy as np

TAUGHT, TESTED = 4_000, 5_000
"""Reviews of IMDb that are learnt from and tested on, drawn by fixed seeds."""
REVIEW_TOKENS = 256
PAIR = ("--text-column", "sentence1", "--text-pair-column", "sentence2", "--label-column")


@dataclass(frozen=True)
class Set:
    """A data set."""

    test: str
    """Which file is tested on."""
    columns: tuple[str, ...] = ("--text-column", "text", "--label-column", "label")
    valid: str | None = "dev"
    """Which file chooses the weights; a tenth of train where None."""
    task: str = "classify"
    measure: str = "accuracy"
    """What a model is judged by, as GLUE does it: a key of ``fine_tuning.MEASURES``."""


SETS = {
    "sst2": Set("test"),
    "imdb": Set("test", valid=None),
    "mr": Set("test"),
    "subj": Set("test"),
    "trec": Set("test", valid=None),
    "cola": Set("dev", valid=None, measure="matthews"),
    "mrpc": Set("test", (*PAIR, "label"), valid=None, measure="f1 and accuracy"),
    "rte": Set("dev", (*PAIR, "label"), valid=None),
    "stsb": Set("test", (*PAIR, "score"), task="regress", measure="pearson and spearman"),
}
SENTENCES = ("sst2", "imdb", "mr", "subj", "trec")
"""The sets of single sentences and reviews that keep most of what their teacher knows."""


@dataclass(frozen=True)
class Rows:
    """The files of a set."""

    train: Path
    valid: Path | None
    test: Path


def rows_of(args: argparse.Namespace, name: str) -> Rows:
    """The files of a set under DATA; of IMDb reviews that are drawn, no test review among those that are learnt."""
    if name == "imdb":
        train = drawn(args, "train", TAUGHT, 1, unlike="test")
        return Rows(train, None, drawn(args, "test", TESTED, 3))
    chosen, folder = SETS[name], args.data / name
    train = folder / "train.parquet"
    if args.limit:
        train = commands.first_rows(train, args.limit, args.work / f"{name}-{args.limit}.parquet")
    return Rows(train, folder / f"{chosen.valid}.parquet" if chosen.valid else None, folder / f"{chosen.test}.parquet")


def learnt(args: argparse.Namespace, name: str) -> tuple[Path, int]:
    """The training rows of a set, and how many were left out because their text stands in its dev or test rows too.

    The file of DATA itself where none does, else parquet under WORK. With a limit the first rows of what is left.
    """
    import pyarrow.parquet as pq

    chosen, folder = SETS[name], args.data / name
    flags = dict(zip(chosen.columns[::2], chosen.columns[1::2], strict=True))
    texts = [flags[flag] for flag in ("--text-column", "--text-pair-column") if flag in flags]
    path: Path = folder / "train.parquet"
    table = pq.read_table(path)
    left = table
    for part in filter(None, (chosen.test, chosen.valid)):
        left = _unlike(left, folder / f"{part}.parquet", texts)
    left_out = table.num_rows - left.num_rows
    if left_out or args.limit:
        path = args.work / f"{name}-train-{args.limit or 'all'}-unlike-test.parquet"
        pq.write_table(left.slice(0, args.limit), path)
    return path, left_out


def _unlike(table: Any, other: Path, columns: Sequence[str]) -> Any:
    """The rows of a table whose text, or pair of texts, stands in no row of the file ``other``."""
    import pyarrow.parquet as pq

    def texts_of(rows: Any) -> list[tuple[str, ...]]:
        return list(zip(*(rows[column].to_pylist() for column in columns), strict=True))

    known = set(texts_of(pq.read_table(other)))
    return table.filter([texts not in known for texts in texts_of(table)])


def drawn(args: argparse.Namespace, part: str, n: int, seed: int, *, unlike: str | None = None) -> Path:
    """So many reviews of a part, drawn by a seed, as parquet under WORK; none that stands in the part ``unlike``."""
    import pyarrow.parquet as pq

    n = min(n, args.limit) if args.limit else n
    path: Path = args.work / f"imdb-{part}-{n}-{seed}{f'-unlike-{unlike}' if unlike else ''}.parquet"
    if not path.exists():
        table = pq.read_table(args.data / "imdb" / f"{part}.parquet")
        if unlike is not None:
            table = _unlike(table, args.data / "imdb" / f"{unlike}.parquet", ["text"])
        pq.write_table(table.take(np.sort(np.random.default_rng(seed).permutation(table.num_rows)[:n])), path)
    return path
