"""The weights that ship with limbeck, as the start of a training: what a training starts from that names no model.

They are an encoder fine-tuned to three feelings; the output layer is a new one unless the classes are just these.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from limbeck import sentiment
from limbeck.errors import ModelError
from limbeck.models import Prepared, Request, transformer

if TYPE_CHECKING:
    from onnx import ModelProto

DEFAULTS = transformer.DEFAULTS


def start(request: Request) -> Prepared:
    """Load the shipped weights, dequantised, with an output layer for the request's task.

    Raises:
        ModelError: this copy has none.
    """
    return transformer.start(replace(request, source=str(_folder())))


def export(folder: Path) -> ModelProto:
    """The graph of a saved folder."""
    return transformer.export(folder)


def _folder() -> Path:
    try:
        return sentiment.folder()
    except ModelError:
        if os.environ.get(sentiment.VARIABLE):
            raise
        raise ModelError(
            "this copy of limbeck lacks the weights that ship with it (install it anew), or name an encoder: "
            "--model small to start from nothing, --model FOLDER_OR_HUB_NAME to train one, "
            "--model frozen:FOLDER_OR_HUB_NAME to keep it as it is"
        ) from None
