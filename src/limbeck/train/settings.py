"""How a model is fitted."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

from limbeck.errors import nearest, refuse
from limbeck.plan import Budget, Rows, training_plan

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

DEFAULT_TOKENS = 1024
"""Tokens a batch where nothing is said: a few dozen sentences or four reviews, which fits any machine."""

Schedule = Literal["linear", "cosine", "constant", "1cycle", "triangular", "triangular2", "sgdr", "plateau"]
CYCLIC = ("triangular", "triangular2", "sgdr")
"""Schedules that have cycles of a length of their own."""
Precision = Literal["auto", "float32", "bf16"]
Keep = Literal["best", "last"]
OutputLayer = Literal["fresh", "frozen"]
FREEZE = ("none", "embeddings", "encoder")
"""What can be frozen by name; a number of layers besides."""
ENCODER = FREEZE[-1]
MOST_SEED = 2**63 - 1
"""torch and files of tables hold no larger one."""


@dataclass(frozen=True)
class FitSettings:
    """Epochs, rates, batches and what is kept."""

    epochs: int | None = None
    """Passes over the training rows; the model's own default where not given."""

    lr: float | None = None
    """Highest learning rate; the model's own default where not given."""

    schedule: Schedule = "linear"
    """Course of the rate: after a warm-up straight down to 0 (linear), down along a cosine, constant, or cut whenever
    the validation loss stands still (plateau); 1cycle with momentum; triangles of one height or half of it each time
    (triangular2); cosines that start again (sgdr)."""

    warmup: float = 0.06
    """Share of the updates over which the rate rises (RoBERTa's 6 %, Liu et al. 2019, table 10); of no concern to
    1cycle, triangular, triangular2 and sgdr."""

    cycle_length: float = 1.0
    """Epochs a cycle of triangular, triangular2 and sgdr; a triangle has two updates at least."""

    cycle_mult: int = 1
    """How many times as long as the one before each cycle of sgdr is."""

    plateau_factor: float = 0.5
    """What the rate is multiplied with where the validation loss stands still (plateau)."""

    plateau_patience: int = 2
    """Epochs without a better validation loss before that (plateau)."""

    batch_size: int | None = None
    """Rows a batch; excludes --batch-tokens."""

    batch_tokens: int | None = None
    """Tokens a batch, padding counted; where neither is given 1024, in pre-training 4096. Even work whatever the texts'
    lengths."""

    accumulate: int = 1
    """Batches an optimiser step is cut into. Two of 8 rows are one step of 16: the same rows, the same weights."""

    weight_decay: float = 0.01
    """Decay of weights (AdamW); never of biases and norms."""

    beta2: float = 0.999
    """AdamW's memory of squared gradients (Kingma and Ba 2015); 0.98 is usual where batches are large."""

    epsilon: float = 1e-8
    """What AdamW adds to the root of them; 1e-6 is usual in pre-training."""

    layer_decay: float = 1.0
    """Factor on the rate from each layer to the one below (0.9, say): lower layers keep more of what they knew."""

    max_grad_norm: float = 1.0
    """Gradients longer than this are cut to it; 0 leaves them."""

    precision: Precision = "auto"
    """Arithmetic of the products: bf16 where the processor has instructions for it, else float32."""

    keep: Keep = "best"
    """Weights that are saved: those of the lowest validation loss, or the last ones."""

    output_layer: OutputLayer = "fresh"
    """What the output layer starts from: small random weights (where a saved layer has all the classes, their rows of
    it), or what --model frozen fits to at most 2,000 rows (LP-FT, Kumar et al. 2022, arXiv 2202.10054)."""

    freeze: str = "none"
    """What stays as it is: none, embeddings, encoder (all but what stands above its layers), or a number, the
    embeddings and so many of the lowest layers."""

    gradual: bool = False
    """Unfreeze layer by layer: the first epoch trains what stands above the layers, each further one a layer more
    (Howard and Ruder 2018)."""

    max_updates: int | None = None
    """End after so many updates, in the middle of an epoch where it comes to that. The schedule spans these, but for
    triangular, triangular2 and sgdr, whose cycles keep their length and are cut."""

    validations: int = 1
    """Times an epoch that the validation rows are read, evenly spread: the best weights may lie in its middle."""

    patience: int | None = None
    """Stop after this many epochs without a better validation loss; never where not given."""

    checkpoint_every: int | None = None
    """Updates between checkpoints; at each epoch's end where not given."""

    workers: int = 0
    """Processes that put batches together beside the training; texts are tokenised before, so 0 is mostly best."""

    seed: int = 0
    """Decides the split, the new weights, the order of the rows and dropout."""

    def __post_init__(self) -> None:
        problems = [
            f"{flag} {value!r} is unknown; it takes {nearest(str(value), get_args(names))}"
            for flag, value, names in (
                ("--schedule", self.schedule, Schedule),
                ("--precision", self.precision, Precision),
                ("--keep", self.keep, Keep),
                ("--output-layer", self.output_layer, OutputLayer),
            )
            if value not in get_args(names)
        ]
        if self.batch_size is not None and self.batch_tokens is not None:
            problems.append(
                f"--batch-size {self.batch_size} and --batch-tokens {self.batch_tokens} exclude each other; "
                "give one of them"
            )
        for flag, value, least in (
            ("--epochs", self.epochs, 1),
            ("--batch-size", self.batch_size, 1),
            ("--batch-tokens", self.batch_tokens, 1),
            ("--accumulate", self.accumulate, 1),
            ("--cycle-mult", self.cycle_mult, 1),
            ("--plateau-patience", self.plateau_patience, 1),
            ("--max-updates", self.max_updates, 1),
            ("--validations", self.validations, 1),
            ("--patience", self.patience, 1),
            ("--checkpoint-every", self.checkpoint_every, 1),
            ("--workers", self.workers, 0),
            ("--seed", self.seed, 0),
        ):
            if value is not None and value < least:
                problems.append(f"{flag} {value} is too small; give {least} or more")
        if self.seed > MOST_SEED:
            problems.append(f"--seed {self.seed} is too large; give {MOST_SEED} or less")
        if self.lr is not None and not 0 < self.lr < 10:
            problems.append(f"--lr {self.lr} is no learning rate; give one between 0 and 10, such as 5e-5")
        if self.freeze not in FREEZE and not str(self.freeze).isdecimal():
            names = nearest(str(self.freeze), FREEZE)
            problems.append(f"--freeze {self.freeze!r} is unknown; it takes {names}, or a number of layers")
        if not 0 < self.layer_decay <= 1:
            problems.append(f"--layer-decay {self.layer_decay} is no factor from 0 to 1; give 0.9, say, or 1 for none")
        if not 0 < self.beta2 < 1:
            problems.append(f"--beta2 {self.beta2} is no memory from 0 to 1; give 0.999, say")
        if not 0 < self.epsilon < 1:
            problems.append(f"--epsilon {self.epsilon} is no small number above 0; give 1e-8, say")
        if not 0 <= self.warmup < 1:
            problems.append(f"--warmup {self.warmup} is not a share of the updates; give a number from 0 to below 1")
        if not 0.01 <= self.cycle_length < math.inf:
            problems.append(f"--cycle-length {self.cycle_length} is no number of epochs from 0.01 up; give 1, say")
        if not 0 < self.plateau_factor < 1:
            problems.append(f"--plateau-factor {self.plateau_factor} lowers no rate; give a number between 0 and 1")
        for flag, number in (("--weight-decay", self.weight_decay), ("--max-grad-norm", self.max_grad_norm)):
            if not 0 <= number < math.inf:
                problems.append(f"{flag} {number} is no finite number from 0 up; give 0 to switch it off")
        refuse(problems)

    def steps(self, lengths: NDArray[np.int64], epoch: int = 0) -> list[Rows]:
        """The rows of each optimiser step of an epoch, of rows of these lengths."""
        return training_plan(lengths, self.step_budget, seed=self.seed, epoch=epoch)

    def epoch_sizes(self, lengths: NDArray[np.int64]) -> list[int]:
        """Updates of each epoch, of which no more than ``max_updates`` are made; epochs without any are left out."""
        return within_updates((len(self.steps(lengths, epoch)) for epoch in range(self.epochs or 1)), self.max_updates)

    def course_sizes(self, lengths: NDArray[np.int64]) -> list[int]:
        """Updates of each epoch that the schedule spans; ``max_updates`` cuts a training, and not its cycles.

        Epochs that no update is of are not planned: who ends by updates may ask for a million.
        """
        sizes = self.epoch_sizes(lengths)
        return [len(self.steps(lengths, epoch)) for epoch in range(len(sizes))] if self.schedule in CYCLIC else sizes

    def aimed_at(
        self, updates: int, lengths: NDArray[np.int64], *, epochs: int | None, between: tuple[int, int]
    ) -> FitSettings:
        """The same for a fit of about so many updates, to its end and with the last weights, as few rows are learnt.

        Args:
            updates: that are wanted.
            lengths: tokens of each row, shape ``(N,)``.
            epochs: those that the user named, which are taken; else those that the updates need.
            between: fewest and most epochs for them.
        """
        fewest, most = between
        needed = min(max(round(updates / len(self.steps(lengths))), fewest), most)
        return replace(self, epochs=epochs or needed, patience=None, validations=1, output_layer="fresh")

    @property
    def batch(self) -> Budget:
        """What one batch holds."""
        if self.batch_size is not None:
            return Budget(rows=self.batch_size)
        return Budget(tokens=self.batch_tokens or DEFAULT_TOKENS)

    @property
    def step_budget(self) -> Budget:
        """What an optimiser step holds: the batches that accumulation adds up."""
        return self.batch.times(self.accumulate)


def auto_problems(fit: FitSettings) -> list[str]:
    """What ``--auto`` cannot heed: none, or a line.

    >>> auto_problems(FitSettings()), auto_problems(FitSettings(keep="last"))
    ([], ['--keep last: --auto goes on from the best weights and keeps those; leave --keep out, or --auto'])
    """
    if fit.keep == "best":
        return []
    return [f"--keep {fit.keep}: --auto goes on from the best weights and keeps those; leave --keep out, or --auto"]


def within_updates(epoch_sizes: Iterable[int], limit: int | None) -> list[int]:
    """Updates of each epoch, of which no more than ``limit`` are made; epochs without any are not asked for.

    >>> within_updates([4, 4, 4], 6), within_updates([4, 4, 4], None)
    ([4, 2], [4, 4, 4])
    """
    kept: list[int] = []
    left = math.inf if limit is None else limit
    for size in epoch_sizes:
        kept.append(int(min(size, left)))
        left -= size
        if left <= 0:
            break
    return kept
