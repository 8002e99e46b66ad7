from __future__ import annotations

import platform
import shutil
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limbeck.artefact.manifest import Manifest
from limbeck.errors import ArtefactError
from limbeck.runtime import check as room
from limbeck.runtime import load
from limbeck.runtime.check import check, difference
from limbeck.tasks import make_task
from support.tiny import shared


@pytest.fixture
def replays(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []
    honest = room.replay

    def spy(model: Any) -> Any:
        seen.append(model.fingerprint)
        return honest(model)

    monkeypatch.setattr(room, "replay", spy)
    return seen


def changed(folder: Path, out: Path, **probes: Any) -> Path:
    """A copy of ``folder`` whose manifest has other probes."""
    shutil.copytree(folder, out)
    manifest = Manifest.read(folder)
    (out / "limbeck.json").write_bytes(replace(manifest, probes={**manifest.probes, **probes}).to_bytes())
    return out


@pytest.mark.parametrize("kind", ["text", "pair", "regress"])
def test_the_machine_that_saved_it_agrees(kind: str) -> None:
    report = check(shared(kind))
    assert report.ok
    assert report.difference < 1e-6
    assert (report.n_probes, report.n_files, report.tolerance) == (32, 5, 1e-4)
    assert "onnxruntime" in report.machine


def test_another_answer_is_found(tmp_path: Path) -> None:
    logits = np.array(Manifest.read(shared()).probes["logits"])
    logits[3] = -logits[3]
    report = check(changed(shared(), tmp_path / "model", logits=logits.tolist()))
    assert not report.ok
    assert report.difference > 0.01
    assert check(changed(shared(), tmp_path / "loose", logits=logits.tolist(), tolerance=1.0)).ok


def test_the_first_load_replays_and_later_ones_do_not(replays: list[str]) -> None:
    load(shared())
    load(shared())
    assert len(replays) == 1


def test_another_machine_replays_again(replays: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    load(shared())
    monkeypatch.setattr(room, "machine", lambda: "another")
    load(shared())
    assert len(replays) == 2


def test_without_a_cache_every_load_replays(
    replays: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path / "file"))
    load(shared())
    load(shared())
    assert len(replays) == 2


def test_a_first_load_that_disagrees_warns_each_time(tmp_path: Path) -> None:
    logits = [[9.0, -9.0]] * 32
    folder = changed(shared(), tmp_path / "model", logits=logits)
    for _ in range(2):
        with pytest.warns(UserWarning, match=r"differ by up to \S+ from those of the machine.*limbeck check"):
            load(folder)
    lines: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load(folder, notify=lines.append)
    assert len(lines) == 1


def test_a_folder_without_probes_loads_and_cannot_be_checked(tmp_path: Path, replays: list[str]) -> None:
    folder = changed(shared(), tmp_path / "model", texts=[], logits=[])
    load(folder)
    assert replays == []
    with pytest.raises(ArtefactError, match="no probes to replay"):
        check(folder)


def test_differences_are_of_probabilities_and_of_relative_numbers() -> None:
    task = make_task("classify", classes=["a", "b"])
    even, sure = np.array([[0.0, 0.0]]), np.array([[np.log(3.0), 0.0]])
    assert difference(task, even, sure) == pytest.approx(0.25)
    assert difference(task, even, np.array([[np.nan, 0.0]])) == float("inf")
    number = make_task("regress")
    assert difference(number, np.array([[0.5]]), np.array([[0.25]])) == pytest.approx(0.25)
    assert difference(number, np.array([[1000.0]]), np.array([[999.0]])) == pytest.approx(1e-3)
    assert difference(number, np.zeros((0, 1)), np.zeros((0, 1))) == 0.0


def test_the_machine_has_a_name_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *args: Any, **named: Any) -> Any:
        raise OSError

    assert platform.machine() in room.machine()
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", refuse)
        assert platform.machine() in room.machine()


def test_a_score_counts_no_more_than_the_probabilities_it_is_made_of() -> None:
    task = make_task("classify", classes=["negative", "neutral", "positive"])
    one, other = (np.log(np.array([probs])) for probs in ([0.2, 0.2, 0.6], [0.3, 0.2, 0.5]))
    assert difference(task, one, other) == pytest.approx(0.1)
