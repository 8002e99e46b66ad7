"""Imports point one way, and nothing heavy is loaded before it is asked for."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import limbeck

ROOT = Path(limbeck.__file__).parent
ORDER = (
    *("errors", "cache", "table", "settings", "text", "plan", "data", "metrics", "tasks", "scores", "artefact"),
    *("graph", "runtime", "inspect", "sentiment", "models", "passes", "losses", "plots", "train"),
    *("pretrain", "distil", "cli"),
)
"""The rooms, each free to import those before it."""

DOORS = {"__init__", "__main__"}


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[str]:
    """The rooms that a file imports when it runs; imports for type checkers alone do not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("limbeck."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.ImportFrom) and node.module == "limbeck":
            yield from (name.name for name in node.names if name.name in ORDER)
        elif isinstance(node, ast.Import):
            yield from (name.name.split(".")[1] for name in node.names if name.name.startswith("limbeck."))


def test_every_room_has_its_place() -> None:
    assert {room_of(path) for path in ROOT.rglob("*.py")} - DOORS == set(ORDER)


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_point_one_way(path: Path) -> None:
    room = room_of(path)
    if room in DOORS:
        return
    up = [name for name in imports_of(path) if name in ORDER and ORDER.index(name) > ORDER.index(room)]
    assert not up, f"{path.name} in {room} imports {up}, which stand above it"


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


HEAVY = (
    "torch",
    "transformers",
    "accelerate",
    "pandas",
    "pyarrow",
    "scipy",
    "onnx",
    "safetensors",
    "sklearn",
    "matplotlib",
    "cleanlab",
)


def loaded_by(code: str) -> set[str]:
    """The heavy packages that a program loads, by their names."""
    program = f"import sys\n{code}\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)
    return set(done.stdout.splitlines()[-1].split()) if done.stdout.strip() else set()


@pytest.mark.parametrize(
    "code",
    [
        "import limbeck",
        "import limbeck.runtime, limbeck.data, limbeck.tasks, limbeck.scores, limbeck.graph",
        "import limbeck; limbeck.load, limbeck.read",
        "import limbeck; limbeck.sentiment.predict, limbeck.sentiment.load",
        "import limbeck.sentiment.vader",
        "import limbeck.pretrain.corpus, limbeck.pretrain.masking",
        "from limbeck.cli import main; main(['--help'])",
        "from limbeck.models import MODELS; MODELS.names()",
    ],
)
def test_nothing_heavy_is_loaded(code: str) -> None:
    assert loaded_by(code) == set()


def test_help_loads_not_even_numpy() -> None:
    program = """
import sys
from limbeck.cli import main
main(["--help"])
assert not {"numpy", "tyro", "onnxruntime"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)


def test_unpickling_is_nowhere() -> None:
    for path in ROOT.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert "import pickle" not in source and "torch.load(" not in source and "allow_pickle=True" not in source, path
