"""The teacher and the students of ``distilbert_paper.py``: a masked-LM head fitted on reviews, and the triple loss.

Each is one command of ``limbeck``, resumable; a folder under WORK that is finished is taken as it is.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import commands
import records

LAYERS = 3
TEACHER_TOKENS, STUDENT_TOKENS = 4_000_000, 6_000_000
SHARED = ("--length", "128", "--batch-tokens", "2048", "--lr", "5e-4", "--dropout", "0")
RESUMED = ("--checkpoint-every", "200", "--resume")
MODELS = ("teacher", "student")
COMMAND = "python benchmarks/distilbert_paper.py --data DATA --encoder ENCODER --work WORK"


def corpus_of(args: argparse.Namespace) -> Path:
    """The unlabelled reviews; in a rehearsal the first ones."""
    reviews: Path = args.data / "imdb" / "unlabelled.parquet"
    return commands.first_rows(reviews, args.limit, args.work / "corpus.parquet") if args.limit else reviews


def tokens_of(args: argparse.Namespace, tokens: int) -> int:
    """Tokens that are learnt from; in a rehearsal a few thousand."""
    return min(tokens, 100 * args.limit) if args.limit else tokens


def how(args: argparse.Namespace, tokens: int, seed: int) -> tuple[str, ...]:
    """The flags of a training; a rehearsal's few texts are held back by the fifth."""
    held_back = ("--valid-share", "0.2") if args.limit else ()
    return ("--tokens", str(tokens_of(args, tokens)), *SHARED, *held_back, "--seed", str(seed), *RESUMED)


def teacher(args: argparse.Namespace) -> Path:
    """The folder of the encoder with its fitted head."""
    out: Path = args.work / "teacher"
    words = ("--model", args.encoder, *how(args, TEACHER_TOKENS, 1))
    commands.run(commands.limbeck(), "pretrain", corpus_of(args), *words, "--out", out)
    return out


def student(args: argparse.Namespace, out: Path, *changes: str, tokens: int = STUDENT_TOKENS, seed: int = 1) -> Path:
    """The folder of a student of the teacher's last rows: the triple loss, unless flags change it."""
    words = ("--layers", str(LAYERS), *changes, *how(args, tokens, seed))
    source = args.work / "teacher"
    commands.run(commands.limbeck(), "distil", "--pretrain", source, corpus_of(args), *words, "--out", out)
    return out


def record_of(folder: Path) -> dict[str, Any]:
    """What ``limbeck`` recorded of a pre-training, as far as a piece needs it."""
    told = json.loads((folder / "pretraining.json").read_text(encoding="utf-8"))
    training = {
        key: told["training"][key] for key in ("updates", "tokens", "seconds", "tokens_per_second", "precision")
    }
    found = {"measured": told["measured"], "training": training, "parameters": told["model"]["parameters"]}
    found |= {"weights": commands.fingerprint(folder)}
    return found | ({"teacher_perplexity": told["teacher"]["perplexity"]} if "teacher" in told else {})


def piece_of(args: argparse.Namespace, name: str) -> dict[str, Any]:
    """Make or read the piece of ``teacher`` or ``student``.

    Raises:
        SystemExit: the folder under WORK is of a training of another length, or of another teacher.
    """
    tokens = tokens_of(args, TEACHER_TOKENS if name == "teacher" else STUDENT_TOKENS)
    settings: dict[str, Any] = {"tokens": tokens, "shared": list(SHARED), "limit": args.limit}
    if name == "teacher":
        settings |= {"encoder": commands.fingerprint(args.encoder)}
    else:
        settings |= {"teacher": commands.fingerprint(args.work / "teacher"), "layers": LAYERS}

    def make() -> dict[str, Any]:
        found = record_of(teacher(args) if name == "teacher" else student(args, args.work / "student"))
        if abs(found["training"]["tokens"] / tokens - 1) > 0.02 and not args.limit:
            raise SystemExit(f"WORK/{name} has read {found['training']['tokens']:,} tokens, not {tokens:,}: remove it")
        if name == "student":
            made = [(args.work / one / "model.safetensors").stat().st_mtime for one in MODELS]
            if made != sorted(made):
                raise SystemExit("WORK/student is older than WORK/teacher, so it had another one: remove it")
        return found

    return records.piece(pieces_at(args) / f"distilbert-{name}.json", settings, make)


def pieces_at(args: argparse.Namespace) -> Path:
    """The folder of the pieces; that of a rehearsal is under WORK."""
    return args.work / "pieces" if args.limit else records.PIECES


def report(args: argparse.Namespace, name: str, piece: dict[str, Any]) -> None:
    """Print, and write the record of, ``teacher`` or ``student``."""
    training, perplexity = piece["training"], piece["measured"]["perplexity"]
    parts = {part: value for part, value in piece["measured"].items() if part not in ("loss", "perplexity")}
    print(f"{name}: perplexity {perplexity:.2f}, {training['tokens_per_second']:.0f} tokens/s", parts or "", flush=True)
    if args.limit:
        return
    what = (
        "masked-LM head fitted to all-MiniLM-L6-v2" if name == "teacher" else f"{LAYERS} of its 6 layers, triple loss"
    )
    peer = piece.get("teacher_perplexity")
    record = records.Record(
        name=f"distilbert-{name}",
        what=f"perplexity on reviews held back: {what}, {training['tokens']:,} tokens of unlabelled reviews, "
        f"{training['seconds'] / 60:.0f} minutes at {training['tokens_per_second']:,.0f} tokens/s",
        value=perplexity,
        unit="perplexity",
        bar="shown",
        met=True,
        command=f"{COMMAND} --parts {name}",
        peer=None if peer is None else {"name": "its teacher", "value": peer},
        ratio=None if peer is None else perplexity / peer,
        detail={"training": training, "measured": piece["measured"]},
    )
    records.write(record, [piece["stamp"]])
