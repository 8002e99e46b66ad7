"""Labels that are a quantity but for a few, and labels that are all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from limbeck.data import Dataset, apply_corrections, read
from limbeck.errors import DataError

DECIMALS = [f"{n / 7:.2f}" for n in range(40)]


def rows(folder: Path, labels: list[str]) -> Path:
    path = folder / "rows.csv"
    path.write_text("".join(["text,label\n", *(f'text {n},"{label}"\n' for n, label in enumerate(labels))]))
    return path


def refusal(path: Path, **options: str) -> str:
    with pytest.raises(DataError) as error:
        read(path, **options)  # type: ignore[arg-type]
    return str(error.value)


def test_one_value_that_is_no_number_is_named(tmp_path: Path) -> None:
    path = rows(tmp_path, [*DECIMALS, "N/A", "5%", "N/A"])
    data = read(path)
    assert (data.task, len(data.classes)) == ("classify", 42)
    assert data.notices[-1] == (
        f"{path}: column 'label' holds 42 classes, nearly all of them numbers with fractional parts, but not read as "
        "such: 'N/A' (lines 42, 44), '5%' (line 43); if it is a quantity, mend these (a decimal point, no comma) and "
        "give --task regress"
    )
    assert not any("fractional" in notice for notice in read(path, task="classify").notices)


def test_decimal_commas_are_seen_and_the_first_ones_named(tmp_path: Path) -> None:
    path = rows(tmp_path, [label.replace(".", ",") for label in DECIMALS] * 4)
    notice = read(path).notices[-1]
    assert "but not read as such: '0,00' (lines 2, 42, 82, 122), '0,14' (lines 3," in notice
    assert "'0,57'" in notice and "'0,71'" not in notice and "and 35 more; if it is a quantity, mend these" in notice
    text = refusal(rows(tmp_path, ["1.5", "0,14", "1,000.5"]), task="regress")
    assert "holds '0,14', and --task regress wants a number with a decimal point, not a comma\n" in text
    assert text.endswith("holds '1,000.5', and --task regress wants a number")


@pytest.mark.parametrize(
    "labels",
    [
        [*DECIMALS[:20], "N/A"],
        [*map(str, range(40)), "N/A"],
        [*(f"{n},000" for n in range(40)), "N/A"],
        [*DECIMALS, *(f"version {n}" for n in range(10))],
    ],
)
def test_few_numbers_whole_ones_and_many_words_are_no_quantity(tmp_path: Path, labels: list[str]) -> None:
    assert not any("fractional" in notice for notice in read(rows(tmp_path, labels)).notices)


def test_one_number_is_refused_unless_it_is_scored(tmp_path: Path) -> None:
    path = rows(tmp_path, ["2.5", "2.50", "2.5"])
    assert refusal(path, task="regress") == (
        f"{path}: column 'label' holds one number only, 2.5, 3 rows; a regression needs two different ones "
        "(--label-column names another column)"
    )
    assert read(path, task="regress", one_class_ok=True).targets == [2.5, 2.5, 2.5]


def test_rows_that_are_missing_are_told_with_one_class(tmp_path: Path) -> None:
    path = rows(tmp_path, ["fine", "", ""])
    assert refusal(path, text_column="text", label_column="label") == (
        f"{path}: column 'label' holds one class only, class 'fine', 1 row; a classifier needs two "
        f"(--label-column names another column); {path}: 2 rows without a label in column 'label' left out (lines 3, 4)"
    )


def test_corrections_that_leave_one_number_are_refused(tmp_path: Path) -> None:
    fixes = tmp_path / "fixes.csv"
    fixes.write_text("text,label,corrected\na,1,2\n")
    data = Dataset(["a", "b"], [1.0, 2.0], task="regress")
    with pytest.raises(DataError, match=r"fixes\.csv leaves data with one number only, 2, 2 rows; a regression needs"):
        apply_corrections(data, fixes)
