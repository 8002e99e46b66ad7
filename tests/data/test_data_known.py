"""Labels that are no class: named with their places, or left out where that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from limbeck.data import Dataset, known, of_classes, read
from limbeck.errors import PROBLEMS_SHOWN, DataError, nearest

CLASSES = ("bad", "fair", "good")


def rows(*labels: str, name: str = "test.csv") -> Dataset:
    lines = tuple(range(2, 2 + len(labels)))
    texts = [f"text {n}" for n in range(len(labels))]
    return Dataset(list(texts), list(labels), classes=tuple(sorted(set(labels))), name=name, rows=lines)


def test_known_labels_take_over_the_classes_and_their_order() -> None:
    checked = of_classes(rows("good", "bad"), CLASSES)
    assert checked.classes == CLASSES
    assert checked.targets == ["good", "bad"] and checked.notices == ()


def test_each_unknown_label_is_named_with_its_lines_and_the_nearest_class() -> None:
    with pytest.raises(DataError) as error:
        of_classes(rows("god", "bad", "worse", "god"), CLASSES)
    assert str(error.value) == (
        "2 problems:\n"
        "  - label 'god' is none of the classes: 'good' (nearest), 'bad', 'fair'; test.csv: lines 2, 5\n"
        "  - label 'worse' is none of the classes: 'bad', 'fair', 'good'; test.csv: line 4"
        "; mend them, or leave these rows out with --skip-bad-rows"
    )


def test_a_heading_that_is_near_to_an_unknown_label_may_be_misspelt() -> None:
    asked = "; no row has the label 'god', which is a column of said.csv: is it misspelt there?"
    with pytest.raises(DataError) as error:
        of_classes(rows("good", "bad"), ("bad", "god"), headings_of="said.csv")
    assert str(error.value).endswith(f"; mend them, or leave these rows out with --skip-bad-rows{asked}")
    kept = of_classes(rows("good", "bad"), ("bad", "god"), skip=True, headings_of="said.csv")
    assert kept.notices[-1].endswith(f"none of the classes: 'good' (line 2){asked}")
    for labels, of in ((("good", "bad"), ""), (("good", "bad", "god"), "said.csv"), (("worse", "bad"), "said.csv")):
        assert "misspelt" not in of_classes(rows(*labels), ("bad", "god"), skip=True, headings_of=of).notices[-1]


def test_skipping_leaves_the_good_rows_and_says_which_went() -> None:
    kept = of_classes(rows("god", "bad", "worse", "good"), CLASSES, skip=True)
    assert kept.targets == ["bad", "good"] and kept.inputs == ["text 1", "text 3"] and kept.rows == (3, 5)
    assert kept.notices == (
        "test.csv: 2 rows left out, whose label is none of the classes: 'god', 'worse' (lines 2, 4)",
    )


def test_notices_of_the_reader_stay() -> None:
    kept = of_classes(replace(rows("god", "bad"), notices=("read by hand",)), CLASSES, skip=True)
    assert kept.notices[0] == "read by hand" and len(kept.notices) == 2


def test_no_row_left_is_an_error_even_when_skipping() -> None:
    with pytest.raises(DataError, match="label 'god' is none of the classes") as error:
        of_classes(rows("god", "god"), CLASSES, skip=True)
    assert "--skip-bad-rows" not in str(error.value)  # it would leave nothing
    assert "is this the column of labels?" in str(error.value)


def test_many_unknown_labels_are_counted_after_the_first_ten() -> None:
    with pytest.raises(DataError, match="and 2 more labels") as error:
        of_classes(rows("good", *(f"label {n:02}" for n in range(12))), CLASSES)
    assert "'label 09'" in str(error.value) and "'label 10'" not in str(error.value)


def test_places_without_a_source_are_rows() -> None:
    with pytest.raises(DataError, match="; data: row 2; mend"):
        of_classes(Dataset(["a", "b"], ["good", "god"]), CLASSES)


def test_places_in_class_folders_are_files(tmp_path: Path) -> None:
    for name in ("bad", "dire"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "0.txt").write_text("a text")
    with pytest.raises(DataError, match=r"label 'dire' is none of the classes.*: file dire/0\.txt; mend"):
        of_classes(read(tmp_path), CLASSES)


def test_numbers_and_unlabelled_rows_come_back_as_they_are() -> None:
    regress = Dataset(["a"], [1.5], task="regress")
    unlabelled = Dataset(["a"], None)
    assert of_classes(regress, ()) is regress and of_classes(unlabelled, CLASSES) is unlabelled


def test_a_column_of_texts_is_refused_at_once_and_its_cells_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def noted(label: str, classes: Sequence[str]) -> str:
        asked.append(label)
        return nearest(label, classes)

    monkeypatch.setattr(known, "nearest", noted)
    with pytest.raises(DataError, match="and 90 more labels") as error:
        of_classes(rows(*(f"{n:02d} " + "a long evening " * 20 for n in range(100))), CLASSES)
    assert len(asked) == PROBLEMS_SHOWN  # difflib takes long, and once a row is a minute
    assert max(map(len, str(error.value).splitlines())) < 200
