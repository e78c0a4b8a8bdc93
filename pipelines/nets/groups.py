"""Which parameters a phase trains: the head, groups of layers from the last to the first, or all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import nn

from pipelines.errors import RecipeInvalid
from pipelines.nearest import hint
from pipelines.nets.classifier import HEAD, groups_of_children

Trains = str | tuple[str, ...]


def group_names(module: nn.Module) -> dict[str, tuple[str, ...]]:
    """Return the parameter names of each group, from the image to the outputs; the last is the `head`.

    A net that says nothing of groups (a member's own) has one for each of its children, and the last of them is its head.
    """
    groups: dict[str, tuple[str, ...]] | None = getattr(module, "groups", None)
    if isinstance(groups, dict):
        return groups
    children = {name: tuple(names) for name, names in groups_of_children(module).items()}
    *others, last = children
    return {name: children[name] for name in others} | {HEAD: children[last]}


def trained_names(module: nn.Module, trains: Trains) -> set[str]:
    """Return the names of the parameters that a phase trains: `all`, one group's name, or several.

    Raises RecipeInvalid for a group the net does not have; it names those it has.
    """
    groups = group_names(module)
    wanted = (trains,) if isinstance(trains, str) else tuple(trains)
    if wanted == ("all",):
        return {name for name, _ in module.named_parameters()}
    for name in wanted:
        if name not in groups:
            raise RecipeInvalid(f"expected trains to name all, or groups of the net, got {name!r}{hint(name, groups)}")
    return {parameter for name in wanted for parameter in groups[name]}


def parameter_groups(module: nn.Module, trains: Trains, decay: float, decay_bias_and_norm: bool) -> list[dict[str, Any]]:
    """Return what an optimiser takes: the trained parameters, with decay and (biases and those of norm layers) without.

    Bias and norm are the parameters of fewer than two dimensions; `decay_bias_and_norm` gives decay to them as well.
    Nothing is marked here: `train_only` says which parameters get a gradient. Raises RecipeInvalid as `trained_names` does.
    Source: He et al. (2019), Bag of Tricks for Image Classification, section 3.1.
    """
    names = trained_names(module, trains)
    trained = [parameter for name, parameter in module.named_parameters() if name in names]
    decayed = [parameter for parameter in trained if decay_bias_and_norm or parameter.ndim > 1]
    bare = [parameter for parameter in trained if not decay_bias_and_norm and parameter.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": decay}, {"params": bare, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]


def frozen_parts(module: nn.Module, trains: Trains) -> list[nn.Module]:
    """Return the largest parts in which nothing is trained: they stay in eval mode, so that batch norm keeps its mean and variance."""
    return list(_frozen_within(module, "", trained_names(module, trains)))


def train_only(module: nn.Module, trains: Trains) -> None:
    """Put the net in training mode for a phase: only what is trained gets a gradient, and frozen parts are in eval mode."""
    names = trained_names(module, trains)
    module.train()
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(name in names)
    for part in frozen_parts(module, trains):
        part.eval()


def _frozen_within(module: nn.Module, prefix: str, trained: set[str]) -> Iterator[nn.Module]:
    for name, child in module.named_children():
        path = f"{prefix}{name}"
        owned = [f"{path}.{parameter}" for parameter, _ in child.named_parameters()]
        if owned and not trained.intersection(owned):
            yield child
        else:
            yield from _frozen_within(child, f"{path}.", trained)
