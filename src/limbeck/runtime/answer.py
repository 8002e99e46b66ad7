"""What the predictor says of one input, the same in Python, in a file's row and in json."""

from __future__ import annotations

from dataclasses import dataclass, field

NOT_A_NUMBER = "the model's output is not a number"
Cell = str | float | int | None


@dataclass(frozen=True)
class Answer:
    """The answer to one input."""

    predicted: str | float | None
    """A class name, or a number; None where there was nothing to answer, and ``reason`` says why."""
    columns: dict[str, float | None] = field(default_factory=dict)
    """What the task adds, in order: ``p_<class>`` for each class, and ``score`` where they are those of sentiment; None
    where nothing was answered."""
    tokens_read: int = 0
    """Tokens that the model read, special ones not counted."""
    tokens_dropped: int = 0
    """Tokens cut from an overlong text."""
    reason: str = ""
    """Why there is no answer, or what was odd about the text; mostly empty."""

    @property
    def probs(self) -> dict[str, float]:
        """Class name -> probability; empty for a number, and where nothing was answered."""
        return {
            name.removeprefix("p_"): value
            for name, value in self.columns.items()
            if name.startswith("p_") and value is not None
        }

    @property
    def score(self) -> float | None:
        """Sentiment in [-1, 1], p(positive) - p(negative); None of other models, and where nothing was answered."""
        return self.columns.get("score")

    def to_row(self, prefix: str = "") -> dict[str, Cell]:
        """Columns in their order: ``predicted``, the task's, ``tokens_read``, ``tokens_dropped``, ``reason``.

        >>> Answer("no", {"p_no": 0.75, "p_yes": 0.25}, 3).to_row()
        {'predicted': 'no', 'p_no': 0.75, 'p_yes': 0.25, 'tokens_read': 3, 'tokens_dropped': 0, 'reason': ''}
        """
        row: dict[str, Cell] = {"predicted": self.predicted, **self.columns}
        row |= {"tokens_read": self.tokens_read, "tokens_dropped": self.tokens_dropped, "reason": self.reason}
        return {prefix + name: value for name, value in row.items()} if prefix else row

    def kinds(self, predicted: type, prefix: str = "") -> dict[str, type]:
        """What stands in each column of :meth:`to_row`, in its order: the kind of ``predicted``, and str, int or float.

        >>> Answer(None, {"p_no": None}).kinds(str)["p_no"]
        <class 'float'>
        """
        kinds = {"predicted": predicted, **dict.fromkeys(self.columns, float)}
        kinds |= {"tokens_read": int, "tokens_dropped": int, "reason": str}
        return {prefix + name: kind for name, kind in kinds.items()}
