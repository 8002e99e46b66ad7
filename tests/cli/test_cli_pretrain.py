"""``limbeck pretrain`` and ``limbeck distil --pretrain``: what they say and leave, what they refuse, how they go on."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from limbeck.artefact.verify import sha256
from limbeck.cli import main
from limbeck.pretrain import record as records
from support.encoders import folder, make, tokenizer_json
from support.masked import loaded
from support.pretraining import TEXTS, masked_bert, write_texts
from support.stopping import stop_at

FIT = ["--length", "16", "--valid-share", "0.1", "--batch-size", "8", "--precision", "float32", "--lr", "5e-3"]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_texts(tmp_path)


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    return masked_bert(tmp_path)


def run(*words: object) -> int:
    return main([str(word) for word in words])


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert run(*words) == 2
    return capsys.readouterr().err


def test_a_head_is_fitted_and_a_student_made(tmp_path: Path, corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole way of the README: head, student, classifier."""
    headless, filled, student = folder("bert"), tmp_path / "filled", tmp_path / "student"
    assert run("pretrain", corpus, "--model", headless, "--steps", "3", "--out", filled, *FIT) == 0
    said = capsys.readouterr()
    assert "no masked-LM head in the folder: a new one is fitted" in said.err
    assert [line.split(":")[0] for line in said.out.splitlines()[:2]] == ["valid loss", "valid perplexity"]
    assert said.out.splitlines()[-1] == f"saved: {filled}"
    assert loaded(filled).config.architectures == ["BertForMaskedLM"]
    before = {path.name: sha256(path) for path in filled.iterdir()}
    assert run("distil", "--pretrain", filled, corpus, "--layers", "1", "--steps", "3", "--out", student, *FIT) == 0
    said = capsys.readouterr()
    assert "teacher: filled, 2 layers, " in said.err
    assert "perplexity" in said.err.split("teacher: ")[1].splitlines()[0]
    assert {path.name: sha256(path) for path in filled.iterdir()} == before
    assert loaded(student).config.num_hidden_layers == 1
    record = records.read(student)
    assert record["training"]["updates"] == 3
    assert record["training"]["tokens"] == 3 * 8 * 16
    assert set(record["measured"]) == {"loss", "perplexity", "soft", "mlm", "cosine"}
    assert record["teacher"]["name"] == "filled"
    assert record["files"]["model.safetensors"] == sha256(student / "model.safetensors")
    log = [json.loads(line) for line in (student / "metrics.jsonl").read_text().splitlines()]
    assert set(log[0]["parts"]) == {"soft", "mlm", "cosine"}
    texts = (student / "pretraining.json").read_text() + (student / "README.md").read_text()
    assert str(tmp_path) not in texts
    assert "the teacher's perplexity" in texts
    drawn = (student / "training.svg").read_text()
    assert drawn.startswith("<?xml")
    assert "perplexity" in drawn
    assert run("info", student) == 0
    assert "1 layers" in capsys.readouterr().out
    assert run("check", student) == 0
    assert "files are whole" in capsys.readouterr().out
    rows = tmp_path / "rows.csv"
    rows.write_text("text,label\n" + "".join(f'"{text}",{"ab"[n % 2]}\n' for n, text in enumerate(TEXTS[:30])))
    assert run("train", rows, "--model", student, "--epochs", "1", "--out", tmp_path / "model") == 0


def test_the_exact_distilbert(tmp_path: Path, corpus: Path, teacher: Path) -> None:
    out = tmp_path / "student"
    words = ["distil", "--pretrain", teacher, corpus, "--student", "distilbert", "--steps", "2", "--out", out, *FIT]
    assert run(*words) == 0
    model = loaded(out)
    assert isinstance(model, transformers.DistilBertForMaskedLM)
    assert model.config.n_layers == 2
    assert load_file(out / "model.safetensors").keys() >= {"distilbert.transformer.layer.1.ffn.lin1.weight"}


def test_fewer_pieces(tmp_path: Path, corpus: Path, teacher: Path) -> None:
    out = tmp_path / "student"
    cut = ["--layers", "2", "--vocabulary", "95", "--dropout", "0"]
    assert run("distil", "--pretrain", teacher, corpus, *cut, "--steps", "2", "--out", out, *FIT) == 0
    assert loaded(out).config.vocab_size == 95


def test_from_scratch_nothing_is_kept(tmp_path: Path, corpus: Path, teacher: Path) -> None:
    out = tmp_path / "new"
    assert run("pretrain", corpus, "--model", teacher, "--scratch", "--steps", "1", "--out", out, *FIT) == 0
    name = "bert.embeddings.word_embeddings.weight"
    old, new = (load_file(path / "model.safetensors")[name] for path in (teacher, out))
    assert not torch.allclose(old, new, atol=0.2)


