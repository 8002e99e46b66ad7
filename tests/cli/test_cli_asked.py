"""Which word is a model, which a text, which a file: and which are slips of the pen."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from limbeck.cli._asked import FILE_SUFFIXES, Asked, model_and_data, understand
from limbeck.errors import DataError, SettingsError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a saved model, its data, and other things that one has."""
    for name in ("model", "models/first", "data/pos", "empty"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("model", "models/first"):
        (tmp_path / name / "limbeck.json").write_text("{}")
    (tmp_path / "data/pos/1.txt").write_text("a joy")
    for name in ("reviews.csv", "lines.txt", "my lines.txt", "notes"):
        (tmp_path / name).write_text("text\na joy\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    return tmp_path


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["An hour I want back."], Asked(texts=("An hour I want back.",))),
        (["wonderful"], Asked(texts=("wonderful",))),
        (["A joy.", "bad"], Asked(texts=("A joy.", "bad"))),
        (["and/or"], Asked(texts=("and/or",))),
        (["great job /s"], Asked(texts=("great job /s",))),
        (["/s"], Asked(texts=("/s",))),
        (["-_-"], Asked(texts=("-_-",))),
        (["I saw missing.csv there"], Asked(texts=("I saw missing.csv there",))),
        (["I read it in notes.txt"], Asked(texts=("I read it in notes.txt",))),
        (["A joy.", "it is in notes.txt"], Asked(texts=("A joy.", "it is in notes.txt"))),
        (["model", "I read it in notes.txt"], Asked(Path("model"), ("I read it in notes.txt",))),
        (["my lines.txt"], Asked(source=Path("my lines.txt"))),
        ([""], Asked(texts=("",))),
        (["x" * 100_000], Asked(texts=("x" * 100_000,))),
        (["nul\0byte"], Asked(texts=("nul\0byte",))),
        (["half \ud83d"], Asked(texts=("half \ud83d",))),
        (["model", "a joy"], Asked(Path("model"), ("a joy",))),
        (["model/", "one", "two"], Asked(Path("model"), ("one", "two"))),
        (["models/first", "a joy"], Asked(Path("models/first"), ("a joy",))),
        (["model", "modle/"], Asked(Path("model"), ("modle/",))),
        (["reviews.csv"], Asked(source=Path("reviews.csv"))),
        (["notes"], Asked(source=Path("notes"))),
        (["model", "lines.txt"], Asked(Path("model"), source=Path("lines.txt"))),
        (["model", "data"], Asked(Path("model"), source=Path("data"))),
        ([], Asked(piped=True)),
        (["-"], Asked(piped=True)),
        (["model"], Asked(Path("model"), piped=True)),
        (["model", "-"], Asked(Path("model"), piped=True)),
        (["empty"], Asked(Path("empty"), piped=True)),
    ],
)
def test_words_are_understood(words: list[str], asked: Asked) -> None:
    assert understand(words) == asked


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["modle/", "a joy"], r"there is no file or folder 'modle/'; 'model' \(nearest\) is a saved model; name one"),
        (
            ["modle", "a joy"],
            r"'modle' is no folder; 'model' \(nearest\) is a saved model\. Of several words the first",
        ),
        (
            ["modle"],
            r"'modle' is no folder; 'model' \(nearest\) is a saved model\. To answer the word itself: echo modle",
        ),
        (["models/frist"], r"there is no file or folder 'models/frist'; 'models/first' \(nearest\)"),
        (["nope/"], r"there is no file or folder 'nope/'; name one that exists, or put a text in quotes"),
        (["./nope"], r"there is no file or folder './nope'"),
        (["/no/such/model", "a joy"], r"there is no file or folder '/no/such/model'"),
        (["models/third"], r"there is no file or folder 'models/third'"),
        (["org/model", "a joy"], r"'org/model' is no folder\. Of several words"),
        (["An", "hour", "I", "want", "back."], r"'An' is no folder\. .*put a text of several words in quotes"),
        (["reviews.csv", "model"], r"'model' is a saved model, and a model stands first: limbeck predict model"),
        (["A joy.", "model/"], r"'model/' is a saved model, and a model stands first"),
        (["lines.txt", "reviews.csv"], r"'lines\.txt' names a file, and a file is answered alone"),
        (["model", "a joy", "reviews.csv"], r"'reviews\.csv' names a file, and a file is answered alone"),
        (["a joy here", "-"], r"'-' stands for standard input, which is read alone"),
        (["model", "-", "a joy"], r"'-' stands for standard input"),
    ],
)
def test_slips_are_told(words: list[str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        understand(words)


@pytest.mark.parametrize("name", ["missing.csv", "no/such/file.JSONL"])
def test_a_file_that_is_not_there_is_an_error(name: str) -> None:
    for words in ([name], ["model", name]):
        with pytest.raises(DataError, match=f"no file '{name}'"):
            understand(words)


def test_a_terminal_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for stdin in (Terminal(), None):
        monkeypatch.setattr(sys, "stdin", stdin)
        for words in ([], ["model"]):
            with pytest.raises(
                SettingsError, match="nothing to answer: give a text, a file, or lines by a pipe, such as"
            ):
                understand(words)
        assert understand(["empty"]) == Asked(Path("empty"), piped=True)  # loading says that it is no model
    assert understand(["-"]).piped  # who says so may type


def test_out_takes_a_file_or_a_pipe() -> None:
    out = Path("out.csv")
    assert understand(["model", "reviews.csv"], out=out) == Asked(Path("model"), source=Path("reviews.csv"))
    assert understand(["reviews"], out=out) == Asked(source=Path("reviews"))
    assert understand([], out=out).piped and understand(["model", "-"], out=out).piped
    with pytest.raises(SettingsError, match="--out takes the rows of one file; 2 texts were given"):
        understand(["A joy.", "b"], out=out)


@pytest.mark.parametrize(("words", "name"), [([""], "data"), (["model", ""], "data"), (["", "reviews.csv"], "model")])
def test_an_empty_word_is_no_place(words: list[str], name: str) -> None:
    with pytest.raises(SettingsError, match=rf"an empty word was given for {name}; is a variable not set"):
        model_and_data(words, "evaluate")


def test_a_model_may_stand_before_the_data() -> None:
    assert model_and_data(["reviews.csv"], "evaluate") == (None, Path("reviews.csv"))
    assert model_and_data(["data"], "evaluate") == (None, Path("data"))
    assert model_and_data(["model/", "reviews.csv"], "evaluate") == (Path("model"), Path("reviews.csv"))
    assert model_and_data(["modle", "reviews.csv"], "evaluate") == (Path("modle"), Path("reviews.csv"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "takes a labelled file, or a saved model and a labelled file; 0 names were given: none"),
        (["model", "reviews.csv", "lines.txt"], "3 names were given: model reviews.csv lines.txt"),
        (["model"], "'model' is a saved model; give the labelled file behind it: limbeck evaluate model test.csv"),
        (["reviews.csv", "model"], "a model stands first: limbeck evaluate model reviews.csv"),
    ],
)
def test_data_is_never_guessed(words: list[str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        model_and_data(words, "evaluate")


def test_a_folder_that_cannot_be_listed_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert understand(["no/where"]) == Asked(texts=("no/where",))


@pytest.mark.parametrize("name", ["reviews.xlsx", "missing.png", "data/reviews.csv.gz"])
def test_a_name_of_a_file_that_is_not_read_is_no_text(name: str) -> None:
    with pytest.raises(DataError, match=f"no file '{name}'; give a file that exists"):
        understand([name])
    assert understand([f"I saw it in {name}"]).texts == (f"I saw it in {name}",)


def test_the_suffixes_are_those_that_can_be_read() -> None:
    from limbeck.data.formats import by_suffix

    assert set(FILE_SUFFIXES) == set(by_suffix())
