"""``limbeck plot``: a saved training as a picture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from limbeck.cli import main

pytest.importorskip("matplotlib")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    entries = [{"update": n, "epoch": 1, "loss": 1 / n, "lr": 1e-4, "momentum": 0.9} for n in range(1, 9)]
    (tmp_path / "model").mkdir()
    log = [*entries, {"epoch": 1, "update": 8, "train_loss": 0.3, "valid": {"loss": 0.4}}]
    (tmp_path / "model" / "metrics.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in log))
    return tmp_path / "model"


@pytest.mark.parametrize("what", [[], ["--what", "lr", "loss"]])
def test_it_is_drawn(model: Path, what: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    out = model.parent / "training.png"
    assert main(["plot", str(model), "--out", str(out), *what]) == 0
    assert capsys.readouterr().out == f"saved: {out}\n"
    assert out.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere", "--out", "a.png"], "give the folder of a model that limbeck trained"),
        (["model/metrics.jsonl", "--out", "a.png"], "'model/metrics.jsonl' is a file; give the folder of a model"),
        (["MODEL", "--out", "a.txt"], "--out 'a.txt' is no picture"),
        (["MODEL", "--out", "a.png", "--what", "rate"], "'rate' is not drawn; it takes"),
    ],
)
def test_mistakes(
    model: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(model.parent)
    assert main(["plot", *(str(model) if word == "MODEL" else word for word in words)]) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in model.parent.iterdir()] == ["model"]


def test_a_model_fitted_in_one_go_has_no_course(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (model / "metrics.jsonl").write_text('{"fit": {"name": "logistic regression"}}\n')
    assert main(["plot", str(model), "--out", str(model.parent / "a.png")]) == 2
    assert "there are no updates to draw" in capsys.readouterr().err
