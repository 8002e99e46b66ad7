"""What is compared on sentiment: this model, VADER, TextBlob, and NBSVM in scikit-learn trained on the same rows.

Each side turns texts into three numbers each, for negative, neutral and positive: the greatest one is its class, and
positive against negative is read as the third being greater than the first. A lexicon's score s gives (-s, t, s): it is
neutral between -t and t.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from limbeck.artefact.manifest import Manifest

CLASSES = ("negative", "neutral", "positive")
STARS = (0, 0, 1, 2, 2)
"""SST-5's classes 0 to 4 as places in :data:`CLASSES`."""
THRESHOLDS = tuple(round(0.05 * n, 2) for n in range(11))
"""Widths of neutral that a lexicon may choose from, on SST-5's dev."""


class Side(Protocol):
    """What answers texts."""

    name: str
    size_mb: float

    def say(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Three numbers a text, larger for the more probable class: shape ``(N, 3)``."""
        ...


class Limbeck:
    """The model that ships, or another folder with its three classes."""

    name = "limbeck"

    def __init__(self, folder: Path) -> None:
        from limbeck.runtime import load

        self.predictor = load(folder)
        if self.predictor.classes != CLASSES:
            raise SystemExit(f"{folder.name} has the classes {self.predictor.classes}; {CLASSES} are asked for")
        self.size_mb = size_mb(folder)

    def say(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities; equal ones for a text without an answer. Long texts are read as the folder says."""
        answers = self.predictor.predict(texts)
        even = dict.fromkeys(CLASSES, 1 / 3)
        return np.array([[(answer.probs or even)[name] for name in CLASSES] for answer in answers])


class Lexicon:
    """VADER or TextBlob, by its score between -1 and 1."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.threshold = 0.05
        """VADER's own documentation says 0.05; TextBlob's says nothing."""
        if name == "VADER":
            module = needed("vaderSentiment.vaderSentiment", "vaderSentiment")
            analyzer = module.SentimentIntensityAnalyzer()
            self._score = lambda text: float(analyzer.polarity_scores(text)["compound"])
        else:
            module = needed("textblob", "textblob")
            self._score = lambda text: float(module.TextBlob(text).sentiment.polarity)
        self.size_mb = size_mb(Path(module.__file__).parent)

    def say(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The score turned round, the threshold, the score."""
        scores = np.array([self._score(text) for text in texts])
        return np.stack([-scores, np.full(len(scores), self.threshold), scores], axis=1)


class NbSvm:
    """NBSVM (Wang and Manning 2012) of single words and pairs, one class against the others, interpolated by 0.25.

    Features are binary and scaled by the naive Bayes log-count ratio of the class before a linear SVM sees them.
    """

    name = "NBSVM"
    BETA = 0.25

    def __init__(self, texts: Sequence[str], labels: Sequence[str]) -> None:
        text = needed("sklearn.feature_extraction.text", "scikit-learn")
        svm = needed("sklearn.svm", "scikit-learn")
        pattern = r"\w+|[^\w\s]"  # punctuation and emoji are words too
        self.vectorizer = text.CountVectorizer(ngram_range=(1, 2), binary=True, token_pattern=pattern, min_df=2)
        counts = self.vectorizer.fit_transform(texts)
        self.weights = np.zeros((counts.shape[1], len(CLASSES)), np.float32)
        self.biases = np.zeros(len(CLASSES))
        truths = np.array([CLASSES.index(label) for label in labels])
        for n in range(len(CLASSES)):
            ratio = log_count_ratio(counts, truths == n)
            fitted = svm.LinearSVC(C=0.1, max_iter=5_000).fit(counts.multiply(ratio).tocsr(), truths == n)
            weights = fitted.coef_[0]
            weights = (1 - self.BETA) * np.abs(weights).mean() + self.BETA * weights
            self.weights[:, n], self.biases[n] = weights * ratio, float(fitted.intercept_[0])
        words = sum(len(word.encode()) + 4 for word in self.vectorizer.vocabulary_)
        self.size_mb = round((self.weights.nbytes + words) / 1e6, 1)

    def say(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Distances from the three planes."""
        distances: NDArray[np.float64] = self.vectorizer.transform(texts) @ self.weights + self.biases
        return distances


def log_count_ratio(counts: Any, is_class: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Log of how much more frequent each column is in a class than outside it, each count raised by 1: shape ``(D,)``.

    Args:
        counts: binary, sparse or not: shape ``(N, D)``.
        is_class: which rows are of the class: shape ``(N,)``.
    """
    inside, outside = (1.0 + np.asarray(counts[rows].sum(axis=0)).ravel() for rows in (is_class, ~is_class))
    ratio: NDArray[np.float64] = np.log((inside / inside.sum()) / (outside / outside.sum()))
    return ratio


class Sides:
    """All sides, each made when it is first asked for; NBSVM takes a minute or two."""

    def __init__(self, model: Path, train: Path) -> None:
        self.model, self.train = model, train

    def __iter__(self) -> Iterator[Side]:
        yield self.limbeck
        yield from self.lexicons
        yield self.nbsvm

    @cached_property
    def limbeck(self) -> Limbeck:
        """The model."""
        return Limbeck(self.model)

    @cached_property
    def lexicons(self) -> tuple[Lexicon, Lexicon]:
        """VADER and TextBlob."""
        return Lexicon("VADER"), Lexicon("TextBlob")

    @cached_property
    def nbsvm(self) -> NbSvm:
        """NBSVM, trained on the rows that the model was trained on."""
        with self.train.open(encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        return NbSvm([row["text"] for row in rows], [row["label"] for row in rows])


def model_folder(given: Path | None) -> Path:
    """The folder to measure: that which ships where none is given."""
    if given is not None:
        return given
    from limbeck import sentiment

    return sentiment.folder()


def answers_of(folder: Path) -> str:
    """A short name of all that decides a model's answers; its card and its notes may change without it."""
    from limbeck.runtime.predictor import Predictor

    return Predictor(folder, Manifest.read(folder)).fingerprint[:12]


def needed(module: str, package: str) -> Any:
    """Import a peer, or say how it is installed."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise SystemExit(
            f"this benchmark compares with {package}, which is not here; run: pip install {package}"
        ) from None


def size_mb(path: Path) -> float:
    """Size of a folder's files in MB (10^6 bytes), compiled Python left out."""
    files = (file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return round(sum(file.stat().st_size for file in files) / 1e6, 2)
