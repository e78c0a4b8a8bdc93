"""Level 2 without looking: a row is only ever predicted by a fit, or blended by weights, that was made on the other folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stackyard.errors import Cancelled, FoldsInvalid, RecipeInvalid, ShapeMismatch
from stackyard.numerics.arrays import Floats, Ints, Numbers
from stackyard.numerics.blending import BLENDS, SEARCHED_BLENDS, STEPS, blend, blend_by_fold, greedy_path, metric_named
from stackyard.numerics.doubt import Doubt
from stackyard.numerics.fold_rows import Predictor, Setup, as_columns, predict_rows, split_by_fold, unlabelled
from stackyard.numerics.greedy import GreedyPath
from stackyard.numerics.level2 import LEVEL2
from stackyard.numerics.metrics import Metric
from stackyard.numerics.nested_weights import NESTED, is_summed
from stackyard.numerics.restacking import Features, fit_restacked
from stackyard.numerics.truth_cells import surrogate_metric

TEST_ROWS = 8192

Progress = Callable[[int, int, str], None]
"""Called with what is done, what there is in all, and a sentence on what comes next."""


def _no_progress(done: int, total: int, sentence: str) -> None:
    del done, total, sentence


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Level2Result:
    """What a level-2 method predicts, in the shape of a level-1 model's predictions, float32."""

    oof: Floats
    """Row i was predicted by the fit on the folds that row i is not in."""
    test: Floats | None
    """The mean of the folds' fits."""


@dataclass(frozen=True)
class NestedBlend:
    """Blend weights, and what they are worth on rows that they were not found on."""

    weights: Floats
    """Found on all rows, shape (models,): for the test rows and the submission."""
    oof: Floats
    """Row i is blended by weights found on the other folds: judge this for the nested score."""
    in_sample: Floats
    """Every row is blended by the weights found on all rows: judge this for the in-sample score, which flatters."""
    weights_by_fold: dict[int, Floats]
    """The weights that blended each fold; how far they differ tells how sure they are."""
    path: GreedyPath | None
    """The order of greedy picks on all rows; None for other blends."""
    judged_by: str
    """The metric that the weights were found by, and the path is told in."""
    doubt: Doubt
    """What every blended row was mixed with; test rows are to be, too."""


def cross_fit(
    method: str,
    oof: Floats,
    test: Floats | None,
    truth: Numbers,
    folds: Ints,
    task: str,
    *,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    threads: int = 1,
    features: Features | None = None,
    progress: Progress = _no_progress,
    should_stop: Callable[[], bool] = _never,
) -> Level2Result:
    """Fit a level-2 method once for each fold, on the other folds, and predict that fold and the test rows.

    method: a name in LEVEL2. oof: (models, n) or (models, n, columns); test: (models, test rows[, columns]) or None; memory-mapped
    arrays are welcome. truth: (n,) or (n, labels). folds: (n,). features: the competition's own, which the method then sees beside the
    predictions (restacking.py). The same arguments give the same bytes.
    Raises RecipeInvalid (method, settings), ShapeMismatch, FoldsInvalid (fewer than two folds), Cancelled (between fits).
    """
    chosen = LEVEL2.get(method)
    if chosen is None:
        raise RecipeInvalid(f"expected a level-2 method among {', '.join(LEVEL2)}, got {method!r}")
    chosen.check(task, settings or {})
    names = fold_numbers(folds, len(truth))
    if test is not None and (test.ndim != oof.ndim or len(test) != len(oof) or test.shape[2:] != oof.shape[2:]):
        raise ShapeMismatch(f"expected test predictions like the out-of-fold ones {oof.shape} but for the rows, got {test.shape}")
    if features is not None:
        features.check(method, len(truth), None if test is None else test.shape[1])
    parts = split_by_fold(oof, truth, folds, task, None if features is None else features.train)
    setup = Setup(task, seed, settings or {}, threads)
    predicted = np.empty(as_columns(oof).shape[1:], np.float32)
    predictors = []
    for done, part in enumerate(parts):
        if should_stop():
            raise Cancelled(f"expected {len(names)} fits of {method}, got the order to stop after {done}")
        progress(done, len(names), f"{method}: fitting on the folds other than {part.fold}")
        others = [other for other in parts if other is not part]
        predictors.append(chosen.fit(others, setup) if features is None else fit_restacked(chosen.fit, others, setup))
        predicted[folds == part.fold] = predict_rows(predictors[-1], part)
    progress(len(names), len(names), f"{method}: done")
    means = None if test is None else _mean_of_fits(predictors, as_columns(test), features).reshape(test.shape[1:])
    return Level2Result(predicted.reshape(oof.shape[1:]), means)


