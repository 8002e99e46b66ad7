"""What TensorBoard is told, read back from its files."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from limbeck.errors import MissingExtra, SettingsError
from limbeck.train.tensorboard import TensorBoard

pytest.importorskip("tensorboard")


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        found = EventAccumulator(str(folder))
        found.Reload()
        return {tag: [(one.step, one.value) for one in found.Scalars(tag)] for tag in found.Tags()["scalars"]}


def test_entries_become_scalars_and_rounds_follow_each_other(tmp_path: Path) -> None:
    with TensorBoard(tmp_path / "deep" / "runs") as board:
        for update in (1, 2):
            board({"update": update, "epoch": 1, "loss": 1.0 / update, "lr": 0.5, "norm": 2.0, "rows": [1]})
        board({"update": 2, "epoch": 1, "train_loss": 0.75, "valid": {"loss": 0.25, "accuracy": 1.0}})
        board({"update": 1, "epoch": 1, "loss": 0.125, "lr": 0.25, "norm": 1.0})  # another fit
    found = scalars(tmp_path / "deep" / "runs")
    assert found["train/loss"] == [(1, 1.0), (2, 0.5), (3, 0.125)]
    assert found["train/lr"] == [(1, 0.5), (2, 0.5), (3, 0.25)]
    assert found["valid/loss"] == [(2, 0.25)]
    assert sorted(found) == ["train/loss", "train/lr", "train/norm", "valid/accuracy", "valid/loss"]


def test_fits_of_one_update_follow_each_other_too(tmp_path: Path) -> None:
    with TensorBoard(tmp_path) as board:
        for loss in (3.0, 2.0, 1.0):
            board({"update": 1, "epoch": 1, "loss": loss})
            board({"update": 1, "epoch": 1, "train_loss": loss, "valid": {"loss": loss}})
    found = scalars(tmp_path)
    assert found["train/loss"] == found["valid/loss"] == [(1, 3.0), (2, 2.0), (3, 1.0)]


def test_without_the_extra_the_message_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    absent: Any = None
    monkeypatch.setitem(sys.modules, "tensorboard", absent)
    with pytest.raises(
        MissingExtra, match=r"tensorboard is not installed; this needs it. Run: pip install 'limbeck\[logs\]'"
    ):
        TensorBoard(tmp_path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"--tensorboard '.*file' cannot be made: File exists; give another folder"):
        TensorBoard(tmp_path / "file")
