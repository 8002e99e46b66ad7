from __future__ import annotations

from typing import Any

import pytest

from limbeck.artefact.card import write
from limbeck.artefact.manifest import Manifest


def manifest(**changes: Any) -> Manifest:
    fields: dict[str, Any] = {
        "task": {"name": "classify", "classes": ["refund: late", "10"]},
        "text": {"max_length": 64, "head": 0.25},
        "model": {
            "family": "transformer",
            "model_type": "bert",
            "source": "org/encoder",
            "parameters": 22713216,
            "output_layer": "classifier",
        },
        "metrics": {"accuracy": 0.87654, "rows": 1234, "note": "text"},
        "data": {
            "name": "reviews.csv",
            "text_column": "text",
            "text_pair_column": None,
            "label_column": "label",
            "train": {"rows": 54321, "fingerprint": "a" * 64},
            "valid": None,
        },
    }
    return Manifest(**{**fields, **changes})


def test_front_matter_comes_first_and_names_the_pipeline() -> None:
    card = write(manifest())
    head = card.split("---")[1].strip().splitlines()
    assert card.startswith("---\n")
    assert "library_name: limbeck" in head
    assert "pipeline_tag: text-classification" in head
    assert 'base_model: "org/encoder"' in head


@pytest.mark.parametrize("source", ["small", "/home/me/encoder", "./org/encoder", "a/b/c", None])
def test_a_folder_is_no_base_model(source: str | None) -> None:
    assert "base_model" not in write(manifest(model={"family": "small", "source": source}))


def test_it_says_what_the_model_is_and_what_was_measured() -> None:
    card = write(manifest())
    assert "`refund: late`, `10`" in card
    assert "transformer bert, 22,713,216 parameters" in card
    assert "up to 64 tokens" in card
    assert "| accuracy | 0.8765 |" in card
    assert "| rows | 1,234 |" in card
    assert "note" not in card
    assert "54,321 rows" in card


def test_it_says_how_to_ask_transformers_to_cut() -> None:
    assert "truncation=True, max_length=64" in write(manifest())
    assert 'limbeck predict FOLDER "An hour I want back."' in write(manifest())


def test_it_says_that_transformers_does_not_know_a_type_of_our_own() -> None:
    card = write(manifest(model={"family": "static", "model_type": "limbeck-static"}))
    assert "transformers knows no model of the type `limbeck-static`" in card
    assert "from transformers" not in card and "import limbeck" in card


def test_pairs_are_shown_as_pairs() -> None:
    card = write(manifest(inputs="pair"))
    assert "Gives a pair of texts one of the classes" in card
    assert "--pair" in card
    assert '"text_pair"' in card


def test_a_number_has_no_classes_and_nothing_measured_is_said() -> None:
    card = write(manifest(task={"name": "regress"}, metrics={}, data={}, model={}, text={}))
    assert "Gives a text a number. Model: unknown." in card
    assert "there were no validation rows" in card
    assert "trained on" in card.split("## Limits")[1]
    assert "rows" not in card.split("## Limits")[1]


@pytest.mark.parametrize(("name", "shown"), [("a`b", "`` a`b ``"), ("a\nb", "`a b`"), ("a\ud83d", "`a?`")])
def test_class_names_with_marks_stay_code(name: str, shown: str) -> None:
    assert shown in write(manifest(task={"name": "classify", "classes": [name, "b"]}))


def test_what_the_maker_says_stands_in_place_of_what_the_manifest_tells() -> None:
    card = write(manifest(languages=["en"]), "# Ours\n\n## Limits\n\nNone.\n")
    assert card.split("---")[1].strip().splitlines()[-2:] == ["language:", '- "en"']
    assert "# Ours" in card and "## Use" in card
    assert "# Text classifier" not in card and "54,321 rows" not in card
    assert card.count("## Limits") == 1


def test_figures_are_of_the_graph_that_was_measured_last() -> None:
    trim, calibrate = {"name": "trim", "measured": False}, {"name": "calibrate"}
    assert "by the graph before trim and quantise" in write(
        manifest(passes=[calibrate, trim, {"name": "quantise", "measured": False}])
    )
    assert "by the saved graph" in write(manifest(passes=[trim, calibrate]))


def test_what_is_kept_of_a_teacher_is_told_where_that_surely_knew_something() -> None:
    pair = {
        "n_rows": 9,
        "measure": "pearson",
        "first": 0.2,
        "second": 0.1,
        "difference": -0.1,
        "low": -0.2,
        "high": 0.0,
    }
    teacher = {"name": "large", "fingerprint": "ab" * 32}

    def card(teachers: int, **more: Any) -> str:
        taught = {"teachers": [teacher] * teachers, "compared": {**pair, **more}}
        return write(manifest(task={"name": "regress"}, training={"taught": taught}))

    assert "| teacher | 0.2000 |" in card(1) and "| teachers together | 0.2000 |" in card(2)
    for more in ({}, {"first_low": None}, {"first_low": 0.05}):
        assert "50.0 % of it; difference -0.1000" in card(1, **more)
    for more in ({"first_low": -0.1}, {"first": -0.2}):
        assert "% of it" not in card(1, **more)


def test_rows_that_a_teacher_had_learnt_from_are_told() -> None:
    taught = {"teachers": [{"name": "t0", "fingerprint": "a1"}], "seen": {"t0": 0.83}}
    card = write(manifest(data={"name": "rows.csv", "valid": {"rows": 12}}, training={"taught": taught}))
    assert (
        "On 12 validation rows held back of rows.csv, from which training did not learn; of them had learnt before: "
        "`t0` most. That flatters these figures. Measured by the saved graph:"
    ) in card
    assert "which training did not learn, by the saved graph:" in write(manifest())


def test_validation_rows_of_another_file_are_named() -> None:
    card = write(manifest(data={"name": "rows.csv", "valid": {"rows": 12, "name": "dev.csv"}}))
    assert "On 12 validation rows (dev.csv), from which training did not learn, by" in card
