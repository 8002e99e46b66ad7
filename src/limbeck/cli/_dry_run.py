"""What ``limbeck distil --dry-run`` tells: how long teachers and training will take, and what will be written."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from limbeck.artefact.manifest import NAME
from limbeck.cli._place import checkpoints_of
from limbeck.cli.train import duration
from limbeck.data import Dataset
from limbeck.distil.lesson import Choices
from limbeck.distil.rows import Pool
from limbeck.distil.teacher import ModelTeacher, Teacher

ASKED = 64
"""Texts on which a teacher's speed is measured."""


def judging_lines(teachers: Sequence[Teacher], rows: Pool, valid: Dataset | None, choices: Choices) -> list[str]:
    """How many texts the teachers will judge, and how long it takes."""
    n_texts = len(rows) * (1 + choices.augment) + (0 if valid is None else len(valid))
    lines = [f"texts: {len(rows):,}, {int(rows.is_labelled.sum()):,} of them labelled"]
    if choices.augment:
        lines.append(f"variants of them: up to {choices.augment * len(rows):,}")
    for teacher in teachers:
        if isinstance(teacher, ModelTeacher):
            few = rows.dataset.inputs[:: max(1, len(rows) // ASKED)][:ASKED]
            began = time.perf_counter()
            teacher.predictor.logits(few)
            seconds = (time.perf_counter() - began) * n_texts / len(few)
            told = f"judges {n_texts:,} texts in about {duration(seconds)}, once; then it is remembered"
        else:
            told = "has said what it says"
        lines.append(f"teacher {teacher.name}: {told}")
    return lines


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
