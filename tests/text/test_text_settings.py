"""The choices about text, and what is said of impossible ones."""

from __future__ import annotations

import math

import pytest

from limbeck.errors import SettingsError
from limbeck.text import TextSettings


def test_defaults() -> None:
    assert TextSettings() == TextSettings(max_length=256, head=0.25)


@pytest.mark.parametrize("head", [0, 0.5, 1])
def test_limits_are_allowed(head: float) -> None:
    assert TextSettings(max_length=4, head=head).head == head


def test_problems_are_named_together() -> None:
    with pytest.raises(SettingsError) as caught:
        TextSettings(max_length=3, head=1.5)
    assert str(caught.value) == (
        "2 problems:\n"
        "  - --max-length 3 leaves no room for a text; give 4 or more tokens\n"
        "  - --head 1.5 is not a share; give a number from 0 (only the end) to 1 (only the start)"
    )


@pytest.mark.parametrize("head", [-0.1, math.nan, math.inf])
def test_what_is_no_share_is_refused(head: float) -> None:
    with pytest.raises(SettingsError, match=f"^--head {head} is not a share"):
        TextSettings(head=head)
