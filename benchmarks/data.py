"""What is measured on: real labels where they are at hand, else made ones of the same size; predictions are always made, from a seed.

Real predictions of 48 models on the same rows are not public. Made ones share most of their errors, as good models do.
"""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
PLANET_ROWS, PLANET_TEST_ROWS, PLANKTON_ROWS = 40_479, 61_191, 30_336
# Rows with each of Planet's 17 labels, for machines that do not have its label file.
PLANET_COUNTS = (12_315, 339, 862, 332, 98, 28_431, 2_089, 100, 4_547, 3_660, 2_697, 7_261, 37_513, 8_071, 340, 209, 7_411)
SURE, UNCERTAIN, LOW, HIGH = 2, 5, 0.05, 0.5


@dataclass(frozen=True)
class Labels:
    """Truth, and a sentence on where it comes from."""

    truth: Array
    source: str


def planet_labels(rows: int = PLANET_ROWS) -> Labels:
    """Return bool (rows, 17)."""
    path = SHARED / "planet-labels" / "train_labels.csv.gz"
    if not path.exists():
        chances = np.array(PLANET_COUNTS) / PLANET_ROWS
        return Labels(
            np.random.default_rng(0).random((rows, len(chances))) < chances, "made labels, as frequent as Planet's but independent"
        )
    with gzip.open(path, "rt") as file:
        tags = [row["tags"].split() for row in csv.DictReader(file)]
    names = sorted(set().union(*tags))
    return Labels(np.array([[name in row for name in names] for row in tags[:rows]]), "the real labels of Planet")


def plankton_classes(rows: int = PLANKTON_ROWS) -> Labels:
    """Return class indices (rows,), 121 classes of very unlike size."""
    path = SHARED / "plankton-ndsb-train" / "class_counts.csv"
    source = "the real class counts of Plankton"
    if path.exists():
        with path.open() as file:
            counts = np.array([int(row["images"]) for row in csv.DictReader(file)])
    else:
        counts, source = np.geomspace(9, 1_979, 121).round().astype(int), "made class counts, as unlike as Plankton's"
    classes = np.random.default_rng(1).permutation(np.repeat(np.arange(len(counts)), counts))
    return Labels(np.resize(classes, rows), source)


def label_predictions(truth: Array, models: int, seed: int = 2) -> Array:
    """Return float32 (models, rows, labels): probabilities of models of unlike quality with largely common errors."""
    random = np.random.default_rng(seed)
    shares = np.clip(truth.mean(axis=0), 1e-4, 1 - 1e-4)
    common = 1.2 * random.standard_normal(truth.shape, np.float32) + np.log(shares / (1 - shares)).astype(np.float32)
    predictions = np.empty((models, *truth.shape), np.float32)
    for model in predictions:
        signal, noise = random.uniform(2.5, 4.5), random.uniform(0.6, 1.4)
        odds = common + np.float32(signal) * truth - np.float32(1.0) + np.float32(noise) * random.standard_normal(truth.shape, np.float32)
        model[:] = 1.0 / (1.0 + np.exp(-odds))
    return np.clip(predictions, 1e-6, 1 - 1e-6, out=predictions)


def class_predictions(truth: Array, models: int, classes: int = 121, seed: int = 3) -> Array:
    """Return float32 (models, rows, classes), rows that sum to 1."""
    random = np.random.default_rng(seed)
    common = random.standard_normal((len(truth), classes), np.float32)
    predictions = np.empty((models, len(truth), classes), np.float32)
    for model in predictions:
        odds = common + np.float32(random.uniform(0.4, 1.0)) * random.standard_normal(common.shape, np.float32)
        odds[np.arange(len(truth)), truth] += np.float32(random.uniform(2.5, 4.0))
        powers = np.exp(odds - odds.max(axis=1, keepdims=True))
        model[:] = powers / powers.sum(axis=1, keepdims=True)
    return predictions


def uncertain_probabilities(rows: int = PLANET_TEST_ROWS, labels: int = 17, seed: int = 4) -> Array:
    """Return float32 (rows, labels): in every row 2 likely labels, 5 uncertain ones (0.05 to 0.5) and the rest unlikely."""
    random = np.random.default_rng(seed)
    # well below 0.05, which float32 would round up to an uncertain label
    cells = random.beta(0.5, 20.0, (rows, labels)).clip(1e-6, 0.99 * LOW)
    cells[:, :SURE] = random.uniform(0.7, 1.0, (rows, SURE))
    cells[:, SURE : SURE + UNCERTAIN] = random.uniform(1.01 * LOW, 0.99 * HIGH, (rows, UNCERTAIN))
    return random.permuted(cells, axis=1).astype(np.float32)
