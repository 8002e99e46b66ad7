"""What `pip install limbeck` downloads: the wheels of the base install, and limbeck's own with the model in it."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import records

ROOT = Path(__file__).resolve().parents[1]
BAR_MB, BAR_WITH_MODEL_MB = 60.0, 76.0
NEVER = ("torch", "transformers", "pandas", "pyarrow", "scipy")
COMMAND = "python benchmarks/install_size.py"


def wheels(folder: Path) -> dict[str, float]:
    """Name -> MB (10^6 bytes) of each wheel in ``folder``."""
    return {path.name.split("-")[0].lower(): path.stat().st_size / 1e6 for path in sorted(folder.glob("*.whl"))}


def measure() -> tuple[dict[str, float], float]:
    """The wheels of the dependencies, and the MB of our own."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pip = [sys.executable, "-m", "pip", "--quiet"]
    with tempfile.TemporaryDirectory() as home:
        theirs, ours = Path(home) / "theirs", Path(home) / "ours"
        subprocess.run([*pip, "download", "--dest", str(theirs), *project["dependencies"]], check=True)
        subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(ours), str(ROOT)], check=True)
        return wheels(theirs), sum(wheels(ours).values())


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    theirs, ours = measure()
    base = sum(theirs.values())
    unwanted = [name for name in NEVER if name in theirs]
    for name, value, bar, what in (
        ("install-base", base, BAR_MB, "download of the base install without limbeck itself"),
        ("install-with-model", base + ours, BAR_WITH_MODEL_MB, "the same with limbeck and its model"),
    ):
        record = records.Record(
            name=name,
            what=f"{what}; with {', '.join(unwanted) if unwanted else 'no ' + ', '.join(NEVER)}",
            value=value,
            unit="MB",
            bar=f"at most {bar:g} MB",
            met=value <= bar and not unwanted,
            command=COMMAND,
            detail={"wheels": {key: round(size, 2) for key, size in theirs.items()} | {"limbeck": round(ours, 2)}},
        )
        records.write(record)
        print(f"{name}: {value:.1f} MB")


if __name__ == "__main__":
    main()
