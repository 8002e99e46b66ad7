"""What the words behind ``limbeck predict`` mean: a model, texts, a file, or standard input.

The first word is a model where it is a folder. Otherwise no model is named, and the one that ships answers. A wrong
guess would answer with another model than was meant, or score a file's name, so that what is likely a slip is an error:

- several words, the first without a blank and no folder (``modle reviews.csv``; a text that was not put in quotes);
- a word that has the form of a path (``modle/``, ``./a``, ``models/a`` where ``models`` is a folder) and is none;
- a single word that all but spells a saved model's folder beside it.

One argument is a file where it exists, or ends as files do and has no blank in it; ``-`` is standard input, and so is
no word at all. A script that has a text in a variable had better pipe it: ``printf '%s\\n' "$text" | limbeck predict``
scores whatever it says.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from limbeck.errors import DataError, SettingsError, closest, empty_word

FILE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".json", ".ndjson", ".parquet", ".txt")
"""A word that ends so names a file. A list here, since the formats' own would have to be imported for a text."""
_OTHER_SUFFIXES = (".gz", ".zip", ".xls", ".xlsx", ".ods", ".docx", ".pdf", ".png", ".jpg", ".html", ".xml")
"""Of files that are not read: who names one that is not there has mistyped a name, and has no opinion to be told."""
EXAMPLE = 'limbeck predict "An hour I want back."'
STDIN = "-"
_FLAG = re.compile(r"--?[A-Za-z]")
_MANIFEST = "limbeck.json"
_PATH_CHARACTERS = 1024
_NEAR = 0.8
"""From this likeness a word is taken for a slip of the pen; ``modle`` and ``model`` are alike by 0.8."""


@dataclass(frozen=True)
class Asked:
    """What is to be answered, and by which model."""

    model: Path | None = None
    """A folder; None: the model that ships."""
    texts: tuple[str, ...] = ()
    source: Path | None = None
    """A file, or a folder of class folders."""
    piped: bool = False
    """Whether the texts come from standard input, one a line."""


def understand(words: Sequence[str], *, out: Path | None = None, command: str = "predict") -> Asked:
    """What ``words`` ask for.

    Args:
        words: the words that are no flags.
        out: a file for the answers: what is read must be a file, or standard input.
        command: what was called, for messages.

    Raises:
        DataError: a word names a file that is not there.
        SettingsError: the words are likely a slip, cannot stand together, or there is nothing to answer.
    """
    model, rest = (Path(words[0]), words[1:]) if words and _is_folder(words[0]) else (None, words)
    if not rest or list(rest) == [STDIN]:
        is_terminal = sys.stdin is None or sys.stdin.isatty()
        if not rest and is_terminal and (model is None or _exists(model / _MANIFEST)):
            raise SettingsError(
                f"nothing to answer: give a text, a file, or lines by a pipe, such as: {_example(command)}"
            )
        return Asked(model, piped=True)
    if STDIN in rest:
        raise SettingsError(f"{STDIN!r} stands for standard input, which is read alone; leave the other words out")
    if model is None:
        _refuse_slips(rest, command)
    source = _source(rest, out)
    return Asked(model, source=source) if source else Asked(model, texts=tuple(rest))


def model_and_data(words: Sequence[str], command: str, kind: str = "labelled") -> tuple[Path | None, Path]:
    """The model's folder, None for the one that ships, and the file or folder of a command that takes both.

    The file is ``kind``, for messages. One word is the data. Of two the first is the model; whether one stands there is
    asked by who loads it.

    Raises:
        SettingsError: there is no word, an empty one, more than two, or a saved model alone.
    """
    example = "test.csv" if kind == "labelled" else f"{kind}.csv"
    article = "an" if kind[0] in "aeiou" else "a"
    if "" in words:
        raise SettingsError(empty_word("data" if words[-1] == "" else "model"))
    if len(words) == 1 and _exists(Path(words[0]) / _MANIFEST):
        raise SettingsError(
            f"{words[0]!r} is a saved model; give the {kind} file behind it: limbeck {command} {words[0]} {example}"
        )
    if len(words) == 2 and not _is_folder(words[0]) and _is_folder(words[1]) and _exists(Path(words[1]) / _MANIFEST):
        raise SettingsError(
            f"{words[1]!r} is a saved model, and a model stands first: limbeck {command} {words[1]} {words[0]}"
        )
    if not 1 <= len(words) <= 2:
        raise SettingsError(
            f"limbeck {command} takes {article} {kind} file, or a saved model and {article} {kind} file; "
            f"{len(words)} names were given: {' '.join(words) or 'none'}"
        )
    return (Path(words[0]) if len(words) == 2 else None), Path(words[-1])


