from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from limbeck.artefact.manifest import Manifest
from limbeck.cli import main
from limbeck.cli.info import Settings, run
from limbeck.errors import ArtefactError, SettingsError
from support.sentiment_model import save_sentiment
from support.tiny import shared

HELD_BACK = "1,200 validation rows held back of reviews.csv"


def changed(tmp_path: Path, **changes: Any) -> Path:
    shutil.copytree(shared(), tmp_path / "model")
    manifest = replace(Manifest.read(shared()), **changes)
    (tmp_path / "model" / "limbeck.json").write_bytes(manifest.to_bytes())
    return tmp_path / "model"


def told(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    assert run(Settings(folder)) == 0
    lines = capsys.readouterr().out.splitlines()
    starts = {line.index(line[: len(line)].split("  ")[0]) for line in lines}
    assert starts == {0}
    return {line.split("  ")[0]: line.split("  ", 1)[1].strip() for line in lines}


def test_it_tells_what_the_model_is(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(shared(), capsys)
    assert found["task"] == "classify, of texts"
    assert found["classes"] == "negative, positive"
    assert found["model"] == "small tiny"
    assert found["onnx/model.onnx"].endswith(" bytes")
    assert found["metrics"] == "accuracy 0.75, loss 0.5"
    assert found["measured on"] == "validation rows, by the saved graph"
    assert found["folder"] == str(shared())
    assert found["card"] == f"{shared() / 'README.md'} (--card prints it)"
    assert found["text"] == "head 0.25, max_length 24"
    assert found["probes"] == "32"
    assert int(found["parameters"].replace(",", "")) > 500


def test_of_a_long_list_it_tells_the_length(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sketch = [f"{n:08x}" for n in range(128)]
    found = told(changed(tmp_path, data={"train": {"rows": 320, "sketch": sketch}}), capsys)
    assert found["data"] == "train (rows 320, sketch [128 entries])"


def test_it_tells_how_it_was_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = changed(
        tmp_path,
        training={"seconds": 12.3456789, "epochs": 3},
        data={
            "name": "reviews.csv",
            "text_column": "text",
            "text_pair_column": None,
            "label_column": "label",
            "train": {"rows": 320, "fingerprint": "a1"},
            "valid": None,
        },
        passes=[{"name": "calibrate", "temperature": 1.25}, "trim"],
        versions={"limbeck": "0.1.0"},
        model={
            "family": "transformer",
            "model_type": "bert",
            "source": "org/encoder",
            "parameters": 4321,
            "output_layer": "classifier",
        },
        inputs="pair",
    )
    found = told(folder, capsys)
    assert found["task"] == "classify, of pairs of texts"
    assert found["training"] == "epochs 3, seconds 12.3457"
    shown = "label_column label, name reviews.csv, text_column text, train (fingerprint a1, rows 320)"
    assert found["data"] == shown
    assert found["passes"] == "name calibrate, temperature 1.25; trim"
    assert (found["model"], found["started from"], found["parameters"]) == ("transformer bert", "org/encoder", "4,321")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, f"{HELD_BACK}, by the saved graph"),
        ({"settings": {"valid": "dev.csv"}}, "1,200 validation rows (dev.csv), by the saved graph"),
        (
            {"passes": [{"name": "calibrate"}, {"name": "quantise", "measured": False}]},
            f"{HELD_BACK}, by the graph before quantise",
        ),
        (
            {"metrics": {"accuracy": 0.8, "sst2_dev_accuracy": 0.9}},
            f"{HELD_BACK}, by the saved graph; sst2_dev_accuracy: on the set in the name",
        ),
    ],
)
def test_it_says_what_was_measured_on_what(
    changes: dict[str, Any], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = {"name": "reviews.csv", "valid": {"rows": 1200, "fingerprint": "b2"}}
    assert told(changed(tmp_path, **({"data": data} | changes)), capsys)["measured on"] == said


def test_nothing_measured_is_of_no_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "measured on" not in told(changed(tmp_path, metrics={}), capsys)


def test_the_card_is_printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Settings(shared(), card=True)) == 0
    out = capsys.readouterr().out
    assert out == (shared() / "README.md").read_text(encoding="utf-8")
    assert "## Measured" in out
    monkeypatch.setenv("LIMBECK_SENTIMENT", str(shared()))
    assert main(["info", "--card"]) == 0
    assert capsys.readouterr().out == out
    with pytest.raises(SettingsError, match="--card prints Markdown, and --json the manifest"):
        Settings(card=True, json=True)


def test_a_folder_may_have_no_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = changed(tmp_path)
    manifest = Manifest.read(folder)
    files = {name: entry for name, entry in manifest.files.items() if name != "README.md"}
    (folder / "limbeck.json").write_bytes(replace(manifest, files=files).to_bytes())
    (folder / "README.md").unlink()
    assert "card" not in told(folder, capsys)
    with pytest.raises(ArtefactError, match=r"has no card \(README\.md\)"):
        run(Settings(folder, card=True))


def test_what_is_not_recorded_is_not_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(changed(tmp_path, model={"family": "small"}, data={}), capsys)
    assert found["model"] == "small"
    assert not {"parameters", "started from", "data"} & found.keys()


def test_half_a_surrogate_pair_does_not_stop_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = changed(tmp_path, task={"name": "classify", "classes": ["a\ud83d", "b"]})
    assert told(folder, capsys)["classes"] == "a?, b"


def test_a_number_has_no_classes(capsys: pytest.CaptureFixture[str]) -> None:
    assert "classes" not in told(shared("regress"), capsys)


def test_json_has_all_but_the_probe_texts(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Settings(shared(), json=True)) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["task"]["classes"] == ["negative", "positive"]
    assert found["probes"] == {"n": 32, "tolerance": 1e-4}
    assert found["files"]["tokenizer.json"]["bytes"] > 0


def test_damage_is_an_error(tmp_path: Path) -> None:
    folder = changed(tmp_path)
    (folder / "config.json").unlink()
    with pytest.raises(ArtefactError, match=r"config\.json is missing"):
        run(Settings(folder))


def test_how_a_model_reads_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_sentiment(tmp_path / "model", reading="windows")
    run(Settings(tmp_path / "model"))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "languages en" in lines and "long texts read whole, in windows" in lines
