"""The processes that train together: ``torchrun`` or ``accelerate launch`` started them, they share each step's rows.

Each reads the data, makes the model and plans all steps by itself. What goes between them is the sum of their gradients
and of their losses, once an update, so that all hold the same weights; what depends on a clock or on the files of
one machine is decided by the first and told to the others.

What was rejected: ``DistributedDataParallel``. It averages over processes, where a step is a sum over texts, and a
process that has no rows of a step would have to run the model all the same. Nothing here is pickled: messages are json.
"""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from accelerate import Accelerator
from accelerate.utils import InitProcessGroupKwargs
from numpy.typing import NDArray
from torch import Tensor, nn

from limbeck.errors import SettingsError, TrainingError, together
from limbeck.plan import Rows, shares
from limbeck.train.checkpoint import Checkpoint, Progress
from limbeck.train.gradients import Exchange
from limbeck.train.launch import LAUNCHERS, number, started

PATIENCE = timedelta(hours=12)
"""How long a process waits for another that is alive: the first may export a large model and score many rows alone.
One that has ended is noticed at once."""

Told = TypeVar("Told")


@dataclass(frozen=True)
class Processes:
    """The processes that work together, as one of them sees them; a single one waits for nobody and sends nothing."""

    accelerator: Accelerator
    number: int = 0
    """Which one this is, counted from 0."""
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this one writes the files and decides what depends on a machine."""
        return self.number == 0

    def share(self, rows: Rows, lengths: NDArray[np.int64]) -> Rows:
        """This process's rows of a step; all of them where it is alone, none where others do the few there are."""
        return rows if self.count == 1 else shares(rows, lengths, self.count)[self.number]

    def add_up(
        self, parameters: Sequence[nn.Parameter], losses: Sequence[float], *, asked: bool
    ) -> tuple[list[float], bool]:
        """Sum the gradients over all processes, in place, for the update that follows.

        Args:
            parameters: those that are trained, in the same order everywhere; one without a gradient in any process
                stays without.
            losses: this process's share of the step's loss, and of each of its parts.
            asked: whether the user asked this process to stop.

        Returns:
            The step's loss and its parts, and whether the user asked any process to stop.

        Raises:
            TrainingError: another process has ended.
        """
        if self.count == 1:
            return list(losses), asked
        *totals, stop = self._exchange.sum(parameters, [*losses, float(asked)])
        return totals, stop > 0

    def sum(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Element by element over all processes, each of which gives an array of the same shape."""
        if self.count == 1:
            return values
        summed = torch.from_numpy(values.copy())
        with self._in_touch():
            dist.all_reduce(summed, group=_messages())
        return summed.numpy()

    def first(self, make: Callable[[], Told]) -> Told:
        """Have the first process call ``make``, while the others wait, and give what it returned to all.

        Args:
            make: returns what json can hold.
        """
        if self.count == 1:
            return make()
        text = json.dumps(make()) if self.is_first else ""
        told: Told = json.loads(self._from_first(text.encode()))
        return told

    def checkpoint(self, read: Callable[[], Checkpoint | None]) -> Checkpoint | None:
        """What the first process reads, in all of them: its files may be out of the others' sight."""
        if self.count == 1:
            return read()
        saved = read() if self.is_first else None
        header = self.first(lambda: None if saved is None else _header(saved))
        if header is None:
            return None
        tensors: dict[str, dict[str, Tensor]] = {}
        for group, name, kind, shape in header.pop("tensors"):
            like = torch.empty(shape, dtype=getattr(torch, kind))
            value = like if saved is None else saved.tensors[group][name].contiguous()
            self._spread(value)
            tensors.setdefault(group, {})[name] = value
        return saved or Checkpoint(progress=Progress(**header.pop("progress")), tensors=tensors, **header)

    def start_alike(self, model: nn.Module) -> None:
        """Give the weights of the first process's model to all."""
        if self.count > 1:
            for value in model.state_dict().values():
                held = value.detach().cpu().contiguous()
                self._spread(held)
                value.detach().copy_(held)

    def agree(self, mine: dict[str, Any]) -> None:
        """See that all processes work on the same thing.

        Args:
            mine: what this one works on, as json holds it.

        Raises:
            TrainingError: one has other data, other settings or another model; all processes raise the same.
        """
        if self.count == 1:
            return
        told = [json.loads(text) for text in self._gather(json.dumps(mine).encode())]
        problems = [
            f"{name} is {told[0].get(name)!r} in process 1 and {other.get(name)!r} in process {place}"
            for place, other in enumerate(told[1:], 2)
            for name in sorted(told[0].keys() | other.keys())
            if told[0].get(name) != other.get(name)
        ]
        if problems:
            raise TrainingError(
                f"{together(problems)}\nEvery process reads the data and the model by itself: give all of them the "
                "same command, and the same files on every machine"
            )

    def wait(self) -> None:
        """Wait until all processes have come here."""
        self.sum(np.zeros(1))

    def leave(self) -> None:
        """Part from the others when all are done."""
        self.wait()
        dist.destroy_process_group()

    @functools.cached_property
    def _exchange(self) -> Exchange:
        return Exchange(self._all_reduce, self.accelerator.device)

    def _all_reduce(self, flat: Tensor) -> None:
        with self._in_touch():
            dist.all_reduce(flat)

    def _spread(self, value: Tensor) -> None:
        """Overwrite ``value``, on the CPU and contiguous, with the first process's, bit by bit."""
        if value.numel():
            with self._in_touch():
                dist.broadcast(value.reshape(-1).view(torch.uint8), 0, group=_messages())

    def _from_first(self, content: bytes) -> bytes:
        """What the first process gives, which is never empty; the others give nothing."""
        size = torch.tensor([len(content)])
        with self._in_touch():
            dist.broadcast(size, 0, group=_messages())
            held = torch.frombuffer(bytearray(content or int(size)), dtype=torch.uint8)
            dist.broadcast(held, 0, group=_messages())
        return held.numpy().tobytes()

    def _gather(self, content: bytes) -> list[bytes]:
        """What each process gave, in their order."""
        sizes = self.sum(np.eye(self.count)[self.number] * len(content)).astype(int)
        table = np.zeros((self.count, sizes.max()))
        table[self.number, : len(content)] = np.frombuffer(content, np.uint8)
        rows = self.sum(table).astype(np.uint8)
        return [row[:size].tobytes() for row, size in zip(rows, sizes, strict=True)]

    @contextlib.contextmanager
    def _in_touch(self) -> Iterator[None]:
        """Say in words that a process is gone, where torch tells it by the words of its sockets."""
        try:
            yield
        except RuntimeError as error:
            reason = str(error).splitlines()[0]
            raise TrainingError(
                f"one of the {self.count} processes has ended, or cannot be reached ({reason}); the last checkpoint "
                "stands: where nothing else was told, go on with the same command and --resume"
            ) from error


def join() -> Processes:
    """Come together with the other processes that a launcher started; alone where there is none.

    Raises:
        SettingsError: they were started in a way that does not bring them together.
    """
    count = started()
    if count == 1:
        return Processes(Accelerator(mixed_precision="no"))
    waiting = InitProcessGroupKwargs(timeout=PATIENCE)
    accelerator = Accelerator(cpu=not _has_device(), mixed_precision="no", kwargs_handlers=[waiting])
    if accelerator.num_processes != count:
        raise SettingsError(
            f"the environment tells of {count} processes and Accelerate of {accelerator.num_processes}; "
            f"start them with {LAUNCHERS}"
        )
    _messages()
    return Processes(accelerator, number(), count)


def speaks() -> bool:
    """Whether it falls to this process to tell the user of an error: to the first that asks, and to no other."""
    if started() == 1 or not dist.is_initialized():
        return number() == 0
    try:
        return bool(dist.distributed_c10d._get_default_store().add("limbeck/told", 1) == 1)
    except RuntimeError:  # the process that held the store has ended, and told why
        return False


def _has_device() -> bool:
    """Whether there is a processor other than the CPU on which processes can work together."""
    found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return found is not None and found.type not in ("cpu", "mps")


@functools.cache
def _messages() -> Any:
    """The group for messages, whose tensors stay on the CPU; made by all processes at once."""
    return dist.new_group(backend="gloo", timeout=PATIENCE)


def _header(saved: Checkpoint) -> dict[str, Any]:
    """All of a checkpoint but the values of its tensors, as json holds it."""
    tensors = [
        (group, name, str(value.dtype).removeprefix("torch."), list(value.shape))
        for group, part in saved.tensors.items()
        for name, value in part.items()
    ]
    return {
        "identity": saved.identity,
        "progress": asdict(saved.progress),
        "state": saved.state,
        "random": saved.random,
        "tensors": tensors,
    }
