"""Which level-2 fits a recipe asks for. Light."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fit:
    """A level-2 method with its settings, which yields one prediction."""

    key: str
    """What it is called within the ensemble; the prediction is "<ensemble>/<key>"."""
    method: str
    settings: Mapping[str, Any]


def fits_of(recipe: Mapping[str, Any]) -> list[Fit]:
    """Return the fits of a frozen recipe, in its order.

    >>> [fit.key for fit in fits_of({"level2": ["mean", "ridge"], "settings": {}})]
    ['mean', 'ridge']
    """
    return [Fit(method, method, recipe["settings"].get(method, {})) for method in recipe["level2"]]
