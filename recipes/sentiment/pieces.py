"""The pieces of the recipe, in their order. Each says what it reads, what it leaves and how it is made.

``data`` mixes, ``trim`` cuts the encoder's vocabulary, ``train`` fine-tunes, ``int8`` quantises, ``reading`` chooses
how long reviews are read, ``calibrate`` folds the temperature in and exports, ``report`` measures on the dev sets, and
``card`` says what is known of it and leaves what ships. The first four stand here, the others in ``finish.py`` and
``card.py``.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import card
import commands
import finish
import sources
from run import HERE, Run, fingerprints, fresh, limbeck, limbeck_for

import data

AMOUNTS: dict[str, Any] = {
    "caps": data.CAPS,
    "valid": data.VALID,
    "held": data.HELD,
    "own_rows": 6_000,  # 5 % of the rows: enough to be heard, too few to be learnt by heart
    "pieces": 11_600,  # 4.5 MB of embeddings in int8
    "epochs": 1,
    "lr": 1e-4,
    "batch_tokens": 2_048,  # 200 phrases or 8 reviews a step: about 2,900 steps an epoch
    "max_length": 256,
    "checkpoint_every": 400,
    "seed": 9,
}
"""What a rehearsal does less of; the reasons for the amounts of each part stand in ``data.py``."""

SPEED = {"bf16": (2_500, 1_900), "float32 on AVX2": (1_400, 1_000)}
"""Tokens/s of training on two cores: short texts, reviews."""

READERS = (sources.sst, sources.mr, sources.imdb, sources.subj, sources.go_emotions, sources.plain)


@dataclass(frozen=True)
class Piece:
    """One piece of the recipe."""

    settings: Callable[[Run], dict[str, Any]]
    inputs: Callable[[Run], dict[str, Path]]
    """Name -> file or folder that decides what comes out."""
    outputs: Callable[[Run], dict[str, Path]]
    make: Callable[[Run], dict[str, Any]]
    """What its json says was made; raises ``Unfinished`` where it stopped with a checkpoint."""


def amounts(run: Run, *names: str) -> dict[str, Any]:
    """The amounts of this run by name, those of a rehearsal where it is one."""
    return {name: run.amounts.get(name, AMOUNTS[name]) for name in names}


def _data_settings(run: Run) -> dict[str, Any]:
    asked = amounts(run, "own_rows", "caps", "valid", "held")
    lists = {"held": list(asked["held"]), "once": list(data.ONCE)}  # json gives lists back
    return asked | lists | {"nearly": data.NEARLY}


def _data_inputs(run: Run) -> dict[str, Path]:
    sets = [f"{name}/{split}.parquet" for name, splits in sources.SPLITS.items() for split in ("train", *splits)]
    sets.append("sst5/phrases.parquet")
    code = {name: HERE / name for name in ("sources.py", "data.py", "own_texts")}
    return code | {name: run.data / name for name in sets if (run.data / name).is_file()}


def _data_outputs(run: Run) -> dict[str, Path]:
    names = ("train", "valid", "reading", "calibration", "dev_sst2", "dev_sst5")
    return {f"{name}.jsonl": run.work / f"{name}.jsonl" for name in names}


def make_data(run: Run) -> dict[str, Any]:
    """Mix the parts, and leave what is learnt and what is held back as json lines."""
    own = run.work / "own.jsonl"
    rows = str(amounts(run, "own_rows")["own_rows"])
    commands.run(sys.executable, HERE / "own_texts" / "make.py", "--out", own, "--rows", rows)
    blocked = data.Blocklist(sources.held_out(run.data))
    dev_sst5 = sources.dev_sst5(run.data)
    read = chain.from_iterable(reader(run.data) for reader in READERS)
    limits = amounts(run, "caps", "valid", "held")
    mixture = data.mix(chain(read, data.read(own, "own")), dev_sst5, blocked, **limits)
    files = {name: getattr(mixture, name) for name in ("train", "valid", "reading", "calibration")}
    files["train"] = data.twice(mixture.train)
    files |= {"dev_sst2": sources.dev_sst2(run.data), "dev_sst5": dev_sst5}
    for name, kept in files.items():
        data.write(run.work / f"{name}.jsonl", kept)
    tokens = _tokens(run, files["train"])
    return {
        "train": data.counts(mixture.train),
        "rows": {name: len(kept) for name, kept in files.items()},
        "classes": {label: sum(row.label == label for row in mixture.train) for label in sources.CLASSES},
        "left_out": mixture.left_out,
        "blocked_texts": len(blocked),
        "tokens": tokens,
        "minutes_an_epoch": _minutes(tokens),
    }


def _tokens(run: Run, rows: Iterable[data.Row]) -> dict[str, int]:
    """Part -> tokens read of it in an epoch, special ones included, by the encoder's whole vocabulary."""
    from limbeck.text import Encoder, TextSettings

    encoder = Encoder.from_file(run.encoder / "tokenizer.json", TextSettings(**amounts(run, "max_length")))
    texts: dict[str, list[str]] = {part: [] for part in data.PARTS}
    for row in rows:
        texts[row.part].append(row.text)
    return {part: int(encoder.encode(some).lengths.sum()) for part, some in texts.items() if some}


