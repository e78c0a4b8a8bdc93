"""run.json: what a run was made of, on what, and how it went; also what keeps a folder from being taken for another run's."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from pipelines.checkpoints import write_file
from pipelines.data import Dataset
from pipelines.errors import RunMismatch
from pipelines.member_code import code_digest
from pipelines.nets.weights import find_weights, weights_digest
from pipelines.plan import Plan
from pipelines.recipe import Recipe
from pipelines.recipe_toml import as_json, recipe_digest

NAME = "run.json"
PACKAGES = ("torch", "timm", "numpy", "pillow", "safetensors")
IDENTICAL, SAME_DRAWS = "identical", "same data, same draws"
SAME_RUN = ("recipe_digest", "data_digest", "folds_digest", "code_digests", "weights_digest")
SAME_BITS = ("machine", "versions", "plan")
OF_A_FOLD = (*SAME_BITS, "starts", "resume", "seconds")

Record = dict[str, Any]


def make_record(recipe: Recipe, dataset: Dataset, plan: Plan) -> Record:
    """Return what a run is made of."""
    codes = [code for code in (recipe.net.code, *(phase.augment.code for phase in recipe.phases)) if code]
    return {
        "recipe": as_json(recipe),
        "recipe_digest": recipe_digest(recipe),
        "task": dataset.task,
        "data_digest": dataset.digest,
        "folds_digest": dataset.folds.digest,
        "code_digests": {code: code_digest(code) for code in codes},
        "weights_digest": weights_digest(find_weights(recipe.net.weights, recipe.folder)) if recipe.net.weights else "",
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES},
        "machine": machine(plan.device),
        "plan": plan.as_json(),
        "starts": 1,
        "resume": IDENTICAL,
        "seconds": 0.0,
    }


def machine(device: str) -> dict[str, str]:
    """Return what the last bits of a result may depend on."""
    found = {"system": sys.platform, "processor": _processor(), "kernels": torch.backends.cpu.get_cpu_capability()}
    if device.startswith("cuda") and torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name(torch.device(device))
    return found


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def read_record(folder: Path) -> Record | None:
    """Return a folder's record, None where it has none; raise RunMismatch where the file is something else."""
    path = folder / NAME
    if not path.exists():
        return None
    try:
        record: Record = json.loads(path.read_text())
    except ValueError as error:
        raise RunMismatch(f"expected the record of a run in {path}, got: {error}") from error
    return record


def begin(folder: Path, record: Record) -> Record:
    """Write the record of a fold that begins, or return that of the one that goes on in this folder, with one more start.

    Raises RunMismatch where the folder holds a run of another recipe, data, folds or code.
    On another machine, with other versions or another plan it goes on, and says from then on that only data and draws are the same.
    """
    before = read_record(folder)
    if before is not None:
        require_same(folder, before, record)
        same = all(before[key] == record[key] for key in SAME_BITS)
        changed = {key: record[key] for key in SAME_BITS}
        record = before | changed | {"starts": before["starts"] + 1, "resume": before["resume"] if same else SAME_DRAWS}
    write(folder, record)
    return record


def require_same(folder: Path, before: Record, record: Record) -> None:
    """Raise RunMismatch where a folder's record is of another recipe, data, folds or code."""
    odd = [key for key in SAME_RUN if before.get(key) != record[key]]
    if odd:
        raise RunMismatch(f"expected {folder} to be empty or hold a run of the same {', '.join(odd)}, got another: choose another folder")


def gather(out: Path, record: Record, folders: Mapping[int, Path], scores: Mapping[str, Any]) -> Record:
    """Return and write the record of the whole run: what all folds share, and below `folds` what is each one's own."""
    found = {fold: read_record(folder) for fold, folder in folders.items()}
    own = {str(fold): {key: one[key] for key in OF_A_FOLD} for fold, one in found.items() if one is not None}
    shared = {key: value for key, value in record.items() if key not in OF_A_FOLD}
    resumes = {one["resume"] for one in own.values()}
    whole = shared | {"resume": SAME_DRAWS if SAME_DRAWS in resumes else IDENTICAL, "folds": own, "scores": dict(scores)}
    write(out, whole)
    return whole


def write(folder: Path, record: Mapping[str, Any]) -> None:
    """Write the record as a whole."""
    write_file(folder / NAME, (json.dumps(dict(record), indent=1, ensure_ascii=False) + "\n").encode())
