"""The part ``ablation`` of ``distilbert_paper.py``: the triple loss without each of its parts, and from a random start.

A million tokens a student; each is fine-tuned for one epoch on SST-2, SUBJ and TREC, and its score is the mean of the
three accuracies. A variant and a seed is a piece. Differences to the whole recipe are paired by seed, with Student's
interval over seeds. The paper's are points of GLUE's macro score (Sanh et al. 2019, table 4). Beside it stands the
perplexity of hidden tokens in reviews held back, which moves less from seed to seed than an epoch on few rows.
"""

from __future__ import annotations

import argparse
import itertools
import math
import shutil
from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import Any

import commands
import distilbert_encoders
import pictures
import records
from fine_tuning import BATCH_TOKENS, KEEP, RATES, trained_and_tested

TOKENS, EPOCHS = 1_000_000, 1
SEEDS_ASKED = 3
"""With fewer the order is shown, and nothing is called met."""
SETS = ("sst2", "subj", "trec")
WHOLE = "whole"
VARIANTS: dict[str, tuple[str, ...]] = {
    WHOLE: (),
    "scratch": ("--scratch",),
    "no-soft": ("--soft", "0"),
    "no-cosine": ("--cosine", "0"),
    "no-mlm": ("--mlm", "0"),
}
"""What is changed of the command."""
SAID = {"scratch": "from a random start", "no-soft": "without soft targets", "no-cosine": "without the cosine loss"}
SAID |= {"no-mlm": "without masked LM"}
PAPER = {"scratch": -3.69, "no-soft": -2.96, "no-cosine": -1.46, "no-mlm": -0.31}
"""The paper's differences, the largest loss first."""
QUANTILES = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}
"""Student's 97.5 % quantile by degrees of freedom."""
PICTURE = "distilbert-ablation.svg"


def make(args: argparse.Namespace, variant: str, seed: int) -> dict[str, Any]:
    """Distil a variant, and score it on the three sets."""
    out = args.work / f"ablation-{variant}-{seed}-{commands.fingerprint(args.work / 'teacher')}"
    distilbert_encoders.student(args, out, *VARIANTS[variant], tokens=TOKENS, seed=seed)
    found = {name: trained_and_tested(args, name, out, seed=seed, epochs=EPOCHS, lr=RATES["student"]) for name in SETS}
    told = distilbert_encoders.record_of(out)
    shutil.rmtree(out)
    return {"accuracy": 100 * mean(one["score"] for one in found.values()), "sets": found, **told}


def piece_of(args: argparse.Namespace, variant: str, seed: int) -> dict[str, Any]:
    """Make or read a piece."""
    settings = {"teacher": commands.fingerprint(args.work / "teacher"), "tokens": TOKENS, "epochs": EPOCHS}
    settings |= {"flags": list(VARIANTS[variant]), "shared": list(distilbert_encoders.SHARED), "limit": args.limit}
    settings |= {"layers": distilbert_encoders.LAYERS, "lr": RATES["student"], "keep": KEEP}
    settings |= {"batch_tokens": BATCH_TOKENS}
    path = distilbert_encoders.pieces_at(args) / f"distilbert-ablation-{variant}-{seed}.json"
    return records.piece(path, settings, lambda: make(args, variant, seed))


def run(args: argparse.Namespace) -> None:
    """Make the pieces, seed by seed, and tell what they come to."""
    found: dict[str, list[dict[str, Any]]] = {variant: [] for variant in args.variants}
    for seed in args.seeds:
        for variant in args.variants:
            found[variant].append(piece_of(args, variant, seed))
            print(f"{variant}, seed {seed}: {found[variant][-1]['accuracy']:.2f} %", flush=True)
    if set(found) != set(VARIANTS):
        return
    scores = {variant: [piece["accuracy"] for piece in pieces] for variant, pieces in found.items()}
    for line in table(scores):
        print(line, flush=True)
    if not args.limit:
        report(args, found, scores)
    if len(args.seeds) > 1:
        draw(args, scores)


def over_seeds(first: Sequence[float], second: Sequence[float]) -> tuple[float, float, float]:
    """The mean of second minus first, paired by seed, and its 95 % interval; without bounds where there is one seed.

    >>> [round(bound, 3) for bound in over_seeds([90.0, 91.0, 92.0], [89.0, 89.0, 89.0])]
    [-2.0, -4.484, 0.484]
    """
    apart = [after - before for before, after in zip(first, second, strict=True)]
    if len(apart) < 2:
        return apart[0], -math.inf, math.inf
    reach = QUANTILES.get(len(apart) - 1, 1.96) * stdev(apart) / math.sqrt(len(apart))
    return mean(apart), mean(apart) - reach, mean(apart) + reach


