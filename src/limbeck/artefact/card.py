"""The model card: ``README.md`` with the front matter that the hub reads, the measured figures, and how to use it."""

from __future__ import annotations

import json
from typing import Any

from limbeck.artefact.manifest import OWN, Manifest
from limbeck.data.record import in_words
from limbeck.errors import shown_measure
from limbeck.metrics import retention

AGREEMENT = "said by the teachers"
"""What ``training.taught.valid`` records where the validation rows had no labels of their own."""


def write(manifest: Manifest, about: str = "") -> str:
    """Give the text of the card; without ``about`` it says only what the manifest records.

    Args:
        manifest: of the model.
        about: what its maker says of it in Markdown, title, figures and limits, in place of what the manifest tells.
    """
    told = [about] if about else [_about(manifest), _figures(manifest), *_teachers(manifest)]
    return "\n".join([_front_matter(manifest), *told, _use(manifest), *([] if about else [_limits(manifest)])])


def _front_matter(manifest: Manifest) -> str:
    lines = ["---", "library_name: limbeck", "pipeline_tag: text-classification", "tags:", "- limbeck", "- onnx"]
    source = manifest.model.get("source")
    if isinstance(source, str) and source.count("/") == 1 and not source.startswith((".", "/", "~")):
        lines.append(f"base_model: {json.dumps(source)}")
    if manifest.languages:
        lines += ["language:", *(f"- {json.dumps(str(code))}" for code in manifest.languages)]
    return "\n".join([*lines, "---", ""])


def _about(manifest: Manifest) -> str:
    model = manifest.model
    kind = " ".join(str(model[key]) for key in ("family", "model_type") if model.get(key))
    size = f", {model['parameters']:,} parameters" if isinstance(model.get("parameters"), int) else ""
    if manifest.classes:
        gives = "one of the classes " + ", ".join(_code(name) for name in manifest.classes)
    else:
        gives = "a number"
    reads = "a pair of texts" if manifest.is_pairs else "a text"
    length = manifest.text.get("max_length")
    longer = (
        "longer texts are read whole, in windows" if manifest.reading == "windows" else "longer texts lose their middle"
    )
    cut = f" It reads up to {length} tokens; {longer}." if length else ""
    return f"# Text classifier\n\nGives {reads} {gives}. Model: {kind or 'unknown'}{size}.{cut}\n"


def _figures(manifest: Manifest) -> str:
    figures = [(name, value) for name, value in manifest.metrics.items() if isinstance(value, int | float)]
    if not figures:
        return "## Measured\n\nNothing: there were no validation rows.\n"
    table = "\n".join(f"| {name} | {_figure(value)} |" for name, value in figures)
    rows, graph = measured_rows(manifest), measured_graph(manifest)
    taught = manifest.training.get("taught", {})
    learnt = [f"{_code(str(name))} {in_words(share)}" for name, share in taught.get("seen", {}).items()]
    but = f"; of them had learnt before: {', '.join(learnt)}. That flatters these figures. Measured" if learnt else ","
    heading = f"## Measured\n\nOn {rows}, from which training did not learn{but} by {graph}:"
    if taught.get("valid") == AGREEMENT:
        heading = f"## Measured\n\nAgainst the teacher's answers, not labels, on {rows}, by {graph}:"
    return f"{heading}\n\n| | |\n|---|---|\n{table}\n"


def _teachers(manifest: Manifest) -> list[str]:
    """Who taught the model, and how both compare; nothing of a model that learnt from labels alone."""
    taught = manifest.training.get("taught") or {}
    if not taught.get("teachers"):
        return []
    names = ", ".join(f"{_code(str(one['name']))} ({str(one['fingerprint'])[:12]})" for one in taught["teachers"])
    softened = "" if manifest.task["name"] == "regress" else f", at temperature {taught.get('temperature', 1.0):g}"
    text = f"## Taught by\n\n{names}{softened}."
    pair = taught.get("compared")
    if not pair:
        return [f"{text}\n"]
    teacher = "teacher" if len(taught["teachers"]) == 1 else "teachers together"
    rows = [(teacher, pair["first"], ""), ("this model", pair["second"], _kept(pair))]
    table = "\n".join(f"| {name} | {_figure(value)} | {note} |" for name, value, note in rows)
    return [
        f"{text} Both on the same {pair['n_rows']:,} validation rows:\n\n| | {pair['measure'].replace('_', ' ')} | |\n"
        f"|---|---|---|\n{table}\n"
    ]


