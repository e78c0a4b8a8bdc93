"""Which level-2 fits a recipe asks for. Light."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Fit:
    """A level-2 method with its settings, which yields one prediction."""

    key: str
    """What it is called within the ensemble; the prediction is "<ensemble>/<key>"."""
    method: str
    settings: Mapping[str, Any]
    is_restacked: bool = False
    """Whether the method sees the competition's own features beside the predictions."""


def fits_of(recipe: Mapping[str, Any]) -> list[Fit]:
    """Return the fits of a frozen recipe, in its order; a method whose settings are a list is fitted with each of them.

    >>> [fit.key for fit in fits_of({"level2": ["mean", "ridge"], "settings": {}})]
    ['mean', 'ridge']
    >>> [fit.key for fit in fits_of({"level2": ["extra_trees"], "settings": {"extra_trees": [{"trees": 9}, {"trees": 99}]}})]
    ['extra_trees-1', 'extra_trees-2']
    >>> [fit.key for fit in fits_of({"level2": ["ridge"], "restack": ["ridge"], "settings": {}})]
    ['ridge', 'restacked_ridge']
    """
    settings: Mapping[str, Any] = recipe["settings"]
    plain = [fit for method in recipe["level2"] for fit in _fits_of_method(method, method, settings.get(method, {}))]
    restacked = [
        replace(fit, is_restacked=True)
        for method in recipe.get("restack", ())
        for fit in _fits_of_method(f"restacked_{method}", method, settings.get(method, {}))
    ]
    return [*plain, *restacked]


def _fits_of_method(key: str, method: str, given: Mapping[str, Any] | list[Mapping[str, Any]]) -> list[Fit]:
    if isinstance(given, list):
        return [Fit(f"{key}-{place}", method, table) for place, table in enumerate(given, start=1)]
    return [Fit(key, method, given)]
