"""A member's own net, by name: `members.kostia.nets:build` is the function `build` of a module in the member's folder."""

from __future__ import annotations

from typing import Any

from torch import nn

from pipelines.errors import CodeInvalid
from pipelines.member_code import find_code
from pipelines.nets.classifier import Classifier


def build_custom(code: str, *, outputs: int, channels: int, size: int, features: int = 0, **options: Any) -> nn.Module:
    """Return what a member's function builds; it is called with outputs, channels, size and the recipe's options.

    A module with an attribute `num_features` is a body: images to (n, num_features), and gets a head (so also features and groups).
    Any other is the whole net: images to (n, outputs). Raises CodeInvalid for another result, or a whole net where features are asked for.
    """
    try:
        built = find_code(code)(outputs=outputs, channels=channels, size=size, **options)
    except TypeError as error:
        raise CodeInvalid(
            f"expected {code} to take outputs, channels, size and {', '.join(options) or 'no options'}, got: {error}"
        ) from error
    if not isinstance(built, nn.Module):
        raise CodeInvalid(f"expected {code} to return a torch module, got {type(built).__name__}")
    width = getattr(built, "num_features", None)
    if isinstance(width, int):
        return Classifier(built, width, outputs, features)
    if features and not isinstance(built, Classifier):
        raise CodeInvalid(
            f"expected {code} to return a body with num_features, which {features} features can be put beside, got a whole net"
        )
    return built
