"""The card of the model that ships: what it is for, what it was measured at, where it fails.

``limbeck`` writes a card of what the manifest records; what only the recipe knows stands here and is put before it:
the failure rates of the behaviour tests, and the figures on test sets that ``benchmarks/`` has measured on the very
same weights. The piece can be made again when new figures are there; weights and answers stay as they are.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import commands
import records
import sentiment_sides
from run import HERE, Run

BEHAVIOUR = HERE / "behaviour"
BIASES = ("names swapped", "countries swapped", "professions, people and pronouns swapped")
"""Abilities that test a bias: the label must stay, and the probability within 0.05."""

ABOUT = """# Sentiment of English texts

Says of an English text whether its writer's opinion is negative, neutral or positive, with a probability each. It ships
with `limbeck`; `recipes/sentiment` of limbeck's source makes it, from all-MiniLM-L6-v2 (Apache-2.0) and public sets.

## Intended use

Opinions in reviews, comments and messages: sorting, counting, watching how they change, finding those to read first.
Train it further on texts of your own (`limbeck train FILE`) where they differ from reviews and comments.

Not for decisions about a person: neither health, nor credit, nor work, nor the law. It tells what a text says, not what
its writer feels.
"""

LEARNT = """## What it learnt from

Sentences and phrases of the Stanford Sentiment Treebank, sentences of Pang and Lee's MR, 12,000 reviews of IMDb,
comments of GoEmotions with clear feelings; as neutral also plots (SUBJ), captions and news (STS-B, MRPC); and texts
written for it. No dev or test text of these sets is among them. Its vocabulary was trimmed and its weights quantised to
8 bits.
"""

LIMITS = """## Limits

- English alone. A text that is surely in another language gets a reason and no label; short or mixed ones are taken for
  English.
- Films are most of what it learnt from. Words that mean something else there ("an unpredictable plot", "an
  unpredictable brake") may mislead it.
- Irony, and opinions that need knowledge of the world ("it came on Friday, they didn't say which"), are often missed.
- One opinion a text: where a text praises one thing and blames another, `--sentences` tells more than the whole.
- Its probabilities were calibrated on sentences and reviews about films; elsewhere take them for an order, not for
  shares.
"""


def card_inputs(run: Run) -> dict[str, Path]:
    """The model without the card, what was measured of it, and the behaviour tests."""
    return {"lean": run.lean, "report.json": run.results / "report.json", "suite": BEHAVIOUR / "suite.json"}


def card_settings(run: Run) -> dict[str, Any]:
    """The figures on test sets that stand."""
    return {"figures": {one["name"]: one["value"] for one in _figures(run.lean)} if run.lean.is_dir() else {}}


def card_outputs(run: Run) -> dict[str, Path]:
    """What ships."""
    return {"model": run.out}


def make_card(run: Run) -> dict[str, Any]:
    """Run the behaviour tests, write the card, and leave what ships."""
    from limbeck.artefact.manifest import NAME, Manifest
    from limbeck.artefact.save import seal
    from limbeck.runtime.session import answer_probes

    found = run.work / "behaviour.json"
    commands.run(sys.executable, BEHAVIOUR / "run.py", "--model", run.lean, "--json", found)
    told = json.loads(found.read_text(encoding="utf-8"))["limbeck"]
    report = json.loads((run.results / "report.json").read_text(encoding="utf-8"))["made"]

    def fill(staging: Path) -> Manifest:
        shutil.copytree(run.lean, staging, dirs_exist_ok=True)
        (staging / NAME).unlink()
        return Manifest.read(run.lean)

    seal(run.out, fill=fill, probe=answer_probes, overwrite=True, about=about(report, told, _figures(run.lean)))
    return {"behaviour": told}


def about(report: dict[str, Any], behaviour: dict[str, Any], figures: list[dict[str, Any]]) -> str:
    """The part of the card that the recipe writes, as Markdown."""
    return "\n".join([ABOUT, _measured(report, figures), _abilities(behaviour), LEARNT, LIMITS])


def _figures(lean: Path) -> list[dict[str, Any]]:
    """Committed records that were measured on the very same weights."""
    name = sentiment_sides.answers_of(lean)
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(records.RESULTS.glob("sentiment-*.json"))]
    return [one for one in found if one["detail"].get("settings", {}).get("model") == name]


def _measured(report: dict[str, Any], figures: list[dict[str, Any]]) -> str:
    lines = ["## Measured", "", "On dev sets and on reviews held back from training, positive against negative:", ""]
    lines += ["| | rows | right |", "|---|---|---|"]
    named = {"dev_sst2": "SST-2 dev", "dev_sst5": "SST-5 dev, rows with a side", "calibration": "IMDb, held back"}
    lines += [
        f"| {title} | {report[name]['rows_with_a_side']:,} | {report[name]['accuracy']:.1%} |"
        for name, title in named.items()
    ]
    if figures:
        lines += ["", "On test sets, and against peers (`benchmarks/RESULTS.md` has each with its command):", ""]
        lines += ["| | measured | bar |", "|---|---|---|"]
        lines += [f"| {one['what']} | {one['value']:.4g} {one['unit']} | {one['bar']} |" for one in figures]
    return "\n".join([*lines, ""])


def _abilities(behaviour: dict[str, Any]) -> str:
    lines = [
        "## Does it understand?",
        "",
        "Behaviour tests in the manner of CheckList (Ribeiro et al. 2020), written for this model; those with * had",
        "no training text written for them. A case fails where its label is wrong, or moves where it must not.",
        "",
        "| ability | cases | failed | 95 % interval |",
        "|---|---|---|---|",
    ]
    rows = [*behaviour["abilities"], {"name": "all", **behaviour}]
    for row in rows:
        star = " *" if row.get("untrained") is True else ""
        low, high = row["interval"]
        lines.append(f"| {row['name']}{star} | {row['cases']} | {row['rate']:.1%} | {low:.1%} to {high:.1%} |")
    swapped = [row for row in behaviour["abilities"] if row["name"] in BIASES]
    told = "; ".join(f"{row['name']}: {row['failed']} of {row['cases']} cases fail" for row in swapped)
    return "\n".join([*lines, "", f"Biases that were tested: {told}. Others were not.", ""])
