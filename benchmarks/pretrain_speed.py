"""Tokens a second of the triple loss: limbeck's own training beside a plain loop, and whether they learn the same.

The plain loop is what most scripts write, DistilBERT's own among them: ``BertForMaskedLM`` of transformers for teacher
and student, logits at every token in float32, soft targets taken out of them at the masked tokens, masked LM and cosine
as torch has them, AdamW as torch makes it. Batches, masks, start, rate and the absence of dropout are the same. Both
run in one process, in turns of some updates that each begin at the start; a short first turn is not counted, and the
median of the turns counts. A second row has soft targets at all tokens in both. What only one process can have, memory
that is not given back between updates, helps both.

The curves are those of a turn of each: the largest difference of their losses, by update. ENCODER may have a masked-LM
head or not; a new one serves as well, since speed does not depend on what it knows. With ``--limit`` (a rehearsal) no
record is written.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import commands
import records
import torch
import torch.nn.functional as F
import transformers
from torch import Tensor

from limbeck.distil import student as students
from limbeck.plan import slices
from limbeck.pretrain.corpus import Corpus, prepare
from limbeck.pretrain.masked import open_masked
from limbeck.pretrain.micro import MaskedBatch
from limbeck.pretrain.settings import SoftOn, TripleSettings, published_fit
from limbeck.pretrain.step import triple
from limbeck.pretrain.teacher import teacher_beside
from limbeck.pretrain.trainer import Lesson, Pretrainer
from limbeck.train.schedules import linear
from limbeck.train.settings import FitSettings

LAYERS, LENGTH, BATCH_TOKENS, REVIEWS = 3, 128, 2048, 600
WARMUP, WARM_UPDATES = 0.5, 2
BAR, APART = 3.0, 0.01
ROWS: tuple[SoftOn, ...] = ("masked", "all")
COMMAND = "python benchmarks/pretrain_speed.py --data DATA --encoder ENCODER --work WORK"


@dataclass(frozen=True)
class Setting:
    """What both sides are given."""

    teacher: Path
    student: Path
    corpus: Corpus
    fit: FitSettings
    triple: TripleSettings


@dataclass(frozen=True)
class Turn:
    """One side's updates from the start."""

    tokens_per_second: float
    losses: list[float]


def ours(setting: Setting) -> Turn:
    """The project's own training."""
    pretrainer = pretrainer_of(setting)
    told = pretrainer.fit()
    losses = [entry["loss"] for entry in told.log if "loss" in entry]
    return Turn(told.texts * setting.corpus.train.length / told.seconds, losses)


def pretrainer_of(setting: Setting) -> Pretrainer:
    """A training of the student that has not begun."""
    teacher, student = (open_masked(folder, dropout=0.0).model for folder in (setting.teacher, setting.student))
    beside = teacher_beside(teacher, student, setting.triple, None)
    lesson = Lesson(triple(beside, setting.triple), tuple(setting.triple.weights), {}, beside)
    return Pretrainer(student, setting.corpus, setting.fit, lesson=lesson)


def plain(setting: Setting) -> Turn:
    """The plain loop."""
    auto = transformers.AutoModelForMaskedLM
    teacher, student = (auto.from_pretrained(folder).float() for folder in (setting.teacher, setting.student))
    without_dropout(student)
    teacher.eval()
    student.train()
    fit, total = setting.fit, setting.fit.max_updates
    optimizer = torch.optim.AdamW(
        student.parameters(), lr=fit.lr, betas=(0.9, fit.beta2), eps=fit.epsilon, weight_decay=fit.weight_decay
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, partial(linear, total=total, warmup=fit.warmup))
    losses, n_tokens, took = [], 0, 0.0
    for make in batches(setting):
        began = time.perf_counter()
        batch = make()
        loss = plain_loss(student, teacher, batch, setting.triple)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), fit.max_grad_norm)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        n_tokens += batch.batch.input_ids.numel()
        took += time.perf_counter() - began
    return Turn(n_tokens / took, losses)


def plain_loss(student: Any, teacher: Any, batch: MaskedBatch, settings: TripleSettings) -> Tensor:
    """The triple loss as DistilBERT's script computes it, from logits at every token."""
    ids, attention = batch.batch.input_ids, batch.batch.attention_mask
    labels = torch.full_like(ids, -100).scatter(1, batch.positions, batch.targets)
    inputs = {"input_ids": ids, "attention_mask": attention, "output_hidden_states": True}
    with torch.no_grad():
        theirs = teacher(**inputs)
    mine = student(**inputs)
    chosen = labels != -100 if settings.soft_on == "masked" else attention.bool()
    softened = (F.log_softmax(mine.logits[chosen] / settings.temperature, dim=-1),)
    softened += (F.softmax(theirs.logits[chosen] / settings.temperature, dim=-1),)
    soft = F.kl_div(*softened, reduction="batchmean") * settings.temperature**2
    mlm = F.cross_entropy(mine.logits.flatten(0, 1), labels.flatten(), ignore_index=-100)
    states = [side.hidden_states[-1][attention.bool()] for side in (mine, theirs)]
    cosine = F.cosine_embedding_loss(states[0], states[1], torch.ones(len(states[0])))
    return settings.soft * soft + settings.mlm * mlm + settings.cosine * cosine


def batches(setting: Setting) -> Iterator[Callable[[], MaskedBatch]]:
    """What makes the batches of our training, in its order and with its masks."""
    pretrainer = pretrainer_of(setting)
    work, fit = pretrainer.work(), pretrainer.fit_settings
    work.begin_epoch(0)
    for rows in fit.steps(pretrainer.lengths, 0)[: fit.max_updates]:
        (whole,) = slices(rows, pretrainer.lengths, fit.batch)
        yield partial(work.collate, whole)  # type: ignore[misc]


