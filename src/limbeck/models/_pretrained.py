"""What transformers makes of a folder's weights, whatever the head: read from it alone, and no code of it is run."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import torch

from limbeck.artefact.manifest import INT8_GRAPH

_WEIGHTS = "model.safetensors"
_LONGEST_REASON = 300
"""Characters of an error of transformers that are shown."""


def has_int8_alone(folder: Path) -> bool:
    """Whether a folder is for the runtime alone: its int8 graph gives the weights, dequantised."""
    return (folder / INT8_GRAPH).is_file() and not (folder / _WEIGHTS).is_file()


def pretrained(auto: Any, folder: Path, config: Any) -> tuple[Any, dict[str, Any]]:
    """A model of the kind of ``auto`` in float32, and what transformers tells of its weights.

    What is missing or of another shape begins anew, and stands there under ``missing_keys`` and ``mismatched_keys``.
    Whatever transformers runs into is raised as it is.

    Raises:
        OSError: the weights are in a pickle alone.
    """
    pickled = sorted(path.name for path in folder.glob("pytorch_model*.bin"))
    if pickled and not any(folder.glob("*.safetensors")):
        raise OSError(
            f"its weights are in a pickle, {pickled[0]}, which could run code and is not read; where you trust it, "
            "have transformers load it and write it anew by save_pretrained, as model.safetensors"
        )
    inner, told = auto.from_pretrained(
        folder,
        config=config,
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=False,
        ignore_mismatched_sizes=True,
        dtype=torch.float32,
        output_loading_info=True,
    )
    return inner, told


def in_a_line(error: Exception) -> str:
    """An error in a line; transformers' go on with lists of all that it knows."""
    told = textwrap.shorten(str(error), _LONGEST_REASON)
    return told if isinstance(error, OSError | ValueError | RuntimeError) else f"{type(error).__name__}: {told}"
