"""Tiny everything: 40 sentences, a learnt vocabulary, two-layer encoders of every family; nothing is downloaded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny models: a second thread waits more than it works
settings.register_profile("limbeck", deadline=None)  # a busy machine is slow, and nothing is wrong with it
settings.load_profile("limbeck")


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or fills the user's cache: each has one of its own, which does not stand yet."""
    folder = tmp_path_factory.mktemp("home") / "cache"
    monkeypatch.setenv("LIMBECK_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def reviews() -> list[tuple[str, str]]:
    """Forty labelled sentences that a small model can learn."""
    good = ["lovely", "great", "charming", "superb", "warm"]
    bad = ["awful", "boring", "dreadful", "poor", "cold"]
    nouns = ["film", "room", "meal", "book"]
    return [
        (f"a truly {word} {noun} for everyone", label)
        for noun in nouns
        for words, label in ((good, "positive"), (bad, "negative"))
        for word in words
    ]


@pytest.fixture
def reviews_csv(tmp_path: Path, reviews: list[tuple[str, str]]) -> Path:
    """The same as a csv."""
    path = tmp_path / "reviews.csv"
    path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in reviews), encoding="utf-8")
    return path
