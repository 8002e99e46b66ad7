"""A training for TensorBoard: what ``metrics.jsonl`` will hold, update by update, while it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from limbeck.errors import SettingsError, require

_OF_UPDATE = ("loss", "lr", "norm")


class TensorBoard:
    """Writes entries of a training's log as scalars: ``train/loss``, ``train/lr``, ``valid/loss`` and so on.

    A context manager; several fits in a row follow each other on one axis.

    Args:
        folder: where TensorBoard looks for them; made if missing.

    Raises:
        MissingExtra: tensorboard is not installed.
        SettingsError: the folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        require("tensorboard", "logs")
        from torch.utils.tensorboard import SummaryWriter

        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._writer: Any = SummaryWriter(str(folder))
        except OSError as error:
            raise SettingsError(
                f"--tensorboard {str(folder)!r} cannot be made: {error.strerror}; give another folder"
            ) from None
        self._last = self._before = 0

    def __call__(self, entry: Mapping[str, Any]) -> None:
        """Write one entry."""
        update = int(entry.get("update", 0))
        if update < self._last or (update == self._last and "loss" in entry):  # another fit counts from 1 again
            self._before += self._last
        self._last = update
        figures = {f"train/{name}": entry[name] for name in _OF_UPDATE if name in entry}
        figures |= {f"valid/{name}": value for name, value in entry.get("valid", {}).items()}
        for name, value in figures.items():
            self._writer.add_scalar(name, value, self._before + update)

    def __enter__(self) -> TensorBoard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
