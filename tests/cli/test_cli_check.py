from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from limbeck.artefact.manifest import Manifest
from limbeck.cli.check import Settings, run
from limbeck.errors import ArtefactError
from support.tiny import shared


@pytest.fixture
def differing(tmp_path: Path) -> Path:
    """A copy whose probes were answered by another machine, so to speak."""
    shutil.copytree(shared(), tmp_path / "model")
    manifest = Manifest.read(shared())
    logits = np.array(manifest.probes["logits"])[:, ::-1].tolist()
    content = replace(manifest, probes={**manifest.probes, "logits": logits}).to_bytes()
    (tmp_path / "model" / "limbeck.json").write_bytes(content)
    return tmp_path / "model"


def test_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Settings(shared())) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("ok: 5 files are whole; 32 probes replayed on ")
    assert lines[1].startswith("largest difference ")
    assert lines[1].endswith("tolerance 0.0001")


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Settings(shared(), json=True)) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is True
    assert found["n_probes"] == 32
    assert found["difference"] < 1e-6


def test_other_answers_leave_with_1(differing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Settings(differing)) == 1
    assert capsys.readouterr().out.startswith("differs: ")
    assert run(Settings(differing, json=True)) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False


def test_damage_is_an_error(differing: Path) -> None:
    (differing / "tokenizer.json").write_bytes(b"")
    with pytest.raises(ArtefactError, match=r"tokenizer\.json has 0 bytes"):
        run(Settings(differing))
