"""What each fold's rows are learnt as: the truth, and where a phase wants it a teacher's word or test rows with pseudo-labels.

Who teaches a fold should not have seen it, or its out-of-fold predictions are too good. So pseudo-labels are files by `{fold}`, made by the
nets that had this very fold held out, and so can a teacher's be (`run --train-predictions` writes fold-{fold}/1crop/train.npz). A teacher's
plain out-of-fold predictions are taken too: no row was made by a net that saw its label, but most were by nets that saw the student's fold.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipelines.batches import Lesson, Rows
from pipelines.data import Dataset
from pipelines.errors import FoldsMismatch, PredictionInvalid, RecipeInvalid
from pipelines.losses import BINARY, MULTICLASS, MULTILABEL, REGRESSION
from pipelines.mixing import one_hot
from pipelines.predictions import Form, read_predictions
from pipelines.recipe import Phase, Recipe
from pipelines.record import NAME, read_record

Floats = npt.NDArray[np.float32]
NONE: Rows = np.empty(0, np.int64)
PLACE = "{fold}"


def lessons_of(dataset: Dataset, recipe: Recipe, fold: int, device: torch.device) -> tuple[tuple[Lesson, ...], tuple[Rows, ...]]:
    """Return for each phase its lesson, and the test rows that are sure enough to be learnt from.

    Raises RecipeInvalid for a file that is not named by fold, PredictionInvalid for one that does not fit, FoldsMismatch for one of a run
    on other folds.
    """
    pairs = [_lesson(dataset, recipe, phase, fold, device) for phase in recipe.phases]
    return tuple(lesson for lesson, _ in pairs), tuple(rows for _, rows in pairs)


def truth_targets(dataset: Dataset) -> Tensor:
    """Return the truth as targets: classes int64 (n,), else float32 (n,) or (n, L)."""
    if dataset.task == MULTICLASS:
        return torch.from_numpy(dataset.truth.astype(np.int64))
    return torch.from_numpy(dataset.truth.astype(np.float32))


def features_of(dataset: Dataset, recipe: Recipe, device: torch.device) -> Tensor | None:
    """Return the further numbers of each train row and then each test row, float32, where the net takes them."""
    if not recipe.net.features or dataset.features is None:
        return None
    return torch.from_numpy(np.concatenate([dataset.features.train, dataset.features.test])).to(device)


def _lesson(dataset: Dataset, recipe: Recipe, phase: Phase, fold: int, device: torch.device) -> tuple[Lesson, Rows]:
    targets, taught, sure = truth_targets(dataset), None, NONE
    if phase.teacher:
        taught = torch.from_numpy(_taught(dataset, Path(recipe.folder) / phase.teacher.oof.replace(PLACE, str(fold)), fold))
    if phase.pseudo:
        said = _said_of_tests(dataset, _file_of_fold(recipe, phase.pseudo.predictions, fold))
        sure = np.flatnonzero(confidence(said, dataset.task) >= phase.pseudo.threshold) + len(dataset.train_ids)
        targets = torch.cat([_soft(targets, dataset), torch.from_numpy(said)])
        # on a test row the teacher is the one who gave its label
        taught = None if taught is None else torch.cat([taught, torch.from_numpy(said)])
    lesson = Lesson(targets.to(device), features_of(dataset, recipe, device), None if taught is None else taught.to(device))
    return lesson, sure


def _soft(targets: Tensor, dataset: Dataset) -> Tensor:
    """Return classes as shares; rows of none of a specialist's classes are all nought, and never learnt from."""
    if dataset.task != MULTICLASS:
        return targets
    return one_hot(targets.clamp(min=0), len(dataset.classes)) * (targets >= 0)[:, None]


def _file_of_fold(recipe: Recipe, pattern: str, fold: int) -> Path:
    if PLACE not in pattern:
        raise RecipeInvalid(
            f"expected {PLACE} in pseudo.predictions, such as runs/first/fold-{PLACE}/tta/test.npz, since nets that saw a fold would give "
            f"it away; got {pattern!r}"
        )
    return Path(recipe.folder) / pattern.replace(PLACE, str(fold))


def _taught(dataset: Dataset, path: Path, fold: int) -> Floats:
    """Return what a fold's teacher says of each train row; of the rows that are held out it is not asked, and they are 0."""
    _require_folds(dataset, path)
    rows, _ = dataset.rows(fold)
    said = read_predictions(path)
    ids = tuple(dataset.train_ids[row] for row in rows)
    # of a file of all rows those that the fold learns from are looked at
    checked = Form(dataset.task, ids, dataset.classes).check(ids, said.columns, said.rows(ids))
    taught = np.zeros((len(dataset.train_ids), *checked.values.shape[1:]), np.float32)
    taught[rows] = checked.values
    return taught


def _said_of_tests(dataset: Dataset, path: Path) -> Floats:
    _require_folds(dataset, path)
    if not dataset.test_ids:
        raise PredictionInvalid(f"expected test rows in the data, since {path.name} is to label them, got none")
    said = read_predictions(path)
    return Form(dataset.task, dataset.test_ids, dataset.classes).check(said.ids, said.columns, said.values).values


def _require_folds(dataset: Dataset, path: Path) -> None:
    """Hold the run that a file lies in to these folds, where it has a record; a file that was copied out of one is taken as it is."""
    for folder in path.parents:
        if (folder / NAME).exists():
            digest = (read_record(folder) or {}).get("folds_digest", "")
            if digest != dataset.folds.digest:
                raise FoldsMismatch(f"expected a teacher on the folds {dataset.folds.digest}, got {digest} in {folder}")
            return


def confidence(said: Floats, task: str) -> Floats:
    """Return how sure each row is, 0 to 1: the likeliest class, or the least sure of all labels; a value counts as sure.

    >>> confidence(np.array([[0.75, 0.25], [0.5, 0.5]], np.float32), "multiclass").tolist()
    [0.75, 0.5]
    >>> confidence(np.array([[0.75, 0.0]], np.float32), "multilabel").tolist()
    [0.75]
    """
    return _CONFIDENCE[task](said)


_CONFIDENCE: dict[str, Callable[[Floats], Floats]] = {
    MULTICLASS: lambda said: said.max(1),
    MULTILABEL: lambda said: np.maximum(said, 1 - said).min(1),
    BINARY: lambda said: np.maximum(said, 1 - said),
    REGRESSION: lambda said: 0 * said + 1,
}
"""Task -> how sure a row is."""
