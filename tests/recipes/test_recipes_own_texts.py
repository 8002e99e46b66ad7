"""Our own training texts: half of the alphabet, balanced, all different, the same for the same seed."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.errors import DataError, SettingsError

FOLDER = Path(__file__).resolve().parents[2] / "recipes" / "sentiment" / "own_texts"
WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
LISTED = (FOLDER / "function_words.txt").read_text(encoding="utf-8").split()
FREE = frozenset(LISTED)
BOTH = ("negative", "positive")


def module(name: str, called: str) -> ModuleType:
    """A script of the folder under a name of its own: another recipe has a ``make`` too."""
    spec = importlib.util.spec_from_file_location(called, FOLDER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    sys.modules[called] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[called])
    return sys.modules[called]


grammar = module("grammar", "grammar")  # by this name ``make`` finds it
make = module("make", "own_texts_make")


@pytest.fixture(scope="module")
def rows() -> list[Any]:
    made: list[Any] = make.texts(6000)
    return made


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)


def sources() -> Iterator[tuple[str, str]]:
    """Everything that was written, with the file it stands in; slots and groups taken out."""
    for path in sorted(FOLDER.glob("*/*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        content.pop("group", None)
        for text in strings(content):
            yield path.name, re.sub(r"\{[^}]*\}|\(n\)|^\[[a-z ]+\] ", " ", text)
    for row in make.written():
        yield "written.jsonl", row.text


def strange(text: str) -> list[str]:
    """The words that are not ours: n to z, and not in the list of free words, with or without 's."""
    words = WORD.findall(text.lower().replace("’", "'"))
    return [word for word in words if "m" < word[0] <= "z" and not {word, word.removesuffix("'s")} & FREE]


def test_every_source_keeps_to_its_half_of_the_alphabet() -> None:
    assert [(name, text, strange(text)) for name, text in sources() if strange(text)] == []
    assert strange("A great sofa, very tasty, it's Tom's") == ["sofa", "tasty", "tom's"]


def test_every_text_keeps_to_its_half_of_the_alphabet(rows: list[Any]) -> None:
    assert [(row.text, strange(row.text)) for row in rows if strange(row.text)] == []


def test_free_words_are_plain_and_all_in_use(rows: list[Any]) -> None:
    assert sorted(FREE) == LISTED
    assert all("n" <= word[0] <= "z" for word in FREE), "a to m is ours without a list"
    used = {word for _, text in sources() for word in WORD.findall(text.lower())}
    used |= {word for row in rows for word in WORD.findall(row.text.lower().replace("’", "'"))}
    used |= {word.removesuffix("'s") for word in used}
    assert FREE - used == set()


def test_emoji_and_emoticons_keep_to_their_half(rows: list[Any]) -> None:
    pictures = {sign for row in rows for sign in row.text if unicodedata.category(sign) in ("So", "Sk", "Cs", "Cn")}
    assert len(pictures) > 80
    assert [sign for sign in pictures if unicodedata.name(sign)[0] > "M"] == []
    faces = {face for row in rows for face in re.findall(r"[:;=][-o^']?[()\[\]DPpOo3|/\\*]+", row.text)}
    assert faces == {":)", ":(", ":))", ":((", ";)"}


COUNTRIES = (
    *("America", "American", "Argentina", "Australia", "Australian", "Austria", "Belgium", "Brazil", "Britain"),
    *("British", "Canada", "Canadian", "Chile", "China", "Chinese", "Cuba", "Czech", "Denmark", "Danish", "Dutch"),
    *("Egypt", "England", "English", "Finland", "France", "French", "German", "Germany", "Greece", "Greek", "Hungary"),
    *("Iceland", "India", "Indian", "Indonesia", "Iran", "Iraq", "Ireland", "Irish", "Israel", "Italian", "Italy"),
    *("Jamaica", "Japan", "Japanese", "Kenya", "Korea", "Lebanon", "Libya", "Malaysia", "Mexican", "Mexico"),
)


@pytest.mark.parametrize(
    ("ability", "sign"),
    [
        ("questions", r"\?"),
        ("comparisons", r"\bthan\b|\b(?:compared|comparison)\b"),
        ("opinions of others", r"[\"“”«»]|\bsa(?:id|ys)\b|\baccording\b"),
        ("marks", r"\bstars?\b|/ ?(?:5|10)\b|\bout of (?:five|ten|5|10)\b"),
        ("countries", rf"\b(?:{'|'.join(COUNTRIES)})\b"),
    ],
)
def test_abilities_held_back_have_no_text(ability: str, sign: str, rows: list[Any]) -> None:
    texts = [*(row.text for row in rows), *(text for _, text in sources())]
    assert [text for text in texts if re.search(sign, text)] == []


