"""How ``limbeck predict`` shows answers: a line each for texts and pipes, rows for a file, json for machines.

A line is the label and its probability; for a sentence the label, the score of sentiment (of another model the
probability) and the sentence. Where there is no answer, ``-`` stands for the label and the reason behind it, so that
the lines of a pipe and the answers to them stay side by side.
"""

from __future__ import annotations

import contextlib
import itertools
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limbeck.cli._inputs import see_that_all_are_answered
from limbeck.cli._printable import json_encoder, printable
from limbeck.cli._say import say
from limbeck.errors import DataError, SettingsError, shown_number, together

if TYPE_CHECKING:
    from limbeck.cli._asked import Asked
    from limbeck.cli.predict import Settings
    from limbeck.data.lines import Lines
    from limbeck.runtime import Answer, Predictor
    from limbeck.runtime.stream import Counts, FileAnswers
    from limbeck.text import Input

_OF_COLUMNS = ("text_column", "text_pair_column", "prefix")
_READING = (*_OF_COLUMNS, "windows", "sentences", "batch_size", "encoding", "skip_bad_rows")
"""The settings that :class:`limbeck.runtime.stream.FileAnswers` takes by the same names."""
NONE = "-"
"""Stands for the label where there is no answer."""


def print_answers(predictor: Predictor, inputs: Sequence[Input], settings: Settings) -> None:
    """Print the answers to the texts of the command line.

    As json every text gets its object, like a line of a pipe: who reads it finds the reason there.

    Raises:
        DataError: one of them cannot be answered, and json was not asked for; the others are printed before.
        SettingsError: sentences or windows of pairs.
    """
    if settings.sentences and not settings.json:
        print_sentences(predictor, [str(text) for text in inputs], settings)
        return
    answers = predictor.predict(inputs, windows=settings.windows)
    unread = [answer.reason if answer.predicted is None else None for answer in answers]
    if not settings.json and None not in unread:
        see_that_all_are_answered(unread)
    for n, answer in enumerate(answers, start=1):
        if answer.reason and (settings.json or answer.predicted is not None):
            say(f"text {n}: {answer.reason}")
        if answer.tokens_dropped:
            say(f"text {n}: {answer.tokens_dropped} tokens left out of its middle; --windows reads all of it")
    if settings.json:
        rows: list[dict[str, Any]] = [dict(answer.to_row(settings.prefix)) for answer in answers]
        _write_json(_with_sentences(predictor, rows, [str(text) for text in inputs], settings))
        return
    width = max(len(label(answer)) for answer in answers)
    for answer in answers:
        print(line(answer, width))
    see_that_all_are_answered(unread)


def print_sentences(predictor: Predictor, texts: Sequence[str], settings: Settings) -> None:
    """Print a line for each sentence of each text; an empty line stands between texts."""
    from limbeck.runtime.by_sentence import by_sentence

    width = max((len(printable(name)) for name in predictor.classes), default=len(NONE))
    groups = by_sentence(predictor, texts, windows=settings.windows)
    if not any(answer.predicted is not None for group in groups for _, answer in group):
        reasons = dict.fromkeys(answer.reason for group in groups for _, answer in group)
        raise DataError(together(f"no answer to any sentence: {reason}" for reason in reasons))
    for n, group in enumerate(groups):
        if n:
            print()
        for sentence, answer in group:
            print(sentence_line(sentence, answer, width))


def of_rows(predictor: Predictor, asked: Asked, settings: Settings) -> None:
    """Answer a file or a pipe, into a file or to stdout.

    Raises:
        DataError: the source cannot be read, or the file not written.
        SettingsError: the model takes pairs, and a line is one text.
    """
    source = asked.source or standard_input(predictor, settings.encoding)
    if settings.out:
        from limbeck.runtime.stream import predict_file

        with _progress(asked.source) as advance:
            options = _reading(settings, piped=asked.piped)
            counts = predict_file(predictor, source, settings.out, on_rows=advance, notify=say, **options)
    else:
        counts = _print_rows(predictor, asked, settings, source)
    if asked.source or settings.out or counts.cut:
        say(_summary(counts, settings))


def label(answer: Answer) -> str:
    """The class name or the number, as stdout can take it; ``-`` where there is none."""
    if answer.predicted is None:
        return NONE
    if isinstance(answer.predicted, float):
        return shown_number(answer.predicted)
    return printable(str(answer.predicted))


def line(answer: Answer, width: int) -> str:
    """Label and probability; where there is no answer, why.

    >>> from limbeck.runtime.answer import Answer
    >>> line(Answer("no", {"p_no": 0.75, "p_yes": 0.25}), 4), line(Answer(None, reason="empty text"), 4)
    ('no    0.75', '-     empty text')
    """
    if answer.predicted is None:
        return f"{NONE:<{width}}  {answer.reason}"
    chance = answer.probs.get(str(answer.predicted))
    return label(answer) if chance is None else f"{label(answer):<{width}}  {chance:.2f}"


