"""The columns that a model reads: named, else as in training, else guessed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from limbeck.artefact.manifest import Manifest
from limbeck.data import RowSource, open_rows
from limbeck.errors import DataError
from limbeck.runtime.columns import find_columns

TRAINED = {"text_column": "left", "text_pair_column": "right", "label_column": "verdict"}


@pytest.fixture
def source(tmp_path: Path) -> RowSource:
    (tmp_path / "f.csv").write_text("text,left,right,label,verdict\na,b,c,x,y\n")
    return open_rows(tmp_path / "f.csv")


def manifest(inputs: str = "text", **data: Any) -> Manifest:
    return Manifest(task={}, text={}, model={}, inputs=inputs, data=data)


def found(source: RowSource, made: Manifest, **options: Any) -> tuple[str | None, ...]:
    columns = find_columns(source, made, **options)
    return columns.text, columns.text_pair, columns.label


def test_as_in_training(source: RowSource) -> None:
    assert found(source, manifest(**TRAINED)) == ("left", None, None)
    assert found(source, manifest(**TRAINED), labelled=True) == ("left", None, "verdict")
    assert found(source, manifest("pair", **TRAINED), labelled=True) == ("left", "right", "verdict")
    assert find_columns(source, manifest(**TRAINED)).why == ""


def test_as_in_training_in_any_spelling(source: RowSource) -> None:
    spelt = {"text_column": " Left", "text_pair_column": "RIGHT", "label_column": "Verdict"}
    assert found(source, manifest(**spelt), labelled=True) == ("left", None, "verdict")
    assert found(source, manifest("pair", **spelt), labelled=True) == ("left", "right", "verdict")


def test_named_ones_win(source: RowSource) -> None:
    assert found(source, manifest(**TRAINED), text_column="text", label_column="label") == ("text", None, "label")
    named = {"text_column": "text", "text_pair_column": "right"}
    assert found(source, manifest("pair", **TRAINED), **named) == ("text", "right", None)
    assert found(source, manifest(**TRAINED), text_column="verdict", labelled=True) == ("verdict", None, "label")


@pytest.mark.parametrize("data", [{}, {**dict.fromkeys(TRAINED)}, {"text_column": "gone", "label_column": "gone"}])
def test_else_guessed(source: RowSource, data: dict[str, Any]) -> None:
    columns = find_columns(source, manifest(**data), labelled=True)
    assert (columns.text, columns.label) == ("text", "label")
    assert columns.why == "text column 'text' and label column 'label' by name"


def test_half_a_pair_of_training_is_none(source: RowSource) -> None:
    with pytest.raises(DataError, match="this model takes pairs; name both columns"):
        find_columns(source, manifest("pair", text_column="left", text_pair_column="gone"))


def test_a_second_text_for_a_model_of_one_is_refused(source: RowSource) -> None:
    with pytest.raises(DataError, match="--text-pair-column 'right': this model takes one text"):
        find_columns(source, manifest(), text_pair_column="right")
