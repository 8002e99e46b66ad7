"""What ``limbeck evaluate`` writes of a model's errors: the page, and the rows whose labels are worth a look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from limbeck.cli._say import say
from limbeck.cli._written import PAGES, hindrances
from limbeck.errors import DataError, MissingExtra, counted, nearest, require, together

if TYPE_CHECKING:
    from limbeck.data import Dataset, RowSource
    from limbeck.inspect.errors import Errors
    from limbeck.runtime.predictor import Predictor
    from limbeck.scores import Scores


_MANY_ROWS = 5000
"""From here on the comparison takes long enough to say so."""


@dataclass(frozen=True)
class Wanted:
    """The files that are wanted of ``data``; false where none is."""

    data: Path
    """What is read."""
    html: Path | None
    corrections: Path | None
    slices: tuple[str, ...] = ()

    def problems(self) -> list[str]:
        """Why they cannot be written, in words: slices without a page, places where no file can be."""
        problems = []
        if self.slices and self.html is None:
            problems.append(f"--slices {' '.join(self.slices)} needs a page to stand in; add --html errors.html")
        problems += hindrances("--html", self.html, reads=[self.data], endings=PAGES, makes_folders=True)
        return problems + hindrances("--corrections", self.corrections, reads=[self.data])

    def see_that_nothing_is_lost(self) -> None:
        """Raise for a file of corrections that cannot be written or must not be replaced.

        Raises:
            DataError: its suffix is one that nothing writes, or what stands there must not be lost.
        """
        if self.corrections is not None:
            from limbeck.data.formats import format_of

            format_of(self.corrections, to_write=True)
            _see_that_nothing_is_lost(self.corrections)

    def see_that_it_can_be_made(self, predictor: Predictor) -> None:
        """Raise for labels that nothing would judge: those of numbers are judged without it.

        Raises:
            MissingExtra: corrections of classes without cleanlab.
        """
        if self.corrections is not None and predictor.classes:
            require("cleanlab", "explain")

    def __bool__(self) -> bool:
        return self.html is not None or self.corrections is not None

    def write(
        self, predictor: Predictor, dataset: Dataset, scores: Scores, source: RowSource, *, model: str, data: str
    ) -> None:
        """Judge the rows and write what is wanted.

        Raises:
            DataError: a column of ``slices`` is not there, or a file cannot be written.
        """
        from limbeck.inspect.errors import find_errors

        parts = _parts(self.slices, source, dataset)
        notes: tuple[str, ...] = ()
        check = bool(predictor.classes)
        try:
            if check:
                require("cleanlab", "explain")
        except MissingExtra as missing:
            check, notes = False, (f"Likely label errors are not sought: {missing}",)
            say(f"likely label errors are not sought: {missing}")
        if len(dataset) >= _MANY_ROWS:
            say(f"comparing {len(dataset):,} rows for duplicates and wrong labels")
        errors = find_errors(predictor, dataset, scores=scores, parts=parts, check=check)
        if self.corrections is not None:
            _write_corrections(self.corrections, errors, dataset)
        if self.html is not None:
            from limbeck.inspect.page import GREATEST, About, make_page
            from limbeck.inspect.words import words_that_mattered

            words = words_that_mattered(predictor, dataset, scores, errors.report.greatest[:GREATEST].tolist())
            about = About(model, data, self.corrections.name if self.corrections else None, notes)
            _write_page(self.html, make_page(errors, dataset, about, words=words))


def _write_page(path: Path, page: str) -> None:
    from limbeck.cache import write_whole

    try:
        write_whole(path, page.encode())
    except OSError as error:
        raise DataError(f"cannot write {str(path)!r}: {error.strerror or error}") from None
    say(f"{path}: the page of errors; it holds texts of the data")


def _write_corrections(path: Path, errors: Errors, dataset: Dataset) -> None:
    from limbeck.data import open_writer
    from limbeck.inspect.corrections import columns_of, to_look_at

    rows = to_look_at(errors, dataset)
    kinds = {"line": str if dataset.places else int, "p": float, "p_label": float} | (
        {"label": float, "suggested": float} if not dataset.classes else {}
    )
    columns = columns_of(dataset)
    with open_writer(path, columns, kinds={name: kinds.get(name, str) for name in columns}) as writer:
        writer.write(rows)
    if not rows:
        say(f"{path}: no row calls for a look")
        return
    likely = "" if errors.labels is None else _about(errors.labels.n_errors)
    say(
        f"{path}: {counted(len(rows), 'row')} to look at{likely}; fill in the column corrected (a label, or drop), and "
        "give the file to `limbeck train` with --corrections"
    )


def _about(n_errors: int) -> str:
    return f", of which about {counted(n_errors, 'label')} look{'s' if n_errors == 1 else ''} wrong"


def _see_that_nothing_is_lost(path: Path) -> None:
    """Refuse to replace corrections that someone has filled in, or a file that is none of ours.

    Raises:
        DataError: such a file stands there.
    """
    from limbeck.data import cell_text, open_rows
    from limbeck.data.corrections import CORRECTED, ID, advice_for_corrections

    if not path.exists():
        return
    try:
        with advice_for_corrections():
            source = open_rows(path)
            is_ours = {CORRECTED, ID, "text", "label"} <= set(source.columns)
            n_filled = (
                sum(bool((cell_text(row.cells.get(CORRECTED)) or "").strip()) for row in source) if is_ours else 0
            )
    except DataError as error:
        raise DataError(
            f"{str(path)!r} stands there already and cannot be read whole, so it is not replaced; give --corrections "
            f"another name: {error}"
        ) from None
    if not is_ours:
        raise DataError(f"{str(path)!r} stands there already, and is no file of corrections; give another name")
    if n_filled:
        raise DataError(
            f"{str(path)!r} stands there already with {n_filled} corrections filled in; give --corrections another name"
        )


def _parts(columns: tuple[str, ...], source: RowSource, dataset: Dataset) -> Mapping[str, list[str]]:
    """For each column of the source, the part that each row of the dataset is in.

    Raises:
        DataError: columns that are not there.
    """
    if not columns:
        return {}
    from limbeck.data import cell_text
    from limbeck.inspect.slices import column_parts

    lacking = [name for name in columns if name not in source.columns]
    if lacking or dataset.rows is None:
        known = [
            f"--slices {name!r} is no column of {source.name}: {nearest(name, source.columns)}" for name in lacking
        ]
        raise DataError(together(known or [f"the rows of {source.name} have no lines to find their columns by"]))
    cells: dict[int, list[str | None]] = {}
    wanted = set(dataset.rows)
    for row in source:
        if row.line in wanted:
            cells[row.line] = [cell_text(row.cells.get(name)) for name in columns]
    return {name: column_parts([cells[line][n] for line in dataset.rows]) for n, name in enumerate(columns)}
