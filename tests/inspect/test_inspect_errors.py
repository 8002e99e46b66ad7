"""The judgement as a whole: figures by hand, what is asked of a predictor, and numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from limbeck.data import Dataset
from limbeck.data.sketch import sketch
from limbeck.errors import DataError
from limbeck.inspect import errors as module
from limbeck.inspect.corrections import to_look_at
from limbeck.inspect.errors import find_errors, judge, share_seen
from limbeck.inspect.page import About, make_page
from limbeck.inspect.shares import wilson
from limbeck.metrics import softmax
from limbeck.runtime.predictor import Predictor
from limbeck.scores import Scores
from limbeck.tasks import make_task
from support.tiny import SENTENCES, predictor, save_tiny

pytest.importorskip("cleanlab")

CLASSIFY = make_task("classify", classes=["bad", "good"])


def table(data: Dataset, logits: NDArray[Any], answerable: NDArray[Any] | None = None) -> Scores:
    task = CLASSIFY if data.task == "classify" else make_task("regress")
    n = len(data)
    lengths = np.arange(n) + 3
    return Scores(
        np.frombuffer(b"".join(data.ids), np.uint8).reshape(-1, 16),
        logits.astype(np.float32),
        task.encode(data.targets or []),
        lengths,
        np.zeros(n, np.int64),
        np.ones(n, np.bool_) if answerable is None else answerable,
        "m",
        "d",
        task.to_json(),
    )


def made(n: int) -> tuple[Dataset, NDArray[Any]]:
    """Rows that a model gets right but for each fifth."""
    texts = [f"text number {k} of all these" for k in range(n)]
    targets = ["good" if k % 2 else "bad" for k in range(n)]
    sure = np.where(np.arange(n) % 5 == 0, -1.0, 2.0) * np.where(np.arange(n) % 2, 1, -1)
    return Dataset([*texts], targets, classes=("bad", "good"), rows=tuple(range(2, n + 2))), np.stack([-sure, sure], 1)


def test_headline_slices_and_calibration() -> None:
    data, logits = made(40)
    found = judge(
        table(data, logits), data, CLASSIFY, parts={"topic": ["x"] * 20 + ["y"] * 20, "length": ["short"] * 40}
    )
    named = dict(found.headline)
    assert list(named) == ["accuracy", "macro_f1", "loss"]
    assert named["accuracy"] == wilson(32, 40)
    assert {name: one.value for name, one in named.items()} == pytest.approx(found.report.metrics)
    assert all(one.low <= one.value <= one.high for one in named.values())
    assert {one.by for one in found.slices} == {"length", "class", "topic", "column length"}
    assert sum(one.n_rows for one in found.slices if one.by == "topic") == 40
    assert sum(bar.n_rows for bar in found.bars) == 40 and len(found.bars) == 10
    said = [bar.said for bar in found.bars]
    assert said == sorted(said)
    assert sum(bar.right.value * bar.n_rows for bar in found.bars) == pytest.approx(32)
    assert found.calibration is not None and found.calibration.rows == 40
    assert found.labels is not None and set(found.labels.order[:8].tolist()) == set(range(0, 40, 5))
    assert not found.is_seen and not found.labels.second_opinion


def test_lengths_are_of_whole_texts_and_not_of_what_was_read() -> None:
    data, logits = made(40)
    scores = replace(table(data, logits), read=np.full(40, 8), dropped=np.repeat([0, 90], 20))
    found = {one.value: one for one in judge(scores, data, CLASSIFY).slices if one.by == "length"}
    assert {name: one.n_rows for name, one in found.items()} == {"8 tokens": 20, "98 tokens": 20}
    assert found["8 tokens"].measure == found["98 tokens"].measure == wilson(16, 20)


def test_unanswered_rows_are_in_no_figure() -> None:
    data, logits = made(40)
    answerable = np.arange(40) % 4 != 0
    found = judge(table(data, logits, answerable), data, CLASSIFY)
    assert sum(one.n_rows for one in found.slices if one.by == "class") == 30
    assert sum(bar.n_rows for bar in found.bars) == 30
    assert found.labels is not None and len(found.labels.order) == 30


def test_few_rows_have_no_calibration() -> None:
    data, logits = made(19)
    found = judge(table(data, logits), data, CLASSIFY)
    assert found.bars == () and found.calibration is None


def test_a_second_opinion_is_asked_for_rows_of_the_training_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    data, logits = made(60)
    asked: list[int] = []

    def pieces() -> list[NDArray[Any]]:
        asked.append(1)
        return [np.array([k % 7, 2, 3], np.int32) for k in range(60)]

    unseen = judge(table(data, logits), data, CLASSIFY, seen=0.0, pieces=pieces)
    assert not asked and not unseen.is_seen
    seen = judge(table(data, logits), data, CLASSIFY, seen=0.9, pieces=pieces)
    assert asked and seen.is_seen and seen.labels is not None and seen.labels.second_opinion
    few = judge(table(data.take(range(40)), logits[:40]), data.take(range(40)), CLASSIFY, seen=0.9, pieces=pieces)
    assert len(asked) == 1 and few.labels is not None and not few.labels.second_opinion
    assert judge(table(data, logits), data, CLASSIFY, check=False).labels is None


def test_numbers() -> None:
    data = Dataset([f"text {k}" for k in range(30)], [float(k) for k in range(30)], "regress")
    found = judge(table(data, np.arange(30.0)[:, None] + 0.5), data, make_task("regress"))
    assert found.labels is None and found.calibration is None and found.bars == ()
    named = dict(found.headline)
    assert named["mean_absolute_error"] == pytest.approx((0.5, 0.5, 0.5))
    assert {one.by for one in found.slices} == {"length"}
    assert all(one.measure.value == pytest.approx(0.5) for one in found.slices)


def test_a_predictor_knows_the_rows_that_it_learnt_from(tmp_path: Any) -> None:
    texts = [f"{sentence} {n}" for sentence in SENTENCES for n in "abcdefgh"]
    data = Dataset([*texts], ["negative", "positive"] * 32, classes=("negative", "positive"))
    assert share_seen(predictor(), data) is None  # it tells nothing of its training
    manifest = save_tiny(tmp_path / "model", data={"train": {"rows": 64, "sketch": sketch(data.ids[:32])}})
    own = Predictor(tmp_path / "model", manifest)
    assert share_seen(own, data) == 0.5
    found = find_errors(own, data)
    assert found.seen == 0.5 and found.labels is not None and found.labels.second_opinion
    probs = softmax(own.logits(data.inputs)[0])
    assert found.report.metrics["accuracy"] == pytest.approx((probs.argmax(1) == np.arange(64) % 2).mean())


@pytest.mark.parametrize("train", [None, [], {"rows": 2}, {"sketch": 3}, {"sketch": [1, 2]}])
def test_an_odd_manifest_tells_nothing(train: Any, tmp_path: Any) -> None:
    manifest = replace(save_tiny(tmp_path / "model"), data={"train": train})
    data = Dataset(list(SENTENCES), ["negative", "positive"] * 4, classes=("negative", "positive"))
    assert module.share_seen(Predictor(tmp_path / "model", manifest), data) is None


def test_rows_whose_output_is_no_number_are_in_no_figure() -> None:
    data, logits = made(40)
    logits[3] = np.nan
    found = judge(table(data, logits), data, CLASSIFY)
    assert found.report.n_unanswered == 1
    assert sum(bar.n_rows for bar in found.bars) == sum(one.n_rows for one in found.slices if one.by == "class") == 39
    assert all(np.isfinite(one).all() for _, one in found.headline)
    assert found.labels is not None and 3 not in found.labels.order


def test_rows_of_some_of_the_classes_in_another_order() -> None:
    task = make_task("classify", classes=["bad", "so so", "good"])
    data, logits = made(40)
    data = replace(data, classes=("good", "bad"))
    wide = np.stack([logits[:, 0], np.full(40, -9.0), logits[:, 1]], axis=1)
    wide[5] = (0.0, 9.0, 0.0)
    scores = replace(table(data, logits), logits=wide.astype(np.float32), targets=task.encode(data.targets or []))
    found = judge(scores, data, task)
    suggested = {row["line"]: row["suggested"] for row in to_look_at(found, data)}
    assert suggested[7] == "so so" and suggested[2] == "good"
    assert found.labels is not None
    page = make_page(replace(found, labels=replace(found.labels, n_errors=8)), data, About("m", "d"))
    assert "rather <b><bdi>so so</bdi></b>" in page


def test_scores_of_other_rows_or_labels_are_refused() -> None:
    data, logits = made(40)
    scores = table(data, logits)
    with pytest.raises(DataError, match=r"of other rows than those of mine\.csv; score these anew"):
        judge(scores, replace(data.take(range(39, -1, -1)), name="mine.csv"), CLASSIFY)
    turned = replace(data, targets=["good", *(data.targets or [])[1:]])
    with pytest.raises(DataError, match="the scores are of other labels than those of data; score these anew"):
        judge(scores, turned, CLASSIFY)
