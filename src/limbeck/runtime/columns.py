"""Which columns of a file a saved model reads: the named ones, else those of its training, else guessed ones."""

from __future__ import annotations

from limbeck.artefact.manifest import Manifest
from limbeck.data import Columns, Rows, guess_columns
from limbeck.data.columns import find_column
from limbeck.errors import DataError


def find_columns(
    source: Rows,
    manifest: Manifest,
    *,
    text_column: str | None = None,
    text_pair_column: str | None = None,
    label_column: str | None = None,
    labelled: bool = False,
) -> Columns:
    """The columns to read of ``source``: one for a text, two for a pair, and the label's where ``labelled``.

    Raises:
        DataError: a named column is not there or does not fit the model, or a guess is not safe.
    """
    if text_pair_column is not None and not manifest.is_pairs:
        raise DataError(f"--text-pair-column {text_pair_column!r}: this model takes one text; leave the flag out")
    text, pair, label = text_column, text_pair_column, label_column
    trained, trained_pair, trained_label = (
        find_column(str(name), source.columns) if (name := manifest.data.get(key)) is not None else None
        for key in ("text_column", "text_pair_column", "label_column")
    )
    if text is None and pair is None and trained is not None:
        if not manifest.is_pairs:
            text = trained
        elif trained_pair is not None:
            text, pair = trained, trained_pair
    if labelled and label is None and trained_label not in (None, text, pair):
        label = trained_label
    columns = guess_columns(
        source.columns,
        source.sample(),
        text_column=text,
        text_pair_column=pair,
        label_column=label,
        labelled=labelled,
        name=source.name,
    )
    _check_fit(columns, source, manifest)
    return columns


def _check_fit(columns: Columns, source: Rows, manifest: Manifest) -> None:
    """Raise where a model of pairs would get one text, or the other way round."""
    if manifest.is_pairs and columns.text_pair is None:
        names = ", ".join(map(repr, source.columns))
        raise DataError(
            f"this model takes pairs; name both columns of {source.name} with --text-column and --text-pair-column, "
            f"two of {names}"
        )
    if not manifest.is_pairs and columns.text_pair is not None:
        raise DataError(
            f"this model takes one text, and {source.name} has {columns.text!r} and {columns.text_pair!r}; "
            "name one with --text-column"
        )
