"""``limbeck predict`` with no model named: a text, a file, a pipe; sentences; and what nobody should give it."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from limbeck.cli import main
from limbeck.text.readable import NO_WORDS
from support.sentiment_model import sentiment_model
from support.tiny import SENTENCES, shared

KEYS = ["predicted", "p_negative", "p_neutral", "p_positive", "score", "tokens_read", "tokens_dropped", "reason"]
GERMAN = "das essen war leider kalt"
Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMBECK_SENTIMENT", str(sentiment_model()))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts bytes on standard input."""

    def put(content: bytes | str) -> None:
        stream = io.BytesIO(content if isinstance(content, bytes) else content.encode())
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))

    return put


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_text_alone_is_answered_for_sentiment(capsys: Captured) -> None:
    assert main(["predict", "An hour I want back."]) == 0
    label, chance = capsys.readouterr().out.split()
    assert label in ("negative", "neutral", "positive") and 0 < float(chance) <= 1
    assert main(["predict", "An hour I want back.", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert list(row) == KEYS
    assert row["score"] == pytest.approx(row["p_positive"] - row["p_negative"])


def test_a_file_alone_has_a_score_for_each_row(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "reviews.csv").write_text("id,text\n1,a joy\n2,\n3,a bore\n")
    assert main(["predict", "reviews.csv", "--out", "scored.csv"]) == 0
    found = rows((tmp_path / "scored.csv").read_text())
    assert list(found[0]) == ["id", "text", *KEYS]
    assert float(found[0]["score"]) == pytest.approx(float(found[0]["p_positive"]) - float(found[0]["p_negative"]))
    assert (found[1]["score"], found[1]["reason"]) == ("", "empty text")
    assert main(["predict", "reviews.csv", "--prefix", "x_"]) == 0
    assert list(rows(capsys.readouterr().out)[0]) == ["id", "text", *(f"x_{key}" for key in KEYS)]


def test_a_source_with_a_score_asks_for_a_prefix(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "reviews.csv").write_text("text,score\na joy,5\n")
    assert main(["predict", "reviews.csv"]) == 2
    assert "the column 'score', which is the name of one that is added" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["-"]])
