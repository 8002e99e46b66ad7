from __future__ import annotations

import dataclasses
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limbeck.scores import Scores
from support.plain_modules import plain_modules

pq = pytest.importorskip("pyarrow.parquet")
import pyarrow as pa  # noqa: E402

FOLDER = Path(__file__).parents[2] / "recipes" / "sentiment"


NAMES = ("make", "data", "sources", "run", "card", "finish", "scaling", "pieces", "records", "commands")


@pytest.fixture(scope="module")
def recipe() -> Any:
    """The recipe's modules as they import each other, while the tests of this file run."""
    with plain_modules(FOLDER, NAMES) as modules:
        yield modules


@pytest.fixture
def data(recipe: Any) -> Any:
    return recipe["data"]


@pytest.fixture
def sources(recipe: Any) -> Any:
    return recipe["sources"]


def table(path: Path, **columns: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


@pytest.mark.parametrize(
    ("labels", "feeling"),
    [
        ([], "neutral"),
        (["neutral"], "neutral"),
        (["neutral", "joy"], None),
        (["joy"], "positive"),
        (["joy", "love"], "positive"),
        (["joy", "optimism"], "positive"),
        (["optimism"], None),
        (["anger", "disapproval"], "negative"),
        (["fear"], None),
        (["joy", "anger"], None),
        (["joy", "fear"], None),
        (["joy", "surprise"], None),
        (["confusion"], None),
    ],
)
def test_feelings_become_classes_where_they_are_clear(sources: Any, labels: list[str], feeling: str | None) -> None:
    assert sources.feeling(labels) == feeling


def test_every_feeling_of_the_set_is_in_one_table_at_most(sources: Any) -> None:
    tables = [*sources.CLEAR.values(), *sources.WEAK.values()]
    assert len(set().union(*tables)) == sum(map(len, tables)) == 23  # 27 less the four without a sign


def test_parts_are_read_as_three_classes(sources: Any, tmp_path: Path) -> None:
    table(tmp_path / "sst5/train.parquet", text=["s0", "s1", "s2", "s3", "s4"], label=[0, 1, 2, 3, 4])
    table(tmp_path / "sst5/phrases.parquet", text=["the film"], label=[2])
    table(tmp_path / "mr/train.parquet", text=["\ufffd a bore"], label=["negative"])
    table(tmp_path / "imdb/train.parquet", text=["good"], label=[1])
    table(tmp_path / "subj/train.parquet", text=["he leaves", "a bore"], label=["objective", "subjective"])
    table(tmp_path / "go_emotions/train.parquet", text=["yay", "eh"], labels=[["joy"], ["joy", "anger"]])
    table(tmp_path / "stsb/train.parquet", sentence1=["a man"], sentence2=["a dog"])
    table(tmp_path / "mrpc/train.parquet", sentence1=["shares fell"], sentence2=["not read"])
    rows = [
        row
        for reader in ("sst", "mr", "imdb", "subj", "go_emotions", "plain")
        for row in _read(sources, reader, tmp_path)
    ]
    assert [(row.text, row.label, row.part) for row in rows] == [
        ("s0", "negative", "sst_sentences"),
        ("s1", "negative", "sst_sentences"),
        ("s2", "neutral", "sst_sentences"),
        ("s3", "positive", "sst_sentences"),
        ("s4", "positive", "sst_sentences"),
        ("the film", "neutral", "sst_phrases"),
        ("a bore", "negative", "mr"),
        ("good", "positive", "imdb"),
        ("he leaves", "neutral", "subj"),
        ("yay", "positive", "go_emotions"),
        ("a man", "neutral", "plain"),
        ("a dog", "neutral", "plain"),
        ("shares fell", "neutral", "plain"),
    ]


def _read(sources: Any, reader: str, folder: Path) -> list[Any]:
    return list(getattr(sources, reader)(folder))


def test_half_of_the_texts_are_as_people_write(sources: Any, tmp_path: Path) -> None:
    texts = [f"it does n't work , says number {n}" for n in range(200)]
    table(tmp_path / "sst5/train.parquet", text=texts, label=[0] * 200)
    table(tmp_path / "sst5/phrases.parquet", text=["x"], label=[2])
    natural = sum("doesn't work, says" in row.text for row in sources.sst(tmp_path))
    assert 70 < natural < 130
    reviews = [f"one {n}<br /><br />two" for n in range(200)]
    table(tmp_path / "imdb/train.parquet", text=reviews, label=[0] * 200)
    kept = sum("<br />" in row.text for row in sources.imdb(tmp_path))
    assert 70 < kept < 130


def test_treebank_marks_are_undone(sources: Any) -> None:
    assert sources.natural("`` it 's -LRB- so -RRB- bad , '' he does n't say ; I 'd") == (
        "\" it's (so) bad, \" he doesn't say; I'd"
    )


def test_every_dev_and_test_text_is_held_out(sources: Any, tmp_path: Path) -> None:
    table(tmp_path / "sst2/dev.parquet", text=["one"], label=["positive"])
    table(tmp_path / "sst2/train.parquet", text=["learnt"], label=["positive"])
    table(tmp_path / "imdb/test.parquet", text=["two"], label=[1])
    table(tmp_path / "mrpc/test.parquet", sentence1=["three"], sentence2=["four"], label=[1])
    assert list(sources.held_out(tmp_path)) == ["one", "two", "three", "four"]


@pytest.mark.parametrize(
    "spelling",
    [
        "The Cutting-Room floor does n't lie .",
        "the cutting room floor doesn't lie",
        "-LRB- The cutting-room floor doesn't lie -RRB-",
    ],
)
def test_a_dev_text_is_blocked_however_it_is_spelt(data: Any, spelling: str) -> None:
    blocked = data.Blocklist(["the cutting-room floor does n't lie ."])
    assert blocked.has(spelling)
    assert not blocked.has("the cutting-room floor")


def test_nearly_the_whole_of_a_test_text_is_blocked_and_a_phrase_of_it_is_not(data: Any) -> None:
    text = "a gorgeous witty seductive movie that nobody should ever miss on a rainy sunday afternoon"
    words = text.split()
    blocked = data.Blocklist([" ".join(words)])
    assert blocked.has(" ".join(words[:-1]))
    assert blocked.has(" ".join(words[2:]))
    assert not blocked.has(" ".join(words[:5]))
    assert not blocked.has(" ".join([*words, "said the man who had never been to the cinema before"]))


def test_the_quick_search_blocks_what_a_slow_one_does(data: Any) -> None:
    draw = random.Random(0)
    texts = ["".join(draw.choices("abc ", k=draw.randint(60, 120))) for _ in range(60)]
    blocked = data.Blocklist(texts)
    keys = [data.match_key(text) for text in texts]
    for key in keys:
        for _ in range(10):
            start = draw.randrange(len(key) // 2)
            part = key[start : start + draw.randint(5, len(key))]
            slow = any(part in whole and len(part) >= 0.6 * len(whole) and len(whole) >= 39 for whole in keys)
            assert blocked.has(part) == (slow or part in keys)


def test_texts_without_a_letter_are_told_apart(data: Any) -> None:
    blocked = data.Blocklist(["很好", "😍"])
    assert blocked.has(" 很好 ") and blocked.has("😍")
    assert not blocked.has("很坏") and not blocked.has("😡")


def test_emoji_and_emoticons_are_part_of_a_text(data: Any) -> None:
    assert data.row_key("Thanks 😍") != data.row_key("Thanks 😡")
    assert data.row_key("ok :(") != data.row_key("ok :)")
    assert data.row_key("Ok .") == data.row_key("ok!")


def test_of_equal_texts_the_majority_counts_and_a_draw_leaves_them_out(data: Any, sources: Any) -> None:
    rows = [
        sources.Row("A bore.", "negative", "sst_phrases"),
        sources.Row("a bore", "negative", "sst_phrases"),
        sources.Row("a bore !", "neutral", "sst_phrases"),
        sources.Row("fine", "neutral", "sst_phrases"),
        sources.Row("Fine", "positive", "sst_phrases"),
        sources.Row("great", "positive", "sst_phrases"),
    ]
    out: dict[str, Counter[str]] = {"sst_phrases": Counter()}
    assert data.resolve(rows, out) == [rows[0], rows[5]]
    assert out == {"sst_phrases": {"repeated": 1, "contradicted": 3}}


def test_the_more_trusted_part_decides(data: Any, sources: Any) -> None:
    sst, mr = (
        sources.Row("it has moments", label, part) for label, part in (("neutral", "sst_sentences"), ("positive", "mr"))
    )
    assert data.resolve([mr, sst]) == [sst]
    assert data.resolve([mr, mr, mr, sst]) == [sst]


def test_strata_are_capped_and_the_rest_is_given_back(data: Any, sources: Any) -> None:
    rows = [sources.Row(f"the film {n}", "neutral", "sst_phrases") for n in range(50)]
    rows += [sources.Row(f"as good as the film {n}", "neutral", "sst_phrases") for n in range(50)]
    rows += [sources.Row(f"good {n}", "positive", "sst_phrases") for n in range(50)]
    taken, others = data.cap(rows, {"sst_phrases/neutral/short": 3, "sst_phrases/neutral/long": 7})
    assert Counter(map(data.stratum, taken)) == {
        "sst_phrases/neutral/short": 3,
        "sst_phrases/neutral/long": 7,
        "sst_phrases/positive": 50,
    }
    assert sorted([*taken, *others], key=str) == sorted(rows, key=str)
    again, _ = data.cap(rows[::-1], {"sst_phrases/neutral/short": 3, "sst_phrases/neutral/long": 7})
    assert set(again) == set(taken)


def test_rows_are_held_back_in_the_shares_of_the_classes(data: Any, sources: Any) -> None:
    rows = [sources.Row(f"n{n}", "negative", "mr") for n in range(60)]
    rows += [sources.Row(f"p{n}", "positive", "mr") for n in range(30)] + [sources.Row("o", "positive", "own")]
    held, rest = data.hold_back(rows, {"mr": 30})
    assert Counter(row.label for row in held) == {"negative": 20, "positive": 10}
    assert not set(held) & set(rest)
    assert len(rest) == 61
    assert len(data.hold_back(rows, {"mr": 1000})[0]) == 45  # never more than a half


def test_the_mixture_holds_no_dev_text_and_hangs_on_no_order(data: Any, sources: Any) -> None:
    dev = [sources.Row(f"dev sentence {n}", "neutral", "sst5_dev") for n in range(5)]
    rows = [sources.Row(f"review number {n}", ("negative", "positive")[n % 2], "imdb") for n in range(60)]
    rows += [sources.Row(f"sentence {n}", "neutral", "sst_sentences") for n in range(20)]
    rows += [sources.Row("Dev sentence 3 !", "positive", "mr"), sources.Row(" ", "neutral", "plain")]
    limits = {"caps": {"imdb/negative": 8, "imdb/positive": 9}, "valid": {"imdb": 6}, "held": (10, 12)}
    made = data.mix(rows, dev, data.Blocklist([row.text for row in dev]), **limits)
    assert Counter(row.part for row in made.train) == {"imdb": 17, "sst_sentences": 20}
    assert made.valid[:5] == dev and len(made.valid) == 11
    assert (len(made.reading), len(made.calibration)) == (10, 12)
    groups = [made.train, made.valid, made.reading, made.calibration]
    assert len({row.text for group in groups for row in group}) == sum(map(len, groups))
    assert made.left_out["mr"] == made.left_out["plain"] == {"blocked": 1}
    assert made.left_out["imdb"] == {"beyond the cap": 60 - 6 - 17}
    again = data.mix(rows[::-1], dev, data.Blocklist([row.text for row in dev[::-1]]), **limits)
    assert (again.train, again.reading, again.calibration) == (made.train, made.reading, made.calibration)
    assert data.counts(made.train)["imdb"] == {"negative": 8, "positive": 9}


def test_rows_are_written_and_read(data: Any, sources: Any, tmp_path: Path) -> None:
    rows = [sources.Row("one\ntwo 😍", "positive", "mr"), sources.Row('"three"', "neutral", "own")]
    data.write(tmp_path / "rows.jsonl", rows)
    assert data.read(tmp_path / "rows.jsonl") == rows
    assert [row.part for row in data.read(tmp_path / "rows.jsonl", "own")] == ["own", "own"]
    (tmp_path / "bad.jsonl").write_text('{"text": "a", "label": "mixed", "part": "own"}\n')
    with pytest.raises(ValueError, match=r"bad\.jsonl line 1: 'mixed' is none of negative, neutral, positive"):
        data.read(tmp_path / "bad.jsonl")


@pytest.fixture
def chain(recipe: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Two made-up pieces, the second of which reads what the first leaves, and a list of what was made."""
    done: list[str] = []
    run = recipe["run"].Run(data=tmp_path, encoder=tmp_path, work=tmp_path, out=tmp_path / "o", results=tmp_path / "r")

    def write(name: str, source: str) -> Any:
        def make(run: Any) -> dict[str, Any]:
            done.append(name)
            (run.work / name).write_text((run.work / source).read_text() + name)
            return {"made": name}

        return make

    def piece(name: str, source: str) -> Any:
        return recipe["pieces"].Piece(
            lambda run: {"amount": run.amounts.get("amount", 1)},
            lambda run: {source: run.work / source},
            lambda run: {name: run.work / name},
            write(name, source),
        )

    (tmp_path / "start").write_text("start")
    monkeypatch.setattr(recipe["pieces"], "PIECES", {"one": piece("one", "start"), "two": piece("two", "one")})
    return run, recipe["make"].make, done


def test_a_finished_piece_is_made_once_and_again_when_its_inputs_or_outputs_change(chain: Any) -> None:
    run, make, done = chain
    for name in ("one", "two", "one", "two"):
        assert make(run, name)["made"] == {"made": name}
    assert done == ["one", "two"]
    (run.work / "start").write_text("other")
    for name in ("one", "two"):
        make(run, name)
    assert done == ["one", "two"] * 2
    (run.work / "two").write_text("damaged")
    for name in ("one", "two"):
        make(run, name)
    assert done == [*["one", "two"] * 2, "two"]
    make(dataclasses.replace(run, amounts={"amount": 2}), "one")
    assert done[-1] == "one"


def test_a_piece_that_is_stopped_leaves_no_record(recipe: Any, chain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run, make, _ = chain

    def stop(run: Any) -> Any:
        raise recipe["run"].Unfinished("stopped; a checkpoint stands")

    piece = recipe["pieces"].PIECES["one"]
    monkeypatch.setitem(recipe["pieces"].PIECES, "one", dataclasses.replace(piece, make=stop))
    with pytest.raises(recipe["run"].Unfinished, match="a checkpoint stands"):
        make(run, "one")
    assert not (run.results / "one.json").exists()


def test_a_piece_without_its_inputs_says_so(chain: Any) -> None:
    run, make, done = chain
    with pytest.raises(SystemExit, match="two reads one, which is not there: make the pieces before it first"):
        make(run, "two")
    assert done == []


def test_time_of_a_training_that_was_stopped_is_counted_whole(recipe: Any) -> None:
    assert recipe["make"].spent({"seconds": 60.0, "made": {"training": {"seconds": 3000.5}}}) == 3000.5
    assert recipe["make"].spent({"seconds": 60.0, "made": {}}) == 60.0


def test_the_fingerprint_of_a_folder_is_that_of_its_files(recipe: Any, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_text("1")
    first = recipe["run"].fingerprints({"a": tmp_path / "a"})
    (tmp_path / "a").rename(tmp_path / "b")
    assert recipe["run"].fingerprints({"a": tmp_path / "b"}) == first
    (tmp_path / "b" / "x").write_text("2")
    assert recipe["run"].fingerprints({"a": tmp_path / "b"}) != first


def test_two_probabilities_are_judged_on_rows_that_have_a_side(recipe: Any) -> None:
    scores = Scores(
        ids=np.zeros((4, 16), np.uint8),
        logits=np.array([[2, 9, 0], [0, 9, 2], [0, 9, 2], [0, 0, 0]], np.float32),
        targets=np.array([0, 2, 0, 1]),
        read=np.ones(4, np.int64),
        dropped=np.zeros(4, np.int64),
        answerable=np.ones(4, np.bool_),
        model="m",
        data="d",
    )
    found = recipe["finish"].judged(scores)
    assert (found["accuracy"], found["rows_with_a_side"]) == (pytest.approx(2 / 3), 3)


def test_minutes_are_those_of_both_speeds(recipe: Any) -> None:
    minutes = recipe["pieces"]._minutes({"sst_phrases": 300_000, "imdb": 228_000})
    assert minutes["bf16"] == 4.0  # 120 s of short texts and 120 s of reviews


def test_short_parts_are_read_twice_in_both_spellings(data: Any, sources: Any) -> None:
    rows = [
        sources.Row("it's fine", "neutral", "sst_sentences", "it 's fine"),
        sources.Row("no other way", "positive", "own"),
        sources.Row("a review", "negative", "imdb"),
    ]
    written = data.twice(rows)
    assert Counter(row.text for row in written) == {
        "it's fine": 1,
        "it 's fine": 1,
        "no other way": 2,
        "a review": 1,
    }
    assert {(row.label, row.part) for row in written} == {(row.label, row.part) for row in rows}


def test_the_other_spelling_is_no_other_row(data: Any, sources: Any) -> None:
    assert sources.Row("a", "neutral", "mr", "b") == sources.Row("a", "neutral", "mr")
    assert data.twice([]) == []


def test_rows_in_other_languages_are_left_out(data: Any, sources: Any) -> None:
    rows = [sources.Row("una película muy bonita que no se puede perder", "positive", "mr")]
    rows += [sources.Row(f"a film that nobody needs {n}", "negative", "mr") for n in range(4)]
    mixture = data.mix(rows, [], data.Blocklist([]), valid={})
    assert mixture.left_out["mr"] == {"foreign": 1}
    assert len(mixture.train) == 4
