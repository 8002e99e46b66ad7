"""Why the hub gave nothing, in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from limbeck.errors import ModelError
from limbeck.models import _hub


class OfflineModeIsEnabled(ConnectionError):
    """Called as the hub's own; what is known is its base."""


class HFValidationError(ValueError):
    """Called as the hub's own."""


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OfflineModeIsEnabled("offline mode"), "the hub cannot be reached"),
        (HFValidationError("Repo id must be ..."), "that is no name for a model there"),
        (RuntimeError("the disk\nis full"), "RuntimeError, the disk"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_reasons(error: Exception, reason: str) -> None:
    assert _hub.reason_of(error) == reason


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("smal", "--model 'smal' is no folder here ('small' is the nearest family), and the hub did not give it"),
        ("org/encoder", "--model 'org/encoder' is no folder here, and the hub did not give it"),
        ("a name with blanks", "that is no name for a model there"),
    ],
)
def test_a_name_that_nothing_has(name: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError) as caught:
        _hub.find(name)
    assert said in str(caught.value) and "give its path" in str(caught.value)


def test_a_folder_without_a_configuration_lists_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").touch()
    with pytest.raises(ModelError, match=r"it has no config.json \(there is: weights.bin\)"):
        _hub.find(str(tmp_path))
