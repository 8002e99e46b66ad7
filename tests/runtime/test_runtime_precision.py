"""Which graph answers, by what a folder holds and what is asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from limbeck.artefact.manifest import FLOAT_GRAPH, INT8_GRAPH, Manifest
from limbeck.runtime import session
from limbeck.runtime.precision import PREFERRED, Precision, Way, way


def manifest(*graphs: str) -> Manifest:
    return Manifest(task={}, text={}, model={}, files={name: {} for name in graphs})


@pytest.mark.parametrize(
    ("graphs", "asked", "expected", "dequantised"),
    [
        ((), None, Way(FLOAT_GRAPH, "float32"), False),  # a folder that is not sealed yet
        ((FLOAT_GRAPH,), None, Way(FLOAT_GRAPH, "float32"), False),
        ((FLOAT_GRAPH,), "float32", Way(FLOAT_GRAPH, "float32"), False),
        ((INT8_GRAPH,), None, Way(INT8_GRAPH, PREFERRED), PREFERRED == "float32"),
        ((INT8_GRAPH,), "int8", Way(INT8_GRAPH, "int8"), False),
        ((INT8_GRAPH,), "float32", Way(INT8_GRAPH, "float32"), True),
        ((FLOAT_GRAPH, INT8_GRAPH), None, Way(FLOAT_GRAPH, "float32"), False),
        ((FLOAT_GRAPH, INT8_GRAPH), "int8", Way(INT8_GRAPH, "int8"), False),
        ((FLOAT_GRAPH, INT8_GRAPH), "float32", Way(FLOAT_GRAPH, "float32"), False),
    ],
)
def test_every_way(graphs: tuple[str, ...], asked: Precision | None, expected: Way, dequantised: bool) -> None:
    chosen = way(manifest(*graphs), asked)
    assert chosen == expected
    assert chosen.dequantised is dequantised


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What sessions are asked to be."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(session, "Session", lambda graph, **asked: calls.append({"graph": graph.name, **asked}))
    return calls


def test_quick_sessions_are_for_float32_alone(opened: list[dict[str, Any]]) -> None:
    for asked in ("int8", "float32"):
        session.open_session(Path(), way(manifest(INT8_GRAPH), asked), threads=3, quick=True)
    assert opened == [
        {"graph": "model_quantized.onnx", "threads": 3, "quick": False, "dequantised": False},
        {"graph": "model_quantized.onnx", "threads": 3, "quick": True, "dequantised": True},
    ]


def test_a_static_model_takes_one_thread_unless_more_are_asked_for(opened: list[dict[str, Any]]) -> None:
    static = replace(manifest(INT8_GRAPH), model={"model_type": "limbeck-static"})
    for asked in (manifest(INT8_GRAPH), static):
        session.open_session(Path(), way(asked))
        session.open_session(Path(), way(asked), threads=3)
    assert [call["threads"] for call in opened] == [None, 3, 1, 3]
