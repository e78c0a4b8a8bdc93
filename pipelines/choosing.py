"""The nets of a finished training that predict, as the recipe chooses them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from pipelines import draws
from pipelines.averaging import Weights, copy_weights, refresh_batch_norm, write_weights
from pipelines.errors import RecipeInvalid
from pipelines.loop import Training
from pipelines.losses import REGRESSION
from pipelines.recipe import Recipe
from pipelines.snapshots import MEMBERS, best, candidates, most_different
from pipelines.standing import snapshots_of

BATCHES_OF_REFRESHING = 50


def check_choice(recipe: Recipe, task: str) -> None:
    """Raise RecipeInvalid where no phase makes what predict.checkpoints asks for, or a phase asks what the task has not."""
    wanted, phases = recipe.predict.checkpoints, recipe.phases
    if wanted == "ema" and not any(phase.ema for phase in phases):
        raise RecipeInvalid('expected a phase with ema above 0, since predict.checkpoints is "ema", got none')
    if wanted == "average" and not any(phase.average == "epochs" for phase in phases):
        raise RecipeInvalid('expected a phase with average = "epochs", since predict.checkpoints is "average", got none')
    if task == REGRESSION and any(phase.smoothing for phase in phases):
        raise RecipeInvalid("expected smoothing with classes or labels only, got it with a regression task")
    judged = any(phase.checkpoints for phase in phases)
    if (wanted in {"best", "best3", "diverse3"} or any(phase.start == "best" for phase in phases[1:])) and not judged:
        raise RecipeInvalid("expected a phase with checkpoints above 0, since the best ones are asked for, got none")


def chosen_nets(training: Training, place: int) -> dict[str, Weights]:
    """Return name -> weights of the nets of one fold that predict."""
    checkpoints = training.setting.recipe.predict.checkpoints
    learner, at = training.learner, training.at
    if checkpoints == "last":
        return {"last": learner.of_fold(learner.weights(), place)}
    if checkpoints == "ema":
        assert at.shadow is not None
        return {"ema": learner.of_fold(at.shadow, place)}
    if checkpoints == "average":
        assert at.mean is not None
        return {"average": _refreshed(training, place, learner.of_fold(at.mean, place))}
    return {name: _on_device(training, training.keeper.read_net(place, name)[0]) for name in _names(training, place)}


def _names(training: Training, place: int) -> tuple[str, ...]:
    """Return the names of the best, or of the three of the last ten that differ most on the rows that are held out."""
    known = snapshots_of(training.at.histories[place])
    checkpoints = training.setting.recipe.predict.checkpoints
    if checkpoints == "diverse3":
        return most_different({name: training.keeper.read_net(place, name)[1].numpy() for name in candidates(known)})
    return best(known, MEMBERS if checkpoints == "best3" else 1)


def _on_device(training: Training, weights: Weights) -> Weights:
    return {name: tensor.to(training.setting.device) for name, tensor in weights.items()}


def _refreshed(training: Training, place: int, weights: Weights) -> Weights:
    """Return averaged weights with batch norm measured anew on batches of the last phase."""
    net = training.learner.net
    target = dict(net.state_dict())
    before = copy_weights(target)
    write_weights(target, weights)
    draws.seed_step(training.setting.kitchen.seed, -2, training.setting.feeds[place].fold)
    refresh_batch_norm(net, _batches(training, place))
    after = copy_weights(target)
    write_weights(target, before)
    return after


def _batches(training: Training, place: int) -> Iterator[tuple[Tensor, ...]]:
    setting, stretch = training.setting, training.laid[-1]
    feed = setting.feeds[place]
    size = min(stretch.phase.batch, len(feed.rows))
    order = draws.order(len(feed.rows), setting.kitchen.seed, "refresh", feed.fold)
    for number in range(min(BATCHES_OF_REFRESHING, max(1, len(order) // size))):
        rows = np.sort(feed.rows[order[number * size : (number + 1) * size]])
        (batch,) = setting.kitchen.batches(stretch.phase, (len(training.laid), number), [feed.lessons[-1]], [rows])
        with torch.no_grad():
            yield (batch.images,) if batch.features is None else (batch.images, batch.features)
