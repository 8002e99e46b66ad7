"""The command ``limbeck distil`` in tests: its data, teachers made quickly, and what it says where it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from limbeck.artefact.verify import sha256
from limbeck.cli import main
from support import tiny
from support.encoders import make
from support.train_data import rows, write_csv


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A labelled file."""
    return write_csv(tmp_path / "rows.csv", rows(40))


@pytest.fixture(scope="module")
def teachers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A quick teacher whose classes stand the other way round, one of pairs, one of numbers, a BERT of three layers."""
    home = tmp_path_factory.mktemp("teachers")
    tiny.save_tiny(home / "quick", classes=("good", "bad"))
    tiny.save_tiny(home / "pairs", classes=("good", "bad"), pairs=True)
    tiny.save_tiny(home / "numbers", task="regress")
    make(home / "bert", "bert", classes=("good", "bad"), num_hidden_layers=3)
    return home


def files(path: Path) -> dict[str, str]:
    """The hash of each file under a folder."""
    return {str(one.relative_to(path)): sha256(one) for one in sorted(path.rglob("*")) if one.is_file()}


def run(*arguments: object) -> int:
    """The exit code of the command."""
    return main(["distil", *map(str, arguments)])


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one message of a command that ends with exit code 2."""
    capsys.readouterr()
    assert run(*arguments) == 2
    said = capsys.readouterr()
    assert said.out == "" and "Traceback" not in said.err
    return said.err.rstrip().rpartition("limbeck: ")[2]
