"""``distilbert_paper.py --scale full``: what the published recipe takes, and one step of its shape on the CPU.

The recipe: BERT-base into DistilBERT on Wikipedia and books (16 GB of text, Liu et al. 2019, section 3.2; four bytes a
piece), sequences of 512, 5 at a time, 50 accumulated, 8 GPUs, 3 epochs. Memory and steps are computed from the
configuration. The step is ``limbeck distil --pretrain`` with weights and pieces that are made up, the 5 sequences that
one process holds at a time, nothing accumulated, in a process of its own whose peak of resident memory is the system's
count. With ``--limit`` (a rehearsal) the shape is tiny.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import string
import subprocess
import sys
from pathlib import Path
from typing import Any

import commands
import distilbert_encoders
import numpy as np
import records

BAR_GB = 12.0
TEACHER, STUDENT = 109_482_240, 66_362_880
"""Parameters of BERT-base with its pooler and of DistilBERT, without heads."""
LENGTH, SEQUENCES, ACCUMULATED, PROCESSES, EPOCHS = 512, 5, 50, 8, 3
TOKENS = 4_000_000_000
APART = 1e-3
"""How far logits may be from transformers' own, of some units."""
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
TINY = {"hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 48, "vocab_size": 300}


def plans(config: dict[str, Any]) -> dict[str, Any]:
    """What the recipe takes: with soft targets at masked tokens, as ours are, and at all, as the published ones."""
    from limbeck.pretrain.scale import plan

    shape: dict[str, Any] = {"length": LENGTH, "batch_sequences": SEQUENCES, "tokens": TOKENS, "epochs": EPOCHS}
    shape |= {"layers": config["num_hidden_layers"] // 2, "precision": "bf16"}
    many = {"accumulate": ACCUMULATED, "processes": PROCESSES}
    return {
        "masked": plan(config, **shape, **many),
        "all": plan(config, **shape, **many, asked_share=1.0),
        "one step": plan(config, **(shape | {"precision": "float32"}), accumulate=1, processes=1),
    }


def made_up(args: argparse.Namespace, home: Path) -> tuple[Path, Path]:
    """A BERT with random weights and made-up pieces, and a corpus of random words of them."""
    import torch
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    config = transformers.BertConfig(**(TINY if args.limit else {}))
    torch.manual_seed(1)
    folder, corpus = home / "bert", home / "corpus.txt"
    transformers.BertForMaskedLM(config).save_pretrained(folder)
    letters = itertools.product(string.ascii_lowercase, repeat=4)
    words = ["".join(word) for word in itertools.islice(letters, config.vocab_size - len(SPECIAL))]
    pieces = {piece: n for n, piece in enumerate((*SPECIAL, *words))}
    tokenizer = Tokenizer(models.WordPiece(pieces, unk_token="[UNK]"))
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", pieces["[SEP]"]), ("[CLS]", pieces["[CLS]"]))
    tokenizer.save(str(folder / "tokenizer.json"))
    random = np.random.default_rng(1)
    lines = [" ".join(random.choice(words, LENGTH // 2)) for _ in range(8 * SEQUENCES)]
    corpus.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder, corpus


def one_step(teacher: Path, corpus: Path, out: Path) -> float:
    """Distil for one optimiser step; the peak of resident memory of that process, in GB."""
    words = ["--student", "distilbert", "--steps", "1", "--length", str(LENGTH), "--batch-size", str(SEQUENCES)]
    command = [commands.limbeck(), "distil", "--pretrain", str(teacher), str(corpus), *words]
    command += ["--valid-share", "0.1", "--precision", "float32", "--out", str(out)]
    print("+", *command, file=sys.stderr, flush=True)
    process = subprocess.Popen(command, env=commands.ENVIRONMENT, stdout=sys.stderr)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the step ended with exit code {process.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_maxrss * unit / 1e9


def loaded(folder: Path, *, n_tokens: int = 64) -> dict[str, Any]:
    """The saved student in transformers: its class, its parameters, and how far its logits are from ours."""
    import torch
    import transformers

    from limbeck.models import Batch
    from limbeck.pretrain.masked import open_masked

    theirs, told = transformers.AutoModelForMaskedLM.from_pretrained(folder, output_loading_info=True)
    random = np.random.default_rng(2)
    ids = torch.from_numpy(random.integers(len(SPECIAL), theirs.config.vocab_size, (2, n_tokens)))
    attention, at = torch.ones_like(ids), torch.arange(n_tokens).expand(2, n_tokens)
    ours = open_masked(folder).model.eval()
    with torch.no_grad():
        expected = theirs.eval()(input_ids=ids, attention_mask=attention).logits
        found = ours.logits(ours(Batch(ids, attention, torch.zeros_like(ids)), at).chosen)
    return {
        "class": type(theirs).__name__,
        "is_whole": not any(told.values()),
        "student_parameters": sum(value.numel() for value in theirs.base_model.parameters()),
        "logits_apart": float((found - expected).abs().max()),
        "largest_logit": float(expected.abs().max()),
    }


def make(args: argparse.Namespace) -> dict[str, Any]:
    """Plan, run the step, and look at what it saved."""
    import torch
    import transformers

    home = args.work / "scale"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    teacher, corpus = made_up(args, home)
    config = transformers.AutoConfig.from_pretrained(teacher)
    with torch.device("meta"):
        parameters = sum(value.numel() for value in transformers.BertModel(config).parameters())
    peak = one_step(teacher, corpus, home / "student")
    told = distilbert_encoders.record_of(home / "student")
    found = {"teacher_parameters": parameters, **loaded(home / "student"), "peak_gb": peak}
    planned = plans(config.to_dict())
    found |= {"seconds": told["training"]["seconds"], "updates": told["training"]["updates"]}
    found |= {"steps": planned["masked"].steps, "tokens_a_step": planned["masked"].tokens_a_step}
    found |= {"gb": {name: one.memory.total / 1e9 for name, one in planned.items()}}
    found |= {"plan": planned["masked"].lines(), "measured": told["measured"]}
    shutil.rmtree(home)
    return found


def run(args: argparse.Namespace) -> None:
    """Make the piece, and tell what it comes to."""
    settings = {"length": LENGTH, "sequences": SEQUENCES, "limit": args.limit}
    path = distilbert_encoders.pieces_at(args) / "distilbert-scale.json"
    piece = records.piece(path, settings, lambda: make(args))
    print("\n".join(piece["plan"]))
    print(
        f"one step: {piece['peak_gb']:.2f} GB at most ({piece['gb']['one step']:.2f} computed), {piece['seconds']:.1f} "
        f"s; {piece['class']}, {piece['student_parameters']:,} of {piece['teacher_parameters']:,} parameters, "
        f"logits {piece['logits_apart']:.1e} apart",
        flush=True,
    )
    if not args.limit:
        report(piece)


def report(piece: dict[str, Any]) -> None:
    """Write the records of the plan, the step, and the student that it saved."""
    _write(
        piece,
        name="distilbert-scale-plan",
        what=f"optimiser steps of the published recipe, {TOKENS / 1e9:.0f} G pieces, {EPOCHS} epochs, "
        f"{piece['tokens_a_step']:,} tokens a step on {PROCESSES} GPUs: {piece['gb']['masked']:.1f} GB a process in "
        f"bf16, {piece['gb']['all']:.1f} GB with soft targets at all tokens (computed)",
        value=piece["steps"],
        unit="steps",
        bar="shown",
        met=True,
        detail={"gb": piece["gb"], "plan": piece["plan"]},
    )
    _write(
        piece,
        name="distilbert-scale-step",
        what=f"peak memory of one training step, BERT-base's shape into DistilBERT's, {SEQUENCES} x {LENGTH} tokens in "
        f"float32 on the CPU, the process whole ({piece['gb']['one step']:.1f} GB computed); {piece['seconds']:.0f} s",
        value=piece["peak_gb"],
        unit="GB",
        bar=f"{BAR_GB:.0f} GB",
        met=piece["peak_gb"] <= BAR_GB and piece["updates"] == 1,
        detail={"measured": piece["measured"]},
    )
    _write(
        piece,
        name="distilbert-scale-parameters",
        what=f"parameters of the saved student, made from {piece['teacher_parameters']:,}",
        value=piece["student_parameters"],
        unit="parameters",
        bar=f"exactly {STUDENT:,} from {TEACHER:,}",
        met=(piece["student_parameters"], piece["teacher_parameters"]) == (STUDENT, TEACHER),
    )
    _write(
        piece,
        name="distilbert-scale-logits",
        what=f"largest difference of a logit between the saved student in transformers ({piece['class']}) and in "
        f"limbeck; the largest logit is {piece['largest_logit']:.2f}",
        value=piece["logits_apart"],
        unit="",
        bar=f"at most {APART:g}, as DistilBertForMaskedLM with no weight missing",
        met=piece["logits_apart"] <= APART and piece["class"] == "DistilBertForMaskedLM" and piece["is_whole"],
    )


def _write(piece: dict[str, Any], **values: Any) -> None:
    records.write(
        records.Record(command=f"{distilbert_encoders.COMMAND} --scale full", **values),
        [piece["stamp"]],
    )
