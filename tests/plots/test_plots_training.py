"""Pictures of a training: read back as files, with what was logged in them."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from limbeck.errors import ArtefactError, MissingExtra, SettingsError
from limbeck.plots import check, write
from limbeck.plots.training import PANELS, Log, draw

pytest.importorskip("matplotlib")

MAGIC = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


def entries(n_epochs: int = 3, valid: bool = True) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for epoch in range(n_epochs):
        for step in range(4):
            update = 4 * epoch + step + 1
            entry = {"update": update, "epoch": epoch + 1, "loss": 1 / update, "lr": 1e-4 * update, "momentum": 0.9}
            made.append({**entry, "norm": 1.0, "texts": 2})
        losses = {"valid": {"loss": 0.5 - 0.1 * (epoch == 1), "accuracy": 0.5}} if valid else {}
        made.append({"epoch": epoch + 1, "update": 4 * epoch + 4, "train_loss": 0.3, **losses})
    return made


def lines_of(panel: Any) -> dict[str, tuple[list[float], list[float]]]:
    return {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in panel.get_lines()}


def test_the_panels_hold_what_was_logged() -> None:
    figure = draw(Log.of(entries()))
    loss, rate, momentum = figure.axes
    drawn = lines_of(loss)
    assert drawn["training, each update"] == (list(range(1, 13)), [1 / n for n in range(1, 13)])
    assert drawn["validation"] == ([4, 8, 12], [0.5, 0.4, 0.5])
    assert drawn["best, 0.4000"] == ([8], [0.4])
    assert next(iter(lines_of(rate).values()))[1] == pytest.approx([1e-4 * n for n in range(1, 13)])
    assert next(iter(lines_of(momentum).values()))[1] == [0.9] * 12
    assert momentum.get_xlabel() == "update (dotted: an epoch ends)"


def test_parts_of_the_loss_and_validations_within_an_epoch() -> None:
    log = entries(1)
    for entry in log[:4]:
        entry["parts"] = {"soft": 0.75 * entry["loss"], "mlm": 0.25 * entry["loss"]}
    log.insert(2, {"epoch": 1, "update": 2, "valid": {"loss": 0.7}})
    loss, parts, *_ = draw(Log.of(log)).axes
    assert lines_of(loss)["validation"] == ([2, 4], [0.7, 0.5])
    drawn = lines_of(parts)
    assert list(drawn) == ["soft", "mlm"]
    assert drawn["soft"][1] == pytest.approx([3 * value for value in drawn["mlm"][1]])
    with pytest.raises(SettingsError, match="the loss has no parts: it is of one kind"):
        draw(Log.of(entries()), ["parts"])


def test_the_perplexity_of_a_pre_training_is_drawn() -> None:
    log = entries(2)
    for entry in log:
        if "valid" in entry:
            entry["valid"]["perplexity"] = 1000.0 / entry["update"]
    *_, perplexity, _, _ = draw(Log.of(log)).axes
    assert next(iter(lines_of(perplexity).values())) == ([4, 8], [250.0, 125.0])
    assert perplexity.get_ylabel() == "perplexity"
    with pytest.raises(SettingsError, match="the log has no perplexity, which pre-training alone measures; leave"):
        draw(Log.of(entries()), ["perplexity"])


def test_a_layer_fitted_in_one_go_after_epochs_is_no_point_of_the_course() -> None:
    fitted = {"fit": {"name": "logistic regression"}, "valid": {"loss": 0.1}}
    assert Log.of([*entries(), fitted]) == Log.of(entries())


def test_a_student_that_loses_nothing_can_be_drawn() -> None:
    nothing = [{**entry, "loss": 0.0, "parts": {"soft": 0.0}} for entry in entries(1, valid=False)]
    figure = draw(Log.of(nothing), ["loss", "parts"])
    figure.canvas.draw()
    assert figure.axes[0].get_ylim() == (0.0, 1.0)


def test_without_validation_rows_or_with_one_epoch_there_is_less() -> None:
    figure = draw(Log.of(entries(1, valid=False)), ["loss"])
    (loss,) = figure.axes
    assert "validation" not in lines_of(loss)
    assert loss.get_xlabel() == "update"


@pytest.mark.parametrize("ending", MAGIC)
def test_it_is_written_whole(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"training{ending}"
    path.write_bytes(b"old")
    assert write(draw(Log.of(entries())), path) == path
    content = path.read_bytes()
    assert content.startswith(MAGIC[ending]) and len(content) > 3000
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_a_failure_leaves_the_old_picture(tmp_path: Path) -> None:
    class Broken:
        def savefig(self, file: io.BytesIO, dpi: int, format: str) -> None:
            file.write(b"half")
            raise OSError("no space")

    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="no space"):
        write(Broken(), path)  # type: ignore[arg-type]
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"'lr.jpg' is no picture; give a name that ends in .png, .svg, .pdf"):
        check("lr.jpg")
    with pytest.raises(SettingsError, match="stands in a folder that does not exist"):
        check(tmp_path / "none" / "a.png")
    (tmp_path / "b.png").mkdir()
    with pytest.raises(SettingsError, match="is a folder"):
        check(tmp_path / "b.png")
    assert check(str(tmp_path / "c.PNG")) == tmp_path / "c.PNG"


def test_without_matplotlib_the_install_line_is_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for act in (lambda: check(tmp_path / "a.png"), lambda: draw(Log.of(entries()))):
        with pytest.raises(MissingExtra, match=r"pip install 'limbeck\[plots\]'"):
            act()


def test_unknown_panels_are_named() -> None:
    with pytest.raises(SettingsError) as caught:
        draw(Log.of(entries()), ["los"])
    assert str(caught.value) == "'los' is not drawn; it takes 'loss' (nearest), 'lr', 'momentum', 'parts', 'perplexity'"


def test_a_log_of_an_older_version_has_no_momentum() -> None:
    old = [{key: value for key, value in entry.items() if key != "momentum"} for entry in entries()]
    log = Log.of(old)
    assert log.columns["momentum"] == ()
    assert log.panels == ("loss", "lr")
    with pytest.raises(SettingsError, match="the log has no momentum"):
        draw(log, ["loss", "momentum"])
    assert len(draw(log, ["loss", "lr"]).axes) == 2


def test_a_saved_log_is_read_and_a_damaged_one_named(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries()))
    assert Log.read(tmp_path) == Log.of(entries())
    update = '{"update": 1, "loss": 1, "epoch": 1}\n'
    for content in (
        *("not json\n", '{"update": "x", "loss": 1, "epoch": 1}\n', "[1, 2]\n"),
        update + '{"train_loss": 1, "epoch": 1}\n',
        update + '{"update": 1, "valid": {"accuracy": 1}}\n',
    ):
        path.write_text(content)
        with pytest.raises((ArtefactError, SettingsError)):
            Log.read(tmp_path)
    with pytest.raises(ArtefactError, match="cannot be read"):
        Log.read(tmp_path / "nowhere")
    path.write_text('{"fit": {"name": "logistic regression"}}\n')
    with pytest.raises(SettingsError, match="there are no updates to draw"):
        Log.read(tmp_path)


def test_every_panel_has_a_height() -> None:
    assert all(height > 1 for height in PANELS.values())
