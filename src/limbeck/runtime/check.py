"""Replay the probes: does this machine compute what the machine that saved the folder computed?"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from limbeck import cache
from limbeck.artefact.manifest import AGAIN, Manifest
from limbeck.artefact.verify import start
from limbeck.errors import ArtefactError
from limbeck.runtime.predictor import Predictor
from limbeck.tasks import TaskLike
from limbeck.text import Input

_KIND = "checked"


@dataclass(frozen=True)
class CheckReport:
    """What a replay of the probes found."""

    folder: str
    n_files: int
    """Files whose size and sha256 were verified."""
    n_probes: int
    difference: float
    """Largest difference of a probability; for a number, of the number, relative to the largest one (at least 1)."""
    tolerance: float
    machine: str
    precision: str = "float32"
    """What products were computed in: float32 or int8."""

    @property
    def ok(self) -> bool:
        """Whether the answers are those of the machine that saved the folder."""
        return self.difference <= self.tolerance


def check(folder: Path | str) -> CheckReport:
    """Verify ``folder`` and replay its probes, whatever the cache remembers of earlier replays.

    Raises:
        ArtefactError: files are missing or damaged, or there are no probes.
    """
    verification = start(folder)
    report = replay(Predictor(folder, verification.result()))
    if not report.n_probes:
        raise ArtefactError(f"{folder} holds no probes to replay; train or export it again")
    return report


def replay(predictor: Predictor) -> CheckReport:
    """Ask the probes of the predictor's manifest again and compare with what the same precision said then."""
    probes = predictor.manifest.probes
    texts = probe_inputs(predictor.manifest)
    said = {**probes, **probes.get(predictor.way.precision, {})}
    expected = np.array(said.get("logits", []), np.float64)
    if expected.shape != (len(texts), predictor.task.n_outputs) and len(texts):
        raise ArtefactError(
            f"{predictor.folder}: limbeck.json has logits of the shape {expected.shape} for {len(texts)} probes and "
            f"{predictor.task.n_outputs} outputs; {AGAIN}"
        )
    expected = expected.reshape(len(texts), predictor.task.n_outputs)
    found = predictor.logits(texts, refuse=False)[0].astype(np.float64)
    return CheckReport(
        folder=str(predictor.folder),
        n_files=len(predictor.manifest.files),
        n_probes=len(texts),
        difference=difference(predictor.task, expected, found),
        tolerance=float(said.get("tolerance", 1e-4)),
        machine=machine(),
        precision=predictor.way.precision,
    )


def trusted(predictor: Predictor, *, instead: Callable[[], Predictor]) -> tuple[Predictor, str]:
    """Replay the probes unless they agreed on this machine before; who is to answer, and what to tell the user.

    Args:
        predictor: what would answer.
        instead: makes the predictor in float32 that answers where ``predictor`` computes in int8 and disagrees.

    Returns:
        One of the two predictors, and a notice, mostly the empty string.
    """
    report = _first_time(predictor)
    if report is None or report.ok:
        return predictor, ""
    hint = f"see: limbeck check {predictor.folder}"
    if report.precision == "float32":
        return predictor, f"{predictor.folder}: probabilities {_differ(report)}; {hint}"
    other = instead()
    second = _first_time(other)
    notice = f"{predictor.folder}: int8 probabilities {_differ(report)}"
    if second is None or second.ok:
        return other, f"{notice}; float32, which agrees, answers instead"
    return other, f"{notice}; float32 answers instead, but its probabilities {_differ(second)}; {hint}"


def _differ(report: CheckReport) -> str:
    return (
        f"differ by up to {report.difference:.2g} from those of the machine that saved it "
        f"(tolerance {report.tolerance:.2g})"
    )


def _first_time(predictor: Predictor) -> CheckReport | None:
    """What a replay finds; None where there are no probes, or they agreed on this machine before."""
    if not predictor.manifest.probes.get("texts"):
        return None
    key = hashlib.sha256(f"{predictor.fingerprint} {machine()}".encode()).hexdigest()[:32]
    if cache.recall(_KIND, key) is not None:
        return None
    report = replay(predictor)
    if report.ok:
        cache.remember(_KIND, key, {"difference": report.difference, "machine": report.machine})
    return report


def difference(task: TaskLike, expected: NDArray[np.float64], found: NDArray[np.float64]) -> float:
    """Largest difference between two sets of answers; infinite where one is not a number."""
    if not np.isfinite(found).all():
        return float("inf")
    before, after = task.decode(expected).compared, task.decode(found).compared
    if before:
        return max(float(np.abs(after[name] - before[name]).max(initial=0.0)) for name in before)
    scale = max(1.0, float(np.abs(expected).max(initial=0.0)))
    return float(np.abs(found - expected).max(initial=0.0)) / scale


def machine() -> str:
    """What answers may depend on: system, processor and onnxruntime's version."""
    return f"{platform.system()} {_processor()} onnxruntime {onnxruntime.__version__}"


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
            lines = file.read(4096).splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return " ".join([platform.machine(), *names[:1]])


def probe_inputs(manifest: Manifest) -> list[Input]:
    """The probes as inputs: texts, or pairs, which json gives back as lists."""
    return [text if isinstance(text, str) else (text[0], text[1]) for text in manifest.probes.get("texts", [])]
