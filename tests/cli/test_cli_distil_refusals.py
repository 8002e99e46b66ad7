"""What ``limbeck distil`` refuses: it says what to do, and leaves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from limbeck.train.learner import Learner
from limbeck.train.settings import FitSettings
from support.distil_cli import data, files, refused, run, teachers
from support.encoders import folder
from support.train_data import numbers, rows, write_csv

__all__ = ["data", "teachers"]  # fixtures


REFUSALS: list[tuple[list[str], str]] = [
    (
        ["DATA"],
        "no teacher was named (DATA is no model's folder: it has no config.json); give its folder, limbeck distil",
    ),
    ([], "no teacher was named; give its folder, limbeck distil TEACHER/"),
    (["QUICK", "BERT", "QUICK", "DATA"], "the teacher QUICK is named twice; teachers count alike, so name each once"),
    (
        ["QUICK", "DATA", "--teacher-scores", "SAID", "HOME/./said.csv"],
        "the teacher HOME/said.csv is named twice; teachers count alike, so name each once",
    ),
    (
        ["PAIRS", "TWO", "--unlabelled", "TEXTS", "--cut-sentences", "--student", "small"],
        "--cut-sentences makes single texts, and TWO has pairs; leave the flag out",
    ),
    (["BERT", "NUMBERS", "DATA"], "bert does classify with the classes 'good', 'bad', numbers regress: teachers of"),
    (["QUICK", "PAIRS", "DATA", "--student", "small"], "DATA holds single texts, and pairs takes pairs; name both"),
    (
        ["BERT", "DATA", "--teacher-scores", "QUICK"],
        "--teacher-scores QUICK is a model's folder, and a file of what a teacher said is wanted; a teacher that can "
        "be asked stands before the flags: limbeck distil BERT QUICK DATA",
    ),
    (
        ["BERT", "QUICK", "DATA", "--layers", "1", "--hidden", "1"],
        "--hidden compares hidden states with those of one teacher, and 2 folders were given (bert, quick); give one, ",
    ),
    (["BERT", "QUICK", "DATA", "--cosine", "1", "--relations", "1", "--dry-run"], "--cosine and --relations compare"),
    (["BERT", "QUICK", "DATA", "--out", "QUICK", "--overwrite"], "'QUICK' is one of the teachers, and would be"),
    (["QUICK", "DATA", "SAID"], "two data files: DATA and SAID; one is taken"),
    (["HOME", "DATA"], "two data files: HOME and DATA (a teacher's folder has a config.json; neither has one)"),
    (["QUICK", "HOME/row.csv"], "no file 'HOME/row.csv'; the folder holds 'rows.csv' (nearest)"),
    (["QUICK"], "there are no texts to learn from: give a labelled file, or --unlabelled FILE"),
    (["QUICK", "TEXTS"], "TEXTS has the one column 'text', and no labels; texts alone are given by --unlabelled TEXTS"),
    (
        ["ENCODER", "DATA"],
        "is no classifier but BertModel: it has no judgement to teach. Fine-tune it first: limbeck train",
    ),
    (["QUICK", "WRONG"], "label 'god' is none of the classes: 'good' (nearest), 'bad'; WRONG: line 3"),
    (["DATA", "--teacher-scores", "SAID"], "a file of probabilities has no weights to start a student from; name an"),
    (
        ["--teacher-scores", "SAID", "--student", "small", "--augment", "2"],
        "no teacher can be asked about them; give a",
    ),
    (
        ["QUICK", "DATA", "--teacher-scores", "OTHER"],
        "OTHER has no column for the class 'good'; there is 'god' (nearest)",
    ),
    (
        ["--student", "small", "--teacher-scores", "SAID", "WRONG"],
        "(a labelled file stands before the flags: limbeck distil WRONG --teacher-scores SAID)",
    ),
    (
        ["DATA", "--teacher-scores", "OTHER", "--student", "small"],
        "; no row has the label 'god', which is a column of other.csv: is it misspelt there?",
    ),
    (
        ["--unlabelled", "TEXTS", "--valid", "DATA", "--teacher-scores", "OTHER", "--student", "small"],
        "; no row has the label 'god', which is a column of other.csv: is it misspelt there?",
    ),
    (
        ["DATA", "--teacher-scores", "SAID", "OTHER", "--student", "small"],
        "(the classes are those of said.csv: 'bad', 'good'; the two must have the same, and one may be misspelt)",
    ),
    (["QUICK", "DATA", "--task", "regress"], "--task regress: the teacher does classify; leave the flag out"),
    (["QUICK", "DATA", "--scores", "HOME/s.csv"], "scores are kept as "),
    (
        ["QUICK", "DATA", "--teacher-scores", "SAID", "--scores", "SAID"],
        "--scores 'SAID' is the file that is read; name another",
    ),
    (
        ["QUICK", "--unlabelled", "TEXTS", "--corrections", "OTHER", "--student", "small"],
        "--corrections OTHER are of labelled rows, and none were given",
    ),
    (
        ["QUICK", "DATA", "--scores", "DATA.npz"],
        "--scores 'DATA.npz' stands there and holds no scores that can be read, so it is not replaced",
    ),
    (["QUICK", "DATA", "--student", "small", "--layers", "2"], "--student small is made anew and has nothing to cut"),
    (["BERT", "DATA", "--layers", "9"], "--layers 9: bert has 3 layers; give 1 to 3"),
    (["BERT", "DATA", "--through", "9", "--layers", "2"], "--through 9: bert has 3 layers; give 1 to 3"),
    (["BERT", "DATA", "--through", "9", "--layers", "2", "--dry-run"], "--through 9: bert has 3 layers; give 1 to 3"),
    (
        ["BERT", "DATA", "--through", "1", "--layers", "2"],
        "each student on the way has fewer layers than the one before",
    ),
    (
        ["BERT", "DATA", "--hidden-layers", "last", "--layers", "2"],
        "--hidden-layers last says what --hidden compares; give --hidden 1, say",
    ),
    (["QUICK", "DATA", "--valid", "WRONG", "--student", "small"], "label 'god' is none of the classes"),
]


@pytest.mark.parametrize(("words", "message"), REFUSALS, ids=[" ".join(words) for words, _ in REFUSALS])
def test_a_refusal_says_what_to_do_and_leaves_nothing(
    words: list[str], message: str, teachers: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = {
        "SAID": "text,good,bad\na film,0.5,0.5\na room,0.25,0.75\n",
        "OTHER": "text,god,bad\na film,0.5,0.5\n",
        "TEXTS": "text\na film\n",
        "TWO": "text,text_pair,label\na film,a room,good\na room,a film,bad\n",
        "WRONG": "text,label\na film,good\na room,god\na meal,bad\n",
    }
    for name, content in made.items():
        (tmp_path / f"{name.lower()}.csv").write_text(content)
    (tmp_path / "rows.csv.npz").write_bytes(b"mine")
    places = {name: tmp_path / f"{name.lower()}.csv" for name in made} | {"DATA": data, "HOME": tmp_path}
    places |= {"QUICK": teachers / "quick", "PAIRS": teachers / "pairs", "BERT": teachers / "bert"}
    places |= {"ENCODER": folder("bert"), "NUMBERS": teachers / "numbers"}

    def filled(text: str) -> str:
        for name, path in places.items():
            text = text.replace(name, str(path))
        return text

    before = files(tmp_path)
    told = refused(capsys, *(["--out", str(tmp_path / "out")] if "--out" not in words else []), *map(filled, words))
    assert filled(message) in told
    assert files(tmp_path) == before


def test_no_student_starts_from_a_static_teacher(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    teacher = Learner(rows(20), model="static", fit=FitSettings(epochs=1))
    teacher.fit()
    teacher.save(tmp_path / "fast")
    told = refused(capsys, tmp_path / "fast", data, "--out", tmp_path / "out")
    assert told.endswith(
        "fast is a static model, which no student starts from; name an encoder with --student FOLDER, or one that is "
        "made anew with --student small or --student static"
    )
    assert refused(capsys, tmp_path / "fast", data, "--layers", "2", "--out", tmp_path / "out") == told


def test_what_is_wrong_with_flags_of_several_rooms_is_told_together(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = {"--layers": 0, "--temperature": 0, "--epochs": 0, "--augment": -1, "--max-length": 1, "--hidden": -1}
    words = [str(word) for pair in wrong.items() for word in pair]
    told = refused(capsys, "teacher", "rows.csv", *words, "--valid-fraction", "2", "--take", "x")
    assert told.startswith("9 problems:\n  - --")
    assert all(f"  - {flag} {value} " in told or f"  - {flag} {value}.0 " in told for flag, value in wrong.items())
    assert "  - --valid-fraction 2.0 is no share" in told and "  - --take 'x' is no list of numbers" in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["bert", "--student", folder("roberta"), "--hidden", "1"], "the teacher cannot read the student's pieces"),
        (["bert", "--student", "static", "--hidden", "1"], "a student without layers of hidden states has none to"),
        (["numbers", "--student", "small", "--temperature", "2"], "--temperature 2 softens probabilities, and the"),
    ],
)
def test_what_cannot_be_taught_is_told_before_the_teacher_is_asked(
    words: list[object], message: str, teachers: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    teacher, *flags = words
    learnt = write_csv(tmp_path / "numbers.csv", numbers(40)) if teacher == "numbers" else data
    for more in ([], ["--dry-run"]):
        assert run(teachers / str(teacher), learnt, *flags, *more, "--out", tmp_path / "out") == 2
        said = capsys.readouterr().err
        assert message in said and "judge" not in said


def test_a_mistyped_teacher_is_told_with_the_models_beside_it(
    teachers: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("T3", "T35", "S1"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
    (tmp_path / "T333").mkdir()  # which holds none
    told = refused(capsys, tmp_path / "T33", data, "--out", tmp_path / "out")
    assert told == f"no file or folder '{tmp_path / 'T33'}'; the nearest models are 'T3', 'T35'"
    told = refused(capsys, tmp_path / "S11", tmp_path / "rows", "--out", tmp_path / "out")
    assert f"  - no file or folder '{tmp_path / 'S11'}'; the nearest model is 'S1'\n" in told
    assert f"  - no file or folder '{tmp_path / 'rows'}'; " in told and "; a file is called 'rows.csv'" in told
    told = refused(capsys, tmp_path / "nowhere" / "T3", data, "--out", tmp_path / "out")
    assert told.endswith("nowhere/T3'; give a teacher's folder, which has a config.json, or a file of texts")


def test_all_that_is_missing_is_told_together(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    flags = {"--unlabelled": "a.jsonl", "--held-out": "b.csv", "--valid": "c.csv", "--teacher-scores": "d.npz"}
    words = [word for pair in flags.items() for word in pair]
    told = refused(capsys, "teacher", "reviews.csv", *words, "--corrections", "e.csv", "--out", "out")
    assert told.startswith("7 problems:\n  - no file or folder 'teacher'; ")
    assert all(f"  - no file '{name}'; the folder holds 'rows.csv'" in told for name in [*flags.values(), "e.csv"])
    assert refused(capsys, "a.csv", "--unlabelled", "a.csv", "--out", "out").startswith("no file 'a.csv'")  # once


def test_rows_of_another_task_are_told_once(
    teachers: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    learnt, out = write_csv(tmp_path / "numbers.csv", numbers(40)), ["--student", "small", "--out", tmp_path / "out"]
    with_fractions = learnt.read_text().replace(".0", ".25")
    learnt.write_text(with_fractions)
    sentence = "{} is labelled for {}, and {}; give a teacher and rows of one task"
    told = refused(capsys, teachers / "numbers", data, *out)
    alone = f", or the texts alone: --unlabelled {data}"
    assert told == sentence.format(data, "classify", "numbers does regress") + alone
    for words in ([learnt], [data, "--valid", learnt], ["--unlabelled", data, "--valid", learnt]):
        told = refused(capsys, teachers / "quick", *words, *out)
        assert told.startswith(sentence.format(learnt, "regress", "quick does classify"))
        assert ("the texts alone" in told) == (len(words) == 1)
    # whoever names the task means it, and a few words among numbers are slips
    assert "--task regress wants a number" in refused(capsys, teachers / "numbers", data, *out, "--task", "regress")
    learnt.write_text(with_fractions.replace("1000.25", "many"))
    told = refused(capsys, teachers / "numbers", learnt, *out)
    assert "holds 'many'" in told and "is labelled for" not in told
    learnt.write_text("text,label\na film,\n")
    assert "is labelled for" not in refused(capsys, teachers / "numbers", learnt, *out)