def test_as_json(tmp_path: Path, corpus: Path, teacher: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("pretrain", corpus, "--model", teacher, "--steps", "1", "--out", tmp_path / "o", "--json", *FIT) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"out", "measured", "training"}


def test_a_dry_run_writes_nothing(
    tmp_path: Path, corpus: Path, teacher: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["distil", "--pretrain", teacher, corpus, "--layers", "2", "--tokens", "4096", "--dry-run"]
    assert run(*words, "--out", tmp_path / "student", *FIT) == 0
    said = capsys.readouterr()
    assert "plan: 32 updates" in said.err
    assert "for 4,096 tokens" in said.err
    assert "about " in said.err
    assert "nothing was written but" in said.err
    assert said.out == ""
    assert f"would write {tmp_path / 'student'}: about " in said.err
    assert "would not begin" not in said.err
    assert not (tmp_path / "student").exists()
    (tmp_path / "student.checkpoint" / "step-4").mkdir(parents=True)
    assert run(*words, "--out", tmp_path / "student", *FIT) == 0
    assert "it would not begin: an interrupted run stands at" in capsys.readouterr().err
    assert run(*words, "--out", teacher, *FIT) == 0
    assert "is a folder with other files, which are never replaced" in capsys.readouterr().err


def test_killed_again_and_again_it_ends_with_the_same_weights(tmp_path: Path, corpus: Path, teacher: Path) -> None:
    words = ["--layers", "2", "--steps", "40", "--checkpoint-every", "1", *FIT]
    command = [sys.executable, "-m", "limbeck", "distil", "--pretrain", str(teacher), str(corpus), *words]
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    assert run("distil", "--pretrain", teacher, corpus, *words, "--out", whole) == 0
    n_killed = 0
    for updates in (3, 17):
        process = subprocess.Popen([*command, "--out", str(parted), "--resume"], stderr=subprocess.DEVNULL)
        wanted, until = parted.with_name("parted.checkpoint"), time.monotonic() + 120
        while process.poll() is None and time.monotonic() < until:
            if any(int(path.name.removeprefix("step-")) >= updates for path in wanted.glob("step-????????")):
                process.send_signal(signal.SIGKILL)
            time.sleep(0.01)
        n_killed += process.wait() == -signal.SIGKILL
    assert n_killed == 2
    assert run("distil", "--pretrain", teacher, corpus, *words, "--out", parted, "--resume") == 0
    assert sha256(parted / "model.safetensors") == sha256(whole / "model.safetensors")


# what is refused


def test_a_teacher_without_a_head_is_told_how_to_get_one(
    tmp_path: Path, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = refused(capsys, "distil", "--pretrain", folder("bert"), corpus, "--layers", "1", *FIT)
    assert "has no masked-LM head" in told
    assert f"fit one first: limbeck pretrain {corpus} --model" in told


def test_a_folder_is_called_by_its_name_from_inside_it(
    tmp_path: Path, corpus: Path, teacher: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    headless = make(tmp_path / "bare", "bert")
    monkeypatch.chdir(headless)
    told = refused(capsys, "distil", "--pretrain", ".", corpus, "--layers", "1", *FIT)
    assert "--model . --out bare-mlm" in told
    monkeypatch.chdir(teacher)
    words = ["distil", "--pretrain", ".", corpus, "--layers", "2", "--steps", "1", "--out", tmp_path / "out", *FIT]
    assert run(*words, "--student", ".") == 0
    assert "teacher: teacher, 4 layers" in capsys.readouterr().err
    record = records.read(tmp_path / "out")
    assert (record["teacher"]["name"], record["settings"]["student"]) == ("teacher", "teacher")


def test_a_head_that_nothing_teaches_is_told(tmp_path: Path, corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["distil", "--pretrain", folder("bert"), corpus, "--layers", "1", "--soft", "0", "--mlm", "0", *FIT]
    assert run(*words, "--steps", "1", "--out", tmp_path / "out") == 0
    assert "a new one goes along, which hidden states do not teach" in capsys.readouterr().err


def test_a_tokenizer_without_a_mask_is_told_before_the_corpus_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unread = tmp_path / "unread.txt"
    unread.write_text("\n")
    other = tokenizer_json("bert").replace("[MASK]", "[HIDE]")
    made = make(tmp_path / "maskless", "bert", masked_lm=True, tokenizer=other)
    assert "has no [MASK] or <mask>" in refused(capsys, "pretrain", unread, "--model", made, *FIT)


def test_weights_that_are_no_numbers_are_told(
    tmp_path: Path, corpus: Path, teacher: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = load_file(teacher / "model.safetensors")
    weights["bert.encoder.layer.2.output.dense.bias"][1] = math.nan
    save_file(weights, teacher / "model.safetensors", metadata={"format": "pt"})
    told = refused(capsys, "distil", "--pretrain", teacher, corpus, "--take", "0,1", *FIT)
    assert f"{teacher} has weights that are no numbers" in told


def test_what_cannot_be_done_is_told(
    tmp_path: Path, corpus: Path, teacher: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    distil = ["distil", "--pretrain", teacher]
    assert "teacher has 4 layers; give 1 to 4" in refused(capsys, *distil, corpus, "--layers", "9", *FIT)
    assert "no corpus was named" in refused(capsys, *distil, "--layers", "2", *FIT)
    assert "no file 'corpus.tx'" in refused(capsys, *distil, "corpus.tx", "--layers", "2", *FIT)
    assert "is a file; the teacher's folder stands before" in refused(capsys, "distil", "--pretrain", corpus, teacher)
    told = refused(capsys, *distil, corpus, "--student", "nosuch", *FIT)
    assert "--student 'nosuch' is no folder here" in told
    assert "--student small" not in told  # no family can be pre-trained so
    assert "'--hard' is no flag of limbeck distil --pretrain" in refused(capsys, *distil, corpus, "--hard", "0.5")
    assert "--through 3" in refused(capsys, *distil, corpus, "--layers", "2", "--through", "3", *FIT)
    twice = ["--layers", "2", "--steps", "5", "--max-updates", "3"]
    assert "--steps 5 and --max-updates 3 exclude each other" in refused(capsys, *distil, corpus, *twice, *FIT)
    twice = ["--layers", "2", "--tokens", "500", "--epochs", "3"]  # what is published, but asked for
    assert "--tokens 500 and --epochs 3 exclude each other" in refused(capsys, *distil, corpus, *twice, *FIT)
    assert "--budget 1s is too short" in refused(capsys, *distil, corpus, "--layers", "2", "--budget", "1s", *FIT)
    long = ["--layers", "2", "--length", "48", "--steps", "1", *FIT[2:]]
    assert "--length 48: the model has positions for 40 tokens" in refused(capsys, *distil, corpus, *long)
    loose = tmp_path / "loose"
    loose.mkdir()
    (loose / "1.txt").write_text("a meal")
    with monkeypatch.context() as patch:  # before anything is loaded or read
        patch.setattr("limbeck.cli._pretraining.require_training", lambda: pytest.fail("it went on"))
        told = refused(capsys, *distil, loose, "no.txt", "hub:one", "", "--layers", "2", *FIT)
        assert told.startswith("limbeck: 4 problems:\n")
        assert all(part in told for part in ("no file 'no.txt'", "'hub:one' is no name", "an empty word was given"))
        assert "loose' holds no class folders" in told
        assert "one text a file; or name the files in it, each with a text a line or a row" in told
    blank = tmp_path / "blank.txt"
    blank.write_text("  \n\n")
    assert "blank.txt" in refused(capsys, *distil, blank, "--layers", "2", *FIT)
    assert not list(tmp_path.glob("student*"))


def test_pieces_that_differ_are_told(
    tmp_path: Path, corpus: Path, teacher: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tokenizer_json("bert").replace('"lovely"', '"lively"')
    made = make(tmp_path / "other", "bert", masked_lm=True, tokenizer=other)
    told = refused(capsys, "distil", "--pretrain", teacher, corpus, "--student", made, *FIT)
    assert "1 of the student's" in told
    assert "'lively'" in told
    assert "Start the student from the teacher itself" in told
    assert "--hidden" not in told


def test_masked_lm_alone_asks_no_teacher(
    tmp_path: Path, corpus: Path, teacher: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its perplexity would be of pieces that it does not have."""
    alone = ["--soft", "0", "--cosine", "0", "--steps", "1", *FIT]
    other = tokenizer_json("bert").replace('"lovely"', '"lively"')
    made = make(tmp_path / "other", "bert", masked_lm=True, tokenizer=other)
    students: dict[str, list[object]] = {"fewer": ["--layers", "2", "--vocabulary", "80"], "apart": ["--student", made]}
    for name, words in students.items():
        assert run("distil", "--pretrain", teacher, corpus, *words, "--out", tmp_path / name, *alone) == 0
        told = capsys.readouterr().err
        assert "the teacher gives its layers, and is asked nothing" in told
        assert "teacher: " not in told
        record = records.read(tmp_path / name)
        assert "teacher" not in record
        assert set(record["measured"]) == {"loss", "perplexity", "mlm"}


def test_a_vocabulary_that_cannot_be_had_is_told_by_its_flag(
    tmp_path: Path, corpus: Path, teacher: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words: list[object] = ["distil", "--pretrain", teacher]
    told = refused(capsys, *words, corpus, "--layers", "2", "--vocabulary", "3", *FIT)
    assert "--vocabulary 3: 3 pieces are too few" in told
    unread = tmp_path / "unread.txt"  # it is refused before the corpus is looked at
    unread.write_text("\n")
    for cut in ([], ["--layers", "1"]):
        told = refused(capsys, *words, unread, "--student", folder("roberta"), "--vocabulary", "90", *cut, *FIT)
        assert "--vocabulary 90: the tokenizer of roberta is of the kind 'BPE'" in told


def test_what_stands_is_not_replaced(
    tmp_path: Path, corpus: Path, teacher: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["pretrain", corpus, "--model", teacher, "--steps", "1", "--out", out, *FIT]
    assert run(*words) == 0
    assert "already holds" in refused(capsys, *words)
    assert run(*words, "--resume") == 0
    said = capsys.readouterr()
    assert "finished before, left as it is" in said.out
    assert said.err.startswith(f"{out} is finished already; nothing to resume (its settings and data are not compared")
    assert run(*words, "--overwrite") == 0
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    assert "never replaced" in refused(capsys, *words[: -len(FIT) - 1], other, *FIT, "--overwrite")
    assert (other / "mine.txt").read_text() == "mine"


def test_a_folder_that_was_changed_is_told(
    tmp_path: Path, corpus: Path, teacher: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run("pretrain", corpus, "--model", teacher, "--steps", "1", "--out", out, *FIT) == 0
    (out / "config.json").write_text("{}")
    (out / "tokenizer.json").unlink()
    capsys.readouterr()
    told = refused(capsys, "info", out)
    assert "config.json was changed" in told
    assert "tokenizer.json is missing" in told
    assert refused(capsys, "check", out) == told


def test_other_dropout_is_another_training(
    tmp_path: Path, corpus: Path, teacher: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["pretrain", corpus, "--model", teacher, "--steps", "4", "--out", tmp_path / "out", *FIT]
    with monkeypatch.context() as patch:
        stop_at(patch, 1)
        assert run(*words) == 130
    assert "dropout was" in refused(capsys, *words, "--resume", "--dropout", "0.5")


def test_the_last_update_stays_where_it_was(
    tmp_path: Path, corpus: Path, teacher: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["pretrain", corpus, "--model", teacher, "--out", tmp_path / "out", *FIT]
    with monkeypatch.context() as patch:
        stop_at(patch, 1)
        assert run(*words, "--steps", "4") == 130
    told = refused(capsys, *words, "--steps", "9", "--resume")
    assert "--steps 9 comes to 9 updates, and the training that was stopped was to have 4 updates" in told
    assert "--tokens 2560 comes to 20 updates" in refused(capsys, *words, "--tokens", "2560", "--resume")
    assert run(*words, "--tokens", "512", "--resume") == 0
    assert records.read(tmp_path / "out")["training"]["updates"] == 4


def test_a_full_disk_leaves_nothing_half_written(
    tmp_path: Path, corpus: Path, teacher: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["pretrain", str(corpus), "--model", str(teacher), "--steps", "2", "--out", str(out), *FIT]
    limit = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000)); "
    script = limit + "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    script += "from limbeck.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, timeout=300)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    assert "cannot be written" in done.stderr
    assert not out.exists()
    assert not list(tmp_path.glob("out.checkpoint/*"))


def test_rows_of_a_table_that_stand_for_nothing(tmp_path: Path, corpus: Path) -> None:
    """A table padded to a round number is compared by the pieces that both have."""
    teacher = masked_bert(tmp_path, name="padded", vocab_size=128)
    student = masked_bert(tmp_path, name="exact", num_hidden_layers=2)
    words = ["distil", "--pretrain", teacher, corpus, "--student", student, "--steps", "1"]
    assert run(*words, "--out", tmp_path / "out", *FIT) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="torchrun and gloo")
def test_two_processes_learn_what_one_does(tmp_path: Path, corpus: Path, teacher: Path) -> None:
    words = ["distil", "--pretrain", str(teacher), str(corpus), "--layers", "2", "--steps", "3", *FIT]
    assert run(*words, "--out", tmp_path / "one") == 0
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "limbeck"]
    subprocess.run([*launch, *words, "--out", str(tmp_path / "two")], check=True, timeout=300, capture_output=True)
    one, two = (
        [
            json.loads(line)["loss"]
            for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()
            if '"parts"' in line
        ]
        for name in ("one", "two")
    )
    assert one == pytest.approx(two, rel=1e-5)
    measured = [records.read(tmp_path / name)["measured"]["loss"] for name in ("one", "two")]
    assert measured[0] == pytest.approx(measured[1], rel=1e-4)
