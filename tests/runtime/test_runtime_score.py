from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limbeck.data import Dataset
from limbeck.errors import DataError
from limbeck.runtime.score import score
from limbeck.scores import Scores
from support.tiny import SENTENCES, predictor


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Rows that the session was asked."""
    seen: list[int] = []
    session = predictor().session
    honest = session.run

    def spy(ids: Any, type_ids: Any, **named: Any) -> Any:
        seen.append(len(ids))
        return honest(ids, type_ids, **named)

    monkeypatch.setattr(session, "run", spy)
    return seen


def dataset(*texts: str) -> Dataset:
    labels = ["positive" if n % 2 else "negative" for n in range(len(texts))]
    return Dataset(list(texts), labels, "classify", ("negative", "positive"))


def test_scores_are_the_predictors_logits() -> None:
    data = dataset(*SENTENCES, "")
    scores = score(predictor(), data, cache=False)
    logits, encoded = predictor().logits(data.inputs)
    np.testing.assert_array_equal(scores.logits, logits)
    np.testing.assert_array_equal(scores.read, encoded.read)
    assert scores.answerable.tolist() == [True] * len(SENTENCES) + [False]
    assert scores.targets is not None
    assert scores.targets.tolist()[:4] == [0, 1, 0, 1]
    assert [key.tobytes() for key in scores.ids] == data.ids
    assert (scores.model, scores.data) == (predictor().fingerprint, data.fingerprint)
    assert scores.task == {"name": "classify", "classes": ["negative", "positive"]}


def test_what_was_scored_once_is_never_scored_again(runs: list[int]) -> None:
    first = score(predictor(), dataset(*SENTENCES))
    second = score(predictor(), dataset(*SENTENCES))
    assert runs == [len(SENTENCES)]
    np.testing.assert_array_equal(first.logits, second.logits)
    score(predictor(), dataset(*SENTENCES[:3]))
    score(predictor(), dataset(*SENTENCES), cache=False)
    assert runs == [len(SENTENCES), 3, len(SENTENCES)]


def test_the_cache_holds_no_text(cache: Path) -> None:
    score(predictor(), dataset("a secret joy", "the unspoken film"))
    (path,) = (cache / "scores").iterdir()
    assert b"secret" not in path.read_bytes()
    with np.load(path) as file:
        assert all(b"secret" not in file[name].tobytes() for name in file)


@pytest.mark.parametrize("name", ["rows.parquet", "arrays.npz"])
def test_a_file_is_replaced_where_it_holds_scores_and_never_otherwise(
    name: str, runs: list[int], tmp_path: Path
) -> None:
    pytest.importorskip("pyarrow")
    file = tmp_path / name
    file.write_bytes(b"something else")
    with pytest.raises(DataError, match="holds no scores that can be read, so it is not replaced; name another"):
        score(predictor(), dataset("a joy"), file=file)
    assert file.read_bytes() == b"something else" and runs == []
    file.unlink()
    score(predictor(), dataset("a joy"), file=file)
    score(predictor(), dataset("a bore"), file=file)
    score(predictor(), dataset("a bore"), file=file)
    assert runs == [1, 1] and Scores.open(file).data == dataset("a bore").fingerprint


def test_a_damaged_or_unwritable_cache_costs_time_only(
    cache: Path, runs: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    score(predictor(), dataset("a joy"))
    (path,) = (cache / "scores").iterdir()
    path.write_bytes(b"damaged")
    assert len(score(predictor(), dataset("a joy"))) == 1
    Scores.open(path)  # written anew
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path / "file" / "cache"))
    score(predictor(), dataset("a joy"))
    assert runs == [1, 1, 1]


def test_a_cache_that_cannot_even_be_asked_costs_time_only(
    runs: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path / ("n" * 300)))  # no file system has such a name
    score(predictor(), dataset("a joy"))

    def refuse(self: Path, **_: Any) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "stat", refuse)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    score(predictor(), dataset("a joy"))
    assert runs == [1, 1]


def test_a_file_stands_in_for_the_cache(cache: Path, runs: list[int], tmp_path: Path) -> None:
    file = tmp_path / "scores.npz"
    first = score(predictor(), dataset("a joy"), file=file)
    again = score(predictor(), dataset("a joy"), file=file)
    np.testing.assert_array_equal(first.logits, again.logits)
    assert runs == [1]
    assert not cache.exists()
    score(predictor(), dataset("a joy", "a bore"), file=file)  # other data: scored, and the file is of it now
    assert Scores.open(file).data == dataset("a joy", "a bore").fingerprint
    score(predictor("regress"), Dataset(["a joy"], [1.5], "regress"), file=file)
    score(predictor(), dataset("a joy", "a bore"), file=file)  # another model's scores are none of this one
    assert runs == [1, 2, 2]
    assert len(Scores.open(file)) == 2


def test_what_another_model_said_of_the_same_texts_is_not_taken(tmp_path: Path) -> None:
    data = Dataset(["a joy"], None)
    assert score(predictor(), data, file=tmp_path / "scores.npz").logits.shape == (1, 2)
    assert score(predictor("regress"), data, file=tmp_path / "scores.npz").logits.shape == (1, 1)


def test_a_file_that_cannot_hold_scores_is_refused_before_scoring(runs: list[int], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"scores are kept as '\.npz', '\.parquet', not '\.csv'"):
        score(predictor(), dataset("a joy"), file=tmp_path / "scores.csv")
    assert runs == []
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write scores"):
        score(predictor(), dataset("a joy"), file=tmp_path / "file" / "scores.npz")


def test_texts_without_labels_have_no_targets() -> None:
    scores = score(predictor(), Dataset(["a joy"], None))
    assert scores.targets is None
    assert len(score(predictor(), Dataset([], None))) == 0


def test_numbers_are_targets_of_a_regression() -> None:
    scores = score(predictor("regress"), Dataset(["a joy", "a bore"], [1.5, -2.0], "regress"))
    assert scores.targets is not None
    assert scores.targets.tolist() == [1.5, -2.0]


def test_a_label_that_the_model_does_not_know_is_named() -> None:
    with pytest.raises(DataError, match="'neutral' is none of the classes"):
        score(predictor(), Dataset(["a"], ["neutral"], "classify", ("neutral",)))
