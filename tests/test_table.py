"""Tables of names: listed without an import, and open to other packages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from limbeck.errors import SettingsError
from limbeck.losses import LOSSES, get_loss
from limbeck.table import Table
from limbeck.tasks import TASKS, make_task


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Table:
    """A table of dishes whose files fail when imported, but for one."""
    package = tmp_path / "limbeck_dishes"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "soup.py").write_text("TASTE = 'warm'\n")
    for name in ("roast", "_gravy"):
        (package / f"{name}.py").write_text("raise RuntimeError('imported')\n")
    (package / "notes.txt").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return Table("limbeck_dishes", noun="dish", flag="--dish")


def install(folder: Path, group: str, *lines: str) -> None:
    """A distribution with nothing but entry points, as pip would leave it."""
    info = folder / "kitchen-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: kitchen\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines]) + "\n")


def test_names_are_the_files_and_import_none(folder: Table) -> None:
    assert folder.names() == ("roast", "soup")
    assert "soup" in folder
    assert "_gravy" not in folder
    assert not {"limbeck_dishes.roast", "limbeck_dishes.soup"} & set(sys.modules)


def test_a_module_is_imported_when_its_name_is_asked_for(folder: Table) -> None:
    assert folder.module("soup").TASTE == "warm"
    with pytest.raises(RuntimeError, match="imported"):
        folder.module("roast")


def test_an_unknown_name_is_answered_by_the_nearest(folder: Table) -> None:
    with pytest.raises(SettingsError) as caught:
        folder.module("soop")
    assert str(caught.value) == "no dish is called 'soop'; --dish takes 'soup' (nearest), 'roast'"


def test_a_part_cannot_be_asked_for(folder: Table) -> None:
    with pytest.raises(SettingsError, match="no dish is called '_gravy'"):
        folder.module("_gravy")


def test_another_package_adds_an_entry(folder: Table, tmp_path: Path) -> None:
    (tmp_path / "limbeck_kitchen_stew.py").write_text("TASTE = 'slow'\n")
    install(tmp_path, "limbeck_dishes", "stew = limbeck_kitchen_stew")
    assert folder.names() == ("roast", "soup", "stew")
    assert "limbeck_kitchen_stew" not in sys.modules
    assert folder.module("stew").TASTE == "slow"
    assert folder.module("soup").TASTE == "warm"


def test_another_package_cannot_replace_a_file_of_the_folder(folder: Table, tmp_path: Path) -> None:
    (tmp_path / "limbeck_kitchen_soup.py").write_text("TASTE = 'cold'\n")
    install(tmp_path, "limbeck_dishes", "broth = limbeck_kitchen_soup", "soup = limbeck_kitchen_soup")
    assert folder.names() == ("broth", "roast", "soup")
    assert folder.module("soup").TASTE == "warm"
    with pytest.raises(SettingsError, match="no dish is called 'pie'"):
        folder.module("pie")


def test_the_group_of_entry_points_may_have_a_name_of_its_own(folder: Table, tmp_path: Path) -> None:
    (tmp_path / "limbeck_kitchen_stew.py").write_text("TASTE = 'slow'\n")
    install(tmp_path, "limbeck.menu", "stew = limbeck_kitchen_stew")
    table = Table("limbeck_dishes", noun="dish", flag="--dish", group="limbeck.menu")
    assert table.names() == ("roast", "soup", "stew")
    assert table.module("stew").TASTE == "slow"
    assert folder.names() == ("roast", "soup")


@pytest.mark.parametrize("name", ["", "so.up", "soup.bowl", "../soup", "__init__"])
def test_what_can_be_no_name_is_refused(folder: Table, name: str) -> None:
    with pytest.raises(SettingsError, match="no dish is called"):
        folder.module(name)


def test_another_package_adds_a_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "limbeck_coin.py").write_text(
        "from limbeck.tasks.classify import Task as Classify\n\n\n"
        "class Task(Classify):\n    name = 'coin'\n\n"
        "    def __init__(self):\n        super().__init__(('heads', 'tails'))\n"
    )
    (tmp_path / "limbeck_coin_loss.py").write_text("def loss(logits, targets):\n    return logits[:, 0] * 0\n")
    install(tmp_path / "site", "limbeck.tasks", "coin = limbeck_coin", "[limbeck.losses]", "coin = limbeck_coin_loss")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    assert TASKS.names() == ("classify", "coin", "regress")
    assert set(LOSSES.names()) > {"classify", "coin", "regress"}
    assert make_task("coin").classes == ("heads", "tails")
    assert get_loss("coin").__module__ == "limbeck_coin_loss"


def test_listing_losses_and_tasks_imports_neither_torch_nor_them() -> None:
    code = (
        "import sys; from limbeck.losses import LOSSES; from limbeck.tasks import TASKS;"
        "print('soft' in LOSSES.names(), TASKS.names());"
        "print(sorted({'torch', 'limbeck.losses.classify', 'limbeck.tasks.classify'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["True ('classify', 'regress')", "[]"]
