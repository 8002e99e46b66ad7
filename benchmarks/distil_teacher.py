"""The teacher of ``benchmarks/distil.py``: MPNet fine-tuned on SST-2's phrases of three words and more, and its scores.

One epoch of the phrases with the training sentences, by ``limbeck train``, resumable; then its accuracy on SST-2's test
sentences, and what it says of the same texts and of sentences of 5 to 40 words cut from unlabelled reviews: kept
beside the pieces without the texts, so that students can be made anew without the teacher, and with them under WORK, as
the parquet that ``distil.py --scores`` takes. A piece holds the accuracy; with ``--limit`` (a rehearsal) no record is
written.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import commands
import numpy as np
import records

BAR = 94.3
LEAST_WORDS, SENTENCES = 3, 60_000
KEPT_OUT = ["dev", "test"]
COLUMNS = ("--text-column", "text", "--label-column", "label")
COMMAND = "python benchmarks/distil_teacher.py --data DATA --encoder ENCODER --work WORK"


def rows_of(args: argparse.Namespace) -> Path:
    """Phrases of three words and more and the sentences, each text once, with their labels, as csv.

    None of dev's or of test's sentences is among them: one of test's stands in train as well.
    """
    import pyarrow.parquet as pq

    path: Path = args.work / f"teacher-rows-{args.limit or 'all'}.csv"
    if not path.exists():
        kept_out = {
            text
            for name in KEPT_OUT
            for text in pq.read_table(args.data / "sst2" / f"{name}.parquet")["text"].to_pylist()
        }
        labels: dict[str, str] = {}
        for name in ("train.parquet", "phrases.parquet"):
            for row in pq.read_table(args.data / "sst2" / name).to_pylist():
                if len(row["text"].split()) >= LEAST_WORDS and row["text"] not in kept_out:
                    labels.setdefault(row["text"], row["label"])
        _write(path, ("text", "label"), list(labels.items())[: args.limit])
    return path


def sentences_drawn(args: argparse.Namespace) -> Path:
    """Sentences of unlabelled reviews, drawn by a fixed seed, as csv."""
    import pyarrow.parquet as pq

    from limbeck.data import Dataset
    from limbeck.distil.rows import sentences_of

    path: Path = args.work / f"teacher-sentences-{args.limit or 'all'}.csv"
    if not path.exists():
        reviews = pq.read_table(args.data / "imdb" / "unlabelled.parquet")["text"].to_pylist()
        order = np.random.default_rng(0).permutation(len(reviews))[: args.limit]
        cut = sentences_of(Dataset([reviews[n] for n in order], None, name="unlabelled reviews")).inputs
        texts = list(dict.fromkeys(map(str, cut)))[: 2 * SENTENCES]
        drawn = np.random.default_rng(1).permutation(len(texts))[:SENTENCES]
        _write(path, ("text",), [(texts[n],) for n in drawn])
    return path


def make(args: argparse.Namespace) -> dict[str, Any]:
    """Train, or go on with it, and test."""
    out = args.work / "teacher"
    words = (*COLUMNS, "--model", args.encoder, "--epochs", "1", "--lr", "3e-5", "--batch-tokens", "2048")
    how = ("--valid-fraction", "0.01", "--no-look", "--seed", str(args.seed), "--checkpoint-every", "100", "--resume")
    commands.run(commands.limbeck(), "train", rows_of(args), *words, *how, "--out", out)
    told = commands.training_of(out)
    accuracy = 100 * commands.accuracy_of(out, args.data / "sst2" / "test.parquet", COLUMNS)
    return {"accuracy": accuracy, "seconds": told["seconds"], "updates": told["updates"]}


def ask(args: argparse.Namespace, kept: Path) -> Path:
    """Ask the teacher about all texts, and keep what it says at ``kept``: scores, no text among them."""
    texts = (rows_of(args), *COLUMNS, "--unlabelled", sentences_drawn(args))
    return commands.said_of(args.work / "teacher", texts, kept, args.work)


def say(args: argparse.Namespace, kept: Path) -> None:
    """Write the texts with what the teacher says of them as the parquet that ``distil.py`` takes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from limbeck.data import Dataset
    from limbeck.metrics import softmax
    from limbeck.scores import Scores

    scores = Scores.open(kept)
    texts: dict[str, None] = {}
    for path in (rows_of(args), sentences_drawn(args)):
        with path.open(encoding="utf-8", newline="") as file:
            texts |= dict.fromkeys(row["text"] for row in csv.DictReader(file))
    where = {scores.ids[n].tobytes(): n for n in scores.answered.nonzero()[0]}
    rows = [(text, where[key]) for text, key in zip(texts, Dataset(list(texts), None).ids, strict=True) if key in where]
    probs = softmax(scores.logits[[n for _, n in rows]])
    columns = {label: probs[:, n] for n, label in enumerate(scores.task["classes"])}
    table = pa.table({"text": [text for text, _ in rows], **columns})
    pq.write_table(table, args.work / f"teacher-scores-{args.limit or 'all'}.parquet")


def _write(path: Path, names: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)


def main() -> None:
    parser = commands.parser(__doc__, data="with sst2/ and imdb/", work="for the model", encoder="of all-mpnet-base-v2")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, help="a rehearsal on the first rows; writes no record")
    args = commands.parsed(parser)
    folder = args.work / "pieces" if args.limit else records.PIECES
    encoder = commands.fingerprint(args.encoder)
    settings = {"encoder": encoder, "limit": args.limit, "seed": args.seed, "kept_out": KEPT_OUT}
    piece = records.piece(folder / f"distil-teacher-{args.seed}.json", settings, lambda: make(args))
    print(f"teacher: {piece['accuracy']:.2f} %", flush=True)
    if not args.limit:
        record = records.Record(
            name="distil-teacher",
            what="SST-2 test, MPNet by limbeck train on the phrases of three words and more, one epoch",
            value=piece["accuracy"],
            unit="%",
            bar=f"{BAR} %",
            met=piece["accuracy"] >= BAR,
            command=f"{COMMAND} --seed {args.seed}",
            detail={"seconds": piece["seconds"], "updates": piece["updates"]},
        )
        records.write(record, [piece["stamp"]])
    name = f"distil-teacher-scores-{args.seed}-{encoder}-{args.limit or 'all'}.npz"
    say(args, ask(args, folder / name))


if __name__ == "__main__":
    main()
