"""Level-2 methods by name: LEVEL2[name].fit(parts, setup) learns from the rows of some folds and returns a predictor.

A method never holds the fold that will judge it: stacking hands it the other folds' rows, and nothing else.
Importing this module imports scikit-learn and torch, so it stays out of the web process; names and settings are in recipes.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stackyard.errors import RecipeInvalid
from stackyard.numerics import (
    averages,
    boosting,
    class_weights,
    linear,
    logistic,
    neural_net,
    power_means,
    rank_means,
    ridge,
    trees,
    voting,
)
from stackyard.numerics.fold_rows import FoldRows, Predictor, Setup
from stackyard.numerics.metrics import BINARY, MULTICLASS, MULTILABEL, TASKS

ALL_TASKS = frozenset(TASKS)
CLASSIFICATION = frozenset({BINARY, MULTICLASS, MULTILABEL})


@dataclass(frozen=True)
class Level2Method:
    """A way to learn from level-1 predictions."""

    name: str
    fit: Callable[[Sequence[FoldRows], Setup], Predictor]
    tasks: frozenset[str] = ALL_TASKS
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What may be set, with its default. Where the default is whole only whole numbers from 1 may be set, else numbers from 0."""
    limits: Mapping[str, float] = field(default_factory=dict)
    """The largest value of each setting."""

    def check(self, task: str, settings: Mapping[str, Any]) -> None:
        """Raise RecipeInvalid unless the method serves the task and knows these settings, and their values are within limits."""
        if task not in self.tasks:
            raise RecipeInvalid(f"expected a method for a {task} task, got {self.name}, which serves {', '.join(sorted(self.tasks))}")
        for name, value in settings.items():
            if name not in self.settings:
                raise RecipeInvalid(f"expected settings of {self.name} among {sorted(self.settings)}, got {name!r}")
            whole = isinstance(self.settings[name], int)
            least, most = (1 if whole else 0), self.limits[name]
            if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)) or not least <= value <= most:
                raise RecipeInvalid(f"expected a {'whole ' if whole else ''}number from {least} to {most} for {name}, got {value!r}")


def methods_for(task: str) -> list[str]:
    """Return the names of the methods that serve a task, in the registry's order.

    >>> methods_for("regression")
    ['mean', 'rank_mean', 'ridge', 'extra_trees', 'boosted_trees', 'neural_net', 'linear', 'positive_linear']
    """
    return [method.name for method in LEVEL2.values() if task in method.tasks]


LEVEL2: dict[str, Level2Method] = {
    method.name: method
    for method in (
        Level2Method("mean", averages.fit_mean),
        Level2Method("geometric_mean", averages.fit_geometric_mean, CLASSIFICATION),
        Level2Method("rank_mean", rank_means.fit_rank_mean),
        Level2Method("ridge", ridge.fit_ridge),
        Level2Method("logistic", logistic.fit_logistic, CLASSIFICATION),
        Level2Method("extra_trees", trees.fit_extra_trees, settings=trees.DEFAULTS, limits=trees.LIMITS),
        Level2Method("boosted_trees", boosting.fit_boosted_trees, settings=boosting.DEFAULTS, limits=boosting.LIMITS),
        Level2Method("neural_net", neural_net.fit_neural_net, settings=neural_net.DEFAULTS, limits=neural_net.LIMITS),
        Level2Method("class_weights", class_weights.fit_class_weights, CLASSIFICATION),
        Level2Method("linear", linear.fit_linear),
        Level2Method("positive_linear", linear.fit_positive_linear),
        Level2Method("power_mean", power_means.fit_power_mean, CLASSIFICATION, settings=power_means.DEFAULTS, limits=power_means.LIMITS),
        Level2Method("best_power_mean", power_means.fit_best_power_mean, CLASSIFICATION),
        Level2Method("vote", voting.fit_vote, frozenset({MULTILABEL}), settings=voting.DEFAULTS, limits=voting.LIMITS),
    )
}
