"""The ensemble that is made when a recipe says nothing else. Plain names: the web process may read them."""

from __future__ import annotations

from stackyard.numerics.metrics import REGRESSION

# From what cannot overfit to what can learn most. The blend keeps of it what helps, and drops the rest.
DEFAULT_LEVEL2 = ("mean", "geometric_mean", "rank_mean", "ridge", "logistic", "extra_trees", "neural_net")
DEFAULT_BLEND = "bagged_greedy"
# A geometric mean and logistic regression speak of probabilities.
NOT_FOR_REGRESSION = frozenset({"geometric_mean", "logistic"})


def default_level2(task: str) -> tuple[str, ...]:
    """Return the default level-2 methods that serve a task.

    >>> default_level2("regression")
    ('mean', 'rank_mean', 'ridge', 'extra_trees', 'neural_net')
    """
    return tuple(name for name in DEFAULT_LEVEL2 if task != REGRESSION or name not in NOT_FOR_REGRESSION)
