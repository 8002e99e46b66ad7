"""How many processes were started, by the environment alone."""

from __future__ import annotations

import pytest

from limbeck.errors import SettingsError
from limbeck.train.launch import number, refuse_several, started


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, (1, 0)),
        ({"WORLD_SIZE": "2", "RANK": "1"}, (2, 1)),
        ({"WORLD_SIZE": "1", "RANK": "0"}, (1, 0)),
        ({"WORLD_SIZE": "4"}, (1, 0)),  # a scheduler that counts machines and starts no processes of ours
        ({"WORLD_SIZE": "many", "RANK": "3"}, (1, 0)),
    ],
)
def test_the_environment_tells(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: tuple[int, int]
) -> None:
    for name in ("WORLD_SIZE", "RANK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert (started(), number()) == expected


def test_what_one_process_does_is_refused_to_several(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_several("limbeck info")
    monkeypatch.setenv("WORLD_SIZE", "3")
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(SettingsError) as caught:
        refuse_several("limbeck info")
    assert str(caught.value) == (
        "limbeck info runs in one process, and 3 were started: "
        "run the same command without torchrun or accelerate launch"
    )
