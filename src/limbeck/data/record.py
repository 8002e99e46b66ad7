"""What a manifest keeps of the rows that a model learnt from: enough to know them again, and no text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from limbeck.data.dataset import Dataset
from limbeck.data.sketch import share_known, sketch

SEEN = 0.02
"""From this share on, rows count as those of the training; less is chance, or a leak that the share itself tells."""


def data_record(train: Dataset, valid: Dataset | None) -> dict[str, Any]:
    """The entry ``data`` of a manifest: name, columns, rows and fingerprints of both parts, the training part's sketch,
    the validation part's name where that is another.

    Where labels were corrected, ``corrections`` tells by which file and how many.
    """
    record: dict[str, Any] = {
        "name": Path(train.name).name,
        **train.column_names,
        "train": {**_part(train), "sketch": sketch(train.ids)},
        "valid": None if valid is None else _part(valid),
    }
    if valid is not None and valid.name != train.name:
        record["valid"] = {**_part(valid), "name": Path(valid.name).name}
    return record if train.corrections is None else {**record, "corrections": train.corrections}


def share_learnt(record: Mapping[str, Any], ids: Iterable[bytes]) -> float | None:
    """The estimated share of the inputs with these ids that a model learnt from; None where it cannot be told.

    Args:
        record: the entry ``data`` of its manifest.
        ids: of the inputs.
    """
    train = record.get("train")
    kept = train.get("sketch") if isinstance(train, dict) else None
    return share_known(kept, ids) if isinstance(kept, list) and all(isinstance(one, str) for one in kept) else None


def in_words(share: float) -> str:
    """A share that a sketch estimates, which may be off by a tenth.

    >>> [in_words(share) for share in (1.0, 0.75, 0.5, 0.2, 0.04)]
    ['nearly all', 'most', 'about half', 'some', 'a few']
    """
    words = ((0.9, "nearly all"), (0.6, "most"), (0.4, "about half"), (0.1, "some"))
    return next((word for least, word in words if share >= least), "a few")


def _part(part: Dataset) -> dict[str, Any]:
    return {"rows": len(part), "fingerprint": part.fingerprint}
