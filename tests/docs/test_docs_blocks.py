"""The README's and docs' code blocks run as they stand, on the README's own data; `pip` and `make` lines excepted."""

from __future__ import annotations

import doctest
import importlib
import os
import pkgutil
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import limbeck
from limbeck.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SET_UP = ("pip ", "make ", "git ", "cd ", "python -m venv", "source ", ".venv", "bash examples/", "cat ")


def blocks(page: Path, language: str) -> list[str]:
    return [body for kind, body in BLOCK.findall(page.read_text(encoding="utf-8")) if kind == language]


@pytest.fixture
def workshop(tmp_path: Path) -> Path:
    """A folder with the example's files, as a page's reader stands in."""
    folder = tmp_path
    lines = (ROOT / "examples" / "reviews.csv").read_text(encoding="utf-8").splitlines()
    (folder / "examples").mkdir()
    (folder / "examples" / "reviews.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "reviews.csv").write_text("\n".join(lines[:65]) + "\n", encoding="utf-8")
    (folder / "test.csv").write_text("\n".join([lines[0], *lines[65:85]]) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_run(
    page: Path, workshop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workshop)
    for body in blocks(page, "sh"):
        for line in body.replace("\\\n", " ").splitlines():
            command = line.split("  #")[0].strip()
            if not command or command.startswith(("#", *SET_UP)):
                continue
            words = shlex.split(command)
            assert words[0] == "limbeck", f"{page.name}: {command}"
            assert main(words[1:]) == 0, f"{page.name}: {command}\n{capsys.readouterr().err}"
    for body in blocks(page, "python"):
        exec(compile(body, f"{page.name} block", "exec"), {"__name__": "block"})


def test_readme_says_what_help_says() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert f"limbeck {name}" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    module = importlib.import_module(f"limbeck.cli.{name.replace('-', '_')}")
    assert module.HELP.rstrip(".") and module.EXAMPLE.startswith(f"limbeck {name} ")
    with pytest.raises(SystemExit) as leaving:
        main([name, "--help"])
    assert leaving.value.code == 0
    assert "example" in capsys.readouterr().out


def test_commands_are_the_files() -> None:
    folder = importlib.import_module("limbeck.cli").__path__
    names = {entry.name.replace("_", "-") if entry.name[0] != "_" else "" for entry in pkgutil.iter_modules(folder)}
    assert names - {""} == set(COMMANDS)


def modules() -> list[str]:
    return [
        entry.name
        for entry in pkgutil.walk_packages(limbeck.__path__, "limbeck.")
        if not entry.name.endswith("__main__")
    ]


@pytest.mark.parametrize("name", modules())
def test_docstrings_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_the_distilbert_example_runs(tmp_path: Path) -> None:
    from support.encoders import folder

    encoder = folder("distilbert")
    script = ROOT / "examples" / "distilbert.py"
    command = [sys.executable, str(script), str(encoder), str(ROOT / "examples" / "reviews.csv"), str(tmp_path / "out")]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] in ("negative", "positive")


def test_the_example_beside_vader_runs_and_is_better(tmp_path: Path) -> None:
    script = ROOT / "examples" / "beside_vader.py"
    command = [sys.executable, str(script), str(ROOT / "examples" / "reviews.csv"), "--out", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    vader, shipped, tuned = (float(share) for share in re.findall(r"([\d.]+)%", done.stdout))
    assert min(shipped, tuned) > vader + 5


def test_the_example_of_wrong_labels_finds_more_than_chance() -> None:
    script = ROOT / "examples" / "mend_labels.py"
    command = [sys.executable, str(script), str(ROOT / "examples" / "reviews.csv")]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    turned, rows, found, listed = (int(number) for number in re.findall(r"\d+", done.stdout.splitlines()[0]))
    assert found / listed > 1.5 * turned / rows


def test_the_example_of_a_student_learns_what_it_is_told() -> None:
    script = ROOT / "examples" / "learn_from_answers.py"
    command = [sys.executable, str(script), str(ROOT / "examples" / "reviews.csv")]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    agreed = re.search(r"they agree on (\d+) %", done.stdout)
    assert agreed is not None and int(agreed[1]) > 50  # of three classes


@pytest.mark.parametrize(
    ("script", "words", "message"),
    [
        ("distilbert.py", [], "the following arguments are required: encoder, data, out"),
        ("distilbert.py", ["encoder", "none.csv", "out"], "no file 'none.csv'"),
        ("beside_vader.py", [], "the following arguments are required: file"),
        ("beside_vader.py", ["none.csv"], "no file 'none.csv'"),
        ("mend_labels.py", ["none.csv"], "no file 'none.csv'"),
        ("mend_labels.py", ["numbers.csv"], "label '0.5' is none of the classes"),
        ("learn_from_answers.py", ["none.csv"], "no file 'none.csv'"),
        ("learn_from_answers.py", ["one.csv"], "one.csv has no column of labels"),
    ],
)
def test_an_examples_wrong_use_is_told_without_a_traceback(
    script: str, words: list[str], message: str, tmp_path: Path
) -> None:
    (tmp_path / "numbers.csv").write_text("text,label\na,0.5\nb,1\n")
    (tmp_path / "one.csv").write_text("text\na\n")
    command = [sys.executable, str(ROOT / "examples" / script), *words]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr and "Traceback" not in done.stderr


def test_examples_are_short() -> None:
    for path in (ROOT / "examples").glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 60
