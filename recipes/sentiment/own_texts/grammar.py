"""Fill templates in: words into slots, articles, capitals, and the ways in which people type.

In a template ``{month}`` is a word of that list, the same wherever it stands in the template, and ``{month2}`` another;
``{own_word}`` is one of ``good_word`` in a positive text and of ``bad_word`` in a negative one, ``{other_word}`` the
reverse; ``{3-9}`` is a number; ``a(n)`` becomes the article that the next word asks for; a template that begins with
``[goods food]`` serves domains of these groups alone, one that begins with a small letter keeps it. What is filled in
may have slots itself. One domain and one ``{thing}`` hold for a whole text.
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from limbeck.errors import DataError, nearest

HERE = Path(__file__).resolve().parent
CLASSES = ("negative", "neutral", "positive")

SLOT = re.compile(r"\{(?:([a-z_]+)\d*|(\d+)-(\d+))\}")
GROUPS = re.compile(r"\[([a-z ]+)\] ")
ARTICLE = re.compile(r"\b([Aa])\(n\) (\W*\w+)")
VOWEL = re.compile(r"\W*(?:[aeio]|hour|honest|u(?!ni|se))(?!ne\b|uro)|\W*(?:8|11\b|18\b|LED\b)", re.IGNORECASE)
NEGATED = ("is", "are", "was", "were", "do", "does", "did", "has", "have", "had", "would", "could", "should")
SHORT = {f"{verb} not ": f"{verb}n't " for verb in NEGATED} | {
    "cannot ": "can't ",
    "will not ": "won't ",
    "it is ": "it's ",
    "It is ": "It's ",
    "I am ": "I'm ",
    "I would ": "I'd ",
    "I will ": "I'll ",
    "I have never ": "I've never ",
    "they are ": "they're ",
    "you are ": "you're ",
}
"""What is run together in speech; the blank behind keeps "that is how it is." whole."""

LONGEST_SHOUT = 60


@dataclass(frozen=True)
class Domain:
    """What a text can be about: its group (goods, food, visit, service, work) and its own words."""

    name: str
    group: str
    pools: dict[str, list[str]]


@dataclass(frozen=True)
class Bank:
    """The templates by kind and class, the words by slot, and the domains."""

    templates: dict[tuple[str, str], list[str]]
    pools: dict[str, list[str]]
    domains: list[Domain]


@cache
def bank(folder: Path = HERE) -> Bank:
    """Read ``templates/``, ``slots/`` and ``domains/``; a template under ``either`` serves both signs."""
    pools: dict[str, list[str]] = {}
    for path in sorted((folder / "slots").glob("*.json")):
        pools |= json.loads(path.read_text(encoding="utf-8"))
    templates = {}
    for path in sorted((folder / "templates").glob("*.json")):
        lists = json.loads(path.read_text(encoding="utf-8"))
        for label in CLASSES:
            shared = lists.get("either", []) if label != "neutral" else []
            templates[path.stem, label] = lists.get(label, []) + shared
    return Bank(templates, pools, [_domain(path) for path in sorted((folder / "domains").glob("*.json"))])


def _domain(path: Path) -> Domain:
    pools = json.loads(path.read_text(encoding="utf-8"))
    return Domain(path.stem, pools.pop("group"), pools)


def filled(template: str, label: str, rng: random.Random) -> str:
    """Return the template with its slots filled, articles and capitals put right.

    Raises:
        DataError: a slot that no list of words bears the name of, or a group that no domain is of.
    """
    asked = GROUPS.match(template)
    body = template[asked.end() :] if asked else template
    domain = rng.choice(_of_groups(asked[1].split()) if asked else bank().domains)
    pools = {**bank().pools, **domain.pools, "thing": [rng.choice(domain.pools["thing"])]}
    text = fill(body, label, rng, pools, {})
    text = ARTICLE.sub(lambda found: found[1] + ("n " if VOWEL.match(found[2]) else " ") + found[2], text)
    start = "" if body[0].islower() else r"^\W*|"
    return re.sub(rf"({start}[.!] )([a-zé])", lambda found: found[1] + found[2].upper(), text)


def _of_groups(groups: list[str]) -> list[Domain]:
    known = {domain.group for domain in bank().domains}
    for group in groups:
        if group not in known:
            raise DataError(f"no domain is of the group {group!r}; there are {nearest(group, known)}")
    return [domain for domain in bank().domains if domain.group in groups]


def fill(template: str, label: str, rng: random.Random, pools: dict[str, list[str]], used: dict[str, set[str]]) -> str:
    """Fill slots, those of what is filled in too; no word of a list comes twice in a text while the list lasts.

    Raises:
        DataError: a slot that no list of words bears the name of.
    """
    values: dict[str, str] = {}

    def value(found: re.Match[str]) -> str:
        if found[0] not in values:
            if found[2]:
                values[found[0]] = str(rng.randint(int(found[2]), int(found[3])))
            else:
                word = _drawn(signed(found[1], label), rng, pools, used)
                values[found[0]] = fill(word, label, rng, pools, used)
        return values[found[0]]

    return SLOT.sub(value, template)


def signed(name: str, label: str) -> str:
    """The list that a slot draws from: ``own_`` and ``other_`` become ``good_`` and ``bad_``, as the class asks."""
    good = {"own": label == "positive", "other": label == "negative"}
    head, _, tail = name.partition("_")
    return name if head not in good else f"{'good' if good[head] else 'bad'}_{tail}"


def _drawn(name: str, rng: random.Random, pools: dict[str, list[str]], used: dict[str, set[str]]) -> str:
    if name not in pools:
        raise DataError(f"no list of words is called {name!r}; there are {nearest(name, pools)}")
    taken = used.setdefault(name, set())
    if taken >= set(pools[name]):
        taken.clear()
    word = rng.choice([word for word in pools[name] if word not in taken])
    taken.add(word)
    return word


def dressed(text: str, rng: random.Random, *, plain: bool = False) -> str:
    """Return the text as some people type it: run together, ’ for ', no capitals, no stop, shouted.

    ``plain`` leaves capitals and stops alone, as in long texts.
    """
    if rng.random() < 0.35:
        text = re.sub("|".join(rf"\b{full}" for full in SHORT), lambda found: SHORT[found[0]], text)
    if rng.random() < 0.1:
        text = text.replace("'", "’")
    style = rng.random()
    if plain or style < 0.72:
        return text
    if style < 0.84:
        return text.lower().removesuffix(".")
    if style < 0.92:
        return text.removesuffix(".")
    if style < 0.97 or len(text) > LONGEST_SHOUT:
        return text.removesuffix(".") + "!" if text.endswith(".") else text
    return text.upper()