def _kept(pair: dict[str, Any]) -> str:
    percent = retention(pair["first"], pair["second"], pair.get("first_low"))
    kept = "" if percent is None else f"{percent:.1f} % of it; "
    return f"{kept}difference {pair['difference']:+.4f}, 95 % interval {pair['low']:+.4f} to {pair['high']:+.4f}"


def measured_graph(manifest: Manifest) -> str:
    """Which graph the figures are of: the saved one, or the one before the passes that measured nothing after it."""
    since: list[str] = []
    for step in manifest.passes:
        if isinstance(step, dict):
            since = [*since, str(step["name"])] if step.get("measured") is False else []
    return f"the graph before {' and '.join(since)}" if since else "the saved graph"


def measured_rows(manifest: Manifest) -> str:
    """Which rows the figures are of, as far as the manifest says; a figure with another set in its name is of that."""
    valid = manifest.data.get("valid")
    n_rows = valid.get("rows") if isinstance(valid, dict) else None
    rows = f"{n_rows:,} validation rows" if isinstance(n_rows, int) else "validation rows"
    own = valid.get("name") if isinstance(valid, dict) else None
    named, source = manifest.settings.get("valid") or own, manifest.data.get("name")
    if named:
        return f"{rows} ({named})"
    return f"{rows} held back of {source}" if source and valid else rows


def other_sets(manifest: Manifest) -> list[str]:
    """Figures of other sets, which stand in their names: ``sst2_dev_accuracy`` beside ``accuracy``."""
    names = list(manifest.metrics)
    return [name for name in names if any(name.endswith(f"_{other}") for other in names)]


def _use(manifest: Manifest) -> str:
    if manifest.is_pairs:
        call, shell = '("A first text.", "A second one.")', '"A first text." "A second one." --pair'
        asked = '{"text": "A first text.", "text_pair": "A second one."}'
    else:
        call, shell, asked = '"An hour I want back."', '"An hour I want back."', '"An hour I want back."'
    return f"""## Use

```
limbeck predict FOLDER {shell}
```

```python
import limbeck

model = limbeck.load("FOLDER")
print(model.predict({call}))
```

{_with_transformers(manifest, asked)}

With onnxruntime: `{manifest.graph}` takes `input_ids`, `attention_mask` and `token_type_ids` (int64, texts by tokens)
and gives `logits`; `tokenizer.json` makes the ids.
"""


def _with_transformers(manifest: Manifest, asked: str) -> str:
    """How its pipeline answers by the folder, or that it cannot."""
    kind = str(manifest.model.get("model_type"))
    if kind.startswith(OWN):
        return f"transformers knows no model of the type `{kind}`: its pipeline cannot load this folder."
    length = manifest.text.get("max_length", 256)
    return f"""\
With transformers, where the folder holds `model.safetensors`. Its pipeline does not cut long texts by itself; this
asks it to, from the end (limbeck keeps head and tail), so that answers agree up to {length} tokens:

```python
from transformers import pipeline

classify = pipeline("text-classification", "FOLDER")
print(classify({asked}, truncation=True, max_length={length}))
```"""


def _limits(manifest: Manifest) -> str:
    lines = [
        "It answers for texts like those it was trained on, in their language; elsewhere its probabilities mislead."
    ]
    if manifest.languages:
        codes = ", ".join(manifest.languages)
        lines.append(f"It reads {codes}; a text that is surely in another language gets a reason and no answer.")
    rows = manifest.data.get("train", {}).get("rows")
    if rows is not None:
        lines.append(f"It was trained on {rows:,} rows.")
    return "## Limits\n\n" + " ".join(lines) + "\n"


def _code(name: str) -> str:
    """A class name as code, whatever marks it holds; half of a surrogate pair has no place in a file."""
    shown = " ".join(name.encode("utf-8", errors="replace").decode().split())
    fence = "``" if "`" in shown else "`"
    return f"{fence} {shown} {fence}" if fence == "``" else f"{fence}{shown}{fence}"


def _figure(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else shown_measure(value)