def sentence_line(sentence: str, answer: Answer, width: int) -> str:
    """Label, score or probability, sentence; where there is no answer, why, behind the sentence."""
    if answer.predicted is None:
        return f"{NONE:<{width}}         {printable(sentence)}  ({answer.reason})"
    value = answer.probs.get(str(answer.predicted)) if answer.score is None else answer.score
    shown = "" if value is None else f"{value:+.2f}  " if answer.score is not None else f"{value:5.2f}  "
    return f"{label(answer):<{width}}  {shown}{printable(sentence)}"


def _print_rows(predictor: Predictor, asked: Asked, settings: Settings, source: Path | Lines) -> Counts:
    """Print a file's rows as csv or json, and a pipe's answers as lines or json; each chunk at once."""
    from limbeck.runtime.stream import FileAnswers

    nested = settings.sentences and settings.json
    options = _reading(settings, piped=asked.piped) | {"sentences": settings.sentences and not nested}
    answers = FileAnswers(predictor, source, **options)
    if settings.json:
        _print_json(predictor, answers, settings)
    elif asked.piped:
        _print_lines(predictor, answers, settings)
    else:
        from limbeck.data.formats import delimited

        with _progress(asked.source) as advance:
            chunks = iter(answers)
            first = next(chunks, [])  # an error in it is told before the header is written
            encoder = delimited.Encoder(sys.stdout.buffer, Path("stdout.csv"), answers.columns)
            for chunk in itertools.chain([first], chunks):
                encoder.write_rows(chunk)
                sys.stdout.flush()
                advance(len(chunk))
    say(*answers.notices)
    return answers.counts


def _print_json(predictor: Predictor, answers: FileAnswers, settings: Settings) -> None:
    from limbeck.data import input_of

    for chunk in answers.answered():
        rows = [{**row.cells, **answer.to_row(settings.prefix)} for row, answer in chunk]
        texts = [str(input_of(row.cells, answers.inputs)) for row, _ in chunk]
        _write_json(_with_sentences(predictor, rows, texts, settings))
        sys.stdout.flush()


def _print_lines(predictor: Predictor, answers: FileAnswers, settings: Settings) -> None:
    """A line for each line of a pipe; with sentences a line for each, and an empty one between texts."""
    width = max((len(printable(name)) for name in predictor.classes), default=len(NONE))
    before = 0
    for chunk in answers.answered():
        for row, answer in chunk:
            if settings.sentences:
                between = "\n" if before not in (0, row.line) else ""
                print(between + sentence_line(str(row.cells["sentence"]), answer, width))
                before = row.line
                continue
            print(line(answer, width))
            if answer.reason and answer.predicted is not None:
                say(f"line {row.line}: {answer.reason}")
        sys.stdout.flush()


def _with_sentences(
    predictor: Predictor, rows: list[dict[str, Any]], texts: Sequence[str], settings: Settings
) -> list[dict[str, Any]]:
    """The rows, with the list ``sentences`` in each where asked: objects with ``sentence`` and the answer's columns."""
    if not settings.sentences:
        return rows
    from limbeck.runtime.by_sentence import by_sentence

    groups = by_sentence(predictor, texts, windows=settings.windows)
    name = f"{settings.prefix}sentences"
    clash = next((row for row in rows if name in row), None)
    if clash is not None:
        raise DataError(f"a row has the column {name!r} already; put a prefix before ours with --prefix limbeck_")
    return [
        row | {name: [{"sentence": sentence, **answer.to_row()} for sentence, answer in group]}
        for row, group in zip(rows, groups, strict=True)
    ]


def _write_json(rows: list[dict[str, Any]]) -> None:
    json_encoder().write_rows(rows)


def standard_input(predictor: Predictor, encoding: str) -> Lines:
    """The lines of standard input.

    Raises:
        DataError: there is none.
        SettingsError: the model takes pairs, and a line is one text.
    """
    from limbeck.data.lines import Lines

    if predictor.is_pairs:
        raise SettingsError("this model takes pairs, and a line of standard input is one text; give a file of pairs")
    if sys.stdin is None:
        raise DataError("there is no standard input; give a text or a file")
    return Lines(sys.stdin.buffer, encoding=encoding)  # type: ignore[arg-type]  # every one has read1


def _reading(settings: Settings, *, piped: bool) -> dict[str, Any]:
    found = {name: getattr(settings, name) for name in _READING}
    return found | {"text_column": settings.text_column or "text"} if piped else found


@contextlib.contextmanager
def _progress(source: Path | None) -> Iterator[Any]:
    from limbeck.runtime.progress import Progress, guess_rows

    total = guess_rows(source) if source and sys.stderr.isatty() else None
    with Progress("predict", total) as progress:
        yield progress.advance


def _summary(counts: Counts, settings: Settings) -> str:
    what = "sentences" if settings.sentences and not settings.json else "rows"
    parts = [f"{counts.rows:,} {what}", f"{counts.answered:,} answered", f"{counts.blank:,} without an answer"]
    if counts.cut:
        parts.append(f"{counts.cut:,} too long to be read whole (--windows reads all)")
    return ", ".join(parts) + (f": {settings.out}" if settings.out else "")
