"""The ensemble that is made when a recipe says nothing else. Plain names: the web process may read them."""

from __future__ import annotations

from stackyard.numerics.metrics import BINARY, MULTICLASS, MULTILABEL

# From what cannot overfit to what can learn most. The blend keeps of it what helps, and drops the rest.
DEFAULT_LEVEL2 = ("mean", "geometric_mean", "rank_mean", "ridge", "logistic", "extra_trees", "boosted_trees", "neural_net")
DEFAULT_BLEND = "bagged_greedy"
# What a recipe may name beside these.
FURTHER_LEVEL2 = ("class_weights", "linear", "positive_linear", "power_mean", "best_power_mean", "vote")
_PROBABILITIES = (BINARY, MULTICLASS, MULTILABEL)
# Methods that do not serve every task: some speak of probabilities, a vote of tags.
LEVEL2_TASKS = {
    "geometric_mean": _PROBABILITIES,
    "logistic": _PROBABILITIES,
    "class_weights": _PROBABILITIES,
    "power_mean": _PROBABILITIES,
    "best_power_mean": _PROBABILITIES,
    "vote": (MULTILABEL,),
}

# Methods that may look at the competition's own features beside the predictions; means and weights of models have no place for them.
RESTACKING = ("ridge", "logistic", "extra_trees", "boosted_trees", "neural_net")


def serves(method: str, task: str) -> bool:
    """Say whether a level-2 method fits a task.

    >>> serves("vote", "multilabel"), serves("vote", "binary")
    (True, False)
    """
    return task in LEVEL2_TASKS.get(method, (task,))


def default_level2(task: str) -> tuple[str, ...]:
    """Return the default level-2 methods that serve a task.

    >>> default_level2("regression")
    ('mean', 'rank_mean', 'ridge', 'extra_trees', 'boosted_trees', 'neural_net')
    """
    return tuple(name for name in DEFAULT_LEVEL2 if serves(name, task))
