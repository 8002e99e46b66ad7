"""After training: how long reviews are read, honest probabilities, what ships, and its measures on the dev sets.

The scaling (``scaling.py``) is fitted on the pair of negative and positive alone, since it is their two probabilities,
made to sum to 1, that users of two-class tools compare. It is fitted on what the int8 graph said and folded into the
float weights, which are quantised once more; ``report`` measures what came of it.
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scaling
from numpy.typing import NDArray
from run import HERE, Run, fresh, limbeck

from limbeck.inspect.calibration_error import calibration_error
from limbeck.scores import Scores

if TYPE_CHECKING:
    from limbeck.artefact.manifest import Manifest
    from limbeck.data import Dataset
    from limbeck.runtime.predictor import Predictor

READINGS = ("head_and_tail", "windows")
MAX_BYTES = 16_000_000
CARD_BYTES = 12_000
"""Room for the card, which is written last."""
SOURCE = "sentence-transformers/all-MiniLM-L6-v2"
LICENCE = f"""The weights in this folder are fine-tuned from {SOURCE},
which its authors (sentence-transformers) give under the Apache License, Version 2.0, and which was made from
Microsoft's MiniLM-L12-H384-uncased (MIT License) by way of nreimers/MiniLM-L6-H384-uncased. Changes: vocabulary
trimmed, emoji and emoticons added, a layer for three classes of sentiment put on, all weights fine-tuned and
quantised to 8 bits. The result is given under the same license:

"""


def reading_settings(_: Run) -> dict[str, Any]:
    """The ways of reading that are compared."""
    return {"readings": list(READINGS)}


def reading_inputs(run: Run) -> dict[str, Path]:
    """The int8 model and the reviews held back for this."""
    return {"int8": run.work / "int8", "reading.jsonl": run.work / "reading.jsonl"}


def make_reading(run: Run) -> dict[str, Any]:
    """Read long reviews in windows, and by head and tail; choose what is right more often, the faster where equal."""
    from limbeck.runtime import load

    predictor = load(run.work / "int8", notify=run.say)
    reviews = labelled(run.work / "reading.jsonl", predictor)
    found = {}
    for name in READINGS:
        start = time.perf_counter()
        logits, _ = predictor.logits(reviews.inputs, windows=name == "windows")
        seconds = time.perf_counter() - start
        right = float((sides(logits) == truths(reviews)).mean())
        found[name] = {"accuracy": right, "texts_per_second": round(len(reviews) / seconds, 1)}
    chosen = max(READINGS, key=lambda name: (found[name]["accuracy"], found[name]["texts_per_second"]))
    return {"chosen": chosen, "rows": len(reviews), "data": reviews.fingerprint, **found}


def reads_windows(run: Run) -> bool:
    """What the piece ``reading`` chose."""
    told = json.loads((run.results / "reading.json").read_text(encoding="utf-8"))
    return bool(told["made"]["chosen"] == "windows")


def calibrate_inputs(run: Run) -> dict[str, Path]:
    """Both models, the choice of reading, and the rows held back for this."""
    files = {name: run.work / name for name in ("float", "int8", "dev_sst2.jsonl", "valid.jsonl", "calibration.jsonl")}
    return files | {"reading.json": run.results / "reading.json"}


def calibrate_outputs(run: Run) -> dict[str, Path]:
    """The float model with the temperature in it, and what ships but for its card."""
    return {"calibrated": run.work / "calibrated", "lean": run.lean}


def make_calibrate(run: Run) -> dict[str, Any]:
    """Fit one scaling for sentences and reviews together, fold it in, and export what ships.

    Sentences are SST-2's dev and those of MR that were held back: of dev alone the share of positive ones is known to a
    point and a half only.

    Raises:
        SystemExit: what ships is larger than promised, or does not answer as it did when it was saved.
    """
    from limbeck.artefact.manifest import INT8_GRAPH, WEIGHTS_SUFFIX, Manifest
    from limbeck.runtime import load

    predictor = load(run.work / "int8", notify=run.say)
    dev = labelled(run.work / "dev_sst2.jsonl", predictor)
    mr = of_part(run.work / "valid.jsonl", "mr", predictor)
    reviews = labelled(run.work / "calibration.jsonl", predictor)
    said = {
        "sentences": (predictor.logits([*dev.inputs, *mr.inputs])[0], np.concatenate([truths(dev), truths(mr)])),
        "imdb_held_back": (predictor.logits(reviews.inputs, windows=reads_windows(run))[0], truths(reviews)),
    }
    found = scaling.fit(said)
    right = {name: sides(found(rows)) == true for name, (rows, true) in said.items()}
    right["sst2_dev"] = right.pop("sentences")[: len(dev)]
    figures = {f"{name}_accuracy": float(marks.mean()) for name, marks in right.items()}
    n_rows = sum(len(true) for _, true in said.values())
    note = {"name": "calibrate", **asdict(found), "rows": n_rows, "classes": ["negative", "positive"]}
    _fold(run, found, note, figures)
    limbeck("export", run.work / "calibrated", "--int8", "--out", fresh(run.lean))
    _keep_licence(run.lean)
    size = sum(file.stat().st_size for file in run.lean.rglob("*") if file.is_file()) + CARD_BYTES
    if size > MAX_BYTES:
        raise SystemExit(f"the model has {size:,} bytes; {MAX_BYTES:,} were promised: keep fewer pieces")
    limbeck("check", run.lean)
    errors = {name: errors_of(found(logits), true) for name, (logits, true) in said.items()}
    sealed = {name: entry["sha256"] for name, entry in Manifest.read(run.lean).files.items()}
    hashes = {"graph": sealed[INT8_GRAPH], "weights": sealed.get(INT8_GRAPH + WEIGHTS_SUFFIX)}
    fitted = {"scaling": asdict(found), "on_rows_left_out": scaling.judged(said), "errors": errors}
    return {**fitted, "bytes": size, **hashes, **figures}


def _fold(run: Run, found: scaling.Scaling, note: dict[str, Any], figures: dict[str, float]) -> Manifest:
    """The float model with its logits scaled."""
    from limbeck import models
    from limbeck.artefact.manifest import Manifest
    from limbeck.artefact.save import seal
    from limbeck.passes.calibrate import map_output
    from limbeck.runtime.session import answer_probes

    source = run.work / "float"
    manifest = Manifest.read(source)

    def fill(staging: Path) -> Manifest:
        for name in ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"):
            shutil.copy2(source / name, staging / name)
        (staging / "LICENSE").write_text(licence(run), encoding="utf-8")
        map_output(staging, manifest.model["output_layer"], found.matrix(), found.bias())
        models.write_graph(staging, manifest.model["family"])
        return replace(
            manifest,
            files={},
            probes={},
            metrics=manifest.metrics | figures,
            model={**manifest.model, "source": SOURCE},
            passes=[*manifest.passes, note],
            reading="windows" if reads_windows(run) else "head_and_tail",
            languages=["en"],
        )

    return seal(run.work / "calibrated", fill=fill, probe=answer_probes, overwrite=True)


def licence(run: Run) -> str:
    """The encoder's licence with its authors named: its own file where it has one, else ours, which is the same one."""
    own = run.encoder / "LICENSE"
    text = own if own.is_file() else HERE.parents[1] / "LICENSE"
    return LICENCE + text.read_text(encoding="utf-8")


