"""``limbeck export``: what it makes, what it says of it, and what it refuses."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limbeck import graph
from limbeck.artefact.manifest import FLOAT_GRAPH, INT8_GRAPH, Manifest
from limbeck.cli import main
from limbeck.cli._compared import compared
from limbeck.data import Dataset
from limbeck.errors import MissingExtra
from limbeck.passes import quantise
from limbeck.runtime import load
from support.saved import CLASSES, saved
from support.tiny import shared


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    rows = [
        f"a {word} film,{name}" for word, name in zip(("lovely", "cold", "warm", "poor", "great"), CLASSES, strict=True)
    ]
    path = tmp_path / "labelled.csv"
    path.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "texts.txt"
    path.write_text("a truly lovely film\nan awful cold room\n\nthe end\n", encoding="utf-8")
    return path


def export(*arguments: object) -> int:
    return main(["export", *map(str, arguments)])


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert export(*arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    return said.err


def test_a_lean_folder_and_what_is_said_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(saved("bert"), "--int8", "--out", tmp_path / "small") == 0
    sizes, before, alone, last = capsys.readouterr().out.splitlines()
    assert sizes.startswith("graph: 0.1 MB before, ")
    assert " kB after; folder: 0." in sizes
    # random weights: no class is far ahead, and some labels change
    assert re.match(r"before against after: [\d.]+ % of 32 texts get the same label; their probabilities ", before)
    assert alone.startswith("in a batch against alone: 100 % of 32 texts get the same label; ")
    assert last == f"saved: {tmp_path / 'small'}"
    assert not (tmp_path / "small" / "model.safetensors").exists()
    assert main(["predict", str(tmp_path / "small"), "a lovely film"]) == 0
    assert capsys.readouterr().out.split("  ")[0] in CLASSES


def test_in_place_and_then_no_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(saved("bert"), tmp_path / "model")
    assert export(tmp_path / "model", "--int8") == 0
    manifest = Manifest.read(tmp_path / "model")
    assert {FLOAT_GRAPH, INT8_GRAPH, "model.safetensors"} <= set(manifest.files)
    assert load(tmp_path / "model", precision="int8").way.graph == INT8_GRAPH
    capsys.readouterr()
    assert "is int8 already (onnx/model_quantized.onnx)" in refused(capsys, tmp_path / "model", "--int8")


def test_measured_on_a_labelled_file(tmp_path: Path, labelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--int8", "--out", tmp_path / "small", "--data", labelled, "--keep-float", "--json")
    assert export(saved("bert"), *arguments) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["agreement"]["n_texts"] == found["alone"]["n_texts"] == 5
    assert found["agreement"]["largest"] < 0.02
    assert found["alone"]["largest"] < 0.005
    assert found["metrics_before"]["accuracy"] == found["metrics_after"]["accuracy"]
    assert found["graph_bytes_after"] < found["graph_bytes_before"] / 2
    assert found["bytes_after"] > found["bytes_before"]  # the float model stays beside
    assert (tmp_path / "small" / "model.safetensors").exists()
    assert export(saved("bert"), "--int8", "--out", tmp_path / "small", "--data", labelled, "--overwrite") == 0
    assert "\naccuracy: 0." in capsys.readouterr().out
    assert not (tmp_path / "small" / "model.safetensors").exists()


def test_trimmed_and_quantised(tmp_path: Path, texts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(saved("bert"), "--int8", "--trim", 80, "--texts", texts, texts, "--out", tmp_path / "small") == 0
    assert "before against after: 100 % of 6 texts" in capsys.readouterr().out  # the blank line is none
    manifest = Manifest.read(tmp_path / "small")
    assert [step["name"] for step in manifest.passes] == ["trim", "quantise"]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_trimmed_alone(tmp_path: Path, texts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(saved("bert"), "--trim", 80, "--texts", texts, "--out", tmp_path / "small") == 0
    assert len(load(tmp_path / "small").encoder) == 80
    assert (tmp_path / "small" / "model.safetensors").exists()
    assert "trim, quantise" not in capsys.readouterr().out


def test_many_changed_labels_are_said(
    tmp_path: Path, labelled: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(config: Any, weights: Any) -> Any:
        return honest(config, {**weights, "classifier.weight": -weights["classifier.weight"]})

    honest = graph.emit
    monkeypatch.setattr(graph, "emit", spoil)
    assert export(saved("bert"), "--int8", "--out", tmp_path / "small", "--data", labelled) == 0
    out, err = capsys.readouterr()
    assert "% of the labels changed; look at such texts before you use" in err
    shown = [line for line in out.splitlines() if line.startswith("  ")]
    assert 1 <= len(shown) <= 3
    texts = [line.split(",")[0] for line in labelled.read_text(encoding="utf-8").splitlines()[1:]]
    for line in shown:
        found = re.fullmatch(r"  (.+) before, (.+) after: (.+)", line)
        assert found and found[1] in CLASSES and found[2] in CLASSES and found[1] != found[2] and found[3] in texts
    assert out.splitlines()[2] == shown[0]  # behind the share of labels that are the same
    assert export(saved("bert"), "--int8", "--out", tmp_path / "probes", "--json") == 0
    out, err = capsys.readouterr()
    assert "of texts drawn by chance; give --data FILE to see on texts of yours before you use" in err
    assert json.loads(out)["changed"] == []


def test_texts_that_lose_their_answer_are_counted_and_in_no_other_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = load(saved("bert")), load(saved("bert"))
    answers = after.logits

    def without_the_first(inputs: Any, **how: Any) -> Any:
        logits, encoded = answers(inputs, **how)
        if len(inputs) == 1:
            return logits, encoded
        logits[0] = 0.0
        return logits, replace(encoded, answerable=np.array([False, *encoded.answerable[1:]]))

    monkeypatch.setattr(after, "logits", without_the_first)
    texts = ["a lovely film", "an awful cold room", "", "the end"]
    found = compared(before, after, texts, None, are_probes=False)
    assert (found.silenced, found.agreement.n_texts, found.alone.n_texts) == (1, 2, 2)
    assert found.agreement.labels == 1.0 and found.changed == []
    assert found.lines()[2] == "without an answer after: 1 text"


def test_rows_without_any_answer_have_no_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = load(saved("bert")), load(saved("bert"))
    answers = after.logits

    def none(inputs: Any, **how: Any) -> Any:
        logits, encoded = answers(inputs, **how)
        return logits, replace(encoded, answerable=np.zeros(len(inputs), np.bool_))

    for model in (before, after):
        monkeypatch.setattr(model, "logits", none)
    data = Dataset(["a lovely film", "an awful room"], [CLASSES[0], CLASSES[1]])
    found = compared(before, after, data.inputs, data, are_probes=False)
    assert (found.metrics_before, found.metrics_after) == (None, None)
    assert "before against after: no text has an answer of both, so there is nothing to compare" in found.lines()


def test_what_is_refused(tmp_path: Path, texts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = saved("bert")
    assert "nothing to do: add --int8, or --trim PIECES --texts FILE" in refused(capsys, model)
    message = refused(capsys, model, "--trim", 80)
    assert "2 problems" in message
    assert "--trim 80 counts what texts use" in message
    assert "--trim 80 makes another model: give a folder for it with --out" in message
    assert "is the model itself" in refused(capsys, model, "--int8", "--out", model)
    out = tmp_path / "out"
    few = refused(capsys, model, "--trim", 20, "--texts", texts, "--out", out, "--int8")
    assert "20 pieces are too few" in few
    assert "cannot be quantised: model_type is 'tiny', accepted are" in refused(
        capsys, shared(), "--int8", "--out", out
    )
    assert "of the kind 'BPE'" in refused(capsys, saved("roberta"), "--trim", 90, "--texts", texts, "--out", out)
    assert "no file 'nowhere.txt'" in refused(capsys, model, "--trim", 80, "--texts", "nowhere.txt", "--out", out)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine").write_text("")
    assert "folder with other files" in refused(capsys, model, "--int8", "--out", tmp_path / "other")
    assert [path.name for path in tmp_path.iterdir()] in (["texts.txt", "other"], ["other", "texts.txt"])


def test_without_the_extra(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def lacks(module: str, extra: str) -> Any:
        raise MissingExtra(f"{module} is not installed; this needs it. Run: pip install 'limbeck[{extra}]'")

    monkeypatch.setattr(quantise, "require", lacks)
    said = refused(capsys, saved("bert"), "--int8", "--out", tmp_path / "out")
    assert "Run: pip install 'limbeck[compress]'" in said


def test_texts_that_are_not_there_are_told_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.txt").write_text("")
    for name, said in (("absent.txt", "absent.txt"), ("empty.txt", "there is no row; give files with texts")):
        told = refused(capsys, saved("bert"), "--int8", "--texts", tmp_path / name, "--out", tmp_path / "out")
        assert said in told
        assert not (tmp_path / "out").exists()
    told = refused(capsys, saved("bert"), "--trim", 5, "--texts", tmp_path / "empty.txt", "--keep-float")
    assert "--keep-float keeps the float graph beside int8 weights: add --int8, or leave it out" in told


def test_the_help_says_which_graph_predict_takes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        export("--help")
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "predict goes on with the float graph unless --precision int8 is given" in shown
