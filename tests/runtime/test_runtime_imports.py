from __future__ import annotations

import subprocess
import sys

import pytest

from limbeck import runtime
from support.tiny import shared

HEAVY = (
    "torch",
    "transformers",
    "pandas",
    "onnx",
    "pyarrow",
    "scipy",
    "sklearn",
    "accelerate",
    "safetensors",
    "cleanlab",
)

LOADED = """
import sys
{statement}
print(",".join(name for name in {heavy!r} if name in sys.modules))
"""


def loaded(statement: str, heavy: tuple[str, ...] = HEAVY) -> str:
    """Which of the heavy modules a fresh interpreter loaded."""
    code = f"import sys; sys.path[:0] = {sys.path!r}\n" + LOADED.format(statement=statement, heavy=heavy)
    result = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    return result.stdout.splitlines()[-1].strip()


@pytest.mark.parametrize(
    "statement",
    [
        "import limbeck.runtime; limbeck.runtime.load; limbeck.runtime.Predictor; limbeck.runtime.Answer",
        "import limbeck.runtime.stream, limbeck.runtime.score, limbeck.runtime.check, limbeck.scores",
        "import limbeck.artefact.save, limbeck.artefact.verify",
    ],
)
def test_nothing_heavy_is_loaded(statement: str) -> None:
    assert loaded(statement) == ""


def test_an_answer_needs_neither_torch_nor_the_readers_of_files() -> None:
    statement = (
        f"from limbeck.cli import predict\nassert predict.run(predict.plain([{str(shared())!r}, 'a joy'])) == 0\n"
        "assert not [name for name in sys.modules if name.startswith('limbeck.data')]"
    )
    assert loaded(statement, (*HEAVY, "tyro", "tqdm")) == ""


def test_the_package_and_verification_come_before_numpy() -> None:
    assert loaded("import limbeck.runtime, limbeck.artefact.verify", ("numpy", "tokenizers", "onnxruntime")) == ""


def test_the_door_lists_its_names() -> None:
    assert {"load", "Predictor", "Answer"} <= set(dir(runtime))
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        runtime.lod  # noqa: B018