def _mean_of_fits(predictors: Sequence[Predictor], test: Floats, features: Features | None) -> Floats:
    """Return the mean of several fits' predictions for test (models, rows, columns); some thousand rows at a time."""
    means = np.empty(test.shape[1:], np.float32)
    if all(predict is predictors[0] for predict in predictors):  # nothing was learned
        predictors = predictors[:1]
    for start in range(0, test.shape[1], TEST_ROWS):
        own = None if features is None or features.test is None else features.test[start : start + TEST_ROWS]
        rows = unlabelled(np.ascontiguousarray(test[:, start : start + TEST_ROWS]), own)
        total = np.sum([predict_rows(predict, rows).astype(np.float64) for predict in predictors], axis=0)
        means[start : start + TEST_ROWS] = total / len(predictors)
    return means


def nested_blend(
    predictions: Floats,
    truth: Numbers,
    folds: Ints,
    blend_name: str,
    metric: str | Metric,
    *,
    options: Mapping[str, Any] | None = None,
    steps: int = STEPS,
    progress: Progress = _no_progress,
    should_stop: Callable[[], bool] = _never,
) -> NestedBlend:
    """Find blend weights on all rows, and for each fold on the other folds.

    predictions: the candidates' out-of-fold predictions, level 2 and level 1 alike, (models, n) or (models, n, columns).
    blend_name: a name in BLENDS. metric: a name in METRICS or one of them; options are the metric's. steps: of the greedy blend.
    A metric that judges labels is not what weights are found by, since the decision is yet to come: the task's log loss is (a
    regression's squared loss), which makes the probabilities that any decision needs.
    Where weights are searched for a log loss, the blend is mixed with a trace of doubt (numerics.doubt).
    The candidates' own rows are out of fold already. (A level-2 candidate's row in fold j was fitted with fold k's truth in sight;
    weights found on it may know a trace of fold k. Permuted labels show that it is too little to matter: the tests hold this.)
    Raises RecipeInvalid (blend), FoldsInvalid, Cancelled, and what the blend itself raises.
    """
    if blend_name not in BLENDS:
        raise RecipeInvalid(f"expected a blend among {', '.join(BLENDS)}, got {blend_name!r}")
    names = fold_numbers(folds, len(truth))
    judge, judge_options = metric_named(metric), dict(options or {})
    if judge.needs == "labels":
        judge, judge_options = surrogate_metric(judge, predictions, truth), {}
    columns = predictions.shape[2] if predictions.ndim == 3 else 1
    doubt = Doubt.of(judge, len(truth), columns) if blend_name in SEARCHED_BLENDS else Doubt()
    if blend_name == "bagged_greedy" or (blend_name in NESTED and is_summed(judge)):
        if should_stop():
            raise Cancelled("expected blend weights, got the order to stop")
        progress(0, len(names) + 1, f"{blend_name}: weights of all folds")
        found = NESTED[blend_name](predictions, truth, folds, judge, judge_options, steps)
        progress(len(names) + 1, len(names) + 1, f"{blend_name}: done")
        return _mixed(predictions, folds, doubt, judge.name, *found)

    def weights_on(rows: Any) -> tuple[Floats, GreedyPath | None]:
        if should_stop():
            raise Cancelled(f"expected blend weights for {len(names)} folds, got the order to stop")
        if blend_name == "greedy":
            path = greedy_path(predictions[:, rows], truth[rows], judge, steps, **judge_options)
            return path.weights, path
        return BLENDS[blend_name](predictions[:, rows], truth[rows], judge, **judge_options), None

    weights_by_fold: dict[int, Floats] = {}
    for done, fold in enumerate(names):
        progress(done, len(names) + 1, f"{blend_name}: weights for fold {fold} from the others")
        weights_by_fold[fold], _ = weights_on(folds != fold)
    progress(len(names), len(names) + 1, f"{blend_name}: weights from all rows")
    weights, path = weights_on(slice(None))
    progress(len(names) + 1, len(names) + 1, f"{blend_name}: done")
    return _mixed(predictions, folds, doubt, judge.name, weights, weights_by_fold, path)


def _mixed(
    predictions: Floats,
    folds: Ints,
    doubt: Doubt,
    judged_by: str,
    weights: Floats,
    weights_by_fold: dict[int, Floats],
    path: GreedyPath | None,
) -> NestedBlend:
    nested = blend_by_fold(predictions, folds, weights_by_fold)
    in_sample = blend(predictions, weights)
    return NestedBlend(weights, doubt.admit(nested), doubt.admit(in_sample), weights_by_fold, path, judged_by, doubt)


def fold_numbers(folds: Ints, rows: int) -> list[int]:
    """Return the distinct fold numbers in order; raise unless there is one a row and at least two in all.

    >>> fold_numbers(np.array([2, 0, 2]), 3)
    [0, 2]
    """
    if folds.shape != (rows,):
        raise ShapeMismatch(f"expected one fold number for each of {rows} rows, got shape {folds.shape}")
    names = [int(fold) for fold in np.unique(folds)]
    if len(names) < 2:
        raise FoldsInvalid(f"expected at least two folds, got {len(names)}")
    return names