def _keep_licence(folder: Path) -> None:
    """See that the licence went along."""
    from limbeck.artefact.manifest import Manifest

    if "LICENSE" not in Manifest.read(folder).files:
        raise SystemExit(f"{folder.name} has no LICENSE: `limbeck export` left it out")


def report_inputs(run: Run) -> dict[str, Path]:
    """What ships, and the dev sets."""
    files = {name: run.work / f"{name}.jsonl" for name in ("dev_sst2", "dev_sst5", "calibration")}
    return files | {"lean": run.lean}


def report_outputs(run: Run) -> dict[str, Path]:
    """Scores of what ships on the dev sets, without texts."""
    return {f"{name}.npz": run.results / "scores" / f"{name}.npz" for name in ("dev_sst2", "dev_sst5", "calibration")}


def make_report(run: Run) -> dict[str, Any]:
    """Measure what ships on the dev sets and on the reviews held back; keep the Scores."""
    from limbeck.inspect.report import make_report as judge
    from limbeck.runtime import load
    from limbeck.runtime.score import encode_targets, scores_of

    predictor = load(run.lean, notify=run.say)
    whole: dict[str, Any] = {"fingerprint": predictor.fingerprint, "reading": predictor.manifest.reading}
    for name, path in report_outputs(run).items():
        name = name.removesuffix(".npz")
        rows = labelled(run.work / f"{name}.jsonl", predictor)
        logits, encoded = predictor.logits(rows.inputs)
        targets = encode_targets(rows, predictor.task)
        scores = scores_of(rows, predictor.task, logits, targets, encoded, model=predictor.fingerprint)
        scores.write(path)
        unanswered = int((~scores.answerable).sum())
        whole[name] = {"rows": len(rows), "unanswered": unanswered, "data": rows.fingerprint, **judged(scores)}
        whole[name]["three_classes"] = judge(scores, predictor.task).metrics
    return whole


def judged(scores: Scores) -> dict[str, Any]:
    """What Scores with the three classes say of the two: on rows that are negative or positive."""
    assert scores.targets is not None
    kept = scores.answerable & (scores.targets != 1)
    logits, true = scores.logits[kept], (scores.targets[kept] == 2).astype(np.int64)
    return {"accuracy": float((sides(logits) == true).mean()), "rows_with_a_side": len(true)} | errors_of(logits, true)


def errors_of(logits: NDArray[Any], true: NDArray[np.int64]) -> dict[str, float]:
    """Debiased calibration error of the two probabilities made to sum to 1, with its interval, in points."""
    probs = scaling.positive(logits)
    if len(probs) < 2:
        return {}
    found = calibration_error(probs, true)
    return {
        "error_points": round(100 * found.value, 3),
        "error_low": round(100 * found.low, 3),
        "error_high": round(100 * found.high, 3),
    }


def sides(logits: NDArray[Any]) -> NDArray[np.int64]:
    """1 where positive is more probable than negative, else 0: shape ``(N,)``."""
    return (logits[:, 2] > logits[:, 0]).astype(np.int64)


def truths(dataset: Dataset) -> NDArray[np.int64]:
    """1 for a row that is positive, 0 for one that is negative: shape ``(N,)``."""
    return np.array([target == "positive" for target in dataset.targets or ()], np.int64)


def labelled(path: Path, predictor: Predictor) -> Dataset:
    """The rows of a file of ours, for a model of the three classes."""
    from limbeck.data import of_classes, read

    rows = read(path, text_column="text", label_column="label", task="classify", one_class_ok=True)
    return of_classes(rows, predictor.classes)


def of_part(path: Path, part: str, predictor: Predictor) -> Dataset:
    """The rows of one part in a file of ours."""
    with path.open(encoding="utf-8") as lines:
        chosen = [n for n, line in enumerate(lines) if json.loads(line)["part"] == part]
    return labelled(path, predictor).take(chosen)
