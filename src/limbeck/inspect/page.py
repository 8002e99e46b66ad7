"""The page of errors: one HTML file that needs nothing else, runs nothing, and opens without a network.

A browser is told so too: its content policy allows styles that stand in the page and nothing more. Every text, label
and name of the user's goes through :mod:`limbeck.inspect.markup`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from limbeck.data.dataset import Dataset
from limbeck.errors import shown_measure, shown_number
from limbeck.inspect.charts import reach, reliability
from limbeck.inspect.errors import Errors
from limbeck.inspect.markup import Effect, isolated, marked, section, shown, table
from limbeck.inspect.page_style import STYLE
from limbeck.inspect.page_tables import confusion_table, slice_table
from limbeck.text import Input, texts_in

GREATEST = 50
"""Rows of the greatest loss that are shown, and explained."""
MOST_LABELS, MOST_GROUPS, _GROUP_ROWS = 200, 100, 6
"""Likely label errors, groups of duplicates, and rows of a group that are shown; the corrections file has all."""
_TOLD = 0.5
"""Chances of a wrong label that are told: lower ones are of a model that has learnt the label, and give an order."""
_LONG = 600
"""Longer texts are folded up."""

Words = Mapping[int, tuple[Sequence[Effect], ...]]
"""Row -> the words that mattered in its text, or in each text of its pair."""


@dataclass(frozen=True)
class About:
    """What the page says of itself."""

    model: str
    data: str
    corrections: str | None = None
    """The file of corrections that goes with it."""
    notes: tuple[str, ...] = field(default_factory=tuple)
    """What could not be done, and what would mend it."""


def make_page(errors: Errors, dataset: Dataset, about: About, *, words: Words | None = None) -> str:
    """The page, whole.

    Args:
        errors: the judgement.
        dataset: the rows that it is about.
        about: names of model and data.
        words: what mattered, for rows that were explained.
    """
    view = _View(errors, dataset, words or {})
    parts = [
        _head(errors, about),
        view.losses(),
        view.label_errors(about),
        view.duplicates(),
        view.slices(),
        view.confusion(),
        view.calibration(),
    ]
    title = f"Errors of {shown(about.model)} on {shown(about.data)}"
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    whole = "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title><style>{STYLE}</style></head><body>",
            *filter(None, parts),
            "<footer>Made by limbeck. This file holds texts of the data that it is about.</footer></body></html>\n",
        ]
    )
    return whole.encode("utf-8", errors="replace").decode()


def _head(errors: Errors, about: About) -> str:
    report = errors.report
    tiles = "".join(
        f'<div class="tile">{shown(name.replace("_", " "))}<b>{shown_measure(one.value)}</b>'
        f"{shown_measure(one.low)} to {shown_measure(one.high)}</div>"
        for name, one in errors.headline
    )
    rows = f"{report.n_rows:,} rows"
    if report.n_unanswered:
        rows += f", of them {report.n_unanswered:,} without an answer, which are in no figure"
    links = [("losses", "Greatest losses")]
    links += [("labels", "Label errors")] * (errors.labels is not None)
    links += [("duplicates", "Duplicates")] * bool(errors.duplicates)
    links += [("slices", "Slices")] + [("confusion", "Confusion")] * (report.confusion is not None)
    links += [("calibration", "Calibration")] * bool(errors.bars)
    nav = "".join(f'<a href="#{name}">{title}</a>' for name, title in links)
    return (
        f"<h1>{isolated(about.model)} on {isolated(about.data)}</h1>\n<p class='note'>{rows}. Each measure stands over "
        f'its interval at 95 %.</p>\n{_warnings(errors, about)}<div class="tiles">{tiles}</div>\n<nav>{nav}</nav>'
    )


def _warnings(errors: Errors, about: About) -> str:
    found = [shown(note) for note in about.notes]
    if errors.is_seen:
        flatter = (
            f"The model learnt from about {errors.seen or 0:.0%} of these rows. What it gets of them is not what it "
            "gets of new texts: the measures here flatter it."
        )
        if errors.labels is not None and errors.labels.second_opinion:
            flatter += " Labels are therefore judged with a second opinion as well, which saw no label of the row."
        found.insert(0, flatter)
    return "".join(f'<p class="warn">{line}</p>' for line in found)


@dataclass(frozen=True)
class _View:
    errors: Errors
    dataset: Dataset
    words: Words

    def losses(self) -> str:
        """The rows that cost most."""
        report = self.errors.report
        rows = report.greatest[:GREATEST].tolist()
        items = [self._row(row, f"loss {report.losses[row]:.3f}: {self._verdict(row)}") for row in rows]
        note = f"The {len(rows)} rows that cost most."
        if self.words:
            note += (
                " Words on blue spoke for the answer that the model gave, words on amber against it; the deeper,"
                " the more. Point at one to see by how much its absence moved the answer."
            )
        return section("Greatest losses", "losses", note, _list(items))

    def label_errors(self, about: About) -> str:
        """Labels that are likely wrong."""
        labels = self.errors.labels
        if labels is None:
            return ""
        rows = labels.likely[:MOST_LABELS].tolist()
        items = []
        for row in rows:
            suggested = self.errors.report.classes[int(labels.suggested[row])]
            doubt = labels.suspicion[row]
            chance = f"thought wrong by {doubt:.0%}: " if doubt >= _TOLD else ""
            items.append(self._row(row, f"{chance}<b>{self._label(row)}</b>, rather <b>{isolated(suggested)}</b>"))
        n_rows, basis = len(labels.order), "the model"
        if labels.second_opinion:
            basis += " and a regression on the pieces of the texts, fitted without the row"
        note = f"About {labels.n_errors:,} of {n_rows:,} labels look wrong to {basis} (cleanlab); the likeliest first. "
        note += f"{len(rows)} are shown. " if len(rows) < labels.n_errors else ""
        note += (
            f"Fill in the column corrected of {shown(about.corrections)}, and train with --corrections."
            if about.corrections
            else "limbeck evaluate --corrections FILE writes them all to a file to fill in."
        )
        return section("Likely label errors", "labels", note, _list(items))

    def duplicates(self) -> str:
        """Groups of equal and near texts."""
        groups = self.errors.duplicates
        if not groups:
            return ""
        items = []
        for group in groups[:MOST_GROUPS]:
            kind = "equal" if group.is_exact else "nearly equal"
            what = f"{len(group.rows)} {kind} texts" + (", <b>labels contradict</b>" if group.contradicts else "")
            inside = "".join(
                f'<p class="text"><span class="what">{self._where(row)}{self._label(row)}</span> '
                f"{isolated(_joined(self.dataset.inputs[row]))}</p>"
                for row in group.rows[:_GROUP_ROWS]
            )
            items.append(f'<li class="row"><div class="what">{what}</div>{inside}</li>')
        exact = sum(group.is_exact for group in groups)
        against = sum(group.contradicts for group in groups)
        note = (
            f"{exact:,} group{'s' * (exact != 1)} of equal texts (case, white space and punctuation aside), "
            f"{len(groups) - exact:,} of texts that share four fifths of their words; in {against:,} of them labels "
            "contradict."
        )
        if len(groups) > MOST_GROUPS:
            note += f" {MOST_GROUPS} are shown, those that contradict first."
        return section("Duplicates", "duplicates", note, _list(items))

    def slices(self) -> str:
        """Parts of the rows, worst first."""
        what = "accuracy" if self.errors.report.classes else "mean absolute error"
        note = f"{what.capitalize()} of parts of the rows with its interval; those that are surely worse come first."
        return section("Slices", "slices", note, slice_table(self.errors.slices, what))

    def confusion(self) -> str:
        """What was taken for what."""
        report = self.errors.report
        if report.confusion is None:
            return ""
        note = "Rows by their label (down) and by the answer (across)."
        return section("Confusion", "confusion", note, confusion_table(report.confusion, report.classes))

    def calibration(self) -> str:
        """Confidence against truth."""
        error = self.errors.calibration
        if error is None:
            return ""
        note = (
            f"Points on the dashed line say what comes true; below it the model is too sure. Error, freed of chance: "
            f"{100 * error.value:.1f} points ({100 * error.low:.1f} to {100 * error.high:.1f})."
        )
        bars = self.errors.bars
        cells = [
            (f"{bar.said:.3f}", f"{bar.right.value:.3f}", reach(bar.right, 0.0, 1.0), f"{bar.n_rows:,}") for bar in bars
        ]
        numbers = table(("said", "right", "", "rows"), cells, numbers=(0, 1, 3))
        return section("Calibration", "calibration", note, reliability(bars) + numbers)

    def _row(self, row: int, what: str) -> str:
        item = self.dataset.inputs[row]
        texts = texts_in(item)
        effects = self.words.get(row, ((),) * len(texts))
        shown_texts = "".join(
            _folded(marked(text, of_text)) if len(text) <= _LONG else _folded(marked(text, of_text), text)
            for text, of_text in zip(texts, effects, strict=True)
        )
        return f'<li class="row"><div class="what">{self._where(row)}{what}</div>{shown_texts}</li>'

    def _where(self, row: int) -> str:
        place = self.dataset.place(row)
        told = f"{place:,}" if isinstance(place, int) else isolated(str(place))
        return "" if place is None else f"{self.dataset.unit} {told} · "

    def _label(self, row: int) -> str:
        return isolated(_value((self.dataset.targets or ())[row]))

    def _verdict(self, row: int) -> str:
        return f"<b>{self._label(row)}</b> read as <b>{isolated(_value(self.errors.report.predicted[row]))}</b>"


def _folded(inside: str, text: str = "") -> str:
    if not text:
        return f'<p class="text" dir="auto">{inside}</p>'
    return f'<details class="text" dir="auto"><summary>{isolated(text[:160])} …</summary>{inside}</details>'


def _list(items: Sequence[str]) -> str:
    return '<ol class="rows">\n' + "\n".join(items) + "\n</ol>" if items else "<p>None.</p>"


def _joined(item: Input) -> str:
    text = item if isinstance(item, str) else " | ".join(item)
    return text if len(text) <= _LONG else text[:_LONG] + " …"


def _value(value: Any) -> str:
    return shown_number(float(value)) if isinstance(value, float | np.floating) else str(value)
