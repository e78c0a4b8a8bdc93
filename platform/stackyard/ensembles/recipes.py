"""What an ensemble is made of: level-2 models, a blend, a decision. Light: the web process judges recipes without the heavy numerics.

The names here are those of the registries in `numerics.level2`, `numerics.blending` and `numerics.decisions`; a test holds them equal.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stackyard.competitions.models import Competition
from stackyard.errors import RecipeInvalid
from stackyard.numerics.calibration import CALIBRATORS
from stackyard.numerics.decisions import DECISIONS, SETTINGS
from stackyard.numerics.recipes import DEFAULT_BLEND, DEFAULT_LEVEL2, FURTHER_LEVEL2, RESTACKING, default_level2, serves
from stackyard.scoring.deciding import asked_decision

LEVEL2_NAMES = (*DEFAULT_LEVEL2, *FURTHER_LEVEL2)
BLEND_NAMES = ("bagged_greedy", "greedy", "simplex", "mean", "none")
DECISION_NAMES = ("auto", *DECISIONS)
DECISION_KEYS = ("name", *SETTINGS)
CALIBRATION_NAMES = tuple(CALIBRATORS)
LEVEL2_SETTINGS: dict[str, dict[str, int | float]] = {
    "extra_trees": {"trees": 80, "rows_per_leaf": 5},
    "boosted_trees": {"rounds": 100, "rate": 0.05, "rows_per_leaf": 20, "depth": 4},
    "neural_net": {"hidden": 32, "dropout": 0.2, "decay": 0.1, "rate": 0.01, "seeds": 4, "steps": 600, "epochs": 20},
    "power_mean": {"exponent": 2.0},
    "vote": {"share": 0.4, "score_power": 0.0},
}
"""Method -> what may be set, with its default; a whole default takes whole numbers only. The other methods find theirs by themselves."""

DEFAULT_RECIPE: dict[str, Any] = {
    "level2": list(DEFAULT_LEVEL2),
    "restack": [],
    "blend": DEFAULT_BLEND,
    "decision": "auto",
    "seed": 0,
    "settings": {},
}
"""Made where no recipe is given. Means cannot overfit; ridge and logistic calibrate and weigh the models; trees and the net find what is
not linear. A method that does not fit the task is left out of the default, and refused where a recipe names it.
The bagged greedy blend then weighs level-2 and level-1 models together, and gives nothing to those that do not help.
"auto" is the decision that the metric asks for: for F-beta thresholds or calibrated expected F-beta, whichever is better on other
rows; thresholds for other metrics of labels, argmax for classes, none for probabilities."""

MOST = 1_000_000
Table = dict[str, Any]


@dataclass(frozen=True)
class Recipe:
    """A recipe whose names are all known and fit the competition."""

    level2: tuple[str, ...]
    blend: str
    decision: str | dict[str, Any]
    """A name, or a table with its settings, as numerics takes it."""
    seed: int = 0
    settings: Mapping[str, Table | list[Table]] = field(default_factory=dict)
    """Method -> its settings, where they are not the defaults; a list of tables is a grid, and makes a prediction each."""
    restack: tuple[str, ...] = ()
    """Level-2 methods that also see the competition's own features; each makes a further prediction."""

    def as_json(self) -> dict[str, Any]:
        """Return JSON that parse_recipe reads back into an equal recipe."""
        plain = {name: getattr(self, name) for name in ("blend", "decision", "seed")}
        settings = dict(sorted(self.settings.items()))
        return {"level2": list(self.level2), "restack": list(self.restack), **plain, "settings": settings}


