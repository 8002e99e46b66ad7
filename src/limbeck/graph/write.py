"""Write a graph: in one file where it is small, else with its weights in a file beside it.

onnxruntime maps a file of weights into memory, where it would copy those inside a graph twice: a 90 MB graph opens in
a third of the time, and a graph may outgrow the 2 GB that one protocol buffer holds. The file's name is the one that
transformers.js looks for.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from limbeck.artefact.manifest import FLOAT_GRAPH, WEIGHTS_SUFFIX
from limbeck.errors import require

if TYPE_CHECKING:
    import onnx

ONE_FILE_BYTES = 8_000_000
"""Weights up to so many bytes stay in the graph: what is won there is little. Of 16 MB in int8, whose folding copies
them once more, a graph with its weights beside it opened in 0.10 s in place of 0.14."""
_SMALL_TENSOR = 1024
"""Tensors of fewer bytes stay in the graph: shapes and scalars are read while it is opened."""
_JS_CONFIG, _EXTERNAL = "transformers.js_config", "use_external_data_format"
"""Where transformers.js looks in ``config.json``."""


def write_folder(folder: Path, model: onnx.ModelProto, graph: str = FLOAT_GRAPH) -> None:
    """Write ``model`` as a graph of ``folder``, the float one unless said, in place of one that stands there.

    ``config.json`` says to transformers.js whether its weights stand beside it.
    """
    path = folder / graph
    path.parent.mkdir(exist_ok=True)
    note_weights(folder, beside=write(model, path), graph=graph)


def note_weights(folder: Path, *, beside: bool, graph: str = FLOAT_GRAPH) -> None:
    """Have ``config.json`` say whether a graph's weights stand beside it, as transformers.js reads it."""
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    before = config.get(_JS_CONFIG, {})
    told = {key: value for key, value in before.items() if key != _EXTERNAL}
    external = {name: said for name, said in before.get(_EXTERNAL, {}).items() if name != Path(graph).name}
    if beside:
        external[Path(graph).name] = True
    if external:
        told[_EXTERNAL] = external
    if told == before:
        return
    if told:
        config[_JS_CONFIG] = told
    else:
        del config[_JS_CONFIG]
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def write(model: onnx.ModelProto, path: Path, *, one_file_bytes: int | None = None) -> bool:
    """Write ``model`` to ``path``, in place of what stands there, and tell whether its weights stand beside it.

    Args:
        model: the graph; tensors that are written beside it are taken out of it.
        path: the file of the graph; that of its weights is called ``<name>_data``.
        one_file_bytes: weights up to so many bytes stay in the graph's own file; :data:`ONE_FILE_BYTES` where None.
    """
    onnx = require("onnx", "compress")
    weights = path.with_name(path.name + WEIGHTS_SUFFIX)
    weights.unlink(missing_ok=True)  # onnx appends to a file that it finds
    limit = ONE_FILE_BYTES if one_file_bytes is None else one_file_bytes
    if sum(len(tensor.raw_data) for tensor in model.graph.initializer) <= limit:
        path.write_bytes(model.SerializeToString())
        return False
    onnx.save_model(model, path, save_as_external_data=True, location=weights.name, size_threshold=_SMALL_TENSOR)
    return True
