"""The family of errors, and the three helpers that word their messages."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limbeck import errors
from limbeck.errors import (
    Interrupted,
    LimbeckError,
    MissingExtra,
    SettingsError,
    gathered,
    nearest,
    refuse,
    require,
    shown_number,
    together,
)

FAMILY = ("DataError", "SettingsError", "ArtefactError", "ModelError", "TrainingError", "Interrupted", "MissingExtra")


@pytest.mark.parametrize("name", FAMILY)
def test_the_family_has_one_root(name: str) -> None:
    kind = getattr(errors, name)
    assert issubclass(kind, LimbeckError)
    assert kind("why").exit_code == (130 if kind is Interrupted else 2)
    assert str(kind("why")) == "why"
    assert name in str(errors.__doc__)


def test_a_missing_extra_is_an_import_error_too() -> None:
    with pytest.raises(ImportError):
        require("no_such_module_of_anyone", "train")


def test_require_gives_the_module() -> None:
    assert require("json.decoder", "data").__name__ == "json.decoder"


@pytest.mark.parametrize("module", ["no_such_module_of_anyone", "no_such_module_of_anyone.parquet"])
def test_require_prints_the_install_line(module: str) -> None:
    with pytest.raises(MissingExtra) as caught:
        require(module, "data")
    assert str(caught.value) == (
        "no_such_module_of_anyone is not installed; this needs it. Run: pip install 'limbeck[data]'"
    )
    assert caught.value.__cause__ is None


def test_require_does_not_hide_what_an_installed_module_misses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "halfway_there.py").write_text("import no_such_module_of_anyone\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_module_of_anyone") as caught:
        require("halfway_there", "train")
    assert not isinstance(caught.value, MissingExtra)
    assert "halfway_there" not in sys.modules


@pytest.mark.parametrize(
    ("value", "accepted", "named"),
    [
        ("lable", ["text", "label"], "'label' (nearest), 'text'"),
        ("na", ["10", "9", "NA"], "'NA' (nearest), '10', '9'"),
        ("Labels", ["TEXT", "LABEL"], "'LABEL' (nearest), 'TEXT'"),
        ("zzz", ["text", "label"], "'label', 'text'"),
        ("", ["b", "a", "b"], "'a', 'b'"),
        ("a", [], ""),
        ("long", ["x" * 99], f"'{'x' * 57}...'"),
    ],
)
def test_nearest(value: str, accepted: list[str], named: str) -> None:
    assert nearest(value, accepted) == named


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (-2.863, "-2.863"), (999.96, "1000"), (9999.96, "10000"), (-123456.7, "-123457"), (1e15, "1e+15")],
)
def test_numbers_are_shown_without_exponents(value: float, shown: str) -> None:
    assert shown_number(value) == shown


@given(st.text(max_size=6), st.lists(st.text(max_size=6), max_size=5))
def test_nearest_names_each_once(value: str, accepted: list[str]) -> None:
    named = nearest(value, iter(accepted))
    assert all(repr(name) in named for name in accepted)
    assert named.count(" (nearest)") <= 1 or any("(nearest)" in name for name in accepted)


def test_of_very_much_that_is_accepted_the_first_are_named() -> None:
    named = nearest("c78", (f"c{n}" for n in range(100)))
    assert named.startswith("'c78' (nearest), 'c0', 'c1', 'c10', ") and named.endswith("'c25' and 80 more")
    assert named.count("'") == 2 * 20


def test_refusals_are_gathered_over_several_parts() -> None:
    with pytest.raises(SettingsError, match=r"^a is wrong$"):
        refuse(["a is wrong"])
    refuse([])
    with pytest.raises(SettingsError) as caught, gathered():
        refuse(["a is wrong"])
        refuse(["b is wrong", "a is wrong"])
        raise SettingsError("c is wrong")
    assert str(caught.value) == "3 problems:\n  - a is wrong\n  - b is wrong\n  - c is wrong"
    with gathered():
        refuse([])
    with pytest.raises(SettingsError, match=r"^a is wrong$"), gathered():
        refuse(["a is wrong"])
    with pytest.raises(KeyError), gathered():  # what is no refusal passes, and nothing is kept of it
        refuse(["a is wrong"])
        raise KeyError
    with pytest.raises(SettingsError, match=r"^b is wrong$"):
        refuse(["b is wrong"])


def test_together() -> None:
    assert together(["one"]) == "one"
    assert together(f"no {n}" for n in (1, 2)) == "2 problems:\n  - no 1\n  - no 2"
