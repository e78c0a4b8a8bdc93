"""SPEC.toml and recipes as they lie on a member's disk, judged before anything is sent."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stackyard.contract.spec import Spec, parse_spec
from stackyard.errors import InvalidRequest, RecipeInvalid, SpecInvalid

Recipe = Mapping[str, Any] | str | Path


def read_spec(path: Path) -> Spec:
    """Return a competition's specification; the files it names lie beside it.

    Raises SpecInvalid where the TOML is broken, a key is wrong, or a file is missing.
    """
    try:
        spec = parse_spec(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise SpecInvalid(f"expected a specification at {path}, got {error.strerror}") from error
    except ValueError as error:
        raise SpecInvalid(f"expected TOML in {path}, got something else: {error}") from error
    missing = [{"key": purpose, "file": name} for purpose, name in spec.files.items() if not (path.parent / name).is_file()]
    if missing:
        raise SpecInvalid(f"expected {', '.join(row['file'] for row in missing)} beside {path.name}, got no such file", missing)
    return spec


def read_prediction_recipe(recipe: Recipe) -> dict[str, Any]:
    """Return how a prediction was made: a mapping, or the path of a JSON file; raise InvalidRequest for anything else."""
    if isinstance(recipe, Mapping):
        return dict(recipe)
    try:
        document = json.loads(Path(recipe).read_bytes())
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"expected JSON in the recipe {recipe}, got {error}") from error
    if not isinstance(document, dict):
        raise InvalidRequest(f"expected a JSON object in the recipe {recipe}, got {type(document).__name__}")
    return document


def read_ensemble_recipe(recipe: Recipe) -> dict[str, Any]:
    """Return an ensemble's recipe: a mapping, or the path of a TOML file; raise RecipeInvalid where that cannot be read."""
    if isinstance(recipe, Mapping):
        return dict(recipe)
    try:
        return tomllib.loads(Path(recipe).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecipeInvalid(f"expected TOML in the recipe {recipe}, got {error}") from error