def plain_words(arguments: Sequence[str]) -> tuple[tuple[str, ...], bool] | None:
    """The words of a call without flags, and whether ``--json`` was among them; None where there are other flags.

    A word such as ``-1`` or ``-_-`` is no flag; whatever stands behind ``--`` is none either.
    """
    before, behind = list(arguments), []
    if "--" in before:
        split = before.index("--")
        before, behind = before[:split], before[split + 1 :]
    words = [word for word in before if word != "--json"]
    if any(_FLAG.match(word) for word in words):
        return None
    return (*words, *behind), len(words) < len(before)


def _refuse_slips(words: Sequence[str], command: str) -> None:
    """Raise where the first word was likely meant for a model's folder."""
    first = words[0]
    near = "" if _has_blank(first) else _near(first)
    hint = f"; {near!r} (nearest) is a saved model" if near else ""
    if _like_a_path(first):
        raise SettingsError(
            f"there is no file or folder {first!r}{hint}; name one that exists, or put a text in quotes"
        )
    if len(words) == 1 and near:
        raise SettingsError(
            f"{first!r} is no folder{hint}. To answer the word itself: echo {first} | limbeck {command}"
        )
    folder = next((word for word in words[1:] if _is_folder(word) and _exists(Path(word) / _MANIFEST)), None)
    if folder is not None:
        raise SettingsError(f"{folder!r} is a saved model, and a model stands first: limbeck {command} {folder} ...")
    if len(words) > 1 and not _has_blank(first) and not ends_as_a_file(first):
        raise SettingsError(
            f"{first!r} is no folder{hint}. Of several words the first names a model's folder, unless it is a text "
            f"with a blank in it: put a text of several words in quotes, such as: {_example(command)}"
        )


def _example(command: str) -> str:
    return EXAMPLE.replace("predict", command)


def _source(texts: Sequence[str], out: Path | None) -> Path | None:
    """The file to read, or None for texts."""
    if out and len(texts) == 1:
        return Path(texts[0])
    if out:
        raise SettingsError(f"--out takes the rows of one file; {len(texts)} texts were given: leave it out")
    named = next((text for text in texts if _names_a_file(text)), None)
    if named is None:
        return None
    if len(texts) > 1:
        raise SettingsError(f"{named!r} names a file, and a file is answered alone: give one file, or texts")
    if not _exists(named):
        raise DataError(f"no file {named!r}; give a file that exists, or a text that does not end like a file's name")
    return Path(named)


def _names_a_file(text: str) -> bool:
    """Whether it exists, or is a single word that ends as files do: "I read it in notes.txt" is a text."""
    return _exists(text) or (ends_as_a_file(text) and not _has_blank(text))


def ends_as_a_file(text: str) -> bool:
    """Whether a text ends as the name of a file does, of one that is read or of another usual kind."""
    return len(text) < _PATH_CHARACTERS and text.lower().endswith(FILE_SUFFIXES + _OTHER_SUFFIXES)


def _like_a_path(word: str) -> bool:
    """Whether a word has the form of a path, and no file or folder is there; a file's suffix is asked for elsewhere."""
    if len(word) >= _PATH_CHARACTERS or _exists(word) or ends_as_a_file(word):
        return False
    word = word.replace(os.sep, "/")
    if word.endswith("/"):
        return True
    if _has_blank(word):
        return False
    above = word.rpartition("/")[0]
    begins_as_one = word.startswith(("./", "../", "~/")) or (word.startswith("/") and word.count("/") > 1)
    return begins_as_one or (bool(above) and _is_folder(above))


def _near(word: str) -> str:
    """The saved model that ``word`` all but spells; the empty string where none stands there."""
    path = Path(word)
    try:
        names = [entry.name for entry in path.parent.iterdir() if not entry.name.startswith(".")]
    except (OSError, ValueError):
        return ""
    close = closest(path.name, names, n=3, cutoff=_NEAR)
    return next((str(path.parent / name) for name in close if _exists(path.parent / name / _MANIFEST)), "")


def _has_blank(word: str) -> bool:
    return any(map(str.isspace, word))


def _exists(path: str | Path) -> bool:
    """Whether something is there; nothing is where a text can be no path: too long, a zero byte, half a surrogate."""
    if path == "":
        return False  # ``Path`` takes it for the folder at hand
    try:
        Path(path).stat()
    except (OSError, ValueError):
        return False
    return True


def _is_folder(word: str) -> bool:
    return _exists(word) and Path(word).is_dir()
