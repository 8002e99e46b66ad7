"""The column of each class where the classes are known, and that of a teacher's numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from limbeck.distil.columns import number_column
from support.said import given, notices, refusal

TWO = ("bad", "good")
OF = "\n(the classes are those of other.csv: 'bad', 'good'; the two must have the same, and one may be misspelt)"


def test_the_prefix_that_predict_was_given_is_taken_where_the_classes_are_known(tmp_path: Path) -> None:
    for header in ("text,x_p_good,x_p_bad,x_score", "text,X_P_good,x_p_Bad,x_score"):
        found = given(tmp_path, header, "a film,0.25,0.75,0.04", classes=TWO)
        assert found.scores.task["classes"] == ["bad", "good"]
        assert found.scores.logits[0].argmax() == 0
    plain = given(tmp_path, "text,bad,good,x_p_good,x_p_bad", "a film,0.25,0.75,0.5,0.5", classes=TWO)
    assert notices(plain)[-1] == "probabilities from 'bad', 'good'"
    assert refusal(tmp_path, "text,x_p_bad,x_p_good,y_p_bad,y_p_good", "a film,0.5,0.5,0.5,0.5", classes=TWO) == (
        "said.csv has probabilities under several prefixes, x_p_<class> and y_p_<class>: leave one set in"
    )
    more = refusal(tmp_path, "text,x_p_bad,x_p_good,x_p_fair", "a film,0.25,0.5,0.25", classes=TWO)
    assert more.startswith("said.csv has probabilities of 'fair' too, which is none of the classes ['bad', 'good']")


def test_who_has_the_classes_is_named_with_the_file_that_lacks_one(tmp_path: Path) -> None:
    lacking = refusal(tmp_path, "text,bed,good", "a film,0.5,0.5", classes=TWO, classes_of="other.csv")
    assert lacking == (
        "said.csv has no column for the class 'bad'; there is 'bed' (nearest), 'good'\n(a column is called as its "
        f"class, or p_ and its class){OF}"
    )
    more = refusal(tmp_path, "text,bad,good,fair", "a film,0.5,0.25,0.25", classes=TWO, classes_of="other.csv")
    assert more.endswith(f"give a teacher of the same classes{OF}")


def test_a_column_within_the_tolerance_of_the_sum_is_told(tmp_path: Path) -> None:
    found = given(tmp_path, "text,bad,good,mixed", "a film,0.5,0.495,0.005", "a room,0.1,0.895,0.005", classes=TWO)
    assert notices(found)[1] == (
        "'mixed' is none of the classes and not read, though the rows add up to 1 with it; the others are divided by "
        "their sum"
    )
    within = refusal(tmp_path, "text,p_bad,p_good,p_mixed", "a film,0.5,0.495,0.005", classes=TWO)
    assert within.startswith("said.csv has probabilities of 'mixed' too")


@pytest.mark.parametrize(("name", "value"), [("p_id", 7), ("p_value", 0.03)])
def test_a_column_that_is_called_like_a_class_and_is_none(tmp_path: Path, name: str, value: float) -> None:
    found = given(tmp_path, f"text,bad,good,{name}", f"a film,0.5,0.5,{value}", classes=TWO)
    assert notices(found)[1] == f"numbers in {name!r} are not read: no class is called so"


def test_two_columns_for_one_class_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "text,bad,good,good ", "a film,0.5,0.5,0.5", classes=TWO) == (
        "said.csv has 2 columns for the class 'good', 'good', 'good ': leave one in"
    )


def test_a_class_that_is_called_as_the_column_of_another(tmp_path: Path) -> None:
    for header in ("text,p_good,good", "text,p_p_good,p_good", "text,P_Good,Good"):
        found = given(tmp_path, header, "a film,0.25,0.75", classes=("good", "p_good"))
        assert found.scores.logits[0].argmax() == 0
    both = given(tmp_path, "text,good,bad,p_good,p_bad", "a film,0.5,0.5,0.25,0.75", classes=TWO)
    assert both.scores.logits[0].argmax() == 0  # what predict wrote comes first


def test_thousands_of_classes_are_found_soon(tmp_path: Path) -> None:
    classes = [f"intent {n}" for n in range(2000)]
    row = ",".join("0.0005" for _ in classes)
    found = given(tmp_path, "text," + ",".join(reversed(classes)), f"a film,{row}", classes=tuple(classes))
    assert found.scores.task["classes"] == classes


def test_a_prediction_comes_before_a_score_that_people_may_have_given() -> None:
    assert number_column("said.csv", ["score", "prediction"]) == (
        "prediction",
        "said.csv: the teacher's numbers are read from 'prediction', and not from 'score'",
    )
    assert number_column("said.csv", ["Score", "stars"]) == ("Score", "")
    assert number_column("said.csv", ["x_predicted", "stars"]) == ("x_predicted", "")


def test_what_is_read_of_several_numbers_is_told(tmp_path: Path) -> None:
    found = given(tmp_path, "text,score,prediction", "a film,1,4.5", "a room,2,3.5", task="regress")
    assert found.scores.logits.tolist() == [[4.5], [3.5]]
    assert notices(found)[1] == "the teacher's numbers are read from 'prediction', and not from 'score'"
