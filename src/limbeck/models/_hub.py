"""Where a model's files are: a folder here, or a name on the hub, fetched to the hub's own cache."""

from __future__ import annotations

import os
from pathlib import Path

from limbeck.artefact.copies import LICENCE_FOLDERS, LICENCE_SUFFIXES, LICENCES
from limbeck.errors import ModelError, closest, require
from limbeck.models import MODELS

_PATTERNS = [
    *(
        spelt + suffix
        for name in LICENCES
        for spelt in (name, name.capitalize(), name.lower())
        for suffix in LICENCE_SUFFIXES
    ),
    *(f"{name}/*" for name in LICENCE_FOLDERS),
    "config.json",
    "*.safetensors",
    "tokenizer*",
    "special_tokens_map.json",
    "vocab*",
    "merges.txt",
    "*.model",
]
"""Files that are fetched: never pickled weights, never code."""
_REASONS = {
    "HFValidationError": "that is no name for a model there",
    "GatedRepoError": "its owner asks for a login (hf auth login)",
    "RepositoryNotFoundError": "there is no such model, or it is private",
    "RevisionNotFoundError": "there is no such model, or it is private",
    "LocalEntryNotFoundError": "the hub cannot be reached",
    "ConnectionError": "the hub cannot be reached",
    "ConnectError": "the hub cannot be reached",
    "TimeoutException": "the hub did not answer in time",
    "Timeout": "the hub did not answer in time",
}
"""What an error of the hub's library, or of those that it calls, means, by the name of its class or base."""


def find(source: str, *, flag: str = "--model", families: bool = True) -> Path:
    """The local folder of a model, fetched from the hub where ``source`` is a name there; messages name ``flag``.

    ``families`` says whether a family such as ``small`` would do there, which a message then offers.

    Raises:
        ModelError: there is no such folder, or the hub cannot be reached.
    """
    folder = Path(source)
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            there = ", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "nothing"
            raise ModelError(f"{source} is no model folder: it has no config.json (there is: {there})")
        return folder
    if folder.exists() or source.startswith((".", "/", "~")) or source.endswith("/"):
        others = ", a hub name, 'small' or 'static'" if families else " or a hub name"
        raise ModelError(f"{flag} {source!r} is not a folder; give a folder with config.json{others}")
    return _fetch(source, flag, families=families)


def _fetch(name: str, flag: str, *, families: bool) -> Path:
    hub = require("huggingface_hub", "train")
    try:
        return Path(hub.snapshot_download(name, allow_patterns=_PATTERNS))
    except Exception as error:  # the hub raises its own, requests' and httpx's errors
        instead = f"; or use {flag} small, which needs nothing" if families else ""
        offline = " (HF_HUB_OFFLINE is set)" if os.environ.get("HF_HUB_OFFLINE", "0") not in ("", "0") else ""
        meant = _family_meant(name) if families else ""
        raise ModelError(
            f"{flag} {name!r} is no folder here{meant}, and the hub did not give it{offline}: "
            f"{reason_of(error)}. Without a network, copy the model's folder (config.json, model.safetensors, "
            f"tokenizer.json) to this machine and give its path{instead}"
        ) from None


def reason_of(error: BaseException) -> str:
    """Say in words why the hub gave nothing; the error's own first line where it is of no known kind.

    >>> reason_of(ConnectionError("nodename nor servname provided"))
    'the hub cannot be reached'
    """
    kinds = [kind.__name__ for kind in type(error).__mro__]
    known = next((_REASONS[kind] for kind in kinds if kind in _REASONS), None)
    first = next(iter(str(error).splitlines()), "")
    return known or f"{type(error).__name__}" + (f", {first}" if first else "")


def _family_meant(name: str) -> str:
    close = closest(name, MODELS.names(), cutoff=0.5)
    return f" ({close[0]!r} is the nearest family)" if close else ""
