"""A folder as int8: what stands in it, how near its answers are, and what follows from the one file."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import transformers

import limbeck
from limbeck import graph
from limbeck.artefact.manifest import FLOAT_GRAPH, INT8_GRAPH, Manifest
from limbeck.artefact.verify import sha256
from limbeck.data import Dataset
from limbeck.errors import ArtefactError, DataError, ModelError, SettingsError
from limbeck.graph.weights import read as weights_of
from limbeck.metrics import softmax
from limbeck.passes import PASSES, calibrate, quantise, trim
from limbeck.runtime import load
from limbeck.runtime.check import check
from limbeck.runtime.precision import PREFERRED
from limbeck.runtime.session import Session
from limbeck.train.learner import Learner
from limbeck.train.settings import FitSettings
from support.folders import names_of
from support.saved import CLASSES, TEXTS, saved
from support.tiny import shared


def calibrated(folder: Path, out: Path) -> object:
    return calibrate.apply(folder, out, Dataset(list(TEXTS), [CLASSES[0]] * len(TEXTS), "classify", CLASSES))


def trimmed(folder: Path, out: Path) -> object:
    return trim.apply(folder, out, trim.piece_counts(load(saved("bert")).encoder, TEXTS), pieces=100)


LEAN = {
    *("LICENSE", "LICENSES/Ours-1.0.txt", "README.md", "config.json", "limbeck.json"),
    *("onnx/model_quantized.onnx", "tokenizer.json", "tokenizer_config.json"),
}


@pytest.fixture(scope="module")
def lean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For the runtime alone."""
    out = tmp_path_factory.mktemp("lean") / "model"
    quantise.apply(saved("bert"), out)
    return out


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Changed in place: the float model stays beside."""
    out = tmp_path_factory.mktemp("both") / "model"
    shutil.copytree(saved("bert"), out)
    quantise.apply(out, out, overwrite=True, keep_float=True)
    return out


def probs(folder: Path, **options: Any) -> Any:
    return softmax(load(folder, **options).logits(list(TEXTS))[0].astype(np.float64))


# what stands in the folder


def test_a_folder_for_the_runtime_alone(lean: Path) -> None:
    assert names_of(lean) == LEAN
    manifest = Manifest.read(lean)
    assert manifest.graph == INT8_GRAPH
    assert set(manifest.files) == LEAN - {"limbeck.json"}
    (note,) = manifest.passes
    assert (note["name"], note["weights"], note["measured"]) == ("quantise", "int8", False)
    assert note["bytes_before"] == (saved("bert") / FLOAT_GRAPH).stat().st_size
    assert note["bytes_after"] == (lean / INT8_GRAPH).stat().st_size < note["bytes_before"] / 2
    assert 0 < note["difference_on_probes"] < 0.02
    assert [manifest.probes[name]["tolerance"] for name in ("int8", "float32")] == [0.02, 1e-4]
    assert manifest.probes["tolerance"] == manifest.probes[PREFERRED]["tolerance"]
    assert manifest.probes["logits"] == manifest.probes[PREFERRED]["logits"]
    assert "`onnx/model_quantized.onnx` takes" in (lean / "README.md").read_text(encoding="utf-8")


def test_in_place_the_float_model_stays(both: Path) -> None:
    before = Manifest.read(saved("bert"))
    assert names_of(both) == names_of(saved("bert")) | {INT8_GRAPH}
    for name in (FLOAT_GRAPH, "model.safetensors"):
        assert sha256(both / name) == before.files[name]["sha256"]
    assert [load(both, precision=asked).way.graph for asked in (None, "int8")] == [FLOAT_GRAPH, INT8_GRAPH]
    assert np.array_equal(probs(both, precision="float32"), probs(saved("bert")))
    theirs = transformers.pipeline("text-classification", model=str(both), device="cpu")("a lovely film")
    assert theirs[0]["label"] == load(both).predict("a lovely film").predicted


def test_class_names_are_as_they_were(lean: Path) -> None:
    assert tuple(load(lean).predict("a film").probs) == CLASSES
    config = json.loads((lean / "config.json").read_text(encoding="utf-8"))
    assert config["id2label"] == {str(n): name for n, name in enumerate(CLASSES)}


def test_measures_of_the_float_graph_are_called_so(tmp_path: Path) -> None:
    source = tmp_path / "measured"
    shutil.copytree(saved("bert"), source)
    manifest = replace(Manifest.read(source), metrics={"accuracy": 0.75})
    (source / "limbeck.json").write_bytes(manifest.to_bytes())
    assert quantise.apply(source, tmp_path / "out").metrics == {"accuracy": 0.75}
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "by the graph before quantise:" in card
    assert "| accuracy | 0.7500 |" in card


# answers


def test_answers_are_near_and_depend_on_no_company(lean: Path) -> None:
    int8 = probs(lean, precision="int8")
    assert np.abs(int8 - probs(saved("bert"))).max() < 0.02
    predictor = load(lean, precision="int8")
    alone = np.concatenate([predictor.logits([text])[0] for text in TEXTS])
    assert np.abs(softmax(alone.astype(np.float64)) - int8).max() < 1e-5
    quick = load(lean, quick=True, precision="int8").logits(list(TEXTS))[0]
    assert np.array_equal(quick, load(lean, precision="int8").logits(list(TEXTS))[0])


def test_the_one_file_answers_in_float32_too(lean: Path) -> None:
    predictor = load(lean, precision="float32")
    assert (predictor.way.graph, predictor.way.precision, predictor.way.dequantised) == (INT8_GRAPH, "float32", True)
    weights = weights_of(lean)
    model = graph.emit(json.loads((lean / "config.json").read_text(encoding="utf-8")), weights)
    path = lean.parent / "emitted.onnx"
    path.write_bytes(model.SerializeToString())
    encoded = predictor.encoder.encode(list(TEXTS))
    expected = Session(path).run(encoded.ids, encoded.type_ids, pad_id=predictor.encoder.pad_id)
    assert np.abs(predictor.logits(list(TEXTS))[0] - expected).max() < 1e-5
    assert predictor.fingerprint != load(lean, precision="int8").fingerprint


def test_probes_are_replayed_in_either_precision(lean: Path, both: Path) -> None:
    for folder in (lean, both):
        report = check(folder)
        assert report.ok
        assert (report.precision, report.tolerance) == (PREFERRED, quantise.TOLERANCES[PREFERRED])
        assert report.difference < 1e-5


BASE_INSTALL = """
import sys
for name in ("onnx", "safetensors", "torch", "transformers"):
    sys.modules[name] = None
