"""Templates of behaviour tests: texts with slots that lists fill, drawn evenly and alike on every machine.

``"{name} said the {thing} was not {good}."`` has three slots; ``{name1}`` and ``{name2}`` take two different values of
the list ``name``; ``{Thing}`` begins with a capital and ``{THING}`` is all capitals; ``{word.1}`` is the second text of
a value that is a list of texts (a word and its misspelling). ``{{`` and ``}}`` are braces.

Fillings are not drawn at random: each template's are walked in steps of about 0.618 of their number, coprime to it, so
that none comes twice; of the next ones that is taken whose values were used least so far. So few cases use all values
of the lists, and no generator is needed whose stream a new version may change.
"""

from __future__ import annotations

import hashlib
import math
import re
import string
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from limbeck.errors import nearest

Value = str | tuple[str, ...]
Lists = Mapping[str, Sequence[Value]]
Complain = Callable[[str], None]
Choice = Mapping[str, Value]
"""Slot's key -> value."""
Filling = tuple[str, ...]
"""The texts of one case."""

LIST_NAME = re.compile("[a-z][a-z_]*")
_FIELD = re.compile(r"(?P<name>[A-Za-z][A-Za-z_]*)(?P<number>[0-9]*)(?:\.(?P<column>[0-9]+))?")
_AHEAD = 200
"""Among how many fillings of a template the next one is looked for."""


@dataclass(frozen=True)
class Slot:
    """A place in a text that a list fills."""

    key: str
    """``name1``: all slots of one key hold one value."""
    source: str
    """``name``: the list; slots of different keys and one source hold different values."""
    column: int | None
    """Which text of a value that has several."""
    shape: Callable[[str], str]
    """Gives the value its capitals."""

    def fill(self, choice: Choice) -> str:
        """Give the slot's text."""
        value = choice[self.key]
        return self.shape(value if isinstance(value, str) else value[self.column or 0])


@dataclass(frozen=True)
class Template:
    """One text, or several that are filled alike: a text and its changes."""

    texts: tuple[tuple[str | Slot, ...], ...]

    @property
    def slots(self) -> dict[str, str]:
        """Key -> list of every slot, in the order in which they stand."""
        return {part.key: part.source for text in self.texts for part in text if isinstance(part, Slot)}

    def choices(self, lists: Lists, seed: str) -> Iterator[Choice]:
        """Every choice of values once, in an order that depends on ``seed`` alone."""
        slots = self.slots
        sizes = [len(lists[source]) for source in slots.values()]
        for number in walk(math.prod(sizes), seed):
            choice = {}
            for (key, source), size in zip(slots.items(), sizes, strict=True):
                number, place = divmod(number, size)
                choice[key] = lists[source][place]
            if len({(slots[key], value) for key, value in choice.items()}) == len(choice):
                yield choice

    def filled(self, choice: Choice) -> Filling:
        """The texts with these values in their slots."""
        return tuple(
            "".join(part if isinstance(part, str) else part.fill(choice) for part in text) for text in self.texts
        )


def parse(texts: Sequence[str], lists: Lists, complain: Complain) -> Template:
    """Read the texts of one template; what is wrong with a slot is told to ``complain``, and the slot left out."""
    template = Template(tuple(tuple(_parts(text, lists, complain)) for text in texts))
    for source, n_slots in Counter(template.slots.values()).items():
        if n_slots > len(lists[source]):
            complain(f"{texts[0]!r} takes {n_slots} different values of {source!r}, which has {len(lists[source])}")
    return template


def draw(templates: Sequence[Template], lists: Lists, n_cases: int, seed: str) -> list[Filling]:
    """Give ``n_cases`` different fillings, of each template in turn; fewer where there are not as many."""
    used: Counter[tuple[str, Value]] = Counter()
    drawn: dict[Filling, None] = {}
    pools = deque(_Pool(template, lists, f"{seed}, template {n}") for n, template in enumerate(templates))
    while pools and len(drawn) < n_cases:
        pool = pools.popleft()
        filling = pool.take(used)
        while filling in drawn:
            filling = pool.take(used)
        if filling:
            drawn[filling] = None
            pools.append(pool)
    return list(drawn)


class _Pool:
    """The fillings of one template, the next few of them at hand."""

    def __init__(self, template: Template, lists: Lists, seed: str) -> None:
        self.template = template
        self.choices = template.choices(lists, seed)
        self.ahead: list[Choice] = []

    def take(self, used: Counter[tuple[str, Value]]) -> Filling | None:
        """Of the fillings at hand, the one whose values were used least; None where there is no other."""
        self.ahead += islice(self.choices, _AHEAD - len(self.ahead))
        if not self.ahead:
            return None
        slots = self.template.slots
        choice = min(self.ahead, key=lambda choice: sum(used[slots[key], value] for key, value in choice.items()))
        self.ahead.remove(choice)
        used.update((slots[key], value) for key, value in choice.items())
        return self.template.filled(choice)


def walk(total: int, seed: str) -> Iterator[int]:
    """Each of 0 ... total - 1 once, from a start that ``seed`` gives, in steps of about 0.618 total.

    >>> list(walk(5, "a")), list(walk(0, "a"))
    ([4, 2, 0, 3, 1], [])
    """
    start = int(hashlib.sha256(seed.encode(errors="surrogatepass")).hexdigest(), 16)
    golden = total * 618_034 // 1_000_000
    step = next(step for step in range(golden, total + 2) if math.gcd(step, total) == 1)
    return ((start + n * step) % total for n in range(total))


def _parts(text: str, lists: Lists, complain: Complain) -> Iterator[str | Slot]:
    try:
        pieces = list(string.Formatter().parse(text))
    except ValueError as error:
        complain(f"{text!r}: {error}; a brace that is meant as one is written twice")
        return
    for literal, name, form, conversion in pieces:
        if literal:
            yield literal
        if name is not None:
            slot = _slot(name, lists, lambda problem: complain(f"{text!r}: {problem}"))
            if form or conversion:
                complain(f"{text!r}: a slot holds a name only, such as {{{name}}}")
            elif slot:
                yield slot


def _slot(field: str, lists: Lists, complain: Complain) -> Slot | None:
    match = _FIELD.fullmatch(field)
    if not match:
        complain(f"no list can be called {field!r}; a slot is {{name}}, {{name1}}, {{Name}}, {{NAME}} or {{name.0}}")
        return None
    name = match["name"].lower()
    if name not in lists:
        complain(f"there is no list {name!r}; there are {nearest(name, lists) or 'none'}")
        return None
    if not lists[name]:  # a broken list, of which the file's reader has complained
        return None
    column = None if match["column"] is None else int(match["column"])
    n_texts = min(0 if isinstance(value, str) else len(value) for value in lists[name])
    if column is None and n_texts:
        complain(f"a value of {name!r} has {n_texts} texts; choose one: {{{name}.0}}")
        return None
    if column is not None and column >= n_texts:
        complain(f"no value of {name!r} has a text number {column}" if n_texts else f"values of {name!r} are one text")
        return None
    return Slot(name + match["number"], name, column, _shape(match["name"]))


def _shape(name: str) -> Callable[[str], str]:
    if len(name) > 1 and name.isupper():
        return str.upper
    return _capital if name[0].isupper() else str


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
