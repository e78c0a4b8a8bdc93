"""Values of a recipe, brought into one form and held to their types and bounds when they are made."""

from __future__ import annotations

import json
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import Field, fields
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from pipelines.errors import RecipeInvalid

Rule = dict[str, Any]


def among(*choices: str) -> Rule:
    """Allow these words only."""
    return {"words": ", ".join(choices), "holds": lambda value: value in choices}


def at_least(low: float) -> Rule:
    """Allow numbers from `low` on."""
    return {"words": f"at least {low:g}", "holds": lambda value: value >= low}


def above(low: float) -> Rule:
    """Allow numbers greater than `low`."""
    return {"words": f"above {low:g}", "holds": lambda value: value > low}


def between(low: float, high: float) -> Rule:
    """Allow numbers from `low` to `high`."""
    return {"words": f"{low:g} to {high:g}", "holds": lambda value: low <= value <= high}


def unit() -> Rule:
    """Allow numbers from 0 to less than 1."""
    return {"words": "0 to less than 1", "holds": lambda value: 0 <= value < 1}


class Checked:
    """A frozen dataclass whose values are coerced (1 to 1.0, lists to tuples) and judged; equal recipes so have equal JSON."""

    def __post_init__(self) -> None:
        """Bring each value into its type's form, or raise RecipeInvalid."""
        part: Any = type(self)
        known = kinds(part)
        for item in fields(self):  # type: ignore[arg-type]
            value = coerce(item.name, known[item.name], getattr(self, item.name))
            _judge(item, value)
            object.__setattr__(self, item.name, value)
        self.check()

    def check(self) -> None:
        """Judge values that depend on each other; most parts have none."""


@cache
def kinds(part: type[Any]) -> dict[str, Any]:
    """Return the type of each field of a part."""
    return get_type_hints(part)


def _judge(item: Field[Any], value: Any) -> None:
    if "holds" not in item.metadata:
        return
    for one in value if isinstance(value, tuple) else (value,):
        if not item.metadata["holds"](one):
            raise RecipeInvalid(f"expected {item.name} to be {item.metadata['words']}, got {one!r}")


def coerce(name: str, kind: Any, value: Any) -> Any:
    """Return the value in its type's form; raise RecipeInvalid where it has another type.

    >>> coerce("scale", tuple[float, float], [1, 2])
    (1.0, 2.0)
    """
    origin = get_origin(kind)
    if origin in {Union, types.UnionType}:
        return _coerce_choice(name, kind, value)
    if origin is tuple:
        return _coerce_tuple(name, kind, value)
    if origin is not None and issubclass(origin, Mapping):
        return _coerce_mapping(name, value)
    if kind in _PLAIN:
        return _PLAIN[kind](name, value)
    if not isinstance(value, kind):
        raise RecipeInvalid(f"expected a table for {name}, got {value!r}")
    return value


def _coerce_choice(name: str, kind: Any, value: Any) -> Any:
    choices = get_args(kind)
    if value is None and types.NoneType in choices:
        return None
    listed = isinstance(value, list | tuple)
    fitting = [one for one in choices if one is not types.NoneType and (get_origin(one) is tuple) == listed]
    if not fitting:
        raise RecipeInvalid(f"expected {typing.cast(str, kind)} for {name}, got {value!r}")
    return coerce(name, fitting[0], value)


def _coerce_tuple(name: str, kind: Any, value: Any) -> tuple[Any, ...]:
    inner = get_args(kind)
    endless = inner[-1] is Ellipsis
    if not isinstance(value, list | tuple) or not (endless or len(value) == len(inner)):
        raise RecipeInvalid(f"expected {'a list' if endless else f'{len(inner)} values'} for {name}, got {value!r}")
    return tuple(coerce(f"{name}.{place}", inner[0], one) for place, one in enumerate(value))


def _coerce_mapping(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise RecipeInvalid(f"expected a table for {name}, got {value!r}")
    try:
        plain: dict[str, Any] = json.loads(json.dumps(dict(value), sort_keys=True, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise RecipeInvalid(f"expected numbers, text, true, false and lists in {name}, got {value!r}") from error
    return plain


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise RecipeInvalid(f"expected text for {name}, got {value!r}")
    return value


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise RecipeInvalid(f"expected true or false for {name}, got {value!r}")
    return value


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise RecipeInvalid(f"expected a whole number for {name}, got {value!r}")
    return value


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise RecipeInvalid(f"expected a finite number for {name}, got {value!r}")
    return float(value)


_PLAIN = {str: _text, bool: _flag, int: _whole, float: _number}
"""Type -> what brings a value into its form."""