def test_each_line_of_a_pipe_has_a_line(words: list[str], pipe: Any, capsys: Captured) -> None:
    pipe(f"a joy\n\n{GERMAN}\n10/10\nan hour i want back")
    assert main(["predict", *words]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert err == ""
    assert len(lines) == 5
    assert lines[1] == "-         empty text"
    assert lines[2].startswith("-         this looks like German; this model reads English")
    assert lines[3] == f"-         {NO_WORDS}"
    for line in (lines[0], lines[4]):
        assert line[:10].split()[0] in ("negative", "neutral", "positive") and 0 < float(line[10:]) <= 1


def test_a_pipe_for_a_model_of_ones_own(pipe: Any, capsys: Captured) -> None:
    for words in ([str(shared())], [str(shared()), "-"]):
        pipe("\n".join(SENTENCES))
        assert main(["predict", *words]) == 0
        assert len(capsys.readouterr().out.splitlines()) == len(SENTENCES)
    pipe("a joy\n")
    assert main(["predict", str(shared("regress"))]) == 0
    float(capsys.readouterr().out)


def test_a_pipe_as_json_and_into_a_file_is_as_a_file_of_lines(tmp_path: Path, pipe: Any, capsys: Captured) -> None:
    content = "a joy\n\na bore\n"
    (tmp_path / "lines.txt").write_text(content)
    assert main(["predict", "lines.txt", "--json"]) == 0
    expected = capsys.readouterr().out
    pipe(content)
    assert main(["predict", "--json"]) == 0
    assert capsys.readouterr() == (expected, "")
    assert [list(json.loads(line)) for line in expected.splitlines()] == [["text", *KEYS]] * 3
    pipe(content)
    assert main(["predict", "--out", "scored.csv"]) == 0
    assert "3 rows, 2 answered, 1 without an answer: scored.csv" in capsys.readouterr().err
    assert [row["text"] for row in rows((tmp_path / "scored.csv").read_text())] == ["a joy", "", "a bore"]


def test_long_and_odd_lines_are_told(pipe: Any, capsys: Captured) -> None:
    pipe("a joy\n" + "the film " * 40 + "\na " + "x" * 120 + "\n")
    assert main(["predict"]) == 0
    err = capsys.readouterr().err
    assert "line 3: a word of 120 characters was read as unknown" in err
    assert "3 rows, 3 answered, 0 without an answer, 1 too long to be read whole (--windows reads all)" in err


def test_sentences_of_a_text(capsys: Captured) -> None:
    assert main(["predict", "--sentences", "The film was a joy. 10/10! The soup is warm."]) == 0
    first, second, third = capsys.readouterr().out.splitlines()
    assert first[10] in "+-" and first.endswith("  The film was a joy.")
    assert second == f"-                10/10!  ({NO_WORDS})"
    assert third.endswith("  The soup is warm.")
    assert main(["predict", "--sentences", "A joy. A bore.", "The soup."]) == 0
    assert [bool(line) for line in capsys.readouterr().out.splitlines()] == [True, True, False, True]


def test_sentences_for_a_model_of_ones_own_have_the_probability(capsys: Captured) -> None:
    assert main(["predict", "--sentences", str(shared()), "A joy. A bore."]) == 0
    for line in capsys.readouterr().out.splitlines():
        assert 0.5 <= float(line.split()[1]) <= 1
    assert main(["predict", "--sentences", str(shared("regress")), "A joy."]) == 0
    assert capsys.readouterr().out.endswith("  A joy.\n")


def test_sentences_as_json_are_a_list_in_the_text(tmp_path: Path, pipe: Any, capsys: Captured) -> None:
    assert main(["predict", "--sentences", "--json", "A joy. A bore!"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert list(row) == [*KEYS, "sentences"]
    assert [part["sentence"] for part in row["sentences"]] == ["A joy.", "A bore!"]
    assert list(row["sentences"][0]) == ["sentence", *KEYS]
    pipe("A joy. A bore!\n\n")
    assert main(["predict", "--sentences", "--json", "--prefix", "x_"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [len(each["x_sentences"]) for each in found] == [2, 0]
    (tmp_path / "in.jsonl").write_text('{"text": "A joy.", "sentences": 1}\n')
    assert main(["predict", "--sentences", "--json", "in.jsonl"]) == 2
    assert "the column 'sentences' already" in capsys.readouterr().err


def test_sentences_of_a_file_are_rows(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "in.csv").write_text('id,text\n1,"A joy. A bore!"\n2,\n3,what a waste\n')
    assert main(["predict", "--sentences", "in.csv", "--out", "out.csv"]) == 0
    assert "4 sentences, 3 answered, 1 without an answer" in capsys.readouterr().err
    found = rows((tmp_path / "out.csv").read_text())
    assert list(found[0]) == ["id", "text", "sentence_n", "sentence", *KEYS]
    assert [(row["id"], row["sentence_n"], row["sentence"]) for row in found] == [
        ("1", "1", "A joy."),
        ("1", "2", "A bore!"),
        ("2", "1", ""),
        ("3", "1", "what a waste"),
    ]
    assert found[0]["text"] == "A joy. A bore!"
    assert main(["predict", "--sentences", "in.csv", "--prefix", "x_"]) == 0
    assert list(rows(capsys.readouterr().out)[0])[2:5] == ["x_sentence_n", "x_sentence", "x_predicted"]


def test_sentences_of_a_pipe_are_lines(pipe: Any, capsys: Captured) -> None:
    pipe("A joy. A bore!\n\nwhat a waste\n")
    assert main(["predict", "--sentences"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[17:] for line in lines] == ["A joy.", "A bore!", "", "  (empty text)", "", "what a waste"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sentences", "--pair", "a joy", "b"], "--sentences reads single texts, and --pair makes one input of two"),
        (["--sentences", "PAIR", "a"], "--sentences reads single texts only"),
        (["--pair"], "--pair takes two texts; a line of standard input is one"),
        (["PAIR"], "this model takes pairs, and a line of standard input is one text"),
        (["--text-column", "review"], "standard input has no column 'review'; --text-column takes 'text'"),
        (["--encoding", "utf-9"], "no encoding is called 'utf-9'"),
        ([GERMAN], "no answer to the text: this looks like German; this model reads English: fine-tune a multi"),
        (["!!!"], f"no answer to the text: {NO_WORDS}"),
        ([""], "the text '' is empty"),
    ],
)
def test_what_cannot_be_is_told(words: list[str], said: str, pipe: Any, capsys: Captured) -> None:
    pipe("a joy\n")
    with_model = [str(shared("pair")) if word == "PAIR" else word for word in words]
    assert main(["predict", *with_model]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("limbeck: ") and said in err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "there is nothing on standard input"),
        (b"caf\xe9\n", "standard input, line 1: byte 0xE9 is not utf-8; name its encoding"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "standard input, line 1: byte 0x89 is not utf-8"),
    ],
)
def test_bad_bytes_on_standard_input(content: bytes, said: str, pipe: Any, capsys: Captured) -> None:
    pipe(content)
    assert main(["predict"]) == 2
    assert said in capsys.readouterr().err


def test_lines_before_a_bad_one_are_answered(pipe: Any, capsys: Captured) -> None:
    pipe(b"a joy\na bore\ncaf\xe9\n")
    assert main(["predict"]) == 2
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 2
    assert "line 3: byte 0xE9" in err
    pipe(b"a joy\na bore\ncaf\xe9\n")
    assert main(["predict", "--out", "scored.csv"]) == 2
    assert not Path("scored.csv").exists()
    pipe(b"caf\xe9\n")
    assert main(["predict", "--encoding", "cp1252"]) == 0


BINARY = b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe" * 50


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("no_text.csv", b"a,b\n1,2\n3,4\n", "cannot tell which column of no_text.csv is the text"),
        ("no_text.jsonl", b'{"a": 1, "b": 2}\n', "cannot tell which column of no_text.jsonl is the text"),
        ("empty.csv", b"", "empty.csv is empty"),
        ("binary.txt", BINARY, "binary.txt, line 1: byte 0x89 at offset 0 is not utf-8"),
        ("binary.csv", BINARY, "binary.csv, line 1: byte 0x89"),
        ("binary.jsonl", BINARY, "binary.jsonl, line 1: byte 0x89"),
        ("binary.bin", BINARY, "cannot read 'binary.bin' by its suffix '.bin'"),
        ("no_suffix", b"a joy\n", "cannot read 'no_suffix' by its suffix ''"),
    ],
)
def test_bad_files(name: str, content: bytes, said: str, capsys: Captured) -> None:
    Path(name).write_bytes(content)
    assert main(["predict", name]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("limbeck: ") and said in err


def test_a_binary_file_that_calls_itself_parquet(capsys: Captured) -> None:
    pytest.importorskip("pyarrow")
    Path("binary.parquet").write_bytes(BINARY)
    assert main(["predict", "binary.parquet"]) == 2
    assert capsys.readouterr().err.startswith("limbeck: ")


def test_a_folder_is_no_file(capsys: Captured) -> None:
    Path("folder").mkdir()
    Path("folder.csv").mkdir()
    for words, said in (
        (["folder"], "'folder' is no saved model, limbeck.json is missing"),
        (["folder.csv"], "'folder.csv' is no saved model, limbeck.json is missing"),
        ([str(shared()), "folder"], "'folder' holds no class folders"),
        ([str(shared()), "folder.csv"], "'folder.csv' holds no class folders"),
    ):
        assert main(["predict", *words]) == 2
        assert said in capsys.readouterr().err


def test_a_word_of_ten_megabytes(pipe: Any, capsys: Captured) -> None:
    word = "x" * 10_000_000
    pipe(word + "\na joy\n")
    assert main(["predict"]) == 0
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 2
    assert "no word that the model knows: a word of 10000000 characters was read as unknown" in out.splitlines()[0]
    Path("word.txt").write_text(word)
    assert main(["predict", "word.txt", "--out", "out.jsonl"]) == 0
    row = json.loads(Path("out.jsonl").read_text())
    assert (row["text"], row["tokens_read"], row["predicted"]) == (word, 1, None)


@pytest.mark.parametrize("character", ["!", "1", " ", "字", "\x00"])
def test_a_megabyte_of_nothing_to_read(character: str, pipe: Any, capsys: Captured) -> None:
    pipe(character * (1_000_000 // len(character.encode())))
    assert main(["predict", "--sentences"]) == 0
    assert capsys.readouterr().out.startswith("-  ")


def test_surrogates_and_zero_bytes_are_read(pipe: Any, capsys: Captured) -> None:
    assert main(["predict", "a joy \udcff\ud83d"]) == 0  # as the shell gives bytes that are not utf-8
    assert main(["predict", "--sentences", "a joy \ud83d"]) == 0
    assert capsys.readouterr().out.endswith("  a joy ?\n")
    Path("in.jsonl").write_text('{"text": "a joy \\ud83d"}\n{"text": "\\u0000"}\n{"text": "a\\u0000joy"}\n')
    assert main(["predict", "in.jsonl", "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["predicted"] is None for row in found] == [False, True, False]
    assert found[0]["text"] == "a joy \ud83d"
    pipe("a\x00joy\n\x00\n")
    assert main(["predict"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "-         empty text"


def started(*words: str, **options: Any) -> Any:
    command = [sys.executable, "-m", "limbeck", "predict", *words]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ}, **options)


def test_a_slow_writers_lines_are_answered_while_it_writes() -> None:
    process = started()
    for text in ("a joy", "a bore"):
        process.stdin.write(f"{text}\n".encode())
        process.stdin.flush()
        assert process.stdout.readline().split()[0] in (b"negative", b"neutral", b"positive")
    process.stdin.close()
    assert process.wait(60) == 0
    process.stdout.close()


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "many.txt").write_text("a joy\n" * 30_000)
    command = f"{sys.executable} -m limbeck predict < many.txt | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, encoding="utf-8", cwd=tmp_path)
    assert done.stdout.startswith(("negative", "neutral", "positive"))
    assert done.stderr == ""


def test_a_closed_standard_input_is_told() -> None:
    command = f"{sys.executable} -m limbeck predict <&-"
    done = subprocess.run(command, shell=True, capture_output=True, encoding="utf-8")
    assert done.returncode == 2
    assert "nothing to answer" in done.stderr and "Traceback" not in done.stderr


def test_an_answer_with_no_model_named_loads_no_more_than_it_needs() -> None:
    code = (
        "import sys\nfrom limbeck.cli import main\nassert main(['predict', 'the film was a joy']) == 0\n"
        "print(*[name for name in ('tyro', 'tqdm', 'limbeck.data', 'limbeck.text.sentences', 'limbeck.text.emoji', "
        "'csv', 'importlib.metadata') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.splitlines()[1:] == [""]


def test_sentences_of_a_text_in_another_language_are_all_refused(capsys: Captured) -> None:
    assert main(["predict", "--sentences", "Das war gut. Sehr schön. Das Essen war leider kalt."]) == 2
    assert "no answer to any sentence: this looks like German" in capsys.readouterr().err
    assert main(["predict", "--sentences", "10/10"]) == 2
    assert f"no answer to any sentence: {NO_WORDS}" in capsys.readouterr().err
    assert main(["predict", "--sentences", "A joy. 10/10."]) == 0
    assert "-" in capsys.readouterr().out.splitlines()[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["in.csv", "--json", "--out", "out.csv"], "--json prints, and --out 'out.csv' is written as its ending says"),
        (["a joy", "--batch-size", "0"], "--batch-size 0 holds no row; give 1 or more"),
        (["-", "--skip-bad-rows"], "--skip-bad-rows is for files: of standard input every line gets an answer"),
    ],
)
def test_flags_that_would_do_nothing_are_told(words: list[str], said: str, pipe: Any, capsys: Captured) -> None:
    Path("in.csv").write_text("text\na joy\n")
    pipe("a joy\n")
    assert main(["predict", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_missing_cell_has_no_sentences(capsys: Captured) -> None:
    Path("in.jsonl").write_text('{"text": NaN}\n{"text": "A joy. A bore."}\n')
    assert main(["predict", "in.jsonl", "--sentences", "--json"]) == 0
    out, err = capsys.readouterr()
    assert [len(json.loads(line)["sentences"]) for line in out.splitlines()] == [0, 2]
    assert "2 rows, 1 answered" in err
