"""Small worlds that are hard on a kernel: ties, constant columns, certainty, a fold without positives, next to no rows."""

from dataclasses import replace

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from tests.numerics.second_level import SmallWorld, make_small_world

MODELS = ("honest", "copy", "constant", "certain", "coarse")
"""What a model of a hard world may be; the first is always honest."""
# A property that runs many kernels tries a sixth of the profile's examples.
some = settings(max_examples=max(2, settings().max_examples // 6))
seeds = st.integers(0, 10_000)


@st.composite
def hard_worlds(draw, task: str, rows: int = 24) -> SmallWorld:
    """Draw a world of four models of these kinds, perhaps with a fold in which no row is positive (of a class, or of any label)."""
    world = make_small_world(task, seed=draw(seeds), rows=rows, columns=2 if task == "multilabel" else 3)
    kinds = ("honest", *draw(st.lists(st.sampled_from(MODELS), min_size=3, max_size=3)))
    oof, test = (np.stack([_changed(part, place, kind, task) for place, kind in enumerate(kinds)]) for part in (world.oof, world.test))
    made = replace(world, oof=oof, test=test)
    return without_positives(made, task) if draw(st.booleans()) else made


def _changed(models: np.ndarray, place: int, kind: str, task: str) -> np.ndarray:
    model = models[0] if kind == "copy" else models[place]
    if kind == "constant":
        return np.full_like(model, 1 / 3)
    if kind == "certain":
        sure = model == model.max(axis=-1, keepdims=True) if task == "multiclass" else model > np.median(model)
        return sure.astype(np.float32)
    if kind == "coarse":
        steps = np.round(model * 4) if task != "multiclass" else np.round(model * 4) + 1
        return (steps / steps.sum(axis=-1, keepdims=True) if task == "multiclass" else steps / 4).astype(np.float32)
    return model


def without_positives(world: SmallWorld, task: str) -> SmallWorld:
    """Return the world with no positive row in fold 0; of classes, the last does not occur there."""
    truth, inside = world.truth.copy(), world.folds == 0
    truth[inside] = np.where(truth[inside] == 2, 0, truth[inside]) if task == "multiclass" else 0
    return replace(world, truth=truth)


def moved(world: SmallWorld, seed: int) -> tuple[SmallWorld, np.ndarray, np.ndarray]:
    """Return the world with rows and models in another order, and these orders."""
    random = np.random.default_rng(seed)
    rows, models = random.permutation(len(world.truth)), random.permutation(len(world.oof))
    return SmallWorld(world.oof[models][:, rows], world.test[models], world.truth[rows], world.folds[rows]), rows, models