def _minutes(tokens: dict[str, int]) -> dict[str, float]:
    """What an epoch of training will take."""
    long = tokens.get("imdb", 0)
    short = sum(tokens.values()) - long
    return {name: round((short / fast + long / slow) / 60, 1) for name, (fast, slow) in SPEED.items()}


def _trim_settings(run: Run) -> dict[str, Any]:
    return amounts(run, "pieces") | {"added": marks()}


def marks() -> dict[str, str]:
    """Emoji and emoticons that become pieces of their own, with the words that their rows begin by."""
    from limbeck.text.emoji import EMOJI, EMOTICONS

    return {**EMOJI, **EMOTICONS}


def _trim_inputs(run: Run) -> dict[str, Path]:
    encoder = {name: run.encoder / name for name in ("config.json", "model.safetensors", "tokenizer.json")}
    return encoder | {
        "train.jsonl": run.work / "train.jsonl",
        "imdb/unlabelled.parquet": run.data / "imdb" / "unlabelled.parquet",
    }


def make_trim(run: Run) -> dict[str, Any]:
    """Cut the encoder's vocabulary to what the training texts and the unlabelled reviews use most."""
    from limbeck.passes.trim import piece_counts, trim_folder
    from limbeck.text import Encoder

    encoder = Encoder.from_file(run.encoder / "tokenizer.json")
    uses = piece_counts(encoder, chain(_texts(run.work / "train.jsonl"), sources.unlabelled(run.data)))
    pieces = amounts(run, "pieces")["pieces"]
    report = trim_folder(run.encoder, fresh(run.work / "trimmed"), uses, pieces=pieces, added=marks())
    run.say("; ".join(report.lines()))
    return dataclasses.asdict(report)


def _texts(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)["text"]


def _train_settings(run: Run) -> dict[str, Any]:
    names = ("epochs", "lr", "batch_tokens", "max_length", "checkpoint_every", "seed")
    return amounts(run, *names)


def _train_inputs(run: Run) -> dict[str, Path]:
    return {
        "train.jsonl": run.work / "train.jsonl",
        "valid.jsonl": run.work / "valid.jsonl",
        "trimmed": run.work / "trimmed",
    }


def make_train(run: Run) -> dict[str, Any]:
    """Fine-tune the trimmed encoder on three classes.

    A model or checkpoints of other inputs make way; those of the same inputs are taken up, finished or not.

    Raises:
        Unfinished: the time is over, and a checkpoint stands.
    """
    out, begun = run.work / "float", run.work / "float.inputs.json"
    wanted = {"settings": _train_settings(run), "files": fingerprints(_train_inputs(run))}
    if not begun.exists() or json.loads(begun.read_text(encoding="utf-8")) != wanted:
        fresh(out)
        fresh(out.with_name("float.checkpoint"))
        begun.write_text(json.dumps(wanted), encoding="utf-8")
    columns = ("--text-column", "text", "--label-column", "label", "--task", "classify")
    tuned = [word for name, value in wanted["settings"].items() for word in (f"--{name.replace('_', '-')}", str(value))]
    files = ("--valid", run.work / "valid.jsonl", "--model", run.work / "trimmed", "--out", out)
    words = ("train", run.work / "train.jsonl", *columns, *tuned, *files, "--no-calibrate", "--resume")
    limbeck_for(run.minutes, *words)
    manifest = json.loads((out / "limbeck.json").read_text(encoding="utf-8"))
    log = [json.loads(line) for line in (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    epochs = [entry for entry in log if "train_loss" in entry]
    return {"training": manifest["training"], "valid": manifest["metrics"], "epochs": epochs, "data": manifest["data"]}


def make_int8(run: Run) -> dict[str, Any]:
    """Quantise the weights."""
    limbeck("export", run.work / "float", "--int8", "--out", fresh(run.work / "int8"))
    return {"bytes": sum(file.stat().st_size for file in (run.work / "int8").rglob("*") if file.is_file())}


PIECES: dict[str, Piece] = {
    "data": Piece(_data_settings, _data_inputs, _data_outputs, make_data),
    "trim": Piece(_trim_settings, _trim_inputs, lambda run: {"trimmed": run.work / "trimmed"}, make_trim),
    "train": Piece(_train_settings, _train_inputs, lambda run: {"float": run.work / "float"}, make_train),
    "int8": Piece(
        lambda _: {}, lambda run: {"float": run.work / "float"}, lambda run: {"int8": run.work / "int8"}, make_int8
    ),
    "reading": Piece(finish.reading_settings, finish.reading_inputs, lambda _: {}, finish.make_reading),
    "calibrate": Piece(lambda _: {}, finish.calibrate_inputs, finish.calibrate_outputs, finish.make_calibrate),
    "report": Piece(lambda _: {}, finish.report_inputs, finish.report_outputs, finish.make_report),
    "card": Piece(card.card_settings, card.card_inputs, card.card_outputs, card.make_card),
}
"""The pieces by name, in their order."""
