"""How a student is made, and what it is taught by."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from limbeck.errors import refuse
from limbeck.pretrain.settings import TEMPERATURES

ALIKE = "teachers count alike, so name each once"


@dataclass(frozen=True)
class DistilSettings:
    """What counts in the loss. The soft targets weigh 1, or what the labels leave of it."""

    temperature: float = 1.0
    """Divides the logits of teacher and student alike before they are compared; above 1 small probabilities count
    more (Hinton et al. 2015, arXiv 1503.02531)."""

    hard: float = 0.0
    """Share of a labelled row's loss that its own label has: from 0 (what the teacher says, alone) to 1."""

    def __post_init__(self) -> None:
        problems = []
        if not 0 < self.temperature < math.inf:
            problems.append(f"--temperature {self.temperature} is no number above 0; give 1 to 4, say")
        elif not TEMPERATURES[0] <= self.temperature <= TEMPERATURES[1]:
            problems.append(f"--temperature {self.temperature:g} leaves nothing to tell classes by; give 1 to 4, say")
        if not 0 <= self.hard <= 1:
            problems.append(f"--hard {self.hard} is no share; give a number from 0 to 1")
        refuse(problems)


@dataclass(frozen=True)
class StudentSettings:
    """What the student is like."""

    student: str | None = None
    """Where the student starts: the folder of an encoder, its hub name, or, not with --pretrain, another family such as
    small; the teacher's own weights where not given."""

    layers: int | None = None
    """Layers of the student, taken evenly spaced, the first and the last among them (of 12 layers six: 0, 2, 4, 7, 9,
    11, as DistilBERT did)."""

    take: str | None = None
    """The layers themselves, counted from 0: 0,2,4."""

    width: int | None = None
    """Width of the student's hidden states: whole heads and evenly spaced dimensions of the encoder's."""

    vocabulary: int | None = None
    """Pieces that the student's vocabulary keeps: the most used in the texts it learns from."""

    dropout: float | None = None
    """Dropout while the student learns; that of its configuration where not given."""

    through: str | None = None
    """Layers of students on the way, each the teacher of the next: 6 between a teacher of 12 and a student of 3. Not
    with --pretrain."""

    def __post_init__(self) -> None:
        problems = [
            f"--{name} {value} is too small; give {least} or more"
            for name, least in (("layers", 1), ("width", 1), ("vocabulary", 1))
            if (value := getattr(self, name)) is not None and value < least
        ]
        if self.dropout is not None and not 0 <= self.dropout < 1:
            problems.append(f"--dropout {self.dropout} is no share; give a number from 0 to below 1")
        if self.layers is not None and self.take is not None:
            problems.append(f"--layers {self.layers} and --take {self.take} exclude each other; give one of them")
        if self.through is not None and self.layers is None:
            problems.append(f"--through {self.through} leads to a student of fewer layers; name them with --layers")
        for name in ("take", "through"):
            if getattr(self, name) is not None and numbers_of(getattr(self, name)) is None:
                problems.append(f"--{name} {getattr(self, name)!r} is no list of numbers; give 0,2,4, say")
        stages = [*(numbers_of(self.through or "") or []), *([self.layers] if self.layers else [])]
        if not problems and any(first <= second for first, second in itertools.pairwise(stages)):
            problems.append(
                f"--through {self.through} --layers {self.layers}: each student on the way has fewer layers than the "
                "one before; give --through 6 --layers 3, say"
            )
        refuse(problems)

    @property
    def taken(self) -> tuple[int, ...] | None:
        """The layers that are named; None where none are."""
        return None if self.take is None else tuple(numbers_of(self.take) or ())

    @property
    def stages(self) -> tuple[int, ...]:
        """Layers of the students on the way, in their order."""
        return tuple(numbers_of(self.through or "") or ())


@dataclass(frozen=True)
class TextChoices:
    """What is learnt from beside the labelled rows."""

    unlabelled: Annotated[tuple[Path, ...], tyro.conf.arg(help_behavior_hint="")] = ()
    """Files of texts (csv, tsv, jsonl, parquet, or txt with a text a line); labels in them are not read."""

    cut_sentences: bool = False
    """Take the sentences of 5 to 40 words of the unlabelled texts, in place of the texts."""

    augment: int = 0
    """Variants of each text to make by exchanging single words (as TinyBERT did), for the teacher to judge."""

    held_out: Annotated[tuple[Path, ...], tyro.conf.arg(help_behavior_hint="")] = ()
    """Files of test texts: none of these is learnt from, wherever it stands."""

    def __post_init__(self) -> None:
        if self.augment < 0:
            refuse([f"--augment {self.augment} is no number of variants; give 0 or more"])


def numbers_of(text: str) -> list[int] | None:
    """Whole numbers from 0 up with commas between them; None where it is anything else.

    >>> numbers_of("0,2, 4"), numbers_of(""), numbers_of("0-4")
    ([0, 2, 4], None, None)
    """
    parts = [part.strip() for part in text.split(",")]
    return [int(part) for part in parts] if all(part.isascii() and part.isdigit() for part in parts) else None


def named_again(paths: Sequence[Path]) -> list[Path]:
    """Those that stand before in the list, by this name or by another.

    >>> named_again([Path("large"), Path("other"), Path("./large")])
    [PosixPath('large')]
    """
    places = [path.resolve() for path in paths]
    return [path for n, path in enumerate(paths) if places[n] in places[:n]]
