"""Trainings of a second or less, for tests: real digits, tiny nets."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch

from pipelines.assembling import Job
from pipelines.data import read_dataset
from pipelines.plan import Plan
from pipelines.progress import nobody
from pipelines.recipe_toml import but, from_json
from pipelines.setting import Saving
from pipelines.stopping import StopRequest
from tests.pipelines.digits import lay_out_digits

TINY = from_json(
    {
        "name": "tiny",
        "net": {"name": "small_conv", "options": {"width": 4, "stages": 2, "depth": 1, "dropout": 0.2}},
        "data": {"channels": 1},
        "phases": [
            {
                "epochs": 2,
                "batch": 16,
                "optimiser": {"name": "sgd", "momentum": 0.9},
                "schedule": {"name": "cosine", "rate": 0.05},
                "augment": {"offset": 0.1},
            }
        ],
    }
)


def make_data(folder: Path, rows: int = 120, test_rows: int = 20, folds: int = 2) -> Path:
    return lay_out_digits(folder / "data", rows=rows, test_rows=test_rows, folds=folds)


def make_job(folder: Path, recipe=TINY, out: str = "run", saving: Saving | None = None, request=None, report=nobody, **plan) -> Job:
    """Return a job on the data that `make_data` laid out in the same folder."""
    data = folder / "data"
    dataset = read_dataset(data, data / "folds.csv", recipe, store=folder / "store", processes=1)
    return Job(
        recipe=recipe,
        dataset=dataset,
        out=folder / out,
        plan=Plan(**{"threads": 1, **plan}),
        report=report,
        request=request or StopRequest(),
        saving=saving or Saving(),
    )


def change(recipe=TINY, **changes):
    """Return the recipe with phase 0 or other dotted names changed; __ stands for a dot."""
    return but(recipe, **{name.replace("__", "."): value for name, value in changes.items()})


@dataclass(frozen=True)
class EveryFew(Saving):
    """Save after every third look: a kill loses up to two steps, and what was lost is done again."""

    looks: list[int] = None

    def wait(self, cost):  # noqa: ARG002
        self.looks.append(1)
        return 0.0 if len(self.looks) % 3 == 0 else float("inf")


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of all weights and predictions below a folder."""
    paths = [path for path in folder.rglob("*") if path.suffix in {".npz", ".safetensors"}]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(paths)}


def equal(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
