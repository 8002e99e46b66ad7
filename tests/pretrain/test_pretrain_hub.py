from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from limbeck.errors import DataError, MissingExtra
from limbeck.pretrain.hub import hub_texts
from limbeck.train.progress import Silent
from support.corpora import corpus_of, made_up, stream_of, streams

TEXTS = made_up(300)
NAME = "hub:someone/reviews"


class Hub:
    """Stands in for the hub's two libraries; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.commit = "c0ffee"
        self.rows: list[dict[str, object]] = [{"text": text, "label": 1} for text in TEXTS]
        self.error: Exception | None = None
        self.breaks_at: int | None = None

    def load_dataset(self, path: str, name: str | None, *, split: str, streaming: bool, revision: str) -> Iterator[Any]:
        assert streaming
        self.asked.append((path, name, split, revision))
        if self.error is not None:
            raise self.error
        return self._rows()

    def _rows(self) -> Iterator[Any]:
        for n, row in enumerate(self.rows):
            if n == self.breaks_at:
                raise ConnectionError("gone")
            yield row

    def dataset_info(self, name: str) -> SimpleNamespace:
        if self.error is not None:
            raise self.error
        return SimpleNamespace(sha=self.commit)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    made = Hub()
    datasets, huggingface = ModuleType("datasets"), ModuleType("huggingface_hub")
    datasets.load_dataset = made.load_dataset  # type: ignore[attr-defined]
    huggingface.HfApi = lambda: made  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "datasets", datasets)
    monkeypatch.setitem(sys.modules, "huggingface_hub", huggingface)
    return made


def test_texts_are_streamed_at_the_newest_commit(hub: Hub, tmp_path: Path) -> None:
    found = corpus_of(NAME, tmp_path, watch=Silent().watch)
    train, _ = streams(TEXTS)
    assert stream_of(found.train) == train[: len(train) // 8 * 8] and found.n_texts == 300
    assert set(hub.asked) == {("someone/reviews", None, "train", "c0ffee")}
    assert found.notices[1] == f"{NAME}:train: text column 'text' by name"
    hub.asked.clear()
    assert corpus_of(NAME, tmp_path).fingerprint == found.fingerprint and not hub.asked
    hub.commit = "beef"
    assert corpus_of(NAME, tmp_path).fingerprint != found.fingerprint and hub.asked[-1][3] == "beef"


def test_a_configuration_and_a_split_are_asked_for(hub: Hub, tmp_path: Path) -> None:
    corpus_of("hub:someone/reviews/20231101.en:train[:10%]", tmp_path)
    assert set(hub.asked) == {("someone/reviews", "20231101.en", "train[:10%]", "c0ffee")}


def test_a_prepared_corpus_needs_no_hub(hub: Hub, tmp_path: Path) -> None:
    found = corpus_of(NAME, tmp_path)
    hub.error = ConnectionError("offline")
    hub.asked.clear()
    assert corpus_of(NAME, tmp_path).fingerprint == found.fingerprint and not hub.asked


def test_what_the_hub_does_not_give_is_told(hub: Hub, tmp_path: Path) -> None:
    hub.error = ConnectionError("offline")
    with pytest.raises(DataError) as caught:
        corpus_of(NAME, tmp_path)
    assert str(caught.value) == (
        "the hub did not give 'hub:someone/reviews:train': the hub cannot be reached; a name there has the form "
        "hub:OWNER/NAME, with /CONFIG and :SPLIT behind it where the dataset has several"
    )


def test_an_unknown_split_is_told_in_the_librarys_words(hub: Hub, tmp_path: Path) -> None:
    corpus_of(NAME, tmp_path)
    hub.error = KeyError("Bad split: tran. Available splits: ['train']")
    with pytest.raises(DataError, match=r"did not give 'hub:someone/reviews:tran': .*Available splits: \['train'\]"):
        corpus_of(f"{NAME}:tran", tmp_path)


def test_a_stream_that_breaks_off_leaves_nothing(hub: Hub, tmp_path: Path) -> None:
    hub.breaks_at = 250
    with pytest.raises(DataError, match="behind row 250: the hub cannot be reached"):
        corpus_of(NAME, tmp_path)
    assert not list((tmp_path / "corpora").iterdir())


def test_a_split_without_rows(hub: Hub, tmp_path: Path) -> None:
    hub.rows = []
    with pytest.raises(DataError, match="hub:someone/reviews:train has no rows; name another split"):
        corpus_of(NAME, tmp_path)


def test_without_the_library_the_line_that_installs_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtra, match=r"pip install 'limbeck\[hub\]'"):
        corpus_of(NAME, tmp_path)


@pytest.mark.parametrize("name", ["hub:", "hub:imdb", "hub:a/b/c/d", "hub:a /b", "hub:a/b:", "hub:a/b/:train"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(DataError) as caught:
        hub_texts(name)
    assert str(caught.value) == f"{name!r} is no name on the hub; give hub:OWNER/NAME[/CONFIG][:SPLIT]"