def without_dropout(model: torch.nn.Module) -> None:
    """Set all rates of dropout to 0, those that attention reads when it runs among them."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0


def setting_of(args: argparse.Namespace) -> Setting:
    """Teacher, student and corpus under WORK."""
    teacher, student = args.work / "plain-teacher", args.work / "plain-student"
    if not teacher.exists():
        open_masked(args.encoder, seed=1).model.write(teacher)
    if not student.exists():
        students.make(teacher, student, students.Cut(layers=LAYERS))
    tokenizer = (teacher / "tokenizer.json").read_text(encoding="utf-8")
    reviews = commands.first_rows(
        args.data / "imdb" / "unlabelled.parquet", REVIEWS, args.work / "plain-corpus.parquet"
    )
    corpus = prepare([str(reviews)], tokenizer, LENGTH, home=args.work / "plain-cache")
    fit = replace(
        published_fit(),
        epochs=1,
        max_updates=args.updates,
        warmup=WARMUP,
        validations=1,
        batch_tokens=BATCH_TOKENS,
        checkpoint_every=None,
        seed=1,
    )
    return Setting(teacher, student, corpus, fit, TripleSettings())


def measure(args: argparse.Namespace, setting: Setting) -> dict[str, Any]:
    """Tokens a second of both, turn by turn, and how far apart their curves are."""
    sides: dict[str, Callable[[Setting], Turn]] = {"limbeck": ours, "plain": plain}
    short = replace(setting, fit=replace(setting.fit, max_updates=min(WARM_UPDATES, args.updates)))
    for side in sides.values():
        side(short)
    turns: dict[str, list[Turn]] = {name: [] for name in sides}
    for _ in range(args.turns):
        for name, side in sides.items():
            turns[name].append(side(setting))
            print(f"{setting.triple.soft_on}, {name}: {turns[name][-1].tokens_per_second:.0f} tokens/s", flush=True)
    same = replace(setting, fit=replace(setting.fit, precision="float32"))
    precision = pretrainer_of(setting).fit_settings.precision
    curve = turns["limbeck"][0].losses if precision == "float32" else ours(same).losses
    peer = turns["plain"][0].losses
    return {
        "tokens_per_second": {
            name: [round(one.tokens_per_second, 1) for one in found] for name, found in turns.items()
        },
        "ratio": median(one.tokens_per_second for one in turns["limbeck"])
        / median(one.tokens_per_second for one in turns["plain"]),
        "precision": precision,
        "losses": {"limbeck": [round(loss, 6) for loss in curve], "plain": [round(loss, 6) for loss in peer]},
        "apart": max(abs(first - second) for first, second in zip(curve, peer, strict=True)),
    }


def report(args: argparse.Namespace, soft_on: str, piece: dict[str, Any]) -> None:
    """Write the records of the speed and of the curves."""
    value, peer = (median(piece["tokens_per_second"][side]) for side in ("limbeck", "plain"))
    name = "distilbert-throughput" + ("" if soft_on == ROWS[0] else f"-{soft_on}")
    where = f"soft targets at {soft_on} tokens"
    command = f"{COMMAND} --updates {args.updates} --turns {args.turns}"
    bar = BAR if soft_on == ROWS[0] else None
    speed = records.Record(
        name=name,
        what=f"triple loss, {where}, {LAYERS} of 6 layers, {LENGTH} tokens a block, {piece['precision']}, median of "
        f"{args.turns} turns of {args.updates} updates",
        value=value,
        unit="tokens/s",
        bar="shown" if bar is None else f"{bar:.0f} x a plain loop",
        met=bar is None or value >= bar * peer,
        command=command,
        peer={"name": "plain loop, logits at every token, float32", "value": peer},
        ratio=value / peer,
        detail={"tokens_per_second": piece["tokens_per_second"]},
    )
    curves = records.Record(
        name=f"{name}-curves",
        what=f"largest difference of the loss between limbeck in float32 and the plain loop, {where}, {args.updates} "
        f"updates, of a loss of {piece['losses']['plain'][0]:.1f} falling to {piece['losses']['plain'][-1]:.1f}",
        value=piece["apart"],
        unit="nats",
        bar=f"at most {APART}",
        met=piece["apart"] <= APART,
        command=command,
        detail={"losses": piece["losses"]},
    )
    for record in (speed, curves):
        records.write(record, [piece["stamp"]])


def main() -> None:
    parser = commands.parser(__doc__, data="with imdb/unlabelled.parquet", work="for models", encoder="of a BERT")
    parser.add_argument("--updates", type=int, default=20, help="of a turn")
    parser.add_argument("--turns", type=int, default=3, help="of each side")
    parser.add_argument("--rows", default=",".join(ROWS), help="where soft targets are: of " + ", ".join(ROWS))
    parser.add_argument("--limit", type=int, help="a rehearsal with so many updates, one turn; writes no record")
    args = commands.parsed(parser)
    if args.limit:
        args.updates, args.turns = args.limit, 1
    setting = setting_of(args)
    folder = args.work / "pieces" if args.limit else records.PIECES
    settings = {"encoder": commands.fingerprint(args.encoder), "updates": args.updates, "turns": args.turns}
    for soft_on in args.rows.split(","):
        asked = replace(setting, triple=TripleSettings(soft_on=soft_on))
        path = folder / f"pretrain-speed-{soft_on}.json"
        piece = records.piece(path, settings, lambda one=asked: measure(args, one))
        print(f"{soft_on}: {piece['ratio']:.2f} x the plain loop, curves {piece['apart']:.1e} apart", flush=True)
        if not args.limit:
            report(args, soft_on, piece)


if __name__ == "__main__":
    main()