def test_six_thousand_are_different_and_balanced(rows: list[Any]) -> None:
    assert len(rows) == 6000 == len({row.key for row in rows})
    assert Counter(row.label for row in rows) == {"negative": 2000, "neutral": 2000, "positive": 2000}
    assert len({row.text.casefold() for row in rows}) == 6000


def test_signs_are_equal_within_a_kind(rows: list[Any]) -> None:
    counts = Counter((row.kind, row.label) for row in rows)
    for kind, share in make.SHARES.items():
        assert share[0] == share[2]
        assert counts[kind, "negative"] == counts[kind, "positive"], kind
    assert {kind for kind, _ in counts} == {"written", *make.SHARES}


def test_enough_was_written() -> None:
    bank = grammar.bank()
    templates = {text for texts in bank.templates.values() for text in texts}
    assert len(templates) > 900
    fillers = [*bank.pools.values(), *(pool for domain in bank.domains for pool in domain.pools.values())]
    assert len({word for pool in fillers for word in pool}) > 2000
    assert Counter(row.label for row in make.written()) == {"negative": 140, "neutral": 140, "positive": 140}
    assert len({row.key for row in make.written()}) == 420
    assert max(len(row.text.split()) for row in make.written()) > 80


def test_lists_hold_nothing_twice() -> None:
    bank = grammar.bank()
    for texts in bank.templates.values():
        doubled = {text for text, count in Counter(texts).items() if count > 1 and "{plain}" not in text}
        assert doubled == set()
    for domain in bank.domains:
        assert {"thing", "part", "did", "again", "plain_clause"} < set(domain.pools)
        for name, pool in domain.pools.items():
            assert len(set(pool)) == len(pool) or name == "chat", (domain.name, name)
        assert not set(domain.pools["good_clause"]) & set(domain.pools["bad_clause"])
        assert not set(domain.pools["good_fit"]) & set(domain.pools["bad_fit"])


def test_kinds_and_templates_are_the_same() -> None:
    for (kind, label), texts in grammar.bank().templates.items():
        assert bool(texts) == bool(make.SHARES[kind][make.CLASSES.index(label)]), (kind, label)


def test_sentiment_words_stand_on_both_sides(rows: list[Any]) -> None:
    """A list of words alone would learn little: the words of one sign are often read in texts of the other."""
    for sign, other in (("good_word", "negative"), ("bad_word", "positive")):
        words = set(grammar.bank().pools[sign])
        hits = Counter(word for row in rows if row.label == other for word in words if word in row.text.lower())
        assert sum(hits.values()) > 400
        assert len(hits) == len(words)


def test_long_texts_are_long(rows: list[Any]) -> None:
    lengths = [len(row.text.split()) for row in rows if row.kind in ("late", "account")]
    assert len(lengths) > 600
    assert min(lengths) >= 60
    assert max(lengths) <= 200


@pytest.mark.parametrize(("kind", "label"), sorted(grammar.bank().templates))
def test_templates_fill(kind: str, label: str) -> None:
    rng = random.Random(3)
    for template in grammar.bank().templates[kind, label]:
        text = grammar.filled(template, label, rng)
        assert not re.search(r"[{}\[\]]|\(n\)| {2}| [.,]", text), text
        assert not re.search(r"\ba (?:[aei]\w|o(?!ne))|\ban [b-df-gj-np-tv-z]", text), text


def test_slots_by_hand() -> None:
    pools = {"good_word": ["great"], "bad_word": ["bad"], "month": ["May", "June"], "nest": ["{own_word} {month}"]}

    def fill(template: str, label: str = "positive") -> str:
        return str(grammar.fill(template, label, random.Random(1), pools, {}))

    assert fill("{own_word}, not {other_word}") == "great, not bad"
    assert fill("{own_word}, not {other_word}", "negative") == "bad, not great"
    assert {*fill("{month} {month2} {month}").split()} == {"May", "June"}
    assert fill("{month} {month2} {month}").split()[0] == fill("{month} {month2} {month}").split()[2]
    assert fill("{7-7} {7-7}") == "7 7"
    assert fill("{nest}", "negative").startswith("bad ")
    assert fill("{own_word} {own_word2}") == "great great", "a list that has run out begins again"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("a(n) hour, a(n) honest app.", "An hour, an honest app."),
        ("A(n) one-off, a(n) euro, a(n) unit.", "A one-off, a euro, a unit."),
        ("A(n) 8, a(n) 11, a(n) 80, a(n) 1.", "An 8, an 11, an 80, a 1."),
        ("It is here. it's a(n) LED.", "It is here. It's an LED."),
        ("❤ fine! bad.", "❤ fine! Bad."),
    ],
)
def test_articles_and_capitals(template: str, text: str) -> None:
    assert grammar.filled(template, "neutral", random.Random(0)).casefold() == text.casefold()
    assert grammar.filled(template, "neutral", random.Random(0))[1:].replace("Fine", "fine") == text[1:]


