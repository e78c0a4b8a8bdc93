"""A body that makes numbers of an image, and a head that makes outputs of them: every net of a recipe has this shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from pipelines.errors import DataInvalid

HEAD = "head"


class Classifier(nn.Module):
    """Images (n, channels, height, width), and features (n, features) where asked for, to outputs (n, outputs) before softmax.

    groups: names of parts from the image to the outputs, `head` last, each with the names of its parameters.
    """

    def __init__(self, body: nn.Module, width: int, outputs: int, features: int = 0, dropout: float = 0.0, groups: Groups | None = None):
        super().__init__()
        self.body = body
        self.features = features
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(width + features, outputs)
        self.groups = _named(groups if groups is not None else groups_of_children(body))
        self.translate: Translate = _as_is

    def forward(self, images: Tensor, features: Tensor | None = None) -> Tensor:
        """Return (n, outputs); raises DataInvalid where features are missing or of another width."""
        got = 0 if features is None else features.shape[1]
        if got != self.features:
            raise DataInvalid(f"the net expects {self.features} features an image beside its pixels, got {got}")
        values = cast(Tensor, self.body(images))
        if features is not None:
            values = torch.cat([values, features.to(values.dtype)], 1)
        return cast(Tensor, self.head(self.drop(values)))


Groups = Mapping[str, Sequence[str]]
Translate = Callable[[dict[str, Tensor], nn.Module], dict[str, Tensor]]
"""(the weights of a file, the body) -> the weights under the net's own names."""


def _as_is(state: dict[str, Tensor], body: nn.Module) -> dict[str, Tensor]:  # noqa: ARG001 - others ask the body
    return state


def groups_of_children(module: nn.Module) -> dict[str, list[str]]:
    """Return the names of the parameters of each child that has any, in the order in which the children were made."""
    groups = {name: [f"{name}.{parameter}" for parameter, _ in child.named_parameters()] for name, child in module.named_children()}
    own = [name for name, _ in module.named_parameters(recurse=False)]
    return {name: names for name, names in ({"own": own} | groups).items() if names}


def _named(groups: Groups) -> dict[str, tuple[str, ...]]:
    """Add the body's prefix, and the head as the last group."""
    bodies = {group: tuple(f"body.{name}" for name in names) for group, names in groups.items()}
    return bodies | {HEAD: ("head.weight", "head.bias")}
