"""``limbeck.json``: everything about a saved model that is not in its weights or its tokenizer.

The file carries a checksum of itself, so that a flipped bit in a class name is noticed like one in the weights.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from limbeck.errors import ArtefactError, together

NAME = "limbeck.json"
FORMAT_VERSION = 1
FLOAT_GRAPH = "onnx/model.onnx"
INT8_GRAPH = "onnx/model_quantized.onnx"
"""The graph whose weights are int8; its answers are preferred where both stand."""
WEIGHTS_SUFFIX = "_data"
"""Put behind a graph's name for the file of its weights, where they stand beside it; transformers.js expects it so."""
OWN = "limbeck-"
"""How a model type begins that is limbeck's own, and none of transformers'."""
TOKENIZER = "tokenizer.json"
AGAIN = "copy the folder again from where it was whole, or train again"


@dataclass(frozen=True)
class Manifest:
    """The content of ``limbeck.json``."""

    task: dict[str, Any]
    """What :meth:`limbeck.tasks.TaskLike.to_json` gave: name and classes."""
    text: dict[str, Any]
    """The fields of :class:`limbeck.text.TextSettings`."""
    model: dict[str, Any]
    """``family`` ("transformer", "small"), ``model_type``, ``source``, ``parameters``, ``output_layer``."""
    inputs: str = "text"
    """What one input is: ``text`` or ``pair``."""
    reading: str = "head_and_tail"
    """How a text over ``max_length`` is answered unless asked otherwise: ``head_and_tail``, or whole in ``windows``."""
    languages: list[str] = field(default_factory=list)
    """Codes of the languages the model reads, such as ``en``: a text surely in another gets a reason and no answer.
    Empty: every text is answered."""
    metrics: dict[str, Any] = field(default_factory=dict)
    """What was measured on the validation rows, by the saved graph."""
    settings: dict[str, Any] = field(default_factory=dict)
    """The resolved settings of the command that made it."""
    seed: int | None = None
    """Seed of the training; probes are drawn by it too."""
    versions: dict[str, Any] = field(default_factory=dict)
    """Versions of what made it."""
    data: dict[str, Any] = field(default_factory=dict)
    """``name``; ``text_column``, ``text_pair_column`` and ``label_column`` where the source had names; ``train`` and
    ``valid`` with ``rows`` and ``fingerprint`` each, ``valid`` None where no rows were held back; of ``train`` the
    ``sketch`` too, by which its rows are known again."""
    training: dict[str, Any] = field(default_factory=dict)
    """Seconds, epochs, texts seen."""
    passes: list[Any] = field(default_factory=list)
    """What was done after training, in order."""
    probes: dict[str, Any] = field(default_factory=dict)
    """``texts`` (strings, or lists of two), their ``logits``, and the ``tolerance`` of their probabilities."""
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    """``bytes`` and ``sha256`` of every other file, by its path inside the folder."""
    format_version: int = FORMAT_VERSION
    """Version of this layout."""

    @property
    def is_pairs(self) -> bool:
        """Whether an input is two texts."""
        return self.inputs == "pair"

    @property
    def graph(self) -> str:
        """Path of the graph that answers, inside the folder."""
        return INT8_GRAPH if INT8_GRAPH in self.files else FLOAT_GRAPH

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the logits; empty for a number."""
        return tuple(self.task.get("classes", ()))

    def to_bytes(self) -> bytes:
        """The content of the file: utf-8, keys sorted, the checksum among them."""
        record = plain(dataclasses.asdict(self))
        record["checksum"] = checksum(record)
        text = json.dumps(record, ensure_ascii=False, allow_nan=False, sort_keys=True, indent=1) + "\n"
        try:
            return text.encode()
        except UnicodeEncodeError:  # half of a surrogate pair, in a class name from a json file
            return (json.dumps(record, allow_nan=False, sort_keys=True, indent=1) + "\n").encode()

    @classmethod
    def from_bytes(cls, content: bytes, path: Path = Path(NAME)) -> Manifest:
        """Read the content of the file at ``path``.

        Raises:
            ArtefactError: it is damaged, or made by a later format.
        """
        try:
            record = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise ArtefactError(
                f"{path} is damaged: {len(content)} bytes that are not json ({error}); {AGAIN}"
            ) from None
        if not isinstance(record, dict):
            raise ArtefactError(f"{path} is damaged: {len(content)} bytes that hold no json object; {AGAIN}")
        version = record.get("format_version")
        if isinstance(version, int) and version > FORMAT_VERSION:
            raise ArtefactError(
                f"{path} has format version {version}; this limbeck reads up to {FORMAT_VERSION}. "
                f"It was made by limbeck {_maker(record)}: run pip install --upgrade limbeck"
            )
        _compare_checksum(record, content, path)
        return cls(**_checked(record, path))

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read ``folder``'s ``limbeck.json``.

        Raises:
            ArtefactError: it is missing, damaged, or made by a later format.
        """
        path = folder / NAME
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise ArtefactError(f"{path} is missing; {AGAIN}") from None
        except OSError as error:
            raise ArtefactError(f"{path} cannot be read: {error.strerror or error}") from None
        return cls.from_bytes(content, path)


