"""What a pre-training leaves: an encoder's folder as transformers writes it, its log, a record and a card.

It is no model that answers, so it has no ``limbeck.json``; ``limbeck train --model FOLDER`` and ``limbeck distil``
start from it as from any encoder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from limbeck.artefact.copies import list_files
from limbeck.artefact.save import write_folder
from limbeck.pretrain.measuring import n_measured
from limbeck.pretrain.record import NAME, called
from limbeck.pretrain.trainer import Pretrainer
from limbeck.train.checkpoint import Progress
from limbeck.train.processes import join
from limbeck.train.saving import versions

LOG = "metrics.jsonl"


def save(
    pretrainer: Pretrainer,
    out: Path | str,
    *,
    settings: Mapping[str, Any],
    teacher: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Save a pre-trained model as a folder, whole or not at all; of several processes the first writes it.

    Args:
        pretrainer: after its fit.
        out: the folder to make.
        settings: of the whole command, for the record.
        teacher: its name, parameters and perplexity, where there was one.
        overwrite: replace an earlier pre-training that stands there.

    Returns:
        The record that stands in the folder.

    Raises:
        ArtefactError: something stands there that may not be replaced, or the disk is full.
    """
    told = join().first(lambda: _write(pretrainer, Path(out), settings, teacher, overwrite=overwrite))
    return dict(told)


def _write(
    pretrainer: Pretrainer,
    out: Path,
    settings: Mapping[str, Any],
    teacher: Mapping[str, Any] | None,
    *,
    overwrite: bool,
) -> dict[str, Any]:
    record = record_of(pretrainer, settings, teacher)
    assert pretrainer.progress is not None
    log = pretrainer.progress.log

    def fill(folder: Path) -> None:
        pretrainer.model.write(folder)
        (folder / LOG).write_text("".join(json.dumps(entry) + "\n" for entry in log), encoding="utf-8")
        (folder / "README.md").write_text(card(record), encoding="utf-8")
        _draw(folder, log)
        record["files"] = {name: told["sha256"] for name, told in list_files(folder).items()}
        (folder / NAME).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")

    write_folder(out, fill, mark=NAME, overwrite=overwrite)
    return record


def record_of(pretrainer: Pretrainer, settings: Mapping[str, Any], teacher: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is known of a pre-training: json."""
    progress, corpus = pretrainer.progress, pretrainer.corpus
    assert progress is not None
    length = corpus.train.length
    measured = measures_of(progress, keep=pretrainer.fit_settings.keep)
    record: dict[str, Any] = {
        "model": {
            "model_type": pretrainer.model.inner.config.model_type,
            "parameters": pretrainer.model.n_parameters(),
            "layers": pretrainer.model.inner.config.num_hidden_layers,
        },
        "measured": measured,
        "training": {
            "updates": progress.update,
            "tokens": progress.texts * length,
            "seconds": round(progress.seconds, 1),
            "tokens_per_second": round(progress.texts * length / max(progress.seconds, 1e-9), 1),
            "precision": pretrainer.fit_settings.precision,
        },
        "corpus": {
            "fingerprint": corpus.fingerprint,
            "texts": corpus.n_texts,
            "tokens": len(corpus.train) * length,
            "valid_tokens": len(corpus.valid) * length,
            "measured_tokens": n_measured(len(corpus.valid), length) * length,
            "length": length,
        },
        "settings": dict(settings),
        "versions": versions(),
    }
    if teacher is not None:
        record["teacher"] = dict(teacher)
    return record


def measures_of(progress: Progress, *, keep: str) -> dict[str, float]:
    """What was measured of the weights that are saved: of the best ones, or of the last."""
    measured = [entry for entry in progress.log if "valid" in entry]
    if keep == "best":
        measured = [entry for entry in measured if entry["update"] == progress.best_update]
    return dict(measured[-1]["valid"]) if measured else {}


def card(record: Mapping[str, Any]) -> str:
    """The folder's ``README.md``: what it is, what was measured, how to go on."""
    model, training, corpus, measured = (record[key] for key in ("model", "training", "corpus", "measured"))
    lines = [
        f"# {model['model_type']}, {model['layers']} layers, {model['parameters']:,} parameters",
        "",
        "A pre-trained encoder with its masked-LM head, made by limbeck. It answers no question by itself:",
        "`limbeck train data.csv --model THIS_FOLDER` fine-tunes it, and `transformers` loads it.",
        "",
        "| | |",
        "|---|---|",
        f"| updates | {training['updates']:,} |",
        f"| tokens read | {training['tokens']:,}, {training['tokens_per_second']:,.0f} a second |",
        f"| corpus | {corpus['texts']:,} texts, {corpus['tokens']:,} tokens in blocks of {corpus['length']} |",
        *(f"| {called(name)}, on texts held back | {value:.4g} |" for name, value in measured.items()),
    ]
    if teacher := record.get("teacher"):
        lines.append(
            f"| teacher | {teacher['name']}, {teacher['layers']} layers, {teacher['parameters']:,} parameters |"
        )
        if "perplexity" in teacher:
            lines.append(f"| the teacher's perplexity, on the same | {teacher['perplexity']:.4g} |")
    return "\n".join(lines) + "\n"


def _draw(folder: Path, log: Sequence[Mapping[str, Any]]) -> None:
    """The training as a picture, where matplotlib is installed."""
    from limbeck.errors import MissingExtra
    from limbeck.plots import write
    from limbeck.plots.training import Log, draw

    found = Log.of(log)
    try:
        write(draw(found), folder / "training.svg")
    except MissingExtra:
        return
