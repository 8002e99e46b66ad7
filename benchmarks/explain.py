"""Are explanations true to the model, and how long do they take? On sentences of SST-2's dev set.

Words are deleted in the order of their effects, the strongest first, and the predicted class's probability is watched;
the figure is the area by which it falls sooner than in random orders, with a 95 % interval over sentences. The peer is
sampling as LIME does it (2,500 rows with words left out by chance, weighted by their likeness to the text, a ridge
regression), on some of the same sentences and the same predictor, for its area and its time.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from statistics import median
from typing import Any

import commands
import numpy as np
import records
from numpy.typing import NDArray
from sentiment_sides import answers_of, model_folder

LIME_ROWS = 2500
TEXT = "An hour I want back, and a cast that deserved better than this tired, overlong and joyless script."
Array = NDArray[np.float64]


def sentences(data: Path, n: int, seed: int) -> list[str]:
    """Some sentences of the dev set, drawn without replacement."""
    from limbeck.data import read

    inputs = [str(text) for text in read(data / "sst2" / "dev.parquet", labelled=False).inputs]
    places = np.random.default_rng(seed).permutation(len(inputs))[:n]
    return [inputs[place] for place in places]


def lime_masks(n_words: int, n_rows: int, seed: int) -> NDArray[np.bool_]:
    """LIME's rows: the text itself, then 1 to all words left out, as many as by chance: shape ``(n_rows, n_words)``."""
    random = np.random.default_rng(seed)
    masks = np.ones((n_rows, n_words), np.bool_)
    for row, n_out in zip(masks[1:], random.integers(1, n_words + 1, n_rows - 1), strict=True):
        row[random.choice(n_words, n_out, replace=False)] = False
    return masks


def lime_effects(masks: NDArray[np.bool_], probs: Array) -> Array:
    """LIME's weights of words: ridge regression with penalty 1 and an intercept, rows weighted by a kernel of width 25.

    Source:
        Ribeiro et al. 2016, arXiv 1602.04938; the defaults of the package lime 0.2 for texts.
    """
    kept = masks.astype(np.float64)
    distance = 100.0 * (1.0 - np.sqrt(kept.mean(axis=1)))
    weights = np.sqrt(np.exp(-(distance**2) / 25.0**2))
    centre = (weights[:, None] * kept).sum(axis=0) / weights.sum()
    level = float((weights * probs).sum() / weights.sum())
    inputs = kept - centre
    gram = inputs.T @ (weights[:, None] * inputs) + np.eye(kept.shape[1])
    effects: Array = np.linalg.solve(gram, inputs.T @ (weights * (probs - level)))
    return effects


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """The areas and the times of every sentence, and of LIME's way on the first few."""
    from limbeck.inspect.deletion import deletion_gain
    from limbeck.inspect.explain import explain, probability_without
    from limbeck.runtime import load

    predictor = load(args.model)
    found: dict[str, list[float]] = {"gain": [], "seconds": [], "words": [], "lime_gain": [], "lime_seconds": []}
    for n, text in enumerate(sentences(args.data, args.n, args.seed)):
        start = time.perf_counter()
        made = explain(predictor, text)
        taken = time.perf_counter() - start
        if made.label is None or len(made.words) < 2:
            continue

        def ask(masks: NDArray[np.bool_], made: Any = made) -> Array:
            return probability_without(predictor, made, masks)

        effects = np.array([word.effect for word in made.words])
        found["seconds"].append(taken)
        found["words"].append(len(effects))
        found["gain"].append(deletion_gain(effects, ask, seed=args.seed))
        if n < args.n_lime:
            start = time.perf_counter()
            masks = lime_masks(len(effects), args.lime_rows, args.seed)
            sampled = lime_effects(masks, ask(masks))
            found["lime_seconds"].append(time.perf_counter() - start)
            found["lime_gain"].append(deletion_gain(sampled, ask, seed=args.seed))
        print(f"{n + 1}: {len(effects)} words, area {found['gain'][-1]:.3f}, {taken:.2f} s", flush=True)
    return found


def interval(values: list[float]) -> tuple[float, float]:
    """Mean, and half of a 95 % interval by the normal distribution.

    >>> interval([0.0, 2.0])
    (1.0, 1.96)
    """
    array = np.array(values)
    half = 1.96 * float(array.std(ddof=1)) / len(array) ** 0.5 if len(array) > 1 else float("nan")
    return float(array.mean()), round(half, 6)


