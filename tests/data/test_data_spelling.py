"""Labels that look the same are one class, in every place that compares them; others stay apart and are told of."""

from __future__ import annotations

from pathlib import Path

import pytest

from limbeck.data import apply_corrections, of_classes, read
from limbeck.data.spelling import alike, by_spelling, looks, spelling

COMPOSED, APART = "caf\u00e9", "cafe\u0301"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (APART, COMPOSED),
        ("\ufeffspam\u200b", "spam"),
        ("spam\x00", "spam"),
        ("\u2060 spam \u00ad", "spam"),
        (" \u200b spam\u200b \u200b", "spam"),
        ("very\u00a0good", "very good"),
        ("very  \t good", "very good"),
        ("Spam", "Spam"),
        ("1.0", "1.0"),
        ("sp\u00adam", "sp\u00adam"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0646\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0646\u0645"),
        (SCOTLAND, SCOTLAND),
        ("\u2764\ufe0f", "\u2764\ufe0f"),
        ("", ""),
    ],
)
def test_a_spelling(written: str, kept: str) -> None:
    assert spelling(written) == kept
    assert spelling(kept) == kept


def test_names_are_found_by_their_spelling_and_first_by_themselves() -> None:
    assert by_spelling([APART]) == {APART: APART, COMPOSED: APART}
    assert by_spelling([APART, COMPOSED]) == {APART: APART, COMPOSED: COMPOSED}
    assert by_spelling(["a  b", "a   b"])["a b"] == "a  b"


def test_looks_leave_case_width_and_the_unseen_out() -> None:
    assert looks(" \ufeffCa\u00adFE\u0301\n") == looks(COMPOSED)
    assert looks("\uff54ext") == "text"
    assert looks("text") != looks("texts")


def test_classes_that_are_likely_one_are_told_of() -> None:
    assert list(alike(["True", "true", "TRUE", "False"])) == ["'True', 'true' and 'TRUE' differ only in case"]
    assert list(alike(["sp\u00adam", "spam"])) == ["'sp\\xadam' and 'spam' look the same"]
    assert list(alike(["01", "1", "2"])) == ["'01' and '1' are the same number"]
    assert list(alike(["0", "00", f"1e-{'9' * 20}"])) == ["'0' and '00' are the same number"]
    assert list(alike(["a", "b", "1", "10", "12345678901234567890", "12345678901234567891"])) == []


def rows(folder: Path, *labels: str, name: str = "rows.csv") -> Path:
    path = folder / name
    lines = [f'text {n},"{label}"' for n, label in enumerate(labels)]
    path.write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")
    return path


def test_a_file_of_several_spellings_has_one_class_and_says_so(tmp_path: Path) -> None:
    path = rows(tmp_path, COMPOSED, APART, "tea\u200b", " tea", "tea")
    data = read(path)
    assert data.classes == (COMPOSED, "tea") and data.counts() == {COMPOSED: 2, "tea": 3}
    assert data.notices[-2:] == (
        f"{path}: white space around labels in column 'label' taken off in 1 row (line 5)",
        f"{path}: labels in column 'label' respelt in 2 rows (lines 3, 4): an accent is put on its letter, a blank "
        "made single, what is unseen taken off",
    )


def test_classes_that_stay_apart_are_told_of_and_other_ones_are_not(tmp_path: Path) -> None:
    path = rows(tmp_path, "Spam", "spam", "ham")
    data = read(path)
    assert data.classes == ("Spam", "ham", "spam")
    assert data.notices[-1] == (
        f"{path}: classes 'Spam' and 'spam' differ only in case, and stay apart; spell them alike if they are one"
    )
    assert len(read(rows(tmp_path, "spam", "ham")).notices) == 1


@pytest.mark.parametrize(("learnt", "asked"), [(COMPOSED, APART), (APART, COMPOSED), ("a b", "a\u00a0b\ufeff")])
def test_labels_of_another_spelling_are_the_model_s_classes(tmp_path: Path, learnt: str, asked: str) -> None:
    data = of_classes(read(rows(tmp_path, asked, "tea", asked)), (learnt, "tea"))
    assert data.targets == [learnt, "tea", learnt] and data.classes == (learnt, "tea")


def test_class_folders_of_two_spellings_are_one_class(tmp_path: Path) -> None:
    for n, name in enumerate((COMPOSED, APART, "tea\u200b", "milk  tea")):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{n}.txt").write_text(f"text {n}")
    if len(list(tmp_path.iterdir())) == 4:  # the file systems of macOS know one of the first two
        assert read(tmp_path).counts() == {COMPOSED: 2, "milk tea": 1, "tea": 1}


def test_corrections_of_another_spelling_apply(tmp_path: Path) -> None:
    data = read(rows(tmp_path, COMPOSED, "tea", "tea", COMPOSED))
    fixes = tmp_path / "fixes.csv"
    fixes.write_text(f"text,label,corrected\ntext 0,{APART},tea\ntext 1,tea\ufeff,{APART}\ntext 2,tea,tea\u200b\n")
    corrected = apply_corrections(data, fixes)
    assert corrected.targets == ["tea", COMPOSED, "tea", COMPOSED]
    assert corrected.notices == (f"{fixes}: labels changed in 2 rows, 0 rows dropped",)
