"""Parts and copies of predictions put together: folds side by side, and nets, views, seeds or checkpoints averaged. Needs no net."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipelines.data_spec import MULTICLASS, REGRESSION
from pipelines.errors import PredictionInvalid
from pipelines.folds import Folds
from pipelines.predictions import Form, Predictions, read_predictions, write_predictions
from pipelines.recipe import MEANS
from pipelines.tables import shown

Floats = npt.NDArray[np.float32]
# A float32 just below 1 is 1 - 6e-8: what is closer to 0 than that is taken for it, so that no net alone rules a class out for all.
LEAST_PROBABILITY = 1e-7


def join_folds(parts: Mapping[int, Predictions], folds: Folds, train_ids: Sequence[str]) -> Predictions:
    """Return out-of-fold predictions of all train ids, in their order, from one part a fold.

    Raises PredictionInvalid: a fold is missing, a part holds other ids than its fold's, or parts have different columns.
    """
    missing = [fold for fold in range(folds.count) if fold not in parts]
    if missing:
        raise PredictionInvalid(f"expected a part for each of {folds.count} folds, got none for {', '.join(map(str, missing))}")
    first = parts[0]
    values = np.empty((len(train_ids), *first.values.shape[1:]), np.float32)
    for fold in range(folds.count):
        part, rows = parts[fold], folds.inside(fold)
        ids = [train_ids[row] for row in rows]
        odd = sorted(set(part.ids) ^ set(ids))
        if odd or len(part.ids) != len(ids) or part.columns != first.columns:
            said = shown(odd) if odd else f"{len(part.ids)} rows of {shown(part.columns)}"
            raise PredictionInvalid(f"expected exactly the {len(ids)} ids of fold {fold}, {len(first.columns)} columns, got: {said}")
        values[rows] = part.rows(ids)
    return Predictions(tuple(train_ids), first.columns, values)


def average(predictions: Sequence[Predictions], task: str, mean: str = "geometric") -> Predictions:
    """Return the mean of predictions of the same ids and columns, whatever the order of their rows, in the first one's.

    Raises PredictionInvalid where ids or columns differ, or there is nothing to average.
    """
    if not predictions:
        raise PredictionInvalid("expected predictions to average, got none")
    first = predictions[0]
    for one in predictions:
        odd = sorted(set(one.ids) ^ set(first.ids)) or sorted(set(one.columns) ^ set(first.columns))
        if odd or one.columns != first.columns or one.values.shape != first.values.shape:
            raise PredictionInvalid(
                f"expected the same {len(first.ids)} ids and columns in all, got differences: {shown(odd or one.columns)}"
            )
    return Predictions(first.ids, first.columns, mean_of(np.stack([one.rows(first.ids) for one in predictions]), task, mean))


def average_files(paths: Sequence[Path], out: Path, task: str, mean: str = "geometric") -> None:
    """Write the mean of files, such as those that a training's nets have left, judged by the contract; raise PredictionInvalid."""
    whole = average([read_predictions(path) for path in paths], task, mean)
    write_predictions(out, whole, Form(task, whole.ids, whole.columns))


def mean_of(values: npt.NDArray[np.floating], task: str, mean: str = "geometric") -> Floats:
    """Return the mean over the first axis, computed in float64, float32 (n, C) or (n,).

    values: (copies, n, C) or (copies, n): probabilities, or values for regression, whose mean is arithmetic in any case.
    A geometric mean is renormalised: over the classes if multiclass, else over "yes" and "no".
    Source: Genest and Zidek (1986), Combining Probability Distributions: the logarithmic pool.

    >>> mean_of(np.array([[[0.8, 0.2]], [[0.5, 0.5]]]), "multiclass").astype(float).round(3).tolist()
    [[0.667, 0.333]]
    """
    if mean not in MEANS:
        raise PredictionInvalid(f"expected a mean among {', '.join(MEANS)}, got {mean!r}")
    if mean == "arithmetic" or task == REGRESSION:
        return np.asarray(values.mean(axis=0, dtype=np.float64), np.float32)
    likely = _geometric(values)
    total = likely.sum(axis=-1, keepdims=True) if task == MULTICLASS else likely + _geometric(1 - values.astype(np.float64))
    return np.asarray(likely / total, np.float32)


def _geometric(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    logs = np.log(np.maximum(values.astype(np.float64), LEAST_PROBABILITY))
    return np.asarray(np.exp(logs.mean(axis=0)))
