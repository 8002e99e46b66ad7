"""Run the programs that are measured, each in a process of its own, without a network."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from limbeck.scores import Scores

HERE = Path(__file__).resolve().parent
ENVIRONMENT = os.environ | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}


def parser(doc: str | None, *, data: str, work: str, encoder: str | None = "of the encoder") -> argparse.ArgumentParser:
    """The flags that most benchmarks share: three folders, each with a word on what is in it; None leaves one out."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    for flag, what in (("--data", data), ("--encoder", encoder), ("--work", work)):
        if what is None:
            continue
        made.add_argument(flag, type=Path, required=True, help=f"folder {what}")
    return made


def parsed(given: argparse.ArgumentParser) -> argparse.Namespace:
    """Read the flags of :func:`parser`: WORK is made, and ``seeds``, where there is ``--seeds``, a list of numbers."""
    args = given.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    if "seeds_text" in args:
        args.seeds = [int(seed) for seed in args.seeds_text.split(",")]
    return args


def names_in(text: str, known: Iterable[str], *, flag: str, parser: argparse.ArgumentParser) -> list[str]:
    """The names in ``text``, with commas between them; the parser ends the program where one is not ``known``."""
    names, accepted = text.split(","), list(known)
    if unknown := set(names) - set(accepted):
        parser.error(f"{flag} takes {', '.join(accepted)}, not {', '.join(sorted(unknown))}")
    return names


def first_rows(source: Path, n: int, out: Path) -> Path:
    """Write the first rows of a parquet file at ``out``, and return that."""
    import pyarrow.parquet as pq

    pq.write_table(pq.read_table(source).slice(0, n), out)
    return out


def limbeck() -> str:
    """Path of the ``limbeck`` beside this Python, else the one on PATH."""
    found = shutil.which("limbeck", path=str(Path(sys.executable).parent)) or shutil.which("limbeck")
    if found is None:
        raise SystemExit("no `limbeck` beside this Python or on PATH; run: pip install -e '.[all]'")
    return found


def run(*words: str | Path) -> None:
    """Run to the end, what it prints on our stderr; a failure ends the benchmark."""
    print("+", *words, file=sys.stderr, flush=True)
    subprocess.run([str(word) for word in words], env=ENVIRONMENT, stdout=sys.stderr, check=True)


def output(*words: str | Path) -> str:
    """Run to the end and return what it printed on stdout; a failure ends the benchmark."""
    command = [str(word) for word in words]
    done = subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.PIPE, encoding="utf-8", check=True)
    return done.stdout


def script(name: str, out: Path, *words: str | Path) -> dict[str, Any]:
    """Run a script of this folder that writes json to ``--out``; return the json."""
    run(sys.executable, HERE / name, *words, "--out", out)
    result: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return result


def accuracy_of(folder: Path, test: Path, flags: Sequence[str] = ()) -> float:
    """Accuracy of a saved model on a labelled file, between 0 and 1, as ``limbeck evaluate --json`` tells it."""
    told = json.loads(output(limbeck(), "evaluate", folder, test, "--json", *flags))
    return float(told["metrics"]["accuracy"])


def scores_of(folder: Path, test: Path, flags: Sequence[str] = ()) -> Scores:
    """What a saved model says of a labelled file, as ``limbeck evaluate --scores`` writes it."""
    from limbeck.scores import Scores

    with tempfile.TemporaryDirectory() as home:
        file = Path(home) / "scores.npz"
        output(limbeck(), "evaluate", folder, test, *flags, "--scores", file)
        return Scores.open(file)


def said_of(teacher: Path, texts: Sequence[str | Path], kept: Path, work: Path) -> Path:
    """What a teacher says of texts, kept at ``kept`` and not asked again; ``texts`` are words of ``limbeck distil``."""
    if not kept.exists():
        out, aside = work / "asked", work / "asked.npz"
        quick = ("--student", "static", "--epochs", "1", "--max-updates", "1", "--no-calibrate")  # nobody wants it
        run(limbeck(), "distil", teacher, *texts, *quick, "--scores", aside, "--overwrite", "--out", out)
        shutil.copy(aside, kept)
        shutil.rmtree(out)
    return kept


def wrong_rows(scores: Scores) -> dict[str, Any]:
    """Accuracy in percent, number of rows, and which of them are wrong, of a classifier's scores."""
    assert scores.targets is not None
    wrong = (scores.logits.argmax(axis=1) != scores.targets).nonzero()[0]
    return {"accuracy": 100 * (1 - len(wrong) / len(scores)), "n_test": len(scores), "wrong": wrong.tolist()}


def training_of(folder: Path) -> dict[str, Any]:
    """Return ``training`` of a saved model: ``seconds`` of the loop (evaluation excluded) and the ``texts`` it read."""
    told: dict[str, Any] = json.loads((folder / "limbeck.json").read_text(encoding="utf-8"))["training"]
    return told


def fingerprint(encoder: Path) -> str:
    """First 12 hex digits of the sha256 of an encoder's weights."""
    return digest(encoder / "model.safetensors")


def digest(path: Path) -> str:
    """First 12 hex digits of a file's sha256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]
