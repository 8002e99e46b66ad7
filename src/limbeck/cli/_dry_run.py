"""What ``limbeck distil --dry-run`` tells: how long teachers and training will take, and what will be written."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from limbeck.artefact.manifest import NAME
from limbeck.cli._place import checkpoints_of
from limbeck.cli.train import duration
from limbeck.data import Dataset
from limbeck.distil.lesson import Choices, all_of
from limbeck.distil.rows import Pool
from limbeck.distil.teacher import ModelTeacher, Teacher

ASKED = 64
"""Texts on which a teacher's speed is measured."""


def text_lines(rows: Pool, choices: Choices) -> list[str]:
    """What there is to learn from."""
    lines = [f"texts: {len(rows):,}, {int(rows.is_labelled.sum()):,} of them labelled"]
    if choices.augment:
        lines.append(f"variants of them: up to {choices.augment * len(rows):,}")
    return lines


def n_asked(rows: Pool, valid: Dataset | None, choices: Choices) -> int:
    """How many texts a teacher is asked about, at most."""
    return len(rows) * (1 + choices.augment) + (0 if valid is None else len(valid))


def judging_lines(teachers: Sequence[Teacher], rows: Pool, valid: Dataset | None, choices: Choices) -> list[str]:
    """How many texts the teachers will judge, and how long it takes."""
    n_texts, lines = n_asked(rows, valid, choices), []
    for teacher in teachers:
        told = "has said what it says"
        if isinstance(teacher, ModelTeacher):
            n_before = teacher.n_remembered(all_of(rows.dataset, valid))
            told = f"judged these {n_before:,} texts before, which is remembered"
            if n_texts > n_before:
                few = rows.dataset.inputs[:: max(1, len(rows) // ASKED)][:ASKED]
                began = time.perf_counter()
                teacher.predictor.logits(few)
                seconds = (time.perf_counter() - began) * (n_texts - n_before) / len(few)
                told = judges(n_texts - n_before, seconds, n_before=n_before)
        lines.append(f"teacher {teacher.name}: {told}")
    return lines


def judges(n_texts: int, seconds: float, *, n_before: int = 0) -> str:
    """That a teacher takes so long for so many texts, and judged others before."""
    before = f"judged {n_before:,} of these texts before, and " if n_before else ""
    return f"{before}judges {n_texts:,} texts in about {duration(seconds)}, once; then it is remembered"


def writing_lines(out: Path, scores: Path | None, n_parameters: int, hindrances: Sequence[str]) -> list[str]:
    """What the command will leave, and what hinders it (``hindrances``)."""
    size, checkpoints = 4 * n_parameters / 1e6, checkpoints_of(out).name
    lines = [
        f"would write {out}: about {2 * size:.0f} MB, weights and graph; while it trains, {checkpoints} beside it: "
        f"about {6 * size:.0f} MB"
    ]
    lines += hindrances
    if not hindrances and (out / NAME).is_file():
        lines.append(f"{out} holds a model: it is replaced")
    if scores is not None:
        lines.append(f"would write {scores}: what the teachers said")
    return lines