import limbeck
from limbeck.cli import main
assert limbeck.load(sys.argv[1], precision="float32").predict("a lovely film").probs
raise SystemExit(main(["predict", sys.argv[1], "a lovely film"]))
"""


def test_the_base_install_answers(lean: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", BASE_INSTALL, str(lean)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split("  ")[0] in CLASSES


# training goes on from it


def test_training_starts_from_the_int8_weights(lean: Path, tmp_path: Path) -> None:
    data = Dataset([f"a {word} film" for word in "abcde"], list(CLASSES), "classify", CLASSES)
    fit = FitSettings(epochs=1, lr=1e-4, batch_size=4, precision="float32")
    learner = Learner(data, model=str(lean), text=limbeck.TextSettings(max_length=40), fit=fit)
    started = softmax(learner.score(Dataset(list(TEXTS), None)).logits.astype(np.float64))
    assert np.abs(started - probs(lean, precision="float32")).max() < 1e-5  # the head of the very same classes too
    learner.fit()
    manifest = learner.save(tmp_path / "tuned", calibrated=False)
    assert manifest.graph == FLOAT_GRAPH
    assert manifest.passes == []
    assert check(tmp_path / "tuned").ok


def test_other_classes_get_a_new_head(lean: Path) -> None:
    data = Dataset(["a film", "a room"], ["no", "yes"], "classify", ("no", "yes"))
    model = Learner(data, model=str(lean), fit=FitSettings(precision="float32")).model
    layer = model.output_layer()
    assert layer.out_features == 2
    assert not layer.bias.any()
    weights = weights_of(lean)
    name = "bert.encoder.layer.1.attention.self.query.weight"
    assert np.array_equal(model.module.state_dict()[f"inner.{name}"].numpy(), weights[name])


def test_an_int8_graph_that_lacks_tensors(lean: Path, tmp_path: Path) -> None:
    shutil.copytree(lean, tmp_path / "cut")
    model = onnx.load(tmp_path / "cut" / INT8_GRAPH)
    kept = [tensor for tensor in model.graph.initializer if "pooler" not in tensor.name]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    (tmp_path / "cut" / INT8_GRAPH).write_bytes(model.SerializeToString())
    data = Dataset(["a film", "a room"], ["no", "yes"], "classify", ("no", "yes"))
    with pytest.raises(ArtefactError, match="is damaged"):
        Learner(data, model=str(tmp_path / "cut"))
    (tmp_path / "cut" / "limbeck.json").unlink()
    with pytest.raises(ModelError, match=r"cannot be loaded as an encoder: its int8 graph holds no bert\.pooler"):
        Learner(data, model=str(tmp_path / "cut"))


# falling back


def with_probes(source: Path, out: Path, **changes: Any) -> Path:
    """A copy whose probes were answered by another machine, so to speak."""
    shutil.copytree(source, out)
    manifest = Manifest.read(source)
    (out / "limbeck.json").write_bytes(replace(manifest, probes={**manifest.probes, **changes}).to_bytes())
    return out


def turned(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "logits": [row[::-1] for row in record["logits"]]}


def test_int8_that_goes_wrong_here_gives_way_to_float32(lean: Path, tmp_path: Path) -> None:
    folder = with_probes(lean, tmp_path / "model", int8=turned(Manifest.read(lean).probes["int8"]))
    lines: list[str] = []
    predictor = load(folder, precision="int8", notify=lines.append)
    assert predictor.way.dequantised
    (line,) = lines
    assert line.startswith(f"{folder}: int8 probabilities differ by up to 0.")
    assert line.endswith("those of the machine that saved it (tolerance 0.02); float32, which agrees, answers instead")
    assert np.array_equal(predictor.logits(["a film"])[0], load(lean, precision="float32").logits(["a film"])[0])
    load(folder, precision="int8", notify=lines.append)
    assert len(lines) == 2  # it is said each time
    load(folder, precision="float32", notify=lines.append)
    assert len(lines) == 2


def test_a_spoilt_int8_graph_gives_way_to_the_float_graph(both: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(both, folder)
    model = onnx.load(folder / INT8_GRAPH)
    head = next(tensor for tensor in model.graph.initializer if tensor.name == "classifier.weight")
    head.raw_data = (-np.frombuffer(head.raw_data, np.float32)).tobytes()
    (folder / INT8_GRAPH).write_bytes(model.SerializeToString())
    manifest = Manifest.read(folder)
    entry = {"bytes": (folder / INT8_GRAPH).stat().st_size, "sha256": sha256(folder / INT8_GRAPH)}
    manifest = replace(manifest, files={**manifest.files, INT8_GRAPH: entry})
    (folder / "limbeck.json").write_bytes(manifest.to_bytes())
    with pytest.warns(UserWarning, match="float32, which agrees, answers instead"):
        predictor = load(folder, precision="int8")
    assert (predictor.way.graph, predictor.way.dequantised) == (FLOAT_GRAPH, False)


def test_where_float32_differs_too_it_says_so(lean: Path, tmp_path: Path) -> None:
    probes = Manifest.read(lean).probes
    both = {name: turned(probes[name]) for name in ("int8", "float32")}
    folder = with_probes(lean, tmp_path / "model", **both)
    with pytest.warns(UserWarning, match=r"float32 answers instead, but its probabilities differ .*see: limbeck"):
        predictor = load(folder, precision="int8")
    assert predictor.way.precision == "float32"


# what is refused


def test_precisions_that_are_not_there(lean: Path) -> None:
    with pytest.raises(SettingsError, match=r"precision .int8.: the model has no .*only .float32.; .*export MODEL"):
        load(saved("bert"), precision="int8")
    with pytest.raises(SettingsError, match=r"precision 'int4' is unknown; there are 'int8' \(nearest\), 'float32'"):
        load(lean, precision="int4")  # type: ignore[arg-type]


def test_what_cannot_be_quantised(lean: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(SettingsError, match=r"is int8 already \(onnx/model_quantized.onnx\); give the folder of"):
        quantise.apply(lean, out)
    with pytest.raises(ModelError, match="cannot be quantised: model_type is 'tiny', accepted are 'bert'"):
        quantise.apply(shared(), out)
    bare = tmp_path / "bare"
    shutil.copytree(saved("bert"), bare)
    manifest = Manifest.read(bare)
    files = {name: entry for name, entry in manifest.files.items() if name != "model.safetensors"}
    (bare / "limbeck.json").write_bytes(replace(manifest, files=files).to_bytes())
    with pytest.raises(SettingsError, match=r"has no model.safetensors, and int8 is made from it; give the folder as"):
        quantise.apply(bare, out)
    with pytest.raises(ArtefactError, match="already holds a model"):
        quantise.apply(saved("bert"), lean)
    assert not out.exists()


@pytest.mark.parametrize("apply", [quantise.apply, calibrated, trimmed], ids=["quantise", "calibrate", "trim"])
def test_nothing_is_made_of_damaged_weights(apply: Callable[[Path, Path], object], tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    shutil.copytree(saved("bert"), source)
    weights = bytearray((source / "model.safetensors").read_bytes())
    weights[-2] ^= 1
    (source / "model.safetensors").write_bytes(weights)
    with pytest.raises(ArtefactError, match=r"is damaged; .*: model.safetensors has sha256"):
        apply(source, out)
    assert not out.exists()


def test_rows_without_an_answer_calibrate_nothing(tmp_path: Path) -> None:
    blank = Dataset(["", " "], ["9", "10"], "classify", CLASSES, name="blank.csv")
    with pytest.raises(DataError, match=r"blank.csv: no row has an answer to calibrate by"):
        calibrate.apply(saved("bert"), tmp_path / "out", blank)
    assert not (tmp_path / "out").exists()


def test_an_int8_model_is_not_calibrated(lean: Path, tmp_path: Path) -> None:
    data = Dataset(["a film"], ["9"], "classify", CLASSES)
    with pytest.raises(SettingsError, match=r"is int8 already; calibrate the float model, then export it with --int8"):
        calibrate.apply(lean, tmp_path / "out", data)


def test_a_probe_that_looks_foreign_is_asked_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    shutil.copytree(saved("bert"), source)
    manifest = replace(Manifest.read(source), languages=["en"])
    (source / "limbeck.json").write_bytes(manifest.to_bytes())
    drawn = ["das war leider nicht gut film", "das ist nicht gut room", *TEXTS[:2]]
    monkeypatch.setattr("limbeck.artefact.probes.draw", lambda *_, **__: drawn)
    made = quantise.apply(source, out)
    assert all(any(row) for row in made.probes["int8"]["logits"])
    assert check(out).ok


def test_every_name_in_the_table_is_a_pass() -> None:
    own = [name for name in PASSES.names() if (Path(quantise.__file__).parent / f"{name}.py").exists()]
    assert own == ["calibrate", "quantise", "trim"]
    assert all(callable(PASSES.module(name).apply) for name in own)
