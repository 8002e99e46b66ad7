"""What a manifest keeps of the rows that a model learnt from: enough to know them again, and no text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from limbeck.data.dataset import Dataset
from limbeck.data.sketch import sketch


def data_record(train: Dataset, valid: Dataset | None) -> dict[str, Any]:
    """The entry ``data`` of a manifest: name, columns, rows and fingerprints of both parts, the training part's sketch.

    Where labels were corrected, ``corrections`` tells by which file and how many.
    """
    record = {
        "name": Path(train.name).name,
        **train.column_names,
        "train": {**_part(train), "sketch": sketch(train.ids)},
        "valid": None if valid is None else _part(valid),
    }
    return record if train.corrections is None else {**record, "corrections": train.corrections}


def _part(part: Dataset) -> dict[str, Any]:
    return {"rows": len(part), "fingerprint": part.fingerprint}
