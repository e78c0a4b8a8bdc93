"""Recipes as TOML and as canonical JSON, their digest, and variations of them."""

from __future__ import annotations

import hashlib
import json
import tomllib
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from pipelines.errors import RecipeInvalid
from pipelines.nearest import hint
from pipelines.recipe import Recipe
from pipelines.recipe_fields import kinds

MOST_PARENTS = 8
HERE = ("folder",)
"""Fields that belong to this machine."""


def read_recipe(path: str | Path) -> Recipe:
    """Return the recipe of a TOML file, or of JSON as `as_json` gives it.

    `extends = "other.toml"` (a path beside this file) starts from that recipe: tables are merged key by key, lists (so also the phases)
    replaced, and so is a net where [net] has a name or code. A table `[but]` then changes single values by dotted names:
    `"phases.0.epochs" = 3`, `"phases.*.augment.d4" = true`.
    Raises RecipeInvalid: unreadable, unknown keys (the nearest is named), wrong values.
    """
    return from_json(_read_document(Path(path), 0), folder=str(Path(path).parent))


def _read_document(path: Path, depth: int) -> dict[str, Any]:
    document = _parse(path)
    parent, changes = document.pop("extends", None), document.pop("but", {})
    if parent is not None:
        if not isinstance(parent, str) or depth == MOST_PARENTS:
            raise RecipeInvalid(f"expected extends in {path} to name a recipe, at most {MOST_PARENTS} deep, got {parent!r}")
        document = _merge(_without_other_net(_read_document(path.parent / parent, depth + 1), document), document)
    if not isinstance(changes, dict):
        raise RecipeInvalid(f"expected a table [but] in {path}, got {changes!r}")
    return _change(document, changes)


def _without_other_net(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the base's net where another is named: its weights and options would not fit."""
    net = over.get("net")
    names_one = isinstance(net, Mapping) and ("name" in net or "code" in net)
    return {key: value for key, value in base.items() if not (names_one and key == "net")}


def _parse(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        document = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise RecipeInvalid(f"expected a recipe at {path}, got: {error}") from error
    if not isinstance(document, dict):
        raise RecipeInvalid(f"expected a recipe at {path}, got {document!r}")
    return document


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def from_json(document: Mapping[str, Any], folder: str = "") -> Recipe:
    """Return the recipe that `as_json` gave, or that a TOML file says; raise RecipeInvalid.

    >>> from_json({"name": "a", "net": {"name": "tiny"}, "phases": [{"epochs": 1}]}).phases[0].batch
    32
    """
    for key in HERE:
        if key in document:
            raise RecipeInvalid(f"expected no {key} in a recipe, which belongs to a machine, got {document[key]!r}")
    recipe: Recipe = _build("", Recipe, {**document, "folder": folder})
    return recipe


def _build(where: str, kind: Any, value: Any) -> Any:
    """Return a value of this kind, with tables turned into the classes that they mirror."""
    if is_dataclass(kind) and isinstance(kind, type):
        return _build_part(where, kind, value)
    inner = get_args(kind)
    if get_origin(kind) is types.UnionType and value is not None and types.NoneType in inner:
        return _build(where, inner[0], value)
    if get_origin(kind) is tuple and is_dataclass(inner[0]) and isinstance(value, list):
        return tuple(_build(f"{where}.{place}", inner[0], one) for place, one in enumerate(value))
    return value


def _build_part(where: str, part: type, value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise RecipeInvalid(f"expected a table for {where or 'a recipe'}, got {value!r}")
    known = kinds(part)
    place = f" in {where}" if where else ""
    for key in value:
        if key not in known:
            raise RecipeInvalid(f"expected only known keys{place}, got {key!r}{hint(key, [name for name in known if name not in HERE])}")
    missing = [item.name for item in fields(part) if item.default is MISSING is item.default_factory and item.name not in value]
    if missing:
        raise RecipeInvalid(f"expected {', '.join(missing)}{place or ' in a recipe'}, got {', '.join(value) or 'nothing'}")
    built = {key: _build(f"{where}.{key}".lstrip("."), known[key], one) for key, one in value.items()}
    try:
        return part(**built)
    except RecipeInvalid as error:
        raise RecipeInvalid(error.detail + place) from error


def as_json(recipe: Recipe) -> dict[str, Any]:
    """Return the whole recipe, defaults spelled out, as JSON that `from_json` turns back into an equal one."""
    document: dict[str, Any] = _plain(recipe)
    return document


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value) if item.name not in HERE}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def canonical_json(value: Any) -> str:
    """Return JSON with sorted keys, no spaces and no NaN: one text for one value, as the server writes it.

    >>> canonical_json({"b": 1, "a": [0.5, "ä"]})
    '{"a":[0.5,"ä"],"b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def recipe_digest(recipe: Recipe) -> str:
    """Return the SHA-256 of the canonical JSON without the notes, which train nothing."""
    document = as_json(recipe)
    document.pop("notes")
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()


def but(recipe: Recipe, **changes: Any) -> Recipe:
    """Return the recipe with values changed by dotted names, as in `but(recipe, **{"phases.0.epochs": 3, "seeds": 8})`.

    `*` stands for every phase. A table changes only the keys that it has; a dataclass or a list replaces.
    Raises RecipeInvalid for a name that leads nowhere, or a wrong value.
    """
    plain = {name: _plain(value) for name, value in changes.items()}
    return from_json(_change(as_json(recipe), plain), folder=recipe.folder)


def _change(document: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(document, default=str))
    for name, value in changes.items():
        _set(changed, name.split("."), value, name)
    return changed


def _set(target: Any, keys: list[str], value: Any, name: str) -> None:
    key, rest = keys[0], keys[1:]
    if isinstance(target, list):
        places = range(len(target)) if key == "*" else [int(key)] if key.isdecimal() and int(key) < len(target) else []
        if not places:
            raise RecipeInvalid(f"expected a place from 0 to {len(target) - 1} in {name!r}, got {key!r}")
        for place in places:
            if rest:
                _set(target[place], rest, value, name)
            else:
                target[place] = value
    elif not isinstance(target, dict):
        raise RecipeInvalid(f"expected {name!r} to name a value, got {key!r} below {target!r}")
    elif rest:
        _set(_enter(target, key), rest, value, name)
    else:
        both = isinstance(value, Mapping) and isinstance(target.get(key), Mapping)
        target[key] = _merge(target[key], value) if both else value


def _enter(target: dict[str, Any], key: str) -> Any:
    """Return what lies below the key; an absent table begins empty, since parts may be left to their defaults."""
    if target.get(key) is None:
        target[key] = {}
    return target[key]
