"""Optimisers by name. Decay comes with the parameter groups, so that bias and norm can go without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from pipelines.errors import RecipeInvalid
from pipelines.nearest import hint
from pipelines.recipe import Optimiser

Groups = Sequence[dict[str, Any]]


def make_optimiser(spec: Optimiser, groups: Groups, rate: float) -> torch.optim.Optimizer:
    """Return the optimiser a recipe names, over the groups of `pipelines.nets.groups.parameter_groups`.

    rate: the learning rate to begin with; a schedule sets `group["lr"]` before each step.
    Decay is added to the gradient (L2), except in `adamw`, which shrinks the weights (Loshchilov & Hutter 2019).
    Raises RecipeInvalid for an unknown name, or for Nesterov without momentum.
    """
    if spec.name not in OPTIMISERS:
        raise RecipeInvalid(f"expected the name of an optimiser, got {spec.name!r}{hint(spec.name, OPTIMISERS)}")
    return OPTIMISERS[spec.name](spec, list(groups), rate)


def can_fuse(groups: Groups) -> bool:
    """Tell whether one kernel can update all parameters: on a small net it takes a fifth of the time of one operation after the other."""
    return all(parameter.device.type in {"cpu", "cuda"} for group in groups for parameter in group["params"])


def sgd(spec: Optimiser, groups: Groups, rate: float) -> torch.optim.Optimizer:
    """Make SGD with `momentum`, Nesterov's where asked."""
    if spec.nesterov and spec.momentum <= 0:
        raise RecipeInvalid(f"nesterov needs a momentum above 0, got {spec.momentum}")
    return torch.optim.SGD(groups, lr=rate, momentum=spec.momentum, nesterov=spec.nesterov, fused=can_fuse(groups))


def rmsprop(spec: Optimiser, groups: Groups, rate: float) -> torch.optim.Optimizer:
    """Make RMSProp; it smooths the squares by betas[1] and takes `momentum` as it stands in the recipe."""
    return torch.optim.RMSprop(groups, lr=rate, alpha=spec.betas[1], momentum=spec.momentum)


def adam(spec: Optimiser, groups: Groups, rate: float) -> torch.optim.Optimizer:
    """Make Adam."""
    return torch.optim.Adam(groups, lr=rate, betas=spec.betas, fused=can_fuse(groups))


def adamw(spec: Optimiser, groups: Groups, rate: float) -> torch.optim.Optimizer:
    """Make Adam with decoupled decay."""
    return torch.optim.AdamW(groups, lr=rate, betas=spec.betas, fused=can_fuse(groups))


def nadam(spec: Optimiser, groups: Groups, rate: float) -> torch.optim.Optimizer:
    """Make Adam with Nesterov's momentum (Dozat 2016)."""
    return torch.optim.NAdam(groups, lr=rate, betas=spec.betas)


OPTIMISERS: dict[str, Callable[[Optimiser, Groups, float], torch.optim.Optimizer]] = {
    "sgd": sgd,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adamw,
    "nadam": nadam,
}
