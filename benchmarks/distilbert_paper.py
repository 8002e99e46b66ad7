"""DistilBERT's tables at the size of one machine: a teacher of 6 layers, its student of 3 by the triple loss.

``teacher`` fits a masked-LM head to the encoder on unlabelled reviews; ``student`` distils 3 of its layers on the same
text; ``tasks`` fine-tunes both plainly on nine data sets and draws what is kept; ``ablation`` leaves out one part of
the loss at a time, or begins at random; ``speed`` measures parameters, size and time. Each part is made of pieces, and
a rerun makes only the missing ones. On two cores without bfloat16 the longest take 75 minutes, most less than half an
hour; a training that was stopped goes on from its last checkpoint.

``--scale full`` does something else: it writes down what the published recipe takes (BERT-base, a corpus of Wikipedia's
size, 8 GPUs) and runs one step of it on the CPU. With ``--limit`` (a rehearsal on the first rows, with a few thousand
tokens) all stays under WORK and no record is written.
"""

from __future__ import annotations

import argparse

import commands
import distilbert_ablation
import distilbert_encoders
import distilbert_scale
import distilbert_speed
import distilbert_tasks
from data_sets import SETS

PARTS = ("teacher", "student", "tasks", "ablation", "speed")


def flags() -> argparse.ArgumentParser:
    """What can be asked for."""
    parser = commands.parser(__doc__, data="with the nine sets", work="for models", encoder="of all-MiniLM-L6-v2")
    lists = {
        "--parts": PARTS,
        "--sets": tuple(SETS),
        "--models": distilbert_encoders.MODELS,
        "--variants": tuple(distilbert_ablation.VARIANTS),
    }
    for flag, names in lists.items():
        parser.add_argument(flag, type=_some_of(names), default=list(names), help="of " + ",".join(names))
    parser.add_argument("--seeds", dest="seeds_text", default="1,2,3")
    parser.add_argument("--runs", type=int, default=distilbert_speed.RUNS, help="turns of each model in the part speed")
    parser.add_argument("--scale", choices=["machine", "full"], default="machine")
    parser.add_argument("--limit", type=int, help="a rehearsal on the first rows; writes no record")
    return parser


def main() -> None:
    args = commands.parsed(flags())
    if args.limit:
        args.work = args.work / f"rehearsal-{args.limit}"
        args.work.mkdir(exist_ok=True)
    if args.scale == "full":
        distilbert_scale.run(args)
        return
    for part in args.parts:
        if part in ("teacher", "student"):
            distilbert_encoders.report(args, part, distilbert_encoders.piece_of(args, part))
    for part, module in (("tasks", distilbert_tasks), ("ablation", distilbert_ablation), ("speed", distilbert_speed)):
        if part in args.parts:
            module.run(args)


def _some_of(names: tuple[str, ...]):
    def chosen(text: str) -> list[str]:
        given = text.split(",")
        if unknown := [name for name in given if name not in names]:
            raise argparse.ArgumentTypeError(f"takes {', '.join(names)}, not {', '.join(unknown)}")
        return given

    return chosen


if __name__ == "__main__":
    main()