def test_dressing() -> None:
    def seen(text: str, **given: bool) -> set[str]:
        rng = random.Random(0)
        return {grammar.dressed(text, rng, **given) for _ in range(3000)}

    assert seen("I am here.") >= {"I am here.", "I'm here.", "I’m here", "i am here", "I am here!", "I AM HERE."}
    assert seen("I am here.", plain=True) == {"I am here.", "I'm here.", "I’m here."}
    assert seen("That is how it is.", plain=True) == {"That is how it is."}
    assert "IT WAS " + "LONG " * 12 not in seen("It was " + "long " * 12)


def test_the_plan_by_hand() -> None:
    plan = {(kind, label): number for kind, label, number in make.plan(420 + 3 * 102)}
    assert [plan[kind, "positive"] for kind in ("opinion", "negation", "clauses", "late")] == [20, 18, 15, 14]
    assert sum(plan.values()) == 3 * 102
    assert all(number == 0 for *_, number in make.plan(420))


@settings(max_examples=8, deadline=None)
@given(rows=st.integers(420, 700), seed=st.integers(0, 2**32))
def test_classes_are_equal_to_a_row(rows: int, seed: int) -> None:
    texts = make.texts(rows, seed)
    counts = Counter(row.label for row in texts)
    assert len(texts) == rows == len({row.key for row in texts})
    assert max(counts.values()) - min(counts.values()) <= 1
    assert set(make.written()) <= set(texts)


def test_the_file_is_the_same_on_every_run(tmp_path: Path) -> None:
    for name, hash_seed in (("a", "1"), ("b", "2")):
        command = [sys.executable, str(FOLDER / "make.py"), "--out", str(tmp_path / name), "--rows", "900"]
        done = subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": hash_seed}, capture_output=True, check=True, encoding="utf-8"
        )
        assert done.stdout == f"{tmp_path / name}: 900 texts\n"
    content = (tmp_path / "a").read_bytes()
    assert content == (tmp_path / "b").read_bytes()
    lines = [json.loads(line) for line in content.decode("utf-8").splitlines()]
    assert lines == [vars(row) for row in make.texts(900, 0)]
    assert b"\\u" not in content
    assert lines != [vars(row) for row in make.texts(900, 1)]


def refusal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert make.main(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    return told.err


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lost = tmp_path / "lost" / "a.jsonl"
    error = refusal(["--out", str(lost), "--rows", "0", "--seed", "-1"], capsys)
    assert error == (
        "make.py: --rows 0 is not a number of texts; give a whole number of 420 or more; --seed -1 is below nought; "
        f"give 0, 1, 2 ...; --out '{lost}' stands in a folder that does not exist; make '{lost.parent}' first\n"
    )
    assert f"--out '{tmp_path}' is a folder; name a file in it" in refusal(["--out", str(tmp_path)], capsys)


def test_too_few_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = refusal(["--out", str(tmp_path / "a"), "--rows", "5"], capsys)
    assert error.startswith("make.py: 5 rows are too few: the 420 texts") and "--rows 420 or more" in error
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("arguments", [["--rows", "9000"], ["--out", "a", "--rows", "many"], ["--out", "a", "--row"]])
def test_malformed_arguments(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        make.main(arguments)
    assert left.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_templates_that_run_out_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    bank = grammar.bank()
    few = grammar.Bank({**bank.templates, ("lukewarm", "neutral"): ["Average."]}, bank.pools, bank.domains)
    monkeypatch.setattr(make, "bank", lambda: few)
    with pytest.raises(SettingsError, match=r"no more than 1 different texts of the kind 'lukewarm' that are neutral"):
        make.texts(1000)


def test_a_slot_or_group_without_words_is_named() -> None:
    with pytest.raises(DataError, match=r"no list of words is called 'mnth'; there are 'month'"):
        grammar.filled("In {mnth}.", "neutral", random.Random(0))
    with pytest.raises(DataError, match=r"no domain is of the group 'good'; there are 'goods'"):
        grammar.filled("[good] In {month}.", "neutral", random.Random(0))