def fresh_seconds(model: Path, runs: int) -> list[float]:
    """Wall time of ``limbeck explain MODEL TEXT`` in fresh processes, after one that is not counted."""
    taken = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        commands.output(commands.limbeck(), "explain", model, TEXT)
        taken.append(time.perf_counter() - start)
    return taken[1:]


def parameters_of(model: Path) -> int:
    """How many parameters a saved model has."""
    told = json.loads((model / "limbeck.json").read_text(encoding="utf-8"))
    return int(told["model"]["parameters"])


def report(args: argparse.Namespace, piece: dict[str, Any], fresh: list[float]) -> None:
    """Write the three records."""
    which = "the model that ships" if args.shipped else f"MODEL, {parameters_of(args.model) / 1e6:.1f} M parameters"
    command = "python benchmarks/explain.py --data DATA" + ("" if args.shipped else " --model MODEL")
    command += f" --n {args.n} --n-lime {args.n_lime}"
    suffix = "shipped" if args.shipped else "model"
    mean, half = interval(piece["gain"])
    same = piece["gain"][: len(piece["lime_gain"])]
    lime_mean = float(np.mean(piece["lime_gain"]))
    own_s, lime_s = median(piece["seconds"][: len(same)]), median(piece["lime_seconds"])
    shared: dict[str, Any] = {"command": command}
    records.write(
        records.Record(
            name=f"explain-deletion-{suffix}",
            what=f"area between deletion curves, strongest words first against random orders, {which}; +- {half:.3f}",
            value=mean,
            unit="of probability",
            bar="95 % interval above 0",
            met=mean - half > 0,
            peer={
                "name": f"LIME-like sampling, first {len(same)} sentences (ours there: {np.mean(same):.3f})",
                "value": lime_mean,
            },
            detail={
                "sentences": len(piece["gain"]),
                "half_interval": half,
                "gain": piece["gain"],
                "lime_gain": piece["lime_gain"],
            },
            **shared,
        ),
        [piece["stamp"]],
    )
    records.write(
        records.Record(
            name=f"explain-time-{suffix}",
            what=f"seconds to explain a sentence of SST-2, median, loaded, {which}",
            value=own_s,
            unit="s",
            bar="under 1 s",
            met=own_s < 1,
            peer={"name": f"LIME-like sampling, {args.lime_rows:,} rows", "value": lime_s},
            ratio=own_s / lime_s,
            detail={"seconds": piece["seconds"], "lime_seconds": piece["lime_seconds"], "words": piece["words"]},
            **shared,
        ),
        [piece["stamp"]],
    )
    records.write(
        records.Record(
            name=f"explain-process-{suffix}",
            what=f"`limbeck explain MODEL TEXT` of 18 words, fresh process, {which}",
            value=median(fresh),
            unit="s",
            bar="under 1 s",
            met=median(fresh) < 1,
            detail={"seconds": fresh},
            **shared,
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with sst2/dev.parquet")
    parser.add_argument("--model", type=Path, help="a saved model; the one that ships where none is given")
    parser.add_argument("--n", type=int, default=200, help="sentences")
    parser.add_argument("--n-lime", type=int, default=20, help="sentences that LIME's way explains too")
    parser.add_argument("--lime-rows", type=int, default=LIME_ROWS)
    parser.add_argument("--runs", type=int, default=11, help="fresh processes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rehearse", type=Path, help="a folder for the piece of a small trial; writes no record")
    args = parser.parse_args()
    args.shipped = args.model is None
    args.model = model_folder(args.model)
    settings = {name: getattr(args, name) for name in ("n", "n_lime", "lime_rows", "seed")}
    settings["model"] = answers_of(args.model)
    folder = args.rehearse or records.PIECES
    name = f"explain-{'shipped' if args.shipped else 'model'}.json"
    piece = records.piece(folder / name, settings, lambda: measure(args))
    mean, half = interval(piece["gain"])
    print(
        f"area {mean:.4f} +- {half:.4f} on {len(piece['gain'])} sentences, {median(piece['seconds']):.3f} s a sentence"
    )
    fresh = fresh_seconds(args.model, args.runs)
    print(f"fresh process: {median(fresh):.3f} s")
    if not args.rehearse:
        report(args, piece, fresh)


if __name__ == "__main__":
    main()
