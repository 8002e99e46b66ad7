"""A file of what a teacher said, written for a test and read."""

from __future__ import annotations

from pathlib import Path

import pytest

from limbeck.distil.given import Given, Wanted, read
from limbeck.errors import DataError


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def given(tmp_path: Path, *lines: str, name: str = "said.csv", **wanted: object) -> Given:
    return read(write(tmp_path / name, *lines), Wanted(**wanted))  # type: ignore[arg-type]


def refusal(tmp_path: Path, *lines: str, name: str = "said.csv", **wanted: object) -> str:
    with pytest.raises(DataError) as caught:
        given(tmp_path, *lines, name=name, **wanted)
    return str(caught.value).replace(str(tmp_path / name), name)


def notices(found: Given, name: str = "said.csv") -> list[str]:
    """What is told of a file, without its name."""
    assert found.dataset is not None
    return [line.partition(f"{name}: ")[2] for line in found.dataset.notices]
