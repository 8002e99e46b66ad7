"""The model that ships: what stands in its folder, and that it knows good from bad."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import limbeck
from limbeck import sentiment
from limbeck.artefact.manifest import INT8_GRAPH, WEIGHTS_SUFFIX, Manifest
from limbeck.artefact.verify import sha256, verify
from limbeck.cli import main
from limbeck.runtime.check import check

RESULTS = Path(__file__).resolve().parents[2] / "recipes" / "sentiment" / "results"
CLEAR = {
    "positive": ("I loved every minute of it.", "Great service, we will be back!", "so good 😍", "not bad at all"),
    "negative": ("An hour I want back.", "The worst phone I have ever had.", "terrible 😡", "not good at all"),
    "neutral": ("The shop opens at nine.", "The report has forty pages.", "The bus stops at the corner."),
}


@pytest.fixture(autouse=True)
def shipped(monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("LIMBECK_SENTIMENT", raising=False)
    return sentiment.folder()


def test_it_is_whole_small_and_for_the_runtime_alone(shipped: Path) -> None:
    manifest = verify(shipped)
    files = [path for path in shipped.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 16_000_000
    assert manifest.graph == INT8_GRAPH
    assert not [path.name for path in files if path.suffix in (".safetensors", ".bin", ".pkl", ".py")]
    assert manifest.classes == ("negative", "neutral", "positive")
    assert manifest.languages == ["en"]
    assert "Apache License" in (shipped / "LICENSE").read_text(encoding="utf-8")
    card = (shipped / "README.md").read_text(encoding="utf-8")
    for section in ("Intended use", "Measured", "Does it understand?", "Limits"):
        assert f"## {section}" in card


def test_this_machine_computes_what_was_recorded(shipped: Path) -> None:
    assert check(shipped).ok


def test_it_is_what_the_recipe_recorded(shipped: Path) -> None:
    lean = json.loads((RESULTS / "calibrate.json").read_text(encoding="utf-8"))["made"]
    files = Manifest.read(shipped).files
    assert files[INT8_GRAPH]["sha256"] == lean["graph"] == sha256(shipped / INT8_GRAPH)
    assert files.get(INT8_GRAPH + WEIGHTS_SUFFIX, {}).get("sha256") == lean.get("weights")


@pytest.mark.parametrize(("label", "text"), [(label, text) for label, texts in CLEAR.items() for text in texts])
def test_it_knows_clear_cases(label: str, text: str) -> None:
    answer = limbeck.sentiment.predict(text)
    assert answer.predicted == label
    assert answer.score == pytest.approx(answer.probs["positive"] - answer.probs["negative"])


def test_no_model_is_named_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "An hour I want back."]) == 0
    assert capsys.readouterr().out.startswith("negative  0.")
    assert main(["info"]) == 0
    assert "languages" in capsys.readouterr().out
    assert main(["check"]) == 0
    assert capsys.readouterr().out.startswith("ok: ")
