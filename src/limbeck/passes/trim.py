"""Trim: the vocabulary of a WordPiece encoder cut to the pieces that texts use, rows of its embedding moved with them.

Promise: no word becomes unknown that was not, and a text whose pieces all stay gets the same answer. Two thirds of a
small encoder's bytes may be its vocabulary, and most of its pieces are rare. Emoji and emoticons can become pieces of
their own: added tokens, matched in the normalised text, since BERT's splitter takes an emoji for part of the word it
is glued to and an emoticon for three marks. Their rows begin as the mean of a description's and are learnt later.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limbeck import graph
from limbeck.artefact import save
from limbeck.artefact.copies import copy_into, files_of
from limbeck.artefact.manifest import INT8_GRAPH, Manifest
from limbeck.artefact.verify import verify
from limbeck.errors import ModelError, SettingsError, together
from limbeck.graph.write import write_folder
from limbeck.passes._encoder_files import CONFIG, WEIGHTS, read
from limbeck.passes._encoder_folder import write
from limbeck.passes._pieces import choose
from limbeck.passes._tokenizer_file import TokenizerFile
from limbeck.runtime.session import answer_probes
from limbeck.text import Encoder

_CHUNK = 1024  # encodings are heavy objects: this many live at once


@dataclass(frozen=True)
class TrimReport:
    """What was trimmed."""

    pieces_before: int
    pieces: int
    added: int
    """Emoji and emoticons among them."""
    uses: int
    """Pieces in the texts that were counted."""
    kept_uses: float
    """Share of them whose piece stays; the others are spelt with shorter ones."""
    bytes_before: int
    """Of ``model.safetensors``, or of the int8 graph in its place."""
    bytes_after: int

    def lines(self) -> list[str]:
        """The report in words."""
        added = f", {self.added} emoji and emoticons among them" if self.added else ""
        return [
            f"vocabulary: {self.pieces_before:,} pieces before, {self.pieces:,} after{added}",
            f"{self.kept_uses:.2%} of {self.uses:,} pieces in the texts stay whole; "
            f"weights: {self.bytes_before / 1e6:.1f} MB before, {self.bytes_after / 1e6:.1f} MB after",
        ]


def piece_counts(encoder: Encoder, texts: Iterable[str]) -> NDArray[np.int64]:
    """Count the uses of each piece id in ``texts``, special tokens not counted: shape ``(largest id + 1,)``."""
    counts = np.zeros(max(encoder.tokenizer.get_vocab(with_added_tokens=True).values()) + 1, np.int64)
    for chunk in _chunks(texts):
        counts += np.bincount(np.concatenate(encoder.pieces(chunk)), minlength=len(counts))
    return counts


def trim_folder(
    source: Path,
    out: Path,
    counts: NDArray[np.int64],
    *,
    pieces: int,
    added: Mapping[str, str] | Sequence[str] = (),
) -> TrimReport:
    """Write the Hugging Face encoder in ``source`` at ``out`` with a vocabulary of ``pieces``.

    Args:
        source: a folder with config.json, model.safetensors and a tokenizer.json of the WordPiece kind.
        out: a folder that is not there yet, or empty.
        counts: uses of each piece (:func:`piece_counts`).
        pieces: of the new vocabulary, special ones, single characters and ``added`` included.
        added: emoji and emoticons that become pieces, with descriptions by which their rows begin
            (``limbeck.text.emoji``); without a description a row begins as the mean of all.

    Raises:
        ModelError: the folder is no such encoder.
        SettingsError: ``pieces`` are too few, or ``counts`` of another tokenizer.
        ArtefactError: something stands at ``out``, or the disk is full or failing.
        MissingExtra: safetensors is not installed.
    """
    reports: list[TrimReport] = []

    def fill(staging: Path) -> None:
        reports.append(_trim(source, staging, counts, pieces=pieces, added=added))

    save.write_folder(out, fill, mark=CONFIG)
    return reports[0]


def apply(
    folder: Path,
    out: Path,
    counts: NDArray[np.int64],
    *,
    pieces: int,
    added: Mapping[str, str] | Sequence[str] = (),
    overwrite: bool = False,
) -> Manifest:
    """Save the model in ``folder`` at ``out`` with a vocabulary of ``pieces``; see :func:`trim_folder`.

    Its metrics stay those that were measured before.

    Raises:
        SettingsError: the model is int8, ``pieces`` are too few, or ``counts`` of another tokenizer.
        ModelError: it is no WordPiece encoder whose graph can be made without torch.
        ArtefactError: ``folder`` has damaged files, or something stands at ``out`` that may not be replaced.
        MissingExtra: onnx or safetensors is not installed.
    """
    manifest = verify(folder)  # what is made of damaged files would carry new hashes
    if INT8_GRAPH in manifest.files:
        raise SettingsError(f"{str(folder)!r} is int8 already; trim the float model, then export it with --int8")
    reasons = graph.obstacles(json.loads((folder / CONFIG).read_text(encoding="utf-8")))
    if reasons:
        raise ModelError(f"{str(folder)!r} cannot be trimmed: {together(reasons)}")

    def fill(staging: Path) -> Manifest:
        report = _trim(folder, staging, counts, pieces=pieces, added=added)
        rest = [path for path in files_of(folder) if path.parent == folder and not (staging / path.name).exists()]
        copy_into(staging, folder, rest)
        config, weights = read(staging)
        write_folder(staging, graph.emit(config, weights))
        note = {
            "name": "trim",
            "pieces_before": report.pieces_before,
            "pieces": report.pieces,
            "kept_uses": report.kept_uses,
            "measured": False,
        }
        parameters = sum(tensor.size for tensor in weights.values())
        model = {**manifest.model, "parameters": parameters}
        return replace(manifest, model=model, passes=[*manifest.passes, note], files={}, probes={})

    return save.seal(out, fill=fill, probe=answer_probes, overwrite=overwrite)


def _trim(
    source: Path,
    out: Path,
    counts: NDArray[np.int64],
    *,
    pieces: int,
    added: Mapping[str, str] | Sequence[str],
) -> TrimReport:
    """Write tokenizer, weights and configuration into the empty folder ``out``."""
    file = TokenizerFile.read(source)
    wanted = dict(added) if isinstance(added, Mapping) else dict.fromkeys(added, "")
    choice = choose(file, counts, pieces=pieces, added=wanted)
    write(source, out, file, choice)
    kept = sum(int(counts[piece.old]) for piece in choice.all if piece.old is not None)
    return TrimReport(
        pieces_before=len(file.ids),
        pieces=len(choice.all),
        added=len(choice.added),
        uses=int(counts.sum()),
        kept_uses=kept / max(1, int(counts.sum())),
        bytes_before=next(path for path in (source / WEIGHTS, source / INT8_GRAPH) if path.is_file()).stat().st_size,
        bytes_after=(out / WEIGHTS).stat().st_size,
    )


def _chunks(texts: Iterable[str]) -> Iterable[list[str]]:
    chunk: list[str] = []
    for text in texts:
        chunk.append(text)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