def parse_recipe(mapping: Mapping[str, Any] | None, competition: Competition) -> Recipe:
    """Return the recipe, with the default for every key that is not given.

    mapping: keys level2, restack, blend, decision (a name, or a table: name, calibration, label_groups), seed, and settings (a table a
    level-2 method, `[settings.extra_trees]` in TOML).
    Raises RecipeInvalid for an unknown key, name or setting, naming the nearest known one, for what does not fit task or metric, and where
    level-2 models are to see features that the competition does not have.
    """
    given = dict(mapping or {})
    for key in given:
        _known("keys of a recipe", key, DEFAULT_RECIPE)
    level2 = _methods("level2", given["level2"], competition.task) if "level2" in given else default_level2(competition.task)
    restack = _restack(given.get("restack", DEFAULT_RECIPE["restack"]), competition)
    return Recipe(
        level2=level2,
        blend=_known("a blend", given.get("blend", DEFAULT_RECIPE["blend"]), BLEND_NAMES),
        decision=_decision(given.get("decision", DEFAULT_RECIPE["decision"]), competition),
        seed=_seed(given.get("seed", DEFAULT_RECIPE["seed"])),
        settings=_settings(given.get("settings", {}), (*level2, *(name for name in restack if name not in level2))),
        restack=restack,
    )


def _known(what: str, name: object, known: Iterable[str]) -> str:
    names = list(known)
    if isinstance(name, str) and name in names:
        return name
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.0)
    hint = f", the nearest is {near[0]!r}" if near else ""
    raise RecipeInvalid(f"expected {what} among {', '.join(names) or 'none'}; got {name!r}{hint}")


def _restack(names: object, competition: Competition) -> tuple[str, ...]:
    methods = _methods("restack", names, competition.task)
    unfit = [method for method in methods if method not in RESTACKING]
    if unfit:
        raise RecipeInvalid(f"expected methods that can restack, among {', '.join(RESTACKING)}; got {', '.join(unfit)}")
    if methods and not competition.features_digest:
        raise RecipeInvalid(f"expected a competition with features for restack, {competition.slug!r} has none (features in its SPEC.toml)")
    return methods


def _methods(key: str, names: object, task: str) -> tuple[str, ...]:
    if not isinstance(names, (list, tuple)):
        raise RecipeInvalid(f"expected {key} to be a list of methods, got {names!r}")
    methods = tuple(_known("level-2 methods", name, LEVEL2_NAMES) for name in names)
    if len(set(methods)) != len(methods):
        raise RecipeInvalid(f"expected each level-2 method once, got {', '.join(methods)}")
    unfit = [method for method in methods if not serves(method, task)]
    if unfit:
        raise RecipeInvalid(f"expected level-2 methods that fit a {task} task, got {', '.join(unfit)}")
    return methods


def _decision(given: object, competition: Competition) -> str | dict[str, Any]:
    """Return the decision with the label groups that it will use: they are frozen with the recipe, should the competition's change."""
    table: Mapping[Any, Any] = given if isinstance(given, Mapping) else {"name": given}
    for key in table:
        _known("keys of a decision", key, DECISION_KEYS)
    asked: dict[str, Any] = {**table, "name": _known("a decision", table.get("name", "auto"), DECISION_NAMES)}
    if asked.get("calibration") is not None:
        _known("a calibration", asked["calibration"], CALIBRATION_NAMES)
    return asked_decision(competition, asked)


def _seed(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**32:
        raise RecipeInvalid(f"expected a whole seed from 0 to {2**32 - 1}, got {value!r}")
    return value


def _settings(tables: object, level2: tuple[str, ...]) -> dict[str, Table | list[Table]]:
    if not isinstance(tables, Mapping):
        raise RecipeInvalid(f"expected settings to hold a table a level-2 method, got {tables!r}")
    for method, given in tables.items():
        _known("settings of level-2 methods that the recipe names", method, level2)
        for table in given if isinstance(given, list) and given else [given]:
            _check_table(method, table)
    return {method: [dict(table) for table in given] if isinstance(given, list) else dict(given) for method, given in tables.items()}


def _check_table(method: str, table: object) -> None:
    if not isinstance(table, Mapping):
        raise RecipeInvalid(f"expected settings to hold a table a level-2 method, or a list of them, got {table!r} for {method}")
    known = LEVEL2_SETTINGS.get(method, {})
    for name, value in table.items():
        _known(f"settings of {method}", name, known)
        _check_setting(f"{method}.{name}", value, is_whole=isinstance(known[name], int))


def _check_setting(name: str, value: object, is_whole: bool) -> None:
    kind = int if is_whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kind) or not (1 if is_whole else 0) <= value <= MOST:
        raise RecipeInvalid(f"expected a {'whole number from 1' if is_whole else 'number from 0'} to {MOST} for {name}, got {value!r}")
