"""A pass of another package: it turns every answer round."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from limbeck import models
from limbeck.artefact.manifest import Manifest
from limbeck.artefact.save import seal
from limbeck.passes.calibrate import scale_output
from limbeck.runtime.session import answer_probes


def apply(folder: Path, out: Path) -> Manifest:
    manifest = Manifest.read(folder)

    def fill(staging: Path) -> Manifest:
        (staging / "onnx").mkdir()
        for name in ("config.json", "tokenizer.json", "model.safetensors"):
            (staging / name).write_bytes((folder / name).read_bytes())
        scale_output(staging, manifest.model["output_layer"], -1.0)
        graph = models.export(staging, manifest.model["family"])
        (staging / "onnx" / "model.onnx").write_bytes(graph.SerializeToString())
        return replace(manifest, passes=[*manifest.passes, {"name": "negate"}], files={}, probes={})

    return seal(out, fill=fill, probe=answer_probes)
