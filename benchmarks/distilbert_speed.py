"""The part ``speed`` of ``distilbert_paper.py``: parameters, size and time of teacher, student and trimmed student.

All three are fine-tuned on SST-2; the vocabulary is trimmed afterwards, by ``limbeck export --trim``, to the pieces
that its training sentences and the unlabelled reviews use most. At batch 1 each answers dev sentences one by one, on
one thread, in turns in one process; texts a second are of the test sentences at once, as in ``distil_speed.py``.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import commands
import distilbert_encoders
import records
from distil_speed import FASTER, FEWER, PIECES, parameters_of, seconds_of
from distilbert_encoders import LAYERS, MODELS
from distilbert_tasks import EPOCHS, KEPT_SET
from fine_tuning import RATES, fine_tuned, tested

if TYPE_CHECKING:
    from limbeck.runtime import Predictor

TRIMMED = "trimmed"
N_SENTENCES, RUNS = 300, 7
PAPER_RATIO = 668 / 410
"""BERT-base's time for the dev pairs of STS-B on a CPU at batch 1, divided by DistilBERT's (Sanh et al. 2019)."""


def folders_of(args: argparse.Namespace) -> dict[str, Path]:
    """The saved models: teacher and student, fine-tuned by the first seed, and the trimmed student."""
    models = {name: args.work / name for name in MODELS}
    found = {
        name: fine_tuned(args, KEPT_SET, folder, seed=args.seeds[0], epochs=EPOCHS, lr=RATES[name])
        for name, folder in models.items()
    }
    out = found["student"].with_name(f"{found['student'].name}-trimmed")
    if not (out / "limbeck.json").exists():
        texts = (args.data / KEPT_SET / "train.parquet", distilbert_encoders.corpus_of(args))
        words = ("--trim", str(pieces_of(args)), "--texts", *texts, "--text-column", "text")
        commands.run(commands.limbeck(), "export", found["student"], *words, "--out", out)
    return found | {TRIMMED: out}


def pieces_of(args: argparse.Namespace) -> int:
    """Pieces of the trimmed vocabulary; in a rehearsal, whose encoder may be tiny, three quarters of all."""
    config = json.loads((args.work / "student" / "config.json").read_text(encoding="utf-8"))
    return 3 * int(config["vocab_size"]) // 4 if args.limit else PIECES


def one_by_one(models: Mapping[str, Predictor], texts: Sequence[str]) -> dict[str, float]:
    """Milliseconds that each model takes for a single text, the median over the texts; they take turns."""
    taken: dict[str, list[float]] = {name: [] for name in models}
    for n, text in enumerate([*texts[:5], *texts]):  # the first five warm up
        for name, model in models.items():
            began = time.perf_counter()
            model.predict(text)
            if n >= 5:
                taken[name].append(1000 * (time.perf_counter() - began))
    return {name: median(times) for name, times in taken.items()}


def make(args: argparse.Namespace) -> dict[str, Any]:
    """Measure all there is to measure."""
    import pyarrow.parquet as pq

    import limbeck

    folders = folders_of(args)
    dev, test = (
        pq.read_table(args.data / KEPT_SET / f"{part}.parquet")["text"].to_pylist() for part in ("dev", "test")
    )
    single = {name: limbeck.load(folder, threads=1) for name, folder in folders.items()}
    milliseconds = one_by_one(single, dev[:N_SENTENCES])
    many = {name: limbeck.load(folder) for name, folder in folders.items()}
    seconds = seconds_of(many, test, args.runs)
    return {
        "parameters": {name: parameters_of(folder) for name, folder in folders.items()},
        "megabytes": {name: (folder / "model.safetensors").stat().st_size / 1e6 for name, folder in folders.items()},
        "milliseconds": milliseconds,
        "texts_per_second": {name: len(test) / median(runs) for name, runs in seconds.items()},
        "seconds": {name: [round(one, 3) for one in runs] for name, runs in seconds.items()},
        "accuracy": {name: 100 * tested(args, KEPT_SET, folder)["score"] for name, folder in folders.items()},
    }


def run(args: argparse.Namespace) -> None:
    """Make the piece, and tell what it comes to."""
    settings = {name: commands.fingerprint(args.work / name) for name in MODELS}
    more = {"seed": args.seeds[0], "pieces": pieces_of(args), "runs": args.runs, "limit": args.limit}
    path = distilbert_encoders.pieces_at(args) / "distilbert-speed.json"
    piece = records.piece(path, settings | more, lambda: make(args))
    for name, rate in piece["texts_per_second"].items():
        print(
            f"{name}: {piece['parameters'][name]:,} parameters, {piece['megabytes'][name]:.1f} MB, "
            f"{piece['milliseconds'][name]:.2f} ms, {rate:.0f} texts/s, {piece['accuracy'][name]:.2f} %",
            flush=True,
        )
    if not args.limit:
        report(args, piece)


def report(args: argparse.Namespace, piece: dict[str, Any]) -> None:
    """Write the records of parameters, size, time and speed."""
    whole, small = piece["parameters"]["teacher"], piece["parameters"][TRIMMED]
    fewer = 100 * (1 - small / whole)
    lost = piece["accuracy"][TRIMMED] - piece["accuracy"]["student"]
    _write(
        args,
        piece,
        name="distilbert-parameters",
        what=f"parameters of {LAYERS} of 6 layers with {PIECES:,} pieces: {small:,} of {whole:,}, so many fewer; "
        f"trimming moved SST-2 test accuracy by {lost:+.2f} points",
        value=fewer,
        unit="%",
        bar=f"{FEWER:.0f} % fewer",
        met=fewer >= FEWER,
        detail={"parameters": piece["parameters"], "accuracies": piece["accuracy"]},
    )
    _compared(args, piece, "megabytes", name="distilbert-size", what="weights of that student", unit="MB", bar="shown")
    times = piece["milliseconds"]
    _compared(
        args,
        piece,
        "milliseconds",
        name="distilbert-time",
        what=f"time of a single SST-2 sentence, one thread, median of {N_SENTENCES}: the teacher takes "
        f"{times['teacher'] / times['student']:.2f} x as long as its student ({times['student']:.2f} ms), "
        f"BERT-base {PAPER_RATIO:.2f} x DistilBERT; of the trimmed student",
        unit="ms",
        bar="shown",
    )
    rates = piece["texts_per_second"]
    _compared(
        args,
        piece,
        "texts_per_second",
        name="distilbert-speed",
        what=f"texts/s of that student, SST-2's test sentences, median of {args.runs} runs",
        unit="texts/s",
        bar=f"{FASTER} x the teacher's",
        met=rates[TRIMMED] >= FASTER * rates["teacher"],
    )


def _compared(args: argparse.Namespace, piece: dict[str, Any], key: str, **values: Any) -> None:
    """Write a record of the trimmed student beside its teacher."""
    found = piece[key]
    values = {"met": True, "peer": {"name": "teacher, of 6 layers", "value": found["teacher"]}} | values
    _write(args, piece, value=found[TRIMMED], ratio=found[TRIMMED] / found["teacher"], detail={key: found}, **values)


def _write(args: argparse.Namespace, piece: dict[str, Any], **values: Any) -> None:
    command = f"{distilbert_encoders.COMMAND} --parts speed --seeds {args.seeds_text} --runs {args.runs}"
    records.write(records.Record(command=command, **values), [piece["stamp"]])