def ordered(scores: Mapping[str, Sequence[float]]) -> list[dict[str, Any]]:
    """Each pair of variants in the paper's order, the one that loses more first: whether it is so here, how surely."""
    pairs = []
    for worse, better in itertools.combinations(PAPER, 2):
        value, low, high = over_seeds(scores[worse], scores[better])
        pairs.append({"worse": worse, "better": better, "points": value, "low": low, "high": high, "holds": value > 0})
    return pairs


def table(scores: Mapping[str, Sequence[float]]) -> list[str]:
    """Our differences beside the paper's, in lines of text."""
    lines = [f"{'variant':<26}{'score':>8}{'points':>9}{'paper':>8}  interval over seeds"]
    lines.append(f"{'whole recipe':<26}{mean(scores[WHOLE]):>8.2f}")
    for variant, paper in PAPER.items():
        value, low, high = over_seeds(scores[WHOLE], scores[variant])
        interval = f"{low:+.2f} to {high:+.2f}"
        lines.append(f"{SAID[variant]:<26}{mean(scores[variant]):>8.2f}{value:>+9.2f}{paper:>+8.2f}  {interval}")
    return lines


def report(
    args: argparse.Namespace, found: Mapping[str, Sequence[dict[str, Any]]], scores: Mapping[str, Sequence[float]]
) -> None:
    """Write a record a variant, and one of the order."""
    command = f"{distilbert_encoders.COMMAND} --parts ablation --seeds {args.seeds_text}"
    n_seeds = len(scores[WHOLE])
    over = f"{n_seeds} seed{'s' * (n_seeds > 1)}"
    for variant, paper in PAPER.items():
        value, low, high = over_seeds(scores[WHOLE], scores[variant])
        perplexities = {one: perplexity(found[one]) for one in (variant, WHOLE)}
        record = records.Record(
            name=f"distilbert-ablation-{variant}",
            what=f"points of mean accuracy on SST-2, SUBJ and TREC {SAID[variant]}, beside the whole recipe "
            f"({_bound(low)} to {_bound(high)} over {over}); the paper's {paper:+.2f} points are of GLUE; "
            f"perplexity {perplexities[variant]:,.0f} and {perplexities[WHOLE]:,.0f}",
            value=value,
            unit="points",
            bar="below 0, as the paper's",
            met=value < 0 and n_seeds >= SEEDS_ASKED,
            command=command,
            peer={"name": "the paper, on GLUE", "value": paper},
            detail={
                "accuracies": {one: [round(x, 2) for x in scores[one]] for one in (WHOLE, variant)},
                "perplexities": {one: round(value, 1) for one, value in perplexities.items()},
            },
        )
        records.write(record, [piece["stamp"] for piece in (*found[WHOLE], *found[variant])])
    pairs = ordered(scores)
    holding = sum(pair["holds"] for pair in pairs)
    open_ones = sum(pair["low"] < 0 < pair["high"] for pair in pairs)
    record = records.Record(
        name="distilbert-ablation-order",
        what="pairs of variants in the paper's order (random start, soft targets, cosine, masked LM lose most to "
        f"least); of {open_ones} pairs {over} cannot tell the order",
        value=float(holding),
        unit=f"of {len(pairs)} pairs",
        bar="the paper's order, or an explanation with intervals",
        met=holding == len(pairs) and n_seeds >= SEEDS_ASKED,
        command=command,
        detail={"pairs": [{key: _finite(value) for key, value in pair.items()} for pair in pairs]},
    )
    records.write(record, [piece["stamp"] for pieces in found.values() for piece in pieces])


def draw(args: argparse.Namespace, scores: Mapping[str, Sequence[float]]) -> None:
    """The differences to the whole recipe as a picture, the paper's beside them."""
    folder = distilbert_encoders.pieces_at(args) if args.limit else records.RESULTS
    pictures.points(
        folder / PICTURE,
        {SAID[variant]: over_seeds(scores[WHOLE], scores[variant]) for variant in PAPER},
        label="here, 95 % over seeds",
        axis="points of mean accuracy",
        line=("the whole recipe", 0.0),
        peers=("the paper, on GLUE", {SAID[variant]: points for variant, points in PAPER.items()}),
    )


def perplexity(pieces: Sequence[dict[str, Any]]) -> float:
    """Geometric mean over seeds of the perplexity of hidden tokens."""
    return math.exp(mean(math.log(piece["measured"]["perplexity"]) for piece in pieces))


def _bound(value: float) -> str:
    return f"{value:+.2f}" if math.isfinite(value) else "open"


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
