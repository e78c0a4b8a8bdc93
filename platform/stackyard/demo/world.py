"""The demo's competition: the 1,797 scanned digits that ship with scikit-learn, a third of them held back as the test set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.datasets import load_digits

SLUG = "digits"
TEST_ROWS = 597
CLASSES = [f"digit_{value}" for value in range(10)]
SPEC = f"""\
slug = "{SLUG}"
name = "Scanned digits"
task = "multiclass"
metric = "multiclass_log_loss"
id_column = "id"
labels = "train.csv"
label_column = "digit"
sample_submission = "sample_submission.csv"
submissions_per_day = 100

[folds]
count = 5
seed = 0
"""


@dataclass(frozen=True)
class World:
    """Images as rows of 64 grey values; truth as class index. `test_truth` is what a competition's host would keep to itself."""

    train_ids: list[str]
    train_images: npt.NDArray[np.float64]
    test_ids: list[str]
    test_images: npt.NDArray[np.float64]
    train_truth: npt.NDArray[np.int64]
    test_truth: npt.NDArray[np.int64]


def make_world() -> World:
    """Split the digits by a seeded draw; the same every time."""
    digits: Any = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    ids = np.array([f"scan_{row:04d}" for row in range(len(order))], dtype=object)
    test, train = order[:TEST_ROWS], order[TEST_ROWS:]
    return World(ids[train].tolist(), digits.data[train], ids[test].tolist(), digits.data[test], digits.target[train], digits.target[test])


def write_competition(world: World, folder: Path) -> Path:
    """Write label file, sample submission and SPEC.toml, as a team would find them on their disk; return the path of the SPEC."""
    folder.mkdir(parents=True, exist_ok=True)
    pl.DataFrame({"id": world.train_ids, "digit": [CLASSES[value] for value in world.train_truth]}).write_csv(folder / "train.csv")
    sample = {"id": world.test_ids, **{name: [0.1] * len(world.test_ids) for name in CLASSES}}
    pl.DataFrame(sample).write_csv(folder / "sample_submission.csv")
    path = folder / "spec.toml"
    path.write_text(SPEC)
    return path


def score_on_held_back(world: World, submission: Path) -> float:
    """Return the log loss of a submission on the rows that nobody saw, computed by nothing of the server's.

    Raises ValueError unless the file is valid: the sample's columns, every test id in order, rows that sum to 1.
    """
    frame = pl.read_csv(submission, schema_overrides={"id": pl.String})
    values = frame.select(CLASSES).to_numpy()
    if frame.columns != ["id", *CLASSES] or frame["id"].to_list() != world.test_ids:
        raise ValueError(f"{submission} does not have the sample's columns and ids")
    if not np.allclose(values.sum(axis=1), 1, atol=1e-4):
        raise ValueError(f"{submission} has rows that do not sum to 1")
    return float(-np.log(values[np.arange(len(values)), world.test_truth].clip(1e-15)).mean())
