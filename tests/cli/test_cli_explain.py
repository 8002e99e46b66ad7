from __future__ import annotations

import io
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from limbeck.cli import main
from limbeck.cli.explain import Settings, plain, run
from limbeck.errors import DataError, SettingsError
from limbeck.inspect.explain import explain
from support.sentiment_model import sentiment_model
from support.tiny import predictor, shared

TEXT = "the film was a joy"


def call(*texts: str, kind: str = "text", **flags: Any) -> int:
    return run(Settings((str(shared(kind)), *texts), **flags))


def test_a_text_gets_its_label_and_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(TEXT) == 0
    out, err = capsys.readouterr()
    assert out == explain(predictor(), TEXT).text() + "\n"
    assert err == ""
    call(TEXT, "a bore", strongest=1)
    assert [len(block.splitlines()) for block in capsys.readouterr().out.split("\n\n")] == [2, 2]


def test_no_model_is_sentiment(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LIMBECK_SENTIMENT", str(sentiment_model()))
    assert main(["explain", "the film was a joy"]) == 0
    assert capsys.readouterr().out.split()[0] in ("negative", "neutral", "positive")


def test_a_terminal_shows_the_text_in_colour(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    call("The \x1b[2J joy")
    shown = capsys.readouterr().out.splitlines()[1]
    assert re.sub(r"\x1b\[\d+m", "", shown) == r"The \x1b[2J joy"
    monkeypatch.setenv("NO_COLOR", "1")
    call(TEXT)
    assert "\x1b" not in capsys.readouterr().out


def test_json_has_places(capsys: pytest.CaptureFixture[str]) -> None:
    call("Café joy", json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["input"] == "Café joy" and "line" not in found
    assert [found["input"][word["start"] : word["end"]] for word in found["words"]] == ["Café", "joy"]


def test_what_was_odd_about_a_text_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call("a joy " + "x" * 120)
    assert capsys.readouterr().err == "a word of 120 characters was read as unknown\n"
    (tmp_path / "in.txt").write_text("a joy\na joy " + "x" * 120 + "\n")
    call(str(tmp_path / "in.txt"))
    assert "line 2: a word of 120 characters was read as unknown" in capsys.readouterr().err.splitlines()


def test_a_file_is_explained_row_by_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.csv").write_text("id,text\n1,a joy\n2,\n3,a bore\n")
    call(str(tmp_path / "in.csv"))
    out, err = capsys.readouterr()
    starts = [block.splitlines()[0] for block in out.split("\n\n")]
    assert starts[0].startswith("line 2: ") and starts[1] == "line 3: -  empty text"
    assert "text column 'text' by name" in err
    call(str(tmp_path / "in.csv"), json=True)
    assert [json.loads(line)["line"] for line in capsys.readouterr().out.splitlines()] == [2, 3, 4]


def test_a_folders_texts_are_told_by_their_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in (("bad/1.txt", "a bore"), ("good/1.txt", "a joy")):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    call(str(tmp_path), strongest=0)
    heads = [block.split(":")[0] for block in capsys.readouterr().out.split("\n\n")]
    assert heads == ["file bad/1.txt", "file good/1.txt"]
    call(str(tmp_path), json=True)
    assert [json.loads(line)["line"] for line in capsys.readouterr().out.splitlines()] == ["bad/1.txt", "good/1.txt"]


def test_a_pipe_is_explained_line_by_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    stream = SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(b"a joy\na bore\n")), isatty=lambda: False)
    monkeypatch.setattr("sys.stdin", stream)
    call("-", strongest=0)
    assert [line.split(":")[0] for line in capsys.readouterr().out.split("\n\n")] == ["line 1", "line 2"]
    with pytest.raises(SettingsError, match="--skip-bad-rows is for files"):
        call("-", skip_bad_rows=True)
    with pytest.raises(DataError, match="standard input has no column 'review'"):
        call("-", text_column="review")


def test_a_page_is_written_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call("a <b>joy</b> & more", html=tmp_path / "page.html")
    out, err = capsys.readouterr()
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert out == "" and "written" in err
    assert page.startswith("<!doctype html>") and page.endswith("</html>\n")
    assert "&lt;b&gt;" in page and "<b>" not in page and "<mark" in page
    (tmp_path / "in.txt").write_text("a joy\n\n")
    call(str(tmp_path / "in.txt"), html=tmp_path / "rows.html")
    assert "<h2><bdi>line 2: empty text</bdi></h2>" in (tmp_path / "rows.html").read_text(encoding="utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.txt", "page.html", "rows.html"]


def test_a_page_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot be written: .* is no folder that exists"):
        call(TEXT, html=tmp_path / "none" / "page.html")
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(SettingsError, match="is a folder"):
        call(TEXT, html=tmp_path / "folder.html")


def test_pairs(capsys: pytest.CaptureFixture[str]) -> None:
    call("the film", "was a joy", kind="pair", pair=True, json=True)
    assert {word["part"] for word in json.loads(capsys.readouterr().out)["words"]} == {0, 1}
    with pytest.raises(SettingsError, match="--pair takes two texts"):
        call(TEXT, kind="pair", pair=True)
    with pytest.raises(SettingsError, match="this model takes pairs; give two texts with --pair"):
        call(TEXT, kind="pair")
    with pytest.raises(SettingsError, match="--pair makes one input of two texts, and this model takes single texts"):
        call(TEXT, TEXT, pair=True)


def test_a_number_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    call(TEXT, kind="regress")
    assert float(capsys.readouterr().out.splitlines()[0]) == pytest.approx(
        float(predictor("regress").predict(TEXT).predicted),  # type: ignore[arg-type]
        rel=1e-3,
    )


def test_what_has_no_answer_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match="the text ' ' is empty"):
        call(" ")
    german = "Das Essen war leider kalt und die Bedienung nicht freundlich."
    with pytest.raises(DataError, match="no answer to the text: this looks like German"):
        run(Settings((str(sentiment_model()), german)))
    assert capsys.readouterr().out == ""
    assert run(Settings((str(sentiment_model()), german, " "), json=True)) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["label"] for one in found] == [None, None]
    assert found[0]["reason"].startswith("this looks like German") and found[1]["reason"] == "empty text"
    with pytest.raises(SettingsError, match="--text-pair-column 'x' is for files"):
        call("Good", text_pair_column="x")


def test_flags_that_cannot_stand_together(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"2 problems:\n.*--strongest -1.*\n.*--json prints"):
        call(TEXT, json=True, html=tmp_path / "page.html", strongest=-1)


def test_a_slip_names_this_command() -> None:
    with pytest.raises(SettingsError, match='limbeck explain "An hour'):
        run(Settings(("modle", "reviews")))


def test_a_call_without_flags_needs_no_parser() -> None:
    assert plain(["a joy", "--json"]) == Settings(("a joy",), json=True)
    assert plain(["a joy", "--html", "page.html"]) is None