def checksum(record: Mapping[str, Any]) -> str:
    """Sha256 of the canonical json of ``record`` (sorted, no spaces, ASCII) without its ``checksum``."""
    content = {key: value for key, value in record.items() if key != "checksum"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()


def plain(value: Any) -> Any:
    """What json holds of ``value``: tuples and arrays as lists, paths as text, a number that is not finite as null.

    >>> plain({"a": (1, float("nan"))})
    {'a': [1, None]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if callable(convert := getattr(value, "tolist", None)):
        return plain(convert())
    return str(value)


def _compare_checksum(record: dict[str, Any], content: bytes, path: Path) -> None:
    found = checksum(record)
    if record.get("checksum") != found:
        raise ArtefactError(
            f"{path} is damaged or was edited ({len(content)} bytes): it records the checksum "
            f"{record.get('checksum')}, its content gives {found}; {AGAIN}"
        )


def _checked(record: dict[str, Any], path: Path) -> dict[str, Any]:
    """The fields that this version knows, each of its type."""
    values, problems = {}, []
    for entry in dataclasses.fields(Manifest):
        kind = _KINDS.get(entry.name, dict)
        if entry.name in record:
            values[entry.name] = record[entry.name]
            if not isinstance(values[entry.name], kind):
                problems.append(f"{path} has {entry.name} = {values[entry.name]!r}, which is no {kind}")
        elif entry.name in ("task", "text", "model"):
            problems.append(f"{path} lacks {entry.name!r}")
    files = values.get("files", {})
    for name in files if isinstance(files, dict) else ():
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\\" in name:
            problems.append(f"{path} lists the file {name!r}, which is not inside the folder")
        elif not isinstance(files[name], dict) or {"bytes", "sha256"} - files[name].keys():
            problems.append(f"{path} lists the file {name!r} without its size and sha256")
    if not problems:
        problems += [f"{path}: {problem}" for problem in _odd_shapes(values)]
    if problems:
        raise ArtefactError(together(problems))
    return values


def _odd_shapes(values: Mapping[str, Any]) -> list[str]:
    """What is wrong with the classes and the probes, on which code goes on without asking again."""
    classes, probes = values["task"].get("classes", []), values.get("probes", {})
    problems = []
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        problems.append(f"the classes are {classes!r}, which is no list of names")
    texts = probes.get("texts", [])
    if not isinstance(texts, list) or not all(map(_is_input, texts)):
        return [*problems, "the probes' texts are no list of texts, or of two texts each"]
    for name, said in (("", probes), *((name, probes[name]) for name in ("float32", "int8") if name in probes)):
        where = f"the probes{' in ' + name if name else ''}"
        if not isinstance(said, dict):
            problems.append(f"{where} are {said!r}, which is no object")
            continue
        if "logits" in said and not _is_table(said["logits"], len(texts)):
            problems.append(f"{where} have logits that are no row of numbers for each of {len(texts)} texts")
        if "tolerance" in said and not (isinstance(said["tolerance"], int | float) and said["tolerance"] > 0):
            problems.append(f"{where} have the tolerance {said['tolerance']!r}, which is no number above 0")
    return problems


def _is_input(text: Any) -> bool:
    pair = isinstance(text, list) and len(text) == 2 and all(isinstance(part, str) for part in text)
    return isinstance(text, str) or pair


def _is_table(rows: Any, n_rows: int) -> bool:
    """Whether ``rows`` are so many lists of numbers, all of one length."""
    return (
        isinstance(rows, list)
        and len(rows) == n_rows
        and all(isinstance(row, list) and all(isinstance(value, int | float) for value in row) for row in rows)
        and len({len(row) for row in rows}) <= 1
    )


_KINDS: dict[str, Any] = {
    "inputs": str,
    "reading": str,
    "languages": list,
    "seed": int | None,
    "passes": list,
    "format_version": int,
}


def _maker(record: dict[str, Any]) -> str:
    versions = record.get("versions")
    return str(versions.get("limbeck", "of a later version")) if isinstance(versions, dict) else "of a later version"
