"""The page: whole, alone, harmless, and with what it is for on it. How it looks is for eyes."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from limbeck.data import Dataset
from limbeck.inspect.charts import reliability
from limbeck.inspect.errors import Bar, Errors, judge
from limbeck.inspect.page import GREATEST, About, make_page
from limbeck.inspect.page_tables import confusion_table, slice_table
from limbeck.inspect.shares import Interval, wilson
from limbeck.inspect.slices import Slice
from limbeck.scores import Scores
from limbeck.tasks import TaskLike, make_task

pytest.importorskip("cleanlab")

EVIL = "<script>alert('x')</script>\x00\u202e\ud83d <img src=http://x.example/y onerror=z>"
VOID = {"meta", "br"}


class Checker(HTMLParser):
    """Reads a page, and sees that every tag is closed in its order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.links += [str(value) for name, value in attrs if name in ("src", "href", "action", "data")]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def judged(texts: list[str], labels: list[str], task: TaskLike) -> tuple[Errors, Dataset]:
    data = Dataset(list(texts), list(labels), classes=task.classes, rows=tuple(range(2, len(texts) + 2)))
    random = np.random.default_rng(0)
    ones = np.ones(len(texts), np.int64)
    ids = np.frombuffer(b"".join(data.ids), np.uint8).reshape(-1, 16)
    logits = random.normal(size=(len(texts), task.n_outputs)).astype(np.float32)
    scores = Scores(ids, logits, task.encode(labels), ones, ones * 0, ones > 0, "m", "d", task.to_json())
    return judge(scores, data, task, seen=0.9), data


def test_the_page_holds_together_and_needs_nothing() -> None:
    task = make_task("classify", classes=["bad", "good"])
    texts = [f"text {n} of this file" for n in range(60)] + ["a joy", "a joy"]
    errors, data = judged(texts, ["bad", "good"] * 31, task)
    page = make_page(errors, data, About("model", "train.csv", "fixes.csv", ("a note & more",)))
    found = Checker(page)
    assert all(link.startswith("#") for link in found.links) and len(found.links) == 6
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(found.seen)
    assert not re.search(r"url\(|@import|https?:", page)
    assert "default-src 'none'; style-src 'unsafe-inline'" in page
    assert 'name="viewport" content="width=device-width' in page and "prefers-color-scheme: dark" in page
    for heading in ("Greatest losses", "Likely label errors", "Duplicates", "Slices", "Confusion", "Calibration"):
        assert heading in found.text
    assert "learnt from about 90% of these rows" in found.text and "a note & more" in found.text
    assert "labels contradict" in found.text and "fixes.csv" in found.text
    assert found.text.count("read as") == GREATEST
    worst = int(errors.report.greatest[0])
    assert f"line {worst + 2} · loss {errors.report.losses[worst]:.3f}: {data.targets[worst]} read as" in found.text  # type: ignore[index]
    assert texts[worst] in found.text
    assert f"{errors.headline[0][1].low:.4f} to" in found.text


def test_texts_labels_and_names_are_only_shown() -> None:
    task = make_task("classify", classes=[EVIL, "good"])
    errors, data = judged([f"{EVIL} {n}" for n in range(30)], [EVIL, "good"] * 15, task)
    page = make_page(errors, data, About(EVIL, EVIL, EVIL, (EVIL,)))
    found = Checker(page)
    assert not {"script", "img"} & set(found.seen)
    assert not any(sign in page for sign in "\x00\u202e\ud83d")
    assert "alert('x')</script>␀[U+202E]\ufffd" in found.text
    assert page.encode("utf-8")


def test_words_that_mattered_are_marked_in_their_rows() -> None:
    task = make_task("classify", classes=["bad", "good"])
    errors, data = judged(["a joy to see", "dull"], ["bad", "good"], task)
    worst = int(errors.report.greatest[0])
    page = make_page(errors, data, About("m", "d"), words={worst: ([(0, 1, 0.5, "+0.50 good")],)})
    first = str(data.inputs[worst])
    assert f'<mark class="for w4" title="+0.50 good">{first[0]}</mark>{first[1:]}' in page
    assert set(re.findall("<mark [^>]*>", page)) == {'<mark class="for w4" title="+0.50 good">'}
    assert "Words on blue" in page


def test_long_texts_are_folded_and_pairs_have_two() -> None:
    task = make_task("classify", classes=["bad", "good"])
    long = "word " * 400
    pairs = [(long, "short"), ("one", "two")]
    data = Dataset(list(pairs), ["bad", "good"], classes=task.classes)
    ones = np.ones(2, np.int64)
    ids = np.frombuffer(b"".join(data.ids), np.uint8).reshape(-1, 16)
    logits = np.array([[1, 0], [0, 1]], np.float32)
    scores = Scores(ids, logits, np.array([0, 1]), ones, ones * 0, ones > 0, "m", "d", task.to_json())
    page = make_page(judge(scores, data, task), data, About("m", "d"))
    found = Checker(page)
    assert found.seen.count("details") == 1 and found.text.count("short") == 1
    assert "learnt from" not in found.text and "Calibration" not in found.text


def test_numbers_have_no_classes() -> None:
    task = make_task("regress")
    data = Dataset(["a", "b", "c"], [1.0, 2.0, 3.0], "regress")
    ones = np.ones(3, np.int64)
    ids = np.frombuffer(b"".join(data.ids), np.uint8).reshape(-1, 16)
    said = np.array([[1.5], [2.0], [1.0]], np.float32)
    scores = Scores(ids, said, np.array([1.0, 2.0, 3.0]), ones, ones * 0, ones > 0, "m", "d", task.to_json())
    found = Checker(make_page(judge(scores, data, task), data, About("m", "d")))
    assert "loss 4.000: 3 read as 1" in found.text
    assert "Confusion" not in found.text and "Likely label errors" not in found.text
    assert "mean absolute error" in found.text


def test_a_confusion_of_many_classes_lists_the_greatest() -> None:
    few = Checker(confusion_table(np.array([[3, 1], [0, 4]]), ["bad", "good"]))
    assert few.seen.count("td") == 4
    many = np.eye(30, dtype=np.int64) * 10
    many[3, 7] = 5
    many[1, 2] = 9
    found = Checker(confusion_table(many, [f"c{n}" for n in range(30)]))
    assert found.seen.count("tr") == 3
    assert found.text.split() == ["labelanswerrowsof", "this", "label", "c1c2947.4%", "c3c7533.3%"]


def test_the_reliability_diagram_has_points_inside() -> None:
    bars = [Bar(0.55, wilson(10, 20), 20), Bar(0.99, wilson(20, 20), 20)]
    drawn = reliability(bars)
    Checker(drawn)
    assert drawn.count("<circle") == 2
    values = [float(value) for value in re.findall(r' (?:[xy][12]?|c[xy])="([-\d.]+)"', drawn)]
    assert min(values) >= 0 and max(values) <= 300


def test_the_interval_of_an_error_does_not_go_below_nothing() -> None:
    shown = slice_table([Slice("topic", "x", 1, Interval(0.5, -1.0, 2.0))], "mean absolute error")
    assert "0.000–2.000" in shown and "-1.0" not in shown
