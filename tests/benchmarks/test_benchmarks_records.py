"""Records: pieces of several machines make one figure only where it is asked for, and all machines are named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.plain_modules import plain_modules

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    with plain_modules(FOLDER, ("records", "table")) as found:
        monkeypatch.setattr(found["records"], "RESULTS", tmp_path)
        yield found


def stamp(flags: list[str], date: str = "2026-11-28") -> dict[str, Any]:
    machine = {"cpu": "x", "flags": flags, "cores": 2, "memory_gb": 24.0}
    return {"commit": "abc", "machine": machine, "date": date, "versions": {}}


def record(records: Any) -> Any:
    return records.Record(name="a-b", what="it", value=1.5, unit="%", bar="1 %", met=True, command="python it.py")


def test_one_machine_is_named_once(modules: Any) -> None:
    path = modules["records"].write(record(modules["records"]), [stamp(["avx2"]), stamp(["avx2"])])
    whole = json.loads(path.read_text())
    assert whole["machine"]["flags"] == ["avx2"]
    assert "other_machines" not in whole
    assert "| x, 2 cores, 24 GB, avx2 |" in modules["table"].render([whole])


def test_a_figure_of_two_machines_names_both(modules: Any) -> None:
    records = modules["records"]
    stamps = [stamp(["avx2"]), stamp(["avx512f"], "2026-11-29"), stamp(["avx2"])]
    whole = json.loads(records.write(record(records), stamps, several_machines=True).read_text())
    assert [one["flags"] for one in whole["other_machines"]] == [["avx512f"]]
    assert whole["date"] == "2026-11-29"
    assert "| x, 2 cores, 24 GB, avx2; x, 2 cores, 24 GB, avx512f |" in modules["table"].render([whole])


def test_a_figure_of_two_machines_is_refused_otherwise(modules: Any, tmp_path: Path) -> None:
    records = modules["records"]
    with pytest.raises(ValueError, match="a-b: its pieces come from 2 machines; delete those of all but one"):
        records.write(record(records), [stamp(["avx2"]), stamp(["avx512f"])])
    assert not list(tmp_path.glob("*.json"))
