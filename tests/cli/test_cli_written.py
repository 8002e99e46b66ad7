"""Files that a command writes: none takes the place of what is read, and what cannot be written is told before work."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from limbeck.cli import main
from limbeck.cli._written import PAGES, hindrances
from limbeck.runtime.predictor import Predictor
from support.tiny import shared

ROWS = "text,label\na joy,positive\na bore,negative\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder at hand, with a file of rows whose name could be that of a page."""
    (tmp_path / "rows.csv").write_text(ROWS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where a text is answered; probes, by which a model is known to work here, and the empty text may be."""
    shared()
    honest = Predictor.logits

    def answer(self: Predictor, inputs: Any, *, refuse: bool = True, **named: Any) -> Any:
        assert not (refuse and any(inputs)), "texts were answered before the file to write was looked at"
        return honest(self, inputs, refuse=refuse, **named)

    monkeypatch.setattr(Predictor, "logits", answer)


def test_what_can_be_written_has_no_hindrance(home: Path) -> None:
    assert hindrances("--out", None) == []
    assert hindrances("--out", Path("new.csv"), reads=[Path("rows.csv"), None, Path("none.csv")]) == []
    assert hindrances("--html", Path("page.HTM"), endings=PAGES) == []
    assert hindrances("--html", Path("new/deep/page.html"), makes_folders=True) == []
    assert hindrances("--out", Path("rows.csv")) == []  # replaced, since it is not read


def test_each_hindrance_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("link.csv").symlink_to("rows.csv")
    assert hindrances("--out", Path("link.csv"), reads=[home / "rows.csv"]) == [
        "--out 'link.csv' is the file that is read; name another"
    ]
    assert hindrances("--html", Path("rows.csv"), endings=PAGES) == [
        "--html 'rows.csv' is no name of such a file; give one that ends in .html"
    ]
    assert hindrances("--out", home) == [f"--out {str(home)!r} is a folder; name a file to write"]
    for place, makes_folders in (("new/a.csv", False), ("rows.csv/new/a.csv", True)):
        (said,) = hindrances("--out", Path(place), makes_folders=makes_folders)
        assert said.startswith(f"--out {place!r} cannot be written: ") and "is no folder that exists" in said
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert hindrances("--out", Path("a.csv")) == [
        "--out 'a.csv' cannot be written: the folder '.' may not be changed; name another place"
    ]


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["explain", "MODEL", "rows.csv", "--html", "rows.csv"], "--html 'rows.csv' is no name of such a file"),
        (["explain", "MODEL", "page.html", "--text-column", "text", "--html", "page.html"], "is the file that is read"),
        (["evaluate", "MODEL", "rows.csv", "--html", "."], "--html '.' is no name of such a file"),
        (["evaluate", "MODEL", "rows.csv", "--scores", "rows.csv"], "--scores 'rows.csv' is the file that is read"),
        (["evaluate", "MODEL", "rows.csv", "--scores", "rows.csv/s.npz"], "'rows.csv' is no folder that exists"),
        (["evaluate", "MODEL", "rows.csv", "--corrections", "rows.csv"], "--corrections 'rows.csv' is the file that"),
        (["evaluate", "MODEL", "rows.csv", "--corrections", "new/fixes.csv"], "'new' is no folder that exists"),
        (["predict", "MODEL", "rows.csv", "--out", "rows.csv"], "--out 'rows.csv' is the file that is read"),
        (["predict", "MODEL", "rows.csv", "--out", "new/out.csv"], "cannot write 'new/out.csv'"),
        (["pick", "MODEL", "rows.csv", "--out", "rows.csv"], "--out 'rows.csv' is the file that is read"),
        (["pick", "MODEL", "rows.csv", "--out", "next.xyz"], "by its suffix '.xyz': use "),
        (["pick", "MODEL", "rows.csv", "--out", "."], "--out '.' is a folder"),
        (["pick", "MODEL", "rows.csv", "--out", "new/next.csv"], "'new' is no folder that exists"),
    ],
)
def test_no_command_works_for_a_file_that_it_cannot_write(
    home: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("page.html").write_text(ROWS)
    assert main([str(shared()) if word == "MODEL" else word for word in words]) == 2
    assert said in capsys.readouterr().err
    assert sorted(path.name for path in home.iterdir()) == ["page.html", "rows.csv"]
    assert Path("rows.csv").read_text() == Path("page.html").read_text() == ROWS


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize("name", ["rows.parquet", "table.npz"])
def test_scores_replace_scores_alone(home: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(name).write_bytes(b"work of a week")
    assert main(["evaluate", str(shared()), "rows.csv", "--scores", name]) == 2
    assert f"--scores {name!r} stands there and holds no scores that can be read" in capsys.readouterr().err
    assert Path(name).read_bytes() == b"work of a week"


@pytest.mark.parametrize("words", [["predict", "--out"], ["pick", "--out"], ["explain", "--html"]])
def test_a_name_that_is_too_long_is_the_users_to_mend(
    home: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    command, flag = words
    name = "n" * 300 + (".html" if flag == "--html" else ".csv")
    assert main([command, str(shared()), "rows.csv", flag, name]) == 2
    assert "name too long" in capsys.readouterr().err
