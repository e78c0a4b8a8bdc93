"""python -m benchmarks.peers NAME FOLDER: read the arrays of a folder, time the peer on them, and write what came of it there."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np


def main(name: str, folder: Path) -> None:
    """Measure one peer; a package that is not installed is reported as missing."""
    arrays = {path.stem: np.load(path, mmap_mode="r") for path in folder.glob("*.npy")}
    settings = json.loads((folder / "settings.json").read_text())
    try:
        peer = importlib.import_module(f"benchmarks.peers.{name}")
    except ModuleNotFoundError as error:
        (folder / "report.json").write_text(json.dumps({"missing": error.name}))
        return
    measured = peer.measure(arrays, settings)
    (folder / "results").mkdir()
    for key, values in measured.results.items():
        np.save(folder / "results" / f"{key}.npy", values)
    report = {key: value for key, value in asdict(measured).items() if key != "results"}
    (folder / "report.json").write_text(json.dumps({"name": peer.NAME, **report}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
