"""Every net by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path

from torch import nn

from pipelines.errors import RecipeInvalid
from pipelines.nearest import hint
from pipelines.nets.alexnet256 import build_alexnet256
from pipelines.nets.classifier import Classifier
from pipelines.nets.custom import build_custom
from pipelines.nets.cyclic import build_cyclic
from pipelines.nets.resnet import build_resnet
from pipelines.nets.small_conv import build_small_conv
from pipelines.nets.timm_nets import PREFIX, build_timm
from pipelines.nets.weights import State, find_weights, load_weights, read_weights
from pipelines.recipe import Net

Builder = Callable[..., nn.Module]


def build_net(net: Net, outputs: int, channels: int, size: int, features: int = 0, folder: str | Path = "") -> nn.Module:
    """Return the net that a recipe names, on the CPU, with random weights or those of its local file.

    It takes images (n, channels, size, size), and features (n, features) where there are any, and gives (n, outputs) before softmax.
    size: pixels a side, 0 where unknown. folder: the recipe's, where its file of weights may lie.
    Random weights are drawn from torch's own generator: seed it before (`draws.seed_step`).
    Raises RecipeInvalid for an unknown name or option, and names the nearest; WeightsMissing and WeightsMismatch.
    """
    builder = partial(build_custom, net.code) if net.code else find_builder(net.name)
    _check_options(net, builder)
    module = builder(outputs=outputs, channels=channels, size=size, features=features, **net.options)
    if net.weights:
        _load(module, read_weights(find_weights(net.weights, folder)))
    return module


def _load(module: nn.Module, state: State) -> None:
    load_weights(module, module.translate(state, module.body) if isinstance(module, Classifier) else state)


def find_builder(name: str) -> Builder:
    """Return the function that builds a net of this name; raises RecipeInvalid with the nearest names."""
    if name.startswith(PREFIX):
        return partial(build_timm, name.removeprefix(PREFIX))
    if name not in NETS:
        raise RecipeInvalid(f"expected the name of a net, got {name!r}{hint(name, NETS)}")
    return NETS[name]


def _check_options(net: Net, builder: Builder) -> None:
    parameters = inspect.signature(builder).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return
    known = [parameter.name for parameter in parameters if parameter.name not in {"outputs", "channels", "size", "features"}]
    for option in net.options:
        if option not in known:
            raise RecipeInvalid(f"expected options that {net.name or net.code} takes, got {option!r}{hint(option, known)}")


NETS: dict[str, Builder] = {
    "alexnet256": build_alexnet256,
    "cyclic": build_cyclic,
    "resnet": build_resnet,
    "small_conv": build_small_conv,
}
